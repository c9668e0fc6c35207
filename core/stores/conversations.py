"""Conversations, their event logs, handovers and ratings in the database.

What agents do with a conversation is in `core.stores.desk`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from core.clock import utc_now
from core.database import Database, in_transaction
from core.errors import Conflict, NotFound
from core.ports import Conversation, ConversationEvent, Handover
from core.statuses import HandoverState, Holder
from core.stores.conversation_rows import (
    append_event,
    change_holder,
    columns_of,
    event_of,
    handover_of,
    lock_conversation,
)
from core.stores.counters import PROBE, TICKETS, take_numbers
from core.stores.tables import conversation_events as events
from core.stores.tables import conversations, handovers, ratings
from core.stores.upserts import upsert

_T = TypeVar("_T")

_WAITING: Final = HandoverState.WAITING.value
_ASKED_AT_ONCE: Final = 500  # databases take only so many values in a statement
_PURGED_AT_ONCE: Final = 500  # a longer transaction would keep citizens waiting


# Made once, since every turn asks them: making a statement costs more than doing it.
_CONVERSATION: Final = select(conversations).where(conversations.c.conversation_id == bindparam("of"))
_EVENTS_OF: Final = select(events).where(events.c.conversation_id == bindparam("of"))
_EVENTS_AFTER: Final = (
    _EVENTS_OF.where(events.c.sequence > bindparam("after"))
    .order_by(events.c.sequence)
    .limit(bindparam("most", type_=Integer))
)
_LAST_BOT_MESSAGE: Final = (
    _EVENTS_OF.where(events.c.kind == "bot_message").order_by(events.c.sequence.desc()).limit(1)
)
_AWAITS_REPLY: Final = select(events.c.awaits_reply).where(
    events.c.conversation_id == bindparam("of"), events.c.sequence == bindparam("number")
)


class DatabaseConversationStore:
    """A ConversationStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def create(self, connection: Connection, conversation: Conversation) -> Conversation:
        """Stores a new conversation. Raises Conflict if the id is taken."""
        now = self._now()
        stored = replace(conversation, created_at=conversation.created_at or now, last_at=now)
        row = {item.name: getattr(stored, item.name) for item in fields(stored)}
        try:
            connection.execute(
                insert(conversations).values(**{**row, "holder": stored.holder.value}, last_sequence=0)
            )
        except IntegrityError:
            raise Conflict("that conversation id is taken") from None
        return stored

    async def get(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None."""
        rows = await self._database.read(_CONVERSATION, {"of": conversation_id})
        return _conversation(rows[0]) if rows else None

    @in_transaction
    def append(
        self,
        connection: Connection,
        conversation_id: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        delivery_key: str = "",
        only_if_holder: Holder | None = None,
    ) -> tuple[ConversationEvent, bool]:
        """Appends an event with the next sequence number; True if it is new."""
        conversation = lock_conversation(connection, conversation_id)
        return append_event(
            connection,
            conversation,
            kind,
            body,
            at=self._now(),
            delivery_key=delivery_key,
            only_if_holder=only_if_holder,
        )

    async def reply_to(self, conversation_id: str, sequence: int) -> ConversationEvent | None:
        """The `bot_message` event whose body's `reply_to` is that sequence number, or None."""
        query = select(events).where(
            events.c.conversation_id == conversation_id, events.c.reply_to == sequence
        )
        rows = await self._database.read(query.order_by(events.c.sequence).limit(1))
        return event_of(rows[0]) if rows else None

    async def awaits_reply(self, conversation_id: str, sequence: int) -> bool:
        """Whether that event is a citizen's message that the bot still has to answer."""
        rows = await self._database.read(_AWAITS_REPLY, {"of": conversation_id, "number": sequence})
        return bool(rows and rows[0].awaits_reply)

    async def unanswered(self, before: datetime | None = None) -> Sequence[ConversationEvent]:
        """Citizen messages (from before that moment) that have no reply yet, oldest first."""
        query = select(events).where(events.c.awaits_reply)
        if before is not None:
            query = query.where(events.c.at < before)
        oldest_first = query.order_by(events.c.at, events.c.conversation_id, events.c.sequence)
        return tuple(event_of(row) for row in await self._database.read(oldest_first))

    async def events(
        self, conversation_id: str, after: int = 0, limit: int = 500
    ) -> Sequence[ConversationEvent]:
        """Events with a sequence number over `after`, in order."""
        asked = {"of": conversation_id, "after": after, "most": limit}
        rows = await self._database.read(_EVENTS_AFTER, asked)
        return tuple(event_of(row) for row in rows)

    async def last_sequences(self, conversation_ids: Collection[str]) -> Mapping[str, int]:
        """The newest number of each log; 0 for an empty one, unknown conversations are left out."""
        return await self._each(conversations.c.last_sequence, conversation_ids)

    async def channels(self, conversation_ids: Collection[str]) -> Mapping[str, str]:
        """By which channel each came; unknown conversations are left out."""
        return await self._each(conversations.c.channel, conversation_ids)

    async def _each(self, column: Column[_T], conversation_ids: Collection[str]) -> Mapping[str, _T]:
        """What that column says of each that is known."""
        asked = list(conversation_ids)
        found: dict[str, _T] = {}
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            query = select(conversations.c.conversation_id, column.label("wanted")).where(
                conversations.c.conversation_id.in_(asked[start : start + _ASKED_AT_ONCE])
            )
            found |= {row.conversation_id: row.wanted for row in await self._database.read(query)}
        return found

    async def last_bot_message(self, conversation_id: str) -> ConversationEvent | None:
        """The newest `bot_message`, or None."""
        rows = await self._database.read(_LAST_BOT_MESSAGE, {"of": conversation_id})
        return event_of(rows[0]) if rows else None

    @in_transaction
    def set_holder(
        self, connection: Connection, conversation_id: str, holder: Holder, *, expected: Holder
    ) -> bool:
        """Changes the holder if it is `expected` now; says whether it did."""
        if lock_conversation(connection, conversation_id).holder != expected:
            return False
        change_holder(connection, conversation_id, holder)
        return True

    @in_transaction
    def set_district(self, connection: Connection, conversation_id: str, district: str) -> None:
        """Sets the district the citizen is assumed to be in."""
        lock_conversation(connection, conversation_id)
        connection.execute(
            update(conversations)
            .where(conversations.c.conversation_id == conversation_id)
            .values(district=district)
        )

    @in_transaction
    def add_handover(self, connection: Connection, handover: Handover) -> tuple[Handover, bool]:
        """Stores a waiting handover; a second one of the conversation returns the first with False."""
        lock_conversation(connection, handover.conversation_id)
        waiting = (connection.execute(_waiting_of(handover.conversation_id))).one_or_none()
        if waiting is not None:
            return handover_of(waiting), False
        stored = replace(handover, state=HandoverState.WAITING, created_at=handover.created_at or self._now())
        ticket = take_numbers(connection, TICKETS, 1)
        try:
            connection.execute(insert(handovers).values(**columns_of(stored), ticket=ticket))
        except IntegrityError:
            raise Conflict("that handover id is taken") from None
        return stored, True

    async def handover_of(self, conversation_id: str) -> Handover | None:
        """The conversation's waiting handover, or None."""
        rows = await self._database.read(_waiting_of(conversation_id))
        return handover_of(rows[0]) if rows else None

    async def queue_position(self, handover_id: str) -> int:
        """How many wait before it, plus one. Raises NotFound."""
        own = handovers.alias()
        rows = await self._database.read(
            select(func.count())
            .select_from(handovers)
            .join(own, handovers.c.ticket <= own.c.ticket)
            .where(own.c.handover_id == handover_id, own.c.state == _WAITING, handovers.c.state == _WAITING)
        )
        position: int = rows[0][0]
        if not position:
            raise NotFound("no such handover is waiting")
        return position

    async def waiting_handovers(self, limit: int = 100) -> Sequence[Handover]:
        """Those who wait for a person, longest first."""
        query = select(handovers).where(handovers.c.state == _WAITING).order_by(handovers.c.ticket)
        return tuple(handover_of(row) for row in await self._database.read(query.limit(limit)))

    @in_transaction
    def end_handover(self, connection: Connection, handover_id: str, state: HandoverState) -> Handover | None:
        """Moves a waiting handover to `state` and returns it; None if it waits no longer."""
        own = handovers.c.handover_id == handover_id
        ended = connection.execute(_end(state, self._now()).where(own)).one_or_none()
        if ended is None and connection.execute(select(handovers).where(own)).one_or_none() is None:
            raise NotFound("no such handover")
        return handover_of(ended) if ended else None

    @in_transaction
    def abandon_handovers(self, connection: Connection, before: datetime) -> Sequence[Handover]:
        """Moves those who wait since before that moment to `abandoned`, and returns them."""
        end = _end(HandoverState.ABANDONED, self._now()).where(handovers.c.created_at < before)
        ended = connection.execute(end)
        return tuple(handover_of(row) for row in ended)

    @in_transaction
    def rate(self, connection: Connection, conversation_id: str, score: int, comment: str) -> None:
        """Stores or replaces the conversation's rating."""
        lock_conversation(connection, conversation_id)
        row = {"conversation_id": conversation_id, "score": score, "comment": comment, "at": self._now()}
        connection.execute(upsert(connection, ratings).values(row))

    async def purge_before(self, moment: datetime) -> int:
        """Deletes conversations silent since before `moment`, with all they hold; returns how many."""
        purged = 0
        while True:
            deleted = await self._purge_some(moment)
            purged += deleted
            if deleted < _PURGED_AT_ONCE:
                return purged

    @in_transaction
    def _purge_some(self, connection: Connection, moment: datetime) -> int:
        silent = (
            select(conversations.c.conversation_id)
            .where(conversations.c.last_at < moment)
            .limit(_PURGED_AT_ONCE)
            .with_for_update(skip_locked=True)  # who speaks just now isn't silent
        )
        ids = list(connection.scalars(silent))
        connection.execute(delete(conversations).where(conversations.c.conversation_id.in_(ids)))
        return len(ids)

    @in_transaction
    def check_writable(self, connection: Connection) -> None:
        """Returns if a write goes through. Raises Unavailable."""
        take_numbers(connection, PROBE, 1)


def _waiting_of(conversation_id: str) -> Select[Any]:
    return select(handovers).where(
        handovers.c.conversation_id == conversation_id, handovers.c.state == _WAITING
    )


def _end(state: HandoverState, at: datetime) -> ReturningUpdate[Any]:
    """The end of waiting; of two that end the same handover, one changes nothing."""
    waiting = update(handovers).where(handovers.c.state == _WAITING)
    return waiting.values(state=state.value, closed_at=at).returning(handovers)


def _conversation(row: Row[Any]) -> Conversation:
    columns = row._asdict()
    del columns["last_sequence"]
    return Conversation(**{**columns, "holder": Holder(row.holder)})
