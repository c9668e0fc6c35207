"""The access tokens of an account: one is valid, and the one before it for some minutes."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from tests.wechat_platform.rules import Rules

STABLE, OLDER = "stable", "older"
INVALID, EXPIRED, MISSING = 40001, 42001, 41001


@dataclass
class Issued:
    value: str
    until: float
    refused_with: int = 0


class TokenBook:
    """Those of `stable_token` and those of the older `token` are apart."""

    def __init__(self, rules: Rules, now: Callable[[], float]) -> None:
        self._rules = rules
        self._now = now
        self._known: dict[str, Issued] = {}
        self._latest: dict[str, list[Issued]] = {STABLE: [], OLDER: []}
        self._forced_at = float("-inf")
        self.asked = 0  # how often a token was asked for
        self.renewed = 0  # how often a new one was made

    def stable(self, *, force: bool) -> tuple[str, int]:
        """The token that `stable_token` gives, and how many seconds it has left."""
        self.asked += 1
        latest, now = self._latest[STABLE], self._now()
        held = latest[-1] if latest and latest[-1].until > now else None
        if force and held and now - self._forced_at >= self._rules.force_at_most_every:
            self._forced_at = now
            return self._issue(STABLE)
        if held and held.until - now > self._rules.stable_renews_before:
            return held.value, int(held.until - now)
        return self._issue(STABLE)

    def older(self) -> tuple[str, int]:
        """The token that `token` gives: a new one every time."""
        self.asked += 1
        return self._issue(OLDER)

    def refusal(self, value: str) -> int:
        """0 if that token is valid, else the errcode."""
        if not value:
            return MISSING
        issued = self._known.get(value)
        if issued is None:
            return INVALID
        if issued.refused_with:
            return issued.refused_with
        return 0 if issued.until > self._now() else EXPIRED

    def expire(self, errcode: int = EXPIRED, *, still_given: bool = False) -> None:
        """No token of until now is valid; `still_given`: `stable_token` doesn't notice until it is forced."""
        for issued in self._known.values():
            issued.refused_with = errcode
        if not still_given:
            self._latest = {STABLE: [], OLDER: []}

    def _issue(self, kind: str) -> tuple[str, int]:
        self.renewed += 1
        now = self._now()
        issued = Issued(
            f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(90)}", now + self._rules.token_seconds
        )
        before = self._latest[kind]
        for number, each in enumerate(reversed(before)):
            # The one just before goes on for some minutes; those before it end now.
            each.until = min(each.until, now + (self._rules.old_token_seconds if number == 0 else 0))
            if number:
                each.refused_with = each.refused_with or INVALID
        self._latest[kind] = [*before[-1:], issued]
        self._known[issued.value] = issued
        return issued.value, self._rules.token_seconds
