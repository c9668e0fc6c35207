"""The agents, their canned replies and what they must see to later, in the database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from core.clock import utc_now
from core.database import Database, in_transaction
from core.desk_ports import Agent, CannedReply, FollowUp
from core.errors import NotFound
from core.statuses import AgentState
from core.stores.conversation_rows import lock_conversation
from core.stores.tables import agents, canned_replies, follow_ups
from core.stores.upserts import upsert


class Roster:
    """The part of a DeskStore that moves no conversation."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def put_agent(self, connection: Connection, agent: Agent) -> Agent:
        """Adds the agent, or replaces name and skills; one who is known keeps `state` and `seen_at`."""
        known = connection.execute(_agent_named(agent.name).with_for_update()).one_or_none()
        stored = replace(agent, state=AgentState(known.state), seen_at=known.seen_at) if known else agent
        row = {
            "name": stored.name,
            "display_name": stored.display_name,
            "skills": {
                "departments": list(stored.departments),
                "districts": list(stored.districts),
                "languages": list(stored.languages),
            },
            "video": stored.video,
            "max_chats": stored.max_chats,
            "state": stored.state.value,
            "seen_at": stored.seen_at,
        }
        connection.execute(upsert(connection, agents).values(row))
        return stored

    async def agent(self, name: str) -> Agent | None:
        """The agent, or None."""
        rows = await self._database.read(_agent_named(name))
        return _agent(rows[0]) if rows else None

    async def agents(self) -> Sequence[Agent]:
        """All agents by name."""
        return tuple(_agent(row) for row in await self._database.read(select(agents).order_by(agents.c.name)))

    @in_transaction
    def set_agent_state(self, connection: Connection, name: str, state: AgentState) -> Agent:
        """Changes the state, and notes that the agent was seen now. Raises NotFound."""
        return _change_agent(connection, name, {"state": state.value, "seen_at": self._now()})

    @in_transaction
    def touch_agent(self, connection: Connection, name: str) -> None:
        """Notes that the agent was seen now. Raises NotFound."""
        _change_agent(connection, name, {"seen_at": self._now()})

    @in_transaction
    def add_follow_up(self, connection: Connection, follow_up: FollowUp) -> FollowUp:
        """Stores a follow-up; one with the same id is left as it is. Raises NotFound for its conversation."""
        lock_conversation(connection, follow_up.conversation_id)
        known = connection.execute(_follow_up(follow_up.follow_up_id)).one_or_none()
        if known is not None:
            return FollowUp(**known._asdict())
        stored = replace(follow_up, created_at=follow_up.created_at or self._now())
        connection.execute(insert(follow_ups).values(asdict(stored)))
        return stored

    async def follow_ups(self, *, done: bool = False) -> Sequence[FollowUp]:
        """Those that wait to be seen to, or those that were; oldest first."""
        seen_to = follow_ups.c.done_at.is_not(None) if done else follow_ups.c.done_at.is_(None)
        query = select(follow_ups).where(seen_to)
        rows = await self._database.read(query.order_by(follow_ups.c.created_at, follow_ups.c.follow_up_id))
        return tuple(FollowUp(**row._asdict()) for row in rows)

    @in_transaction
    def finish_follow_up(self, connection: Connection, follow_up_id: str, by: str, outcome: str) -> FollowUp:
        """Marks it as seen to; the first to do so stands. Raises NotFound."""
        connection.execute(
            update(follow_ups)
            .where(follow_ups.c.follow_up_id == follow_up_id, follow_ups.c.done_at.is_(None))
            .values(done_at=self._now(), done_by=by, outcome=outcome)
        )
        stored = connection.execute(_follow_up(follow_up_id)).one_or_none()
        if stored is None:
            raise NotFound("no such follow-up")
        return FollowUp(**stored._asdict())

    async def canned(self) -> Sequence[CannedReply]:
        """All canned replies by title."""
        query = select(canned_replies).order_by(canned_replies.c.title, canned_replies.c.reply_id)
        return tuple(CannedReply(**row._asdict()) for row in await self._database.read(query))

    @in_transaction
    def put_canned(self, connection: Connection, reply: CannedReply) -> None:
        """Adds or replaces a canned reply."""
        connection.execute(upsert(connection, canned_replies).values(asdict(reply)))

    @in_transaction
    def delete_canned(self, connection: Connection, reply_id: str) -> None:
        """Deletes a canned reply, if it is there."""
        connection.execute(delete(canned_replies).where(canned_replies.c.reply_id == reply_id))


def _agent_named(name: str) -> Select[Any]:
    return select(agents).where(agents.c.name == name)


def _follow_up(follow_up_id: str) -> Select[Any]:
    return select(follow_ups).where(follow_ups.c.follow_up_id == follow_up_id)


def _change_agent(connection: Connection, name: str, values: dict[str, Any]) -> Agent:
    changed = connection.execute(
        update(agents).where(agents.c.name == name).values(**values).returning(agents)
    ).one_or_none()
    if changed is None:
        raise NotFound("no such agent")
    return _agent(changed)


def _agent(row: Row[Any]) -> Agent:
    return Agent(
        row.name,
        row.display_name,
        **{kind: tuple(names) for kind, names in row.skills.items()},
        video=row.video,
        max_chats=row.max_chats,
        state=AgentState(row.state),
        seen_at=row.seen_at,
    )
