"""The in-memory PaperStore, which passes the same contract tests as the real one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.desk_ports import LogEntry
from core.errors import Conflict, NotFound
from core.paper_ports import Paper, PaperMoved, PaperStep
from core.statuses import HandoverState
from tests.fakes import InMemoryConversationStore


class InMemoryPaperStore:
    """A PaperStore in a dictionary. Nothing in it waits, so each step is made whole."""

    def __init__(self, conversations: InMemoryConversationStore) -> None:
        self._c = conversations
        self._all: dict[str, Paper] = {}

    async def add(self, paper: Paper, log: Sequence[LogEntry] = (), *, agent: str = "") -> PaperMoved:
        self._c._existing(paper.conversation_id)
        self._check_holder(paper.conversation_id, agent)
        if paper.paper_id in self._all:
            raise Conflict("that paper id is taken")
        now = self._c._now()
        self._all[paper.paper_id] = replace(paper, begun_at=now, changed_at=now)
        return await self._moved(paper.paper_id, log)

    async def get(self, paper_id: str) -> Paper | None:
        paper = self._all.get(paper_id)
        return paper if paper and paper.conversation_id in self._c._conversations else None

    async def papers_of(self, conversation_id: str, kind: str = "") -> Sequence[Paper]:
        if conversation_id not in self._c._conversations:
            return ()
        own = [p for p in self._all.values() if p.conversation_id == conversation_id and kind in ("", p.kind)]
        return tuple(sorted(own, key=lambda paper: (paper.begun_at, paper.paper_id)))

    async def change(
        self, paper_id: str, step: Callable[[Paper], PaperStep], *, agent: str = ""
    ) -> PaperMoved:
        stored = await self.get(paper_id)
        if stored is None:
            raise NotFound("no such paper")
        self._check_holder(stored.conversation_id, agent)
        made = step(stored)
        if (made.paper.state, made.paper.body) != (stored.state, stored.body):
            changed = replace(stored, state=made.paper.state, body=made.paper.body, changed_at=self._c._now())
            self._all[paper_id] = changed
        return await self._moved(paper_id, made.log)

    async def _moved(self, paper_id: str, log: Sequence[LogEntry]) -> PaperMoved:
        paper = self._all[paper_id]
        events = [(await self._c.append(paper.conversation_id, e.kind, e.body))[0] for e in log]
        return PaperMoved(paper, tuple(events))

    def _check_holder(self, conversation_id: str, agent: str) -> None:
        held = (
            h.agent
            for h in self._c._handovers
            if h.conversation_id == conversation_id and h.state is HandoverState.TAKEN
        )
        if agent and next(held, None) != agent:
            raise Conflict("another one holds that conversation")
