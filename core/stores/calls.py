"""Calls in the database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.desk_ports import Call
from core.errors import Conflict, NotFound
from core.stores.conversation_rows import lock_conversation
from core.stores.tables import calls

_GOES_ON = calls.c.ended_at.is_(None)


class DatabaseCallStore:
    """A CallStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def add(self, connection: Connection, call: Call) -> Call:
        """Stores a new call. Raises NotFound, and Conflict if one of the conversation hasn't ended."""
        lock_conversation(connection, call.conversation_id)
        stored = replace(call, started_at=call.started_at or self._now())
        try:
            connection.execute(insert(calls).values(asdict(stored)))
        except IntegrityError:
            raise Conflict("the conversation has a call, or that id is taken") from None
        return stored

    async def get(self, call_id: str) -> Call | None:
        """The call, or None."""
        return _first(await self._calls(calls.c.call_id == call_id))

    async def open_call_of(self, conversation_id: str) -> Call | None:
        """The conversation's call that hasn't ended, or None."""
        return _first(await self._calls(and_(calls.c.conversation_id == conversation_id, _GOES_ON)))

    async def open_calls(self) -> Sequence[Call]:
        """All calls that haven't ended, oldest first."""
        return await self._calls(_GOES_ON)

    async def calls_of(self, conversation_id: str) -> Sequence[Call]:
        """All calls of the conversation, oldest first."""
        return await self._calls(calls.c.conversation_id == conversation_id)

    async def calls_between(self, since: datetime, until: datetime) -> Sequence[Call]:
        """Those that began in [since, until), oldest first; for reports."""
        return await self._calls(and_(calls.c.started_at >= since, calls.c.started_at < until))

    @in_transaction
    def move(
        self,
        connection: Connection,
        call_id: str,
        state: str,
        *,
        expected: Collection[str],
        mode: str = "",
        agent: str = "",
        answered: bool = False,
        end_reason: str = "",
    ) -> Call:
        """Changes the state if it is one of `expected`, else raises Conflict. Raises NotFound."""
        now = self._now()
        values: dict[str, Any] = {"state": state}
        values |= {name: word for name, word in (("mode", mode), ("agent", agent)) if word}
        if answered:
            values["answered_at"] = func.coalesce(calls.c.answered_at, now)
        if end_reason:
            values |= {"end_reason": end_reason, "ended_at": now, "recording": False}
        return _change(connection, call_id, calls.c.state.in_(list(expected)), values)

    @in_transaction
    def set_consent(self, connection: Connection, call_id: str, version: str, *, agrees: bool) -> Call:
        """Notes the citizen's answer to that version of the text, and when. A refusal stops recording."""
        values = {"consented": agrees, "consent_version": version, "consent_at": self._now()}
        return _change(connection, call_id, _GOES_ON, values if agrees else {**values, "recording": False})

    @in_transaction
    def set_recording(self, connection: Connection, call_id: str, *, on: bool) -> Call:
        """Notes whether the call is recorded. Raises NotFound; Conflict without consent or after its end."""
        return _change(connection, call_id, calls.c.consented if on else _GOES_ON, {"recording": on})

    @in_transaction
    def set_quality(self, connection: Connection, call_id: str, quality: Mapping[str, Any]) -> None:
        """Replaces the quality summary. Raises NotFound."""
        noted = connection.execute(
            update(calls).where(calls.c.call_id == call_id).values(quality=dict(quality))
        )
        if noted.rowcount == 0:
            raise NotFound("no such call")

    async def _calls(self, wanted: ColumnElement[bool]) -> tuple[Call, ...]:
        query: Select[Any] = select(calls).where(wanted).order_by(calls.c.started_at, calls.c.call_id)
        return tuple(Call(**row._asdict()) for row in await self._database.read(query))


def _change(
    connection: Connection, call_id: str, allowed: ColumnElement[bool], values: Mapping[str, Any]
) -> Call:
    """Changes a call that goes on and is as `allowed` says. Raises NotFound, Conflict."""
    own = calls.c.call_id == call_id
    changed = connection.execute(
        update(calls).where(own, _GOES_ON, allowed).values(**values).returning(calls)
    ).one_or_none()
    if changed is not None:
        return Call(**changed._asdict())
    if connection.execute(select(calls.c.call_id).where(own)).one_or_none() is None:
        raise NotFound("no such call")
    raise Conflict("the call isn't in a state for that")


def _first(found: Sequence[Call]) -> Call | None:
    return found[0] if found else None
