"""Forms and signature requests in the database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.desk_ports import LogEntry
from core.errors import Conflict, NotFound
from core.paper_ports import Paper, PaperMoved, PaperStep
from core.ports import ConversationEvent
from core.statuses import HandoverState
from core.stores.conversation_rows import append_event, lock_conversation
from core.stores.tables import handovers, papers


class DatabasePaperStore:
    """A PaperStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def add(
        self, connection: Connection, paper: Paper, log: Sequence[LogEntry] = (), *, agent: str = ""
    ) -> PaperMoved:
        """Stores a new paper and its log. Raises NotFound for its conversation, Conflict for a taken id."""
        conversation = lock_conversation(connection, paper.conversation_id)
        _check_holder(connection, paper.conversation_id, agent)
        stored = replace(paper, begun_at=self._now(), changed_at=self._now())
        try:
            connection.execute(insert(papers).values(asdict(stored)))
        except IntegrityError:
            raise Conflict("that paper id is taken") from None
        return PaperMoved(stored, self._append(connection, conversation, log))

    async def get(self, paper_id: str) -> Paper | None:
        """The paper, or None."""
        rows = await self._database.read(select(papers).where(papers.c.paper_id == paper_id))
        return Paper(**rows[0]._asdict()) if rows else None

    async def papers_of(self, conversation_id: str, kind: str = "") -> Sequence[Paper]:
        """The papers of a conversation (of one kind, if given), oldest first."""
        query = select(papers).where(papers.c.conversation_id == conversation_id)
        if kind:
            query = query.where(papers.c.kind == kind)
        rows = await self._database.read(query.order_by(papers.c.begun_at, papers.c.paper_id))
        return tuple(Paper(**row._asdict()) for row in rows)

    @in_transaction
    def change(
        self, connection: Connection, paper_id: str, step: Callable[[Paper], PaperStep], *, agent: str = ""
    ) -> PaperMoved:
        """Makes the paper what `step` makes of it; steps of one conversation follow one another."""
        query = select(papers).where(papers.c.paper_id == paper_id)
        if (found := connection.execute(query).one_or_none()) is None:
            raise NotFound("no such paper")
        conversation = lock_conversation(connection, found.conversation_id)
        _check_holder(connection, found.conversation_id, agent)
        # As it is now that nobody else can change it.
        stored = Paper(**connection.execute(query).one()._asdict())
        made = step(stored)
        if (made.paper.state, made.paper.body) == (stored.state, stored.body):
            return PaperMoved(stored, self._append(connection, conversation, made.log))
        changed = replace(stored, state=made.paper.state, body=made.paper.body, changed_at=self._now())
        connection.execute(
            update(papers)
            .where(papers.c.paper_id == paper_id)
            .values(state=changed.state, body=changed.body, changed_at=changed.changed_at)
        )
        return PaperMoved(changed, self._append(connection, conversation, made.log))

    def _append(
        self, connection: Connection, conversation: Row[Any], log: Sequence[LogEntry]
    ) -> tuple[ConversationEvent, ...]:
        return tuple(
            append_event(connection, conversation, entry.kind, entry.body, at=self._now(), ahead=ahead)[0]
            for ahead, entry in enumerate(log)
        )


def _check_holder(connection: Connection, conversation_id: str, agent: str) -> None:
    """Raises Conflict unless that agent, if one is named, holds the locked conversation."""
    if not agent:
        return
    held = select(handovers.c.agent).where(
        handovers.c.conversation_id == conversation_id, handovers.c.state == HandoverState.TAKEN.value
    )
    if connection.execute(held).scalar_one_or_none() != agent:
        raise Conflict("another one holds that conversation")
