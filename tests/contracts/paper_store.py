"""What every PaperStore promises. Override `conversations`, `desk` and `store`, over the same records."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.desk_ports import LogEntry
from core.errors import Conflict, IllegalMove, NotFound
from core.paper_ports import Paper, PaperStep
from tests.contracts.conversation_store import opened
from tests.contracts.desk_store import ACCEPT, JOIN, a_wish
from tests.contracts.over_conversations import OverConversations


def a_paper(n: int = 1, conversation_id: str = "c1", kind: str = "form") -> Paper:
    return Paper(f"p{n}", conversation_id, kind, "open", {"values": {"姓名": "张三"}, "n": n})


def counted(paper: Paper) -> PaperStep:
    return PaperStep(replace(paper, body={**paper.body, "n": paper.body["n"] + 1}))


class PaperStoreContract(OverConversations):
    """Inherit, and override `conversations`, `desk` and `store` with fresh, empty ones that read `clock`."""

    @pytest.fixture
    async def desk(self, conversations):
        raise NotImplementedError

    async def test_a_paper_comes_back_with_what_the_log_got(self, conversations, store, clock):
        await opened(conversations)
        note = LogEntry("form", {"form_id": "p1", "state": "open"})
        moved = await store.add(a_paper(), [note])

        assert moved.paper == replace(a_paper(), begun_at=clock(), changed_at=clock())
        assert moved.paper == await store.get("p1")
        assert [(e.sequence, e.kind, e.body) for e in moved.events] == [(1, "form", note.body)]
        assert await conversations.events("c1") == moved.events
        assert await store.get("p9") is None

    async def test_an_id_is_taken_once_and_belongs_to_a_conversation(self, conversations, store):
        await opened(conversations)
        await store.add(a_paper())

        with pytest.raises(Conflict):
            await store.add(a_paper(), [LogEntry("form", {})])
        with pytest.raises(NotFound):
            await store.add(a_paper(2, "nobody"))
        assert await conversations.events("c1") == ()

    async def test_papers_are_listed_by_conversation_and_kind_oldest_first(self, conversations, store, clock):
        for name in ("c1", "c2"):
            await opened(conversations, name)
        for paper in (a_paper(3), a_paper(2, kind="signature"), a_paper(1), a_paper(4, "c2")):
            await store.add(paper)
            clock.advance(timedelta(seconds=1))

        assert [p.paper_id for p in await store.papers_of("c1")] == ["p3", "p2", "p1"]
        assert [p.paper_id for p in await store.papers_of("c1", "form")] == ["p3", "p1"]
        assert await store.papers_of("nobody") == ()

    async def test_a_step_changes_state_and_body_and_appends_to_the_log(self, conversations, store, clock):
        await opened(conversations)
        first = (await store.add(a_paper())).paper
        clock.advance(timedelta(seconds=5))
        logged = [LogEntry("form", {"state": "finished"}), LogEntry("notice", {"text": "好了"})]

        def finish(paper: Paper) -> PaperStep:
            return PaperStep(
                replace(paper, state="finished", body={"n": 2}, kind="other", conversation_id="c9"), logged
            )

        moved = await store.change("p1", finish)

        assert moved.paper == replace(first, state="finished", body={"n": 2}, changed_at=clock())
        assert await store.get("p1") == moved.paper
        assert [(e.sequence, e.kind) for e in moved.events] == [(1, "form"), (2, "notice")]

    async def test_a_step_that_fails_changes_nothing(self, conversations, store):
        await opened(conversations)
        stored = (await store.add(a_paper())).paper

        def refuse(paper: Paper) -> PaperStep:
            raise IllegalMove("not now")

        with pytest.raises(IllegalMove):
            await store.change("p1", refuse)
        with pytest.raises(NotFound):
            await store.change("p9", counted)
        assert await store.get("p1") == stored
        assert await conversations.events("c1") == ()

    async def test_a_paper_that_stays_as_it_was_is_not_written(self, conversations, store, clock):
        await opened(conversations)
        stored = (await store.add(a_paper())).paper
        clock.advance(timedelta(seconds=5))

        assert (await store.change("p1", PaperStep)).paper == stored

    async def test_steps_at_once_follow_one_another(self, conversations, store):
        await opened(conversations)
        await store.add(replace(a_paper(), body={"n": 0}))

        await asyncio.gather(*(store.change("p1", counted) for _ in range(20)))

        assert (await store.get("p1")).body == {"n": 20}

    async def test_an_agent_writes_only_in_a_conversation_that_they_hold(self, conversations, desk, store):
        await opened(conversations)
        await store.add(a_paper())
        await desk.join(a_wish(1), JOIN)
        for refused in (
            store.add(a_paper(2), agent="王芳"),
            store.change("p1", counted, agent="王芳"),
        ):
            with pytest.raises(Conflict):
                await refused
        await desk.accept("h1", "王芳", ACCEPT)

        assert (await store.change("p1", counted, agent="王芳")).paper.body["n"] == 2
        assert (await store.add(a_paper(2), agent="王芳")).paper.paper_id == "p2"
        with pytest.raises(Conflict):
            await store.change("p1", counted, agent="李强")

    async def test_papers_go_with_their_conversation(self, conversations, store, clock):
        await opened(conversations)
        await store.add(a_paper())
        clock.advance(timedelta(days=1))

        await conversations.purge_before(clock())

        assert await store.get("p1") is None
        assert await store.papers_of("c1") == ()
        with pytest.raises(NotFound):
            await store.change("p1", counted)
