"""What may still be sent to a WeChat user, and what waits for them: what an agent has to know. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.wechat.outbox import Rules
from connectors.wechat.reminding import was_reminded
from core.outbox_ports import ChannelUser, ItemState, OutgoingItem


@dataclass(frozen=True, slots=True)
class Standing:
    """How a user stands.

    `left` customer-service messages may be sent until `until`; `waiting` items have to wait, `sending` are on
    their way, and `waiting_events` are the events of the log that the user hasn't been told whole. With
    `lost_track` something may not have arrived; the next message says where to read everything. `reminded`: a
    subscription message told the user of what waits.
    Who isn't `reachable` follows no longer: nothing can be sent to them any more.
    """

    left: int = 0
    until: datetime | None = None
    waiting: int = 0
    sending: int = 0
    lost_track: bool = False
    waiting_events: tuple[int, ...] = ()
    reminded: bool = False
    reachable: bool = True


UNREACHABLE = Standing(reachable=False)


def standing(user: ChannelUser, items: Sequence[OutgoingItem], rules: Rules, now: datetime) -> Standing:
    """How the user stands now, with these of their items that have come to no end."""
    ledger, at = rules.ledger(user), now.timestamp()
    until = ledger.until(at)
    waiting = [item for item in items if item.state is ItemState.WAITING]
    return Standing(
        left=ledger.left(at),
        until=None if until is None else datetime.fromtimestamp(until, UTC),
        waiting=len(waiting),
        sending=sum(item.state is ItemState.SENDING for item in items),
        lost_track=user.lost_track,
        waiting_events=tuple(sorted({item.sequence for item in waiting})),
        reminded=bool(waiting) and was_reminded(user, waiting[0].number),
    )
