"""Forms and signature requests in the database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.desk_ports import LogEntry
from core.errors import Conflict, NotFound
from core.paper_ports import Paper, PaperMoved, PaperStep
from core.stores.conversation_rows import append_events, check_held_by, lock_conversation
from core.stores.tables import papers


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
        if agent:
            check_held_by(connection, paper.conversation_id, agent)
        at = self._now()
        stored = replace(paper, begun_at=at, changed_at=at)
        try:
            connection.execute(insert(papers).values(asdict(stored)))
        except IntegrityError:
            raise Conflict("that paper id is taken") from None
        return PaperMoved(stored, append_events(connection, conversation, log, at=at))

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
        own = papers.c.paper_id == paper_id
        conversation_id = connection.execute(select(papers.c.conversation_id).where(own)).scalar_one_or_none()
        if conversation_id is None:
            raise NotFound("no such paper")
        conversation = lock_conversation(connection, conversation_id)
        if agent:
            check_held_by(connection, conversation_id, agent)
        # As it is now that nobody else can change it.
        stored = Paper(**connection.execute(select(papers).where(own)).one()._asdict())
        made, at = step(stored), self._now()
        changed = stored
        if (made.paper.state, made.paper.body) != (stored.state, stored.body):
            changed = replace(stored, state=made.paper.state, body=made.paper.body, changed_at=at)
            values = {"state": changed.state, "body": changed.body, "changed_at": at}
            connection.execute(update(papers).where(own).values(**values))
        return PaperMoved(changed, append_events(connection, conversation, made.log, at=at))
