"""Token buckets that bound how often a client may do something. Pure: the caller passes the time."""

import math
from collections import OrderedDict
from dataclasses import dataclass

from core.errors import TooManyRequests


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as of `at` (seconds of any steady clock)."""

    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_minute` on average, and as many at once unless `at_once` says how many."""

    per_minute: float
    at_once: float | None = None

    @property
    def burst(self) -> float:
        """How many a client that was silent for a minute may do at once."""
        return max(1.0, self.per_minute if self.at_once is None else self.at_once)

    def take(self, bucket: Bucket | None, now: float) -> tuple[Bucket, float]:
        """The bucket after taking one token, and the seconds to wait: 0.0 when one was there."""
        tokens = self.burst if bucket is None else self._filled(bucket, now)
        if tokens >= 1.0:
            return Bucket(tokens - 1.0, now), 0.0
        return Bucket(tokens, now), (1.0 - tokens) * 60.0 / self.per_minute

    def _filled(self, bucket: Bucket, now: float) -> float:
        return min(self.burst, bucket.tokens + max(0.0, now - bucket.at) * self.per_minute / 60.0)


class RateLimiter:
    """A bucket for each key, for at most `max_keys` keys: the longest silent one is forgotten first."""

    def __init__(self, rate: Rate, *, max_keys: int = 20_000) -> None:
        self._rate = rate
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def check(self, key: str, now: float) -> None:
        """Takes a token of `key`. Raises TooManyRequests with the seconds to wait when none is left."""
        bucket, wait = self._rate.take(self._buckets.get(key), now)
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        if wait > 0.0:
            raise TooManyRequests(retry_after=math.ceil(wait))
