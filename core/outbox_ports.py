"""What is still to be said to a channel's user, and what was. Records and Protocol, as in `core.ports`.

A channel without a connection of its own to the citizen, WeChat say, is one more reader of a
conversation's log: each event becomes outgoing items once, in the order of the log, in the transaction
that moves the reader on. An item waits until it leaves by one of two ways: carried in the answer to a
delivery that is open just now, or sent by itself. What leaves is decided by pure steps
(`connectors.wechat.outbox`) under the user's lock, so that no two processes decide at once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from core.statuses import Holder


class ItemState(StrEnum):
    """Where an outgoing item is. All but `waiting` and `sending` are ends."""

    WAITING = "waiting"
    SENDING = "sending"
    CARRIED = "carried"
    SENT = "sent"
    UNCLEAR = "unclear"  # sent, and nobody knows whether it arrived: it isn't repeated
    SEEN = "seen"  # not sent: the citizen read it on the open page


@dataclass(frozen=True, slots=True)
class ChannelUser:
    """A user of a channel's account, and how far they have been told what their conversation's log holds.

    `ledger` and `reminders` belong to the channel: what may be sent, until when, and which reminders the user
    wants of what waits.
    """

    account: str
    user_id: str = field(repr=False)
    conversation_id: str = ""
    ledger: Mapping[str, Any] = field(default_factory=dict)
    read_to: int = 0  # the sequence number of the last event that became items
    answering_until: datetime | None = None  # a delivery is open till then, and may carry what waits
    lost_track: bool = False  # something ended unclear since the user was last told where to read all
    held: str = Holder.BOT.value  # who held the conversation at `read_to`
    rests_until: datetime | None = None  # nothing may be sent before
    reminders: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutgoingItem:
    """One thing to be said. `number` rises with time; 0 is one that isn't stored yet."""

    body: Mapping[str, Any] = field(repr=False)
    number: int = 0
    sequence: int = 0  # of the event that it comes from
    state: ItemState = ItemState.WAITING
    since: datetime | None = None  # UTC, in this state; set by the store
    delivery: str = field(default="", repr=False)  # what carried it, or is about to


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that the channel delivered, maybe several times. `answer` None: none was given yet."""

    key: str = field(repr=False)  # an event's names its user
    user_id: str = field(repr=False)
    nonce: str = field(default="", repr=False)  # of the first attempt; or whose use it is
    received_at: datetime | None = None  # UTC, the first attempt; set by the store
    answer: str | None = field(default=None, repr=False)
    content: str = field(default="", repr=False)  # what it asks for, as long as that isn't done
    done: bool = False  # what it asked for was done
    on_its_way: int = 0  # so often the answer was given, and isn't known yet to have arrived or not


@dataclass(frozen=True, slots=True)
class Outbox:
    """What a step decides upon: the user, the items that have come to no end, in order, and a delivery.

    The delivery is the one that is claimed, or that was asked for.
    """

    user: ChannelUser
    items: Sequence[OutgoingItem] = ()
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class OutboxStep:
    """What becomes of an outbox: the user, items that changed or are new, and a delivery's answer."""

    user: ChannelUser
    items: Sequence[OutgoingItem] = ()
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class OneTimeUse:
    """Something that a delivery came with and that holds once, a nonce say.

    `check` is given the first use, whose `nonce` is the key of the delivery that it was for, and raises
    where that forbids this one.
    """

    key: str
    check: Callable[[Delivery], None]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery as it stands, whether this is its first attempt, and its user.

    `earlier` are the user's deliveries before it whose content isn't done, in their order.
    """

    delivery: Delivery
    is_first: bool
    user: ChannelUser
    earlier: Sequence[Delivery] = ()


Step = Callable[[Outbox], OutboxStep]


class OutboxStore(Protocol):
    """Users, deliveries and outgoing items of all accounts. Durable when a call returns.

    Steps are pure and quick; what one raises, the call raises, and nothing is changed. Steps of one user
    follow one another in all processes.
    """

    async def claim(
        self, account: str, delivery: Delivery, step: Step, *, use: OneTimeUse | None = None
    ) -> Claimed:
        """Takes a delivery in: the first attempt does `step`, any other finds the delivery as it stands.

        A user who isn't known yet is made before. Of any number of attempts at once one is the first.
        Each attempt's `use` is checked, and remembered like a delivery.
        """

    async def delivery(self, account: str, key: str) -> Delivery | None:
        """That delivery, or None."""

    async def change(self, account: str, user_id: str, step: Step, *, delivery: str = "") -> OutboxStep:
        """Makes the outbox what `step` makes of it; new items come back with their numbers.

        With `delivery` the step sees that one as it stands. Raises NotFound for an unknown user, and for a
        delivery that was never claimed.
        """

    async def user(self, account: str, user_id: str) -> ChannelUser | None:
        """That user, or None."""

    async def users_of(self, conversation_ids: Collection[str]) -> Sequence[ChannelUser]:
        """Whose conversations these are; others than a channel's have nobody."""

    async def items(self, account: str, user_id: str, *, all_states: bool = False) -> Sequence[OutgoingItem]:
        """The user's items that have come to no end, or all, in order."""

    async def behind(
        self, account: str, limit: int = 100, *, among: Collection[str] | None = None
    ) -> Sequence[ChannelUser]:
        """Users whose conversation's log goes on beyond what became items; all, or `among` these."""

    async def waiting(self, account: str, now: datetime, limit: int = 100) -> Sequence[ChannelUser]:
        """Users with items that have come to no end, unless they rest or a delivery may still carry them.

        Who has waited longest comes first. Takes no longer for however many who rest.
        """

    async def undone(
        self, account: str, before: datetime, limit: int = 100, *, of: str = ""
    ) -> Sequence[Delivery]:
        """Deliveries received before whose content wasn't done, in the order in which they came.

        Not those that are `worked_on` since. Those of all users, or `of` one.
        """

    async def worked_on(self, account: str, keys: Collection[str]) -> None:
        """Notes that these deliveries are being done now, so that nobody else takes them up."""

    async def forget_user(self, account: str, user_id: str) -> None:
        """Deletes the user with items and deliveries; the conversation stays. Unknown is no mistake."""

    async def forget_deliveries(self, before: datetime, waiting_before: datetime | None = None) -> int:
        """Deletes deliveries received before, and items that ended before; returns how many deliveries.

        With `waiting_before` also items that have waited since before, which nobody will ask for any more,
        and users whose conversation was deleted.
        """


__all__ = [
    "ChannelUser",
    "Claimed",
    "Delivery",
    "ItemState",
    "OneTimeUse",
    "Outbox",
    "OutboxStep",
    "OutboxStore",
    "OutgoingItem",
    "Step",
]
