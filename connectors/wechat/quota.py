"""How many customer-service messages may still be sent to a user. Pure.

Rule (「客服消息介绍」, see README.md): 5 within 48 hours of a user's message; 3 within a minute of a menu
click, of following, of scanning. How WeChat adds these up isn't documented, so the ledger is careful:
a new grant replaces the one before of its kind, the larger rest counts, and a message sent counts
against every grant that was open. Unless WeChat takes back with one act what another one granted, that
is never more than it allows; and where it does, its refusal corrects the ledger.

Times are Unix seconds. A grant begins when WeChat says that the user did something; the ledger
keeps when it sent something rather than how often, so that a push which arrives late, after a
message that it was counted against already, grants no more than is left of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from connectors.wechat.error_codes import closes_window
from connectors.wechat.pushes import Clicked, MenuUsed, Message, Push, Scanned, Subscribed, TextMessage

_SCANNING_BUTTONS: Final = frozenset({"scancode_push", "scancode_waitmsg"})


class GrantKind(StrEnum):
    """What a user did that lets the account write to them."""

    MESSAGE = "message"
    CLICK = "click"
    FOLLOW = "follow"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many messages within so many seconds."""

    messages: int
    seconds: float


_MINUTE: Final = Limit(3, 60)


@dataclass(frozen=True, slots=True)
class Limits:
    """What each kind grants. A window counts as closed `margin` seconds early: a message travels."""

    message: Limit = Limit(5, 48 * 3600)
    click: Limit = _MINUTE
    follow: Limit = _MINUTE
    scan: Limit = _MINUTE
    margin: float = 3

    def of(self, kind: GrantKind) -> Limit:
        """The limit of that kind."""
        return {
            GrantKind.MESSAGE: self.message,
            GrantKind.CLICK: self.click,
            GrantKind.FOLLOW: self.follow,
            GrantKind.SCAN: self.scan,
        }[kind]

    @property
    def most_kept(self) -> int:
        """So many of the last messages are remembered: all that a grant can be, and as many given back."""
        return 2 * max(self.of(kind).messages for kind in GrantKind)


def grant_of(push: Push) -> GrantKind | None:
    """What a push grants; None for most events.

    Pressing an entry of a menu message sends its text, and counts as a click all the same.
    """
    match push:
        case Message():
            by_menu = isinstance(push, TextMessage) and push.menu_id
            return GrantKind.CLICK if by_menu else GrantKind.MESSAGE
        case Clicked():
            return GrantKind.CLICK
        case MenuUsed():
            return GrantKind.CLICK if push.event.lower() in _SCANNING_BUTTONS else None
        case Subscribed():
            return GrantKind.FOLLOW
        case Scanned():
            return GrantKind.SCAN
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one user granted, and what was sent of it. Each method returns the ledger after it.

    `closed` is when WeChat last said that nothing may be sent: what was granted until then is void.
    """

    limits: Limits = field(default_factory=Limits)
    granted: Mapping[GrantKind, float] = field(default_factory=dict)
    spent: tuple[float, ...] = ()
    closed: float | None = None

    def grant(self, kind: GrantKind, now: float, created: float | None = None) -> "Ledger":
        """A user did something; `created` is the push's time, `now` stands for it if there is none.

        Give each delivery once. One that is older than what is known of its kind changes nothing.
        """
        at = now if created is None else min(created, now)
        if at <= self.granted.get(kind, at - 1):
            return self
        return replace(self, granted={**self.granted, kind: at})

    def left(self, now: float) -> int:
        """How many messages may be sent now."""
        return max((self._rest(kind) for kind in self._open(now)), default=0)

    def until(self, now: float) -> float | None:
        """When the last of what is left runs out; None if nothing is left."""
        ends = (self._end(kind) for kind in self._open(now) if self._rest(kind))
        return max(ends, default=None)

    def spend(self, now: float) -> "Ledger":
        """A message was sent, or may have been. It counts whatever is left: ask `left` before sending."""
        return replace(self, spent=tuple(sorted((*self.spent, now)))[-self.limits.most_kept :])

    def refused(self, code: int, now: float, spent: float | None = None) -> "Ledger":
        """WeChat refused a message with that code; `spent` is when `spend` counted it, if it did.

        Codes that say that the window is closed or used up, or the user not to be reached, void what
        was granted. With any other, the message didn't go out and may be sent again: it is given back.
        """
        if closes_window(code):
            return self.close(now)
        if spent is None or spent not in self.spent:
            return self
        place = self.spent.index(spent)
        return replace(self, spent=self.spent[:place] + self.spent[place + 1 :])

    def was_granted_after(self, at: float) -> bool:
        """Whether the user did anything after that."""
        return any(granted > at for granted in self.granted.values())

    def close(self, now: float) -> "Ledger":
        """Nothing may be sent until the user does something anew: they follow no longer, say."""
        return replace(self, closed=now if self.closed is None else max(self.closed, now))

    def as_json(self) -> dict[str, Any]:
        """JSON values without the limits, which are settings; `from_json` gives the ledger back."""
        granted = {kind.value: at for kind, at in self.granted.items()}
        return {"granted": granted, "spent": list(self.spent), "closed": self.closed}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], limits: Limits) -> "Ledger":
        """The ledger that `as_json` wrote, an empty mapping being a new one. Raises KeyError, ValueError."""
        if not data:
            return cls(limits)
        granted = {GrantKind(kind): at for kind, at in data["granted"].items()}
        spent = tuple(data["spent"])[-limits.most_kept :]
        return cls(limits, granted, spent, data["closed"])

    def _open(self, now: float) -> list[GrantKind]:
        """The kinds whose grant is open now."""
        return [
            kind
            for kind, at in self.granted.items()
            if now < self._end(kind) and (self.closed is None or at > self.closed)
        ]

    def _end(self, kind: GrantKind) -> float:
        return self.granted[kind] + self.limits.of(kind).seconds - self.limits.margin

    def _rest(self, kind: GrantKind) -> int:
        at = self.granted[kind]
        return max(self.limits.of(kind).messages - sum(time >= at for time in self.spent), 0)
