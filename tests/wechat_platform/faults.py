"""What goes wrong between WeChat and the service, drawn from a seeded generator or told one by one."""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

# Kinds of an ApiFault. The first three leave undone what was asked; the others do it.
REFUSED, DROPPED, HTTP_ERROR = "refused", "dropped", "http_error"
ANSWER_LOST, HTTP_ERROR_AFTER, GARBAGE_AFTER, SLOW = (
    "answer_lost",
    "http_error_after",
    "garbage_after",
    "slow",
)
UNDONE = {REFUSED, DROPPED, HTTP_ERROR}


@dataclass(frozen=True)
class ApiFault:
    """One call that goes wrong: `errcode` of a refusal, `status` of an HTTP error.

    One that is slow tells of itself by `begun` and waits until it may `go` on.
    """

    kind: str
    errcode: int = -1
    status: int = 502
    begun: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)
    go: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)


@dataclass
class Faults:
    """Shares are from 0 to 1; delays are (least, most) seconds, and so pushes overtake each other."""

    seed: int = 1
    push_delay: tuple[float, float] = (0.0, 0.0)
    api_delay: tuple[float, float] = (0.0, 0.0)
    pushed_twice: float = 0.0
    reply_lost: float = 0.0
    api_shares: dict[str, list[tuple[float, ApiFault]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._told: dict[str, deque[ApiFault]] = defaultdict(deque)

    def next_calls(self, path: str, *faults: ApiFault) -> None:
        """The next calls of that path (such as `message/custom/send`) go wrong in this way."""
        self._told[path].extend(faults)

    def share_of_calls(self, path: str, share: float, fault: ApiFault) -> None:
        """That share of the calls of that path goes wrong in this way."""
        self.api_shares[path].append((share, fault))

    def of_call(self, path: str) -> ApiFault | None:
        if self._told[path]:
            return self._told[path].popleft()
        for share, fault in self.api_shares[path]:
            if self._chance.random() < share:
                return fault
        return None

    def is_pushed_twice(self) -> bool:
        return self._chance.random() < self.pushed_twice

    def loses_reply(self) -> bool:
        return self._chance.random() < self.reply_lost

    def one_of(self, several: Sequence[str]) -> str:
        return self._chance.choice(several)

    def delay(self, between: tuple[float, float]) -> float:
        return self._chance.uniform(*between)
