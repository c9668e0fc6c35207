"""The third parties of calls in the database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.errors import Conflict, NotFound
from core.guest_ports import CallGuest
from core.stores.conversation_rows import lock_conversation
from core.stores.tables import call_guests

_IS_OPEN = call_guests.c.ended_at.is_(None)


class DatabaseGuestStore:
    """A GuestStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def add(self, connection: Connection, guest: CallGuest) -> CallGuest:
        """Stores a new guest. Raises NotFound for its conversation, Conflict if the call has one already."""
        lock_conversation(connection, guest.conversation_id)
        stored = replace(guest, invited_at=guest.invited_at or self._now())
        try:
            connection.execute(insert(call_guests).values(asdict(stored)))
        except IntegrityError:
            raise Conflict("the call has a guest, or that id is taken") from None
        return stored

    async def get(self, guest_id: str) -> CallGuest | None:
        """The guest, or None."""
        return _first(await self._guests(call_guests.c.guest_id == guest_id))

    async def open_guest_of(self, call_id: str) -> CallGuest | None:
        """The call's guest who hasn't left, or None."""
        return _first(await self._guests(and_(call_guests.c.call_id == call_id, _IS_OPEN)))

    async def invitations_of(self, agent: str) -> Sequence[CallGuest]:
        """Where that agent is a guest now or may become one, oldest first."""
        return await self._guests(and_(call_guests.c.agent == agent, _IS_OPEN))

    @in_transaction
    def move(
        self,
        connection: Connection,
        guest_id: str,
        state: str,
        *,
        expected: Collection[str],
        token_hash: str = "",
        end_reason: str = "",
    ) -> CallGuest:
        """Changes the state if it is one of `expected`, else raises Conflict. Raises NotFound."""
        values: dict[str, Any] = {"state": state}
        if token_hash:
            values["token_hash"] = token_hash
        if end_reason:
            values |= {"end_reason": end_reason, "ended_at": self._now()}
        return _change(connection, guest_id, call_guests.c.state.in_(list(expected)), values)

    @in_transaction
    def set_consent(self, connection: Connection, guest_id: str, version: str, *, agrees: bool) -> CallGuest:
        """Notes the guest's answer to that version of the text, and when. Raises NotFound, Conflict."""
        values = {"consented": agrees, "consent_version": version, "consent_at": self._now()}
        return _change(connection, guest_id, true(), values)

    async def _guests(self, wanted: ColumnElement[bool]) -> tuple[CallGuest, ...]:
        query = select(call_guests).where(wanted).order_by(call_guests.c.invited_at, call_guests.c.guest_id)
        return tuple(CallGuest(**row._asdict()) for row in await self._database.read(query))


def _change(
    connection: Connection, guest_id: str, allowed: ColumnElement[bool], values: Mapping[str, Any]
) -> CallGuest:
    own = call_guests.c.guest_id == guest_id
    changed = connection.execute(
        update(call_guests).where(own, _IS_OPEN, allowed).values(**values).returning(call_guests)
    ).one_or_none()
    if changed is not None:
        return CallGuest(**changed._asdict())
    if connection.execute(select(call_guests.c.guest_id).where(own)).one_or_none() is None:
        raise NotFound("no such guest")
    raise Conflict("the guest isn't in a state for that")


def _first(found: Sequence[CallGuest]) -> CallGuest | None:
    return found[0] if found else None
