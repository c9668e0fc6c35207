"""Who holds a conversation: exactly one of bot, queue and agent, moved by one table. Pure.

`next_holder` is the table. `Holding` adds who the agent is and whether the place in the queue is
kept, so that a use case stores one value and compares it when it writes: of two who move the same
`Holding` the store lets one through, and the other's event then meets the new holder and finds no
row. While the queue or an agent holds the conversation the bot is silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from core.errors import IllegalMove
from core.statuses import Holder


class HoldingEvent(StrEnum):
    """What can change who holds a conversation."""

    ASK_FOR_PERSON = "ask_for_person"
    ACCEPT = "accept"
    LEAVE = "leave"
    EXPIRE = "expire"
    CALL_BACK = "call_back"
    MESSAGE_LEFT = "message_left"
    HAND_BACK = "hand_back"
    CLOSE = "close"
    CITIZEN_GONE = "citizen_gone"
    TRANSFER = "transfer"
    AGENT_LOST = "agent_lost"
    TAKE_OVER = "take_over"
    RESTART = "restart"


_TABLE: Mapping[tuple[Holder, HoldingEvent], Holder] = MappingProxyType(
    {
        (Holder.BOT, HoldingEvent.ASK_FOR_PERSON): Holder.QUEUE,
        (Holder.QUEUE, HoldingEvent.ACCEPT): Holder.AGENT,
        (Holder.QUEUE, HoldingEvent.LEAVE): Holder.BOT,
        (Holder.QUEUE, HoldingEvent.EXPIRE): Holder.BOT,
        (Holder.QUEUE, HoldingEvent.CALL_BACK): Holder.BOT,
        (Holder.QUEUE, HoldingEvent.MESSAGE_LEFT): Holder.BOT,
        (Holder.AGENT, HoldingEvent.HAND_BACK): Holder.BOT,
        (Holder.AGENT, HoldingEvent.CLOSE): Holder.BOT,
        # The citizen who gives up the wait while an agent accepts: whoever is stored first wins. After
        # the accept LEAVE finds no row, and the citizen's going is this one.
        (Holder.AGENT, HoldingEvent.CITIZEN_GONE): Holder.BOT,
        (Holder.AGENT, HoldingEvent.TRANSFER): Holder.QUEUE,
        (Holder.AGENT, HoldingEvent.AGENT_LOST): Holder.QUEUE,
        # A supervisor takes the conversation out of the agent's hands; it is never without a holder.
        (Holder.AGENT, HoldingEvent.TAKE_OVER): Holder.AGENT,
        # What is stored stays true over a restart. An agent who doesn't come back is AGENT_LOST later.
        (Holder.BOT, HoldingEvent.RESTART): Holder.BOT,
        (Holder.QUEUE, HoldingEvent.RESTART): Holder.QUEUE,
        (Holder.AGENT, HoldingEvent.RESTART): Holder.AGENT,
    }
)

_NAMES_AN_AGENT = frozenset({HoldingEvent.ACCEPT, HoldingEvent.TAKE_OVER})
_OF_THE_AGENT_ALONE = frozenset({HoldingEvent.HAND_BACK, HoldingEvent.CLOSE, HoldingEvent.TRANSFER})
_KEEPS_PLACE = frozenset({HoldingEvent.TRANSFER, HoldingEvent.AGENT_LOST})


def next_holder(holder: Holder, event: HoldingEvent) -> Holder:
    """Who holds the conversation after the event. Raises IllegalMove if the table has no such row."""
    try:
        return _TABLE[holder, event]
    except KeyError:
        raise IllegalMove(f"{event.value} while held by {holder.value}") from None


def possible(holder: Holder) -> frozenset[HoldingEvent]:
    """The events that the table knows for this holder."""
    return frozenset(event for known, event in _TABLE if known is holder)


def bot_is_silent(holder: Holder) -> bool:
    """Whether the bot leaves what the citizen says unanswered."""
    return holder is not Holder.BOT


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds a conversation now. `agent` is named exactly while an agent holds it.

    `kept_place` is true while it is in the queue again after an agent had it.
    """

    holder: Holder = Holder.BOT
    agent: str = ""
    kept_place: bool = False

    def __post_init__(self) -> None:
        if (self.holder is Holder.AGENT) != bool(self.agent):
            raise ValueError("an agent is named exactly while an agent holds the conversation")
        if self.kept_place and self.holder is not Holder.QUEUE:
            raise ValueError("a place is kept only in the queue")

    def after(self, event: HoldingEvent, *, agent: str = "") -> "Holding":
        """What holds after the event.

        `agent` is who accepts or takes over; for an agent's own events it is who sends them, and
        they count only from the one who holds the conversation. Raises IllegalMove.
        """
        holder = next_holder(self.holder, event)
        if event is HoldingEvent.RESTART:
            return self
        if event in _NAMES_AN_AGENT:
            if not agent:
                raise IllegalMove(f"{event.value} without an agent's name")
            return Holding(holder, agent)
        if event in _OF_THE_AGENT_ALONE and agent != self.agent:
            raise IllegalMove(f"{event.value} by an agent who doesn't hold the conversation")
        return Holding(holder, kept_place=event in _KEEPS_PLACE)
