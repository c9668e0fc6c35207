"""The queue, who holds which conversation, agents and what they note, in the database.

A move locks its conversation before it looks, and the agent, whose conversations it may have to
count, after that: two moves never wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.database import in_transaction
from core.desk_ports import HolderChange, LogEntry, Moved, ServiceTime, WaitEstimate
from core.errors import Conflict, NotFound
from core.ports import ConversationEvent, Handover
from core.statuses import HandoverMode, HandoverState, Holder
from core.stores.conversation_rows import (
    append_event,
    append_events,
    change_holder,
    check_held_by,
    columns_of,
    handover_of,
    lock_conversation,
)
from core.stores.counters import TICKETS, take_numbers
from core.stores.roster import Roster
from core.stores.tables import agents, handovers

_WAITING: Final = HandoverState.WAITING.value
_TAKEN: Final = HandoverState.TAKEN.value
_CALLBACK: Final = HandoverState.CALLBACK.value
_OPEN_STATE: Final = {Holder.QUEUE: _WAITING, Holder.AGENT: _TAKEN}


class _Held(NamedTuple):
    """A conversation, locked, and one of its handovers as it is under that lock."""

    conversation: Row[Any]
    handover: Row[Any]


class DatabaseDeskStore(Roster):
    """A DeskStore in a database that `core.migrations.upgrade` has prepared."""

    # --- moves ---------------------------------------------------------------------------------

    @in_transaction
    def join(self, connection: Connection, handover: Handover, change: HolderChange) -> Moved:
        """Puts the conversation into the queue, at the end."""
        conversation = lock_conversation(connection, handover.conversation_id)
        present = connection.execute(_open_of(handover.conversation_id)).one_or_none()
        if present is not None:
            return Moved(handover_of(present), is_new=False)
        _check(conversation, change)
        stored = replace(handover, state=HandoverState.WAITING, created_at=handover.created_at or self._now())
        ticket = take_numbers(connection, TICKETS, 1)
        try:
            connection.execute(insert(handovers).values(**columns_of(stored), ticket=ticket))
        except IntegrityError:
            raise Conflict("that handover id is taken") from None
        return Moved(stored, self._log(connection, conversation, change))

    @in_transaction
    def accept(
        self,
        connection: Connection,
        handover_id: str,
        agent: str,
        change: HolderChange,
        *,
        at_most: int = 0,
        recall: HolderChange | None = None,
    ) -> Moved:
        """Gives a waiting handover to the agent: of all who accept it, to the first."""
        held = self._locked(connection, handover_id)
        recalled: tuple[ConversationEvent, ...] = ()
        if recall is not None and held.handover.state == _CALLBACK:
            recalled = self._recall(connection, held, recall).events
            held = self._locked(connection, handover_id)
        _check(held.conversation, change)
        if held.handover.state != _WAITING:
            raise Conflict("that handover waits no longer")
        if held.handover.for_agent not in ("", agent):
            raise Conflict("that handover is for another agent")
        if at_most and _count_held(connection, agent) >= at_most:
            raise Conflict("the agent has as many conversations as they may")
        taken = {"state": _TAKEN, "agent": agent, "taken_at": held.handover.taken_at or self._now()}
        moved = self._move(connection, held, change, taken, agent=agent)
        return replace(moved, events=(*recalled, *moved.events))

    @in_transaction
    def take_over(
        self, connection: Connection, conversation_id: str, agent: str, change: HolderChange
    ) -> Moved:
        """Gives a taken handover to another agent, without a wait."""
        held = _held_as_expected(connection, conversation_id, change)
        return self._move(connection, held, change, {"agent": agent}, agent=agent)

    @in_transaction
    def requeue(
        self,
        connection: Connection,
        conversation_id: str,
        change: HolderChange,
        *,
        for_agent: str = "",
        department: str | None = None,
        district: str | None = None,
        language: str | None = None,
    ) -> Moved:
        """Takes the conversation from its agent back into the queue, to the place it had."""
        held = _held_as_expected(connection, conversation_id, change)
        skills = {"department": department, "district": district, "language": language}
        values: dict[str, Any] = {name: skill for name, skill in skills.items() if skill is not None}
        values |= {"state": _WAITING, "kept_place": True, "agent": "", "offered_at": None}
        values |= {"for_agent": for_agent}
        return self._move(connection, held, change, values)

    @in_transaction
    def release(
        self,
        connection: Connection,
        conversation_id: str,
        change: HolderChange,
        state: HandoverState,
        *,
        outcome: str = "",
        due: datetime | None = None,
        contact: str = "",
    ) -> Moved:
        """Ends the waiting or taken handover with that state."""
        held = _held_as_expected(connection, conversation_id, change)
        values: dict[str, Any] = {"state": state.value, "closed_at": self._now(), "outcome": outcome}
        if change.expected is Holder.QUEUE:
            values["agent"] = ""
        if due is not None:
            values["due"] = due
        if contact:
            values["contact"] = contact
        return self._move(connection, held, change, values)

    @in_transaction
    def register(self, connection: Connection, handover: Handover, log: Sequence[LogEntry] = ()) -> Moved:
        """Stores it as a `callback` without a time; the bot goes on holding the conversation."""
        conversation = lock_conversation(connection, handover.conversation_id)
        own = handovers.c.conversation_id == handover.conversation_id
        registered = (handovers.c.state == _CALLBACK) & handovers.c.due.is_(None)
        opened = handovers.c.state.in_([_WAITING, _TAKEN])
        present = connection.execute(select(handovers).where(own, registered | opened).limit(1)).one_or_none()
        if present is not None:
            return Moved(handover_of(present), is_new=False)
        if conversation.holder != Holder.BOT:
            raise Conflict(f"the conversation is held by {conversation.holder}, not by the bot")
        at = self._now()
        stored = replace(handover, state=HandoverState.CALLBACK, created_at=handover.created_at or at)
        ticket = take_numbers(connection, TICKETS, 1)
        try:
            connection.execute(insert(handovers).values(**columns_of(stored), ticket=ticket))
        except IntegrityError:
            raise Conflict("that handover id is taken") from None
        return Moved(stored, append_events(connection, conversation, log, at=at))

    @in_transaction
    def recall(self, connection: Connection, handover_id: str, change: HolderChange) -> Moved:
        """Puts a `callback` handover into the queue again, to the place it had."""
        return self._recall(connection, self._locked(connection, handover_id), change)

    def _recall(self, connection: Connection, held: _Held, change: HolderChange) -> Moved:
        _check(held.conversation, change)
        if held.handover.state != _CALLBACK:
            raise Conflict("that handover is no call-back any more")
        values = {"state": _WAITING, "agent": "", "offered_at": None, "closed_at": None, "outcome": ""}
        values |= {"for_agent": ""}
        return self._move(connection, held, change, values)

    @in_transaction
    def append_as(
        self,
        connection: Connection,
        agent: str,
        conversation_id: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        delivery_key: str = "",
    ) -> tuple[ConversationEvent, bool]:
        """`ConversationStore.append`, if that agent holds the conversation; else raises Conflict."""
        conversation = lock_conversation(connection, conversation_id)
        check_held_by(connection, conversation_id, agent)
        return append_event(connection, conversation, kind, body, at=self._now(), delivery_key=delivery_key)

    # --- handovers without a move --------------------------------------------------------------

    @in_transaction
    def wish_video(self, connection: Connection, handover_id: str) -> Handover:
        """A wish that waits is one for video from now on; its place stays."""
        held = self._locked(connection, handover_id)
        if held.handover.state not in (_WAITING, _CALLBACK):
            raise Conflict("that handover waits no longer")
        values = {"mode": HandoverMode.VIDEO.value}
        this = handovers.c.handover_id == handover_id
        connection.execute(update(handovers).where(this).values(values))
        return replace(handover_of(held.handover), mode=HandoverMode.VIDEO)

    async def handover(self, handover_id: str) -> Handover | None:
        """The handover, or None."""
        found = await self._handovers(select(handovers).where(handovers.c.handover_id == handover_id))
        return found[0] if found else None

    async def open_handover(self, conversation_id: str) -> Handover | None:
        """The conversation's waiting or taken handover, or None."""
        found = await self._handovers(_open_of(conversation_id))
        return found[0] if found else None

    async def waiting(self) -> Sequence[Handover]:
        """All who wait, longest first."""
        return await self._handovers(_in_order().where(handovers.c.state == _WAITING))

    async def held_by(self, agent: str) -> Sequence[Handover]:
        """The taken handovers of that agent, oldest first."""
        return await self._handovers(
            _in_order().where(handovers.c.state == _TAKEN, handovers.c.agent == agent)
        )

    async def held(self) -> Sequence[Handover]:
        """The taken handovers of all agents, oldest first."""
        return await self._handovers(_in_order().where(handovers.c.state == _TAKEN))

    async def ended_with(self, agent: str, since: datetime) -> Sequence[Handover]:
        """The handovers that ended with that agent since that moment, the latest first."""
        own = handovers.c.agent == agent, handovers.c.state == HandoverState.CLOSED.value
        ended = select(handovers).where(*own, handovers.c.closed_at >= since)
        return await self._handovers(ended.order_by(handovers.c.closed_at.desc(), handovers.c.ticket.desc()))

    async def callbacks(self, due_before: datetime | None = None) -> Sequence[Handover]:
        """The `callback` handovers, those without a time first, then by when they are due."""
        query = select(handovers).where(handovers.c.state == _CALLBACK)
        if due_before is not None:
            query = query.where(handovers.c.due < due_before)
        # Said outright, since databases differ in where they put what has no time.
        in_order = query.order_by(handovers.c.due.is_not(None), handovers.c.due, handovers.c.ticket)
        return await self._handovers(in_order)

    @in_transaction
    def end_callback(
        self, connection: Connection, handover_id: str, state: HandoverState, outcome: str
    ) -> Handover:
        """Ends a `callback` handover. Raises NotFound, and Conflict if it is none any more."""
        values = {"state": state.value, "outcome": outcome, "closed_at": self._now()}
        return _change(connection, handover_id, _CALLBACK, values)

    async def handovers_between(self, since: datetime, until: datetime) -> Sequence[Handover]:
        """Those of all states that began in [since, until), oldest first; for reports."""
        began = handovers.c.created_at
        return await self._handovers(_in_order().where(began >= since, began < until))

    @in_transaction
    def offer(self, connection: Connection, handover_id: str, agent: str) -> Handover:
        """Notes to whom, and when, a waiting handover is offered; any agent may still accept it."""
        return _change(connection, handover_id, _WAITING, {"agent": agent, "offered_at": self._now()})

    @in_transaction
    def free(self, connection: Connection, handover_id: str) -> Handover:
        """Lets any agent take a waiting handover that was for one alone."""
        return _change(connection, handover_id, _WAITING, {"for_agent": ""})

    @in_transaction
    def record_estimate(self, connection: Connection, handover_id: str, seconds: float) -> None:
        """Notes the wait that the citizen was told; only the first counts. Raises NotFound."""
        first = func.coalesce(handovers.c.estimate_seconds, seconds)
        noted = connection.execute(
            update(handovers).where(handovers.c.handover_id == handover_id).values(estimate_seconds=first)
        )
        if noted.rowcount == 0:
            raise NotFound("no such handover")

    async def estimates(self, since: datetime) -> Sequence[WaitEstimate]:
        """What was told to those whom an agent has taken since that moment, oldest first."""
        query = select(handovers).where(
            handovers.c.taken_at >= since,
            handovers.c.estimate_seconds.is_not(None),
            handovers.c.due.is_(None),
        )
        rows = await self._database.read(query.order_by(handovers.c.taken_at, handovers.c.ticket))
        return tuple(
            WaitEstimate(
                row.handover_id,
                row.taken_at,
                row.estimate_seconds,
                (row.taken_at - row.created_at).total_seconds(),
            )
            for row in rows
        )

    async def service_times(self, since: datetime) -> Sequence[ServiceTime]:
        """How long agents took for those who ended since that moment, oldest first."""
        query = select(handovers.c.taken_at, handovers.c.closed_at).where(
            handovers.c.closed_at >= since, handovers.c.taken_at.is_not(None), ~handovers.c.kept_place
        )
        rows = await self._database.read(query.order_by(handovers.c.closed_at, handovers.c.ticket))
        return tuple(
            ServiceTime(row.closed_at, (row.closed_at - row.taken_at).total_seconds()) for row in rows
        )

    # --- how a move is made --------------------------------------------------------------------

    async def _handovers(self, query: Select[Any]) -> tuple[Handover, ...]:
        return tuple(handover_of(row) for row in await self._database.read(query))

    def _locked(self, connection: Connection, handover_id: str) -> _Held:
        """A handover with its conversation, locked."""
        own = select(handovers).where(handovers.c.handover_id == handover_id)
        stored = connection.execute(own).one_or_none()
        if stored is None:
            raise NotFound("no such handover")
        conversation = lock_conversation(connection, stored.conversation_id)
        return _Held(conversation, connection.execute(own).one())

    def _move(
        self,
        connection: Connection,
        held: _Held,
        change: HolderChange,
        values: Mapping[str, Any],
        *,
        agent: str = "",
    ) -> Moved:
        own = handovers.c.handover_id == held.handover.handover_id
        unchanged = handovers.c.state == held.handover.state
        moved = connection.execute(
            update(handovers).where(own, unchanged).values(**values).returning(handovers)
        ).one_or_none()
        if moved is None:
            raise Conflict("the handover has changed meanwhile")
        return Moved(handover_of(moved), self._log(connection, held.conversation, change, agent))

    def _log(
        self, connection: Connection, conversation: Row[Any], change: HolderChange, agent: str = ""
    ) -> tuple[ConversationEvent, ...]:
        """Changes the holder and appends what is to be told of it."""
        change_holder(connection, conversation.conversation_id, change.holder)
        holder = {"holder": change.holder.value, "cause": change.cause} | ({"agent": agent} if agent else {})
        log = (*change.log, LogEntry("holder", holder))
        return append_events(connection, conversation, log, at=self._now())


def _check(conversation: Row[Any], change: HolderChange) -> None:
    if conversation.holder != change.expected:
        raise Conflict(f"the conversation is held by {conversation.holder}, not by {change.expected.value}")


def _held_as_expected(connection: Connection, conversation_id: str, change: HolderChange) -> _Held:
    """The conversation, locked, and its open handover, held as the change expects. Raises Conflict."""
    conversation = lock_conversation(connection, conversation_id)
    _check(conversation, change)
    stored = connection.execute(_open_of(conversation_id)).one_or_none()
    if stored is None or stored.state != _OPEN_STATE.get(change.expected):
        raise Conflict("the conversation has no such handover")
    if change.expected is Holder.AGENT and change.agent not in ("", stored.agent):
        raise Conflict("another agent holds the conversation")
    return _Held(conversation, stored)


def _count_held(connection: Connection, agent: str) -> int:
    """How many conversations the agent has; none is added before the transaction ends."""
    own = connection.execute(select(agents.c.name).where(agents.c.name == agent).with_for_update())
    if own.one_or_none() is None:
        raise NotFound("no such agent")
    held = select(func.count()).where(handovers.c.state == _TAKEN, handovers.c.agent == agent)
    return connection.execute(held.select_from(handovers)).scalar_one()


def _change(connection: Connection, handover_id: str, state: str, values: Mapping[str, Any]) -> Handover:
    """Changes a handover that is in that state. Raises NotFound, Conflict."""
    own = handovers.c.handover_id == handover_id
    changed = connection.execute(
        update(handovers).where(own, handovers.c.state == state).values(**values).returning(handovers)
    ).one_or_none()
    if changed is not None:
        return handover_of(changed)
    if connection.execute(select(handovers.c.handover_id).where(own)).one_or_none() is None:
        raise NotFound("no such handover")
    raise Conflict(f"that handover isn't {state} any more")


def _in_order() -> Select[Any]:
    return select(handovers).order_by(handovers.c.ticket)


def _open_of(conversation_id: str) -> Select[Any]:
    return select(handovers).where(
        handovers.c.conversation_id == conversation_id, handovers.c.state.in_([_WAITING, _TAKEN])
    )
