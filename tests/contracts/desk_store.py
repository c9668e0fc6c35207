"""What every DeskStore promises. Subclasses override `conversations` and `store`, over the same records."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from core.desk_ports import (
    Agent,
    CannedReply,
    FollowUp,
    HolderChange,
    LogEntry,
    Moved,
    ServiceTime,
    WaitEstimate,
)
from core.errors import Conflict, NotFound
from core.ports import Handover
from core.statuses import AgentState, HandoverMode, HandoverState, Holder
from tests.contracts.conversation_store import asked, opened
from tests.contracts.over_conversations import OverConversations

JOIN = HolderChange(Holder.BOT, Holder.QUEUE, "ask_for_person")
ACCEPT = HolderChange(Holder.QUEUE, Holder.AGENT, "accept")
LEAVE = HolderChange(Holder.QUEUE, Holder.BOT, "leave")
CALL_BACK = HolderChange(Holder.QUEUE, Holder.BOT, "call_back")


def by(agent: str, holder: Holder, cause: str) -> HolderChange:
    return HolderChange(Holder.AGENT, holder, cause, agent=agent)


def a_wish(n: int | str, **more) -> Handover:
    return Handover(f"h{n}", f"c{n}", HandoverMode.VIDEO, topic="身份证", reason="想找人", **more)


class DeskStoreContract(OverConversations):
    """Inherit, and override `conversations` and `store` with fresh, empty ones that read `clock`."""

    @pytest.fixture
    async def queued(self, conversations, store):
        """Three who wait: c1 to c3, with h1 to h3."""
        for n in (1, 2, 3):
            await opened(conversations, f"c{n}")
            await store.join(a_wish(n), JOIN)

    # what a move does

    async def test_who_joins_waits_and_the_bot_is_silent(self, conversations, store, clock):
        await opened(conversations)
        await asked(conversations, "c1")
        wish = a_wish(1, department="户政", district="朝阳区", language="蒙古语", priority=2, known={"a": 1})
        note = LogEntry("handover", {"handover_id": "h1", "position": 1})

        moved = await store.join(wish, replace(JOIN, log=(note,)))

        assert moved.is_new
        assert moved.handover == replace(wish, created_at=clock())
        assert moved.handover == await store.handover("h1") == await store.open_handover("c1")
        assert await store.waiting() == (moved.handover,)
        assert [(e.sequence, e.kind, e.body) for e in moved.events] == [
            (2, "handover", {"handover_id": "h1", "position": 1}),
            (3, "holder", {"holder": "queue", "cause": "ask_for_person"}),
        ]
        assert await conversations.events("c1", after=1) == moved.events
        assert (await conversations.get("c1")).holder is Holder.QUEUE
        assert await conversations.unanswered() == ()

    async def test_who_joins_twice_waits_once(self, store, queued):
        again = await store.join(replace(a_wish(1), handover_id="other"), JOIN)

        assert (again.handover.handover_id, again.is_new, again.events) == ("h1", False, ())
        assert len(await store.waiting()) == 3

    async def test_of_many_joins_at_once_one_is_new(self, conversations, store):
        await opened(conversations)

        moves = await asyncio.gather(
            *(store.join(replace(a_wish(1), handover_id=f"h{n}"), JOIN) for n in range(8))
        )

        assert sum(moved.is_new for moved in moves) == 1
        assert len({moved.handover.handover_id for moved in moves}) == 1
        assert [e.kind for e in await conversations.events("c1")] == ["holder"]

    async def test_unknown_things_are_not_found(self, store):
        for move in (
            store.join(a_wish("0"), JOIN),
            store.accept("h0", "王芳", ACCEPT),
            store.take_over("c0", "王芳", by("", Holder.AGENT, "take_over")),
            store.requeue("c0", by("", Holder.QUEUE, "transfer")),
            store.release("c0", LEAVE, HandoverState.ABANDONED),
            store.register(a_wish("0")),
            store.recall("h0", JOIN),
            store.end_callback("h0", HandoverState.CLOSED, ""),
            store.append_as("王芳", "c0", "note", {}),
            store.offer("h0", "王芳"),
            store.record_estimate("h0", 5.0),
        ):
            with pytest.raises(NotFound):
                await move
        assert await store.handover("h0") is None
        assert await store.open_handover("c0") is None

    async def test_an_id_of_a_handover_is_taken_once(self, conversations, store, queued):
        await opened(conversations, "c9")

        with pytest.raises(Conflict):
            await store.join(replace(a_wish(9), handover_id="h1"), JOIN)

        assert (await conversations.get("c9")).holder is Holder.BOT
        assert await conversations.events("c9") == ()

    # accepting

    async def test_who_accepts_has_the_conversation(self, conversations, store, queued, clock):
        clock.advance(timedelta(minutes=2))

        moved = await store.accept("h2", "王芳", ACCEPT)

        assert (moved.handover.state, moved.handover.agent) == (HandoverState.TAKEN, "王芳")
        assert moved.handover.taken_at == clock()
        assert moved.events[-1].body == {"holder": "agent", "cause": "accept", "agent": "王芳"}
        assert (await conversations.get("c2")).holder is Holder.AGENT
        assert [h.handover_id for h in await store.waiting()] == ["h1", "h3"]
        assert await store.held_by("王芳") == await store.held() == (moved.handover,)
        assert await store.held_by("李强") == ()
        assert await store.open_handover("c2") == moved.handover

    async def test_of_many_who_accept_at_once_one_has_it(self, conversations, store, queued):
        names = [f"agent{n}" for n in range(12)]

        outcomes = await asyncio.gather(
            *(store.accept("h1", name, ACCEPT) for name in names), return_exceptions=True
        )

        won = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        assert len(won) == 1
        assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome not in won)
        assert await store.held() == (won[0].handover,)
        holders = [e.body for e in await conversations.events("c1") if e.kind == "holder"]
        assert [body["holder"] for body in holders] == ["queue", "agent"]
        assert holders[-1]["agent"] == won[0].handover.agent

    async def test_of_one_who_leaves_and_one_who_accepts_one_wins(self, conversations, store):
        for n in range(10):
            await opened(conversations, f"c{n}")
            await store.join(a_wish(n), JOIN)
            moves = [
                store.accept(f"h{n}", "王芳", ACCEPT),
                store.release(f"c{n}", LEAVE, HandoverState.ABANDONED),
            ]

            outcomes = await asyncio.gather(*(moves if n % 2 else moves[::-1]), return_exceptions=True)

            assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
            holder = (await conversations.get(f"c{n}")).holder
            state = (await store.handover(f"h{n}")).state
            assert (holder, state) in [
                (Holder.AGENT, HandoverState.TAKEN),
                (Holder.BOT, HandoverState.ABANDONED),
            ]

    async def test_a_wait_that_ended_the_old_way_meanwhile_is_not_accepted(
        self, conversations, store, queued
    ):
        outcomes = await asyncio.gather(
            store.accept("h1", "王芳", ACCEPT),
            conversations.end_handover("h1", HandoverState.ABANDONED),
            return_exceptions=True,
        )

        accepted = not isinstance(outcomes[0], Conflict)
        assert accepted == (outcomes[1] is None)

    async def test_an_agent_takes_no_more_than_they_may_even_at_once(self, store, queued):
        await store.put_agent(Agent("王芳"))

        outcomes = await asyncio.gather(
            *(store.accept(f"h{n}", "王芳", ACCEPT, at_most=2) for n in (1, 2, 3)), return_exceptions=True
        )

        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        assert len(await store.held_by("王芳")) == 2
        assert len(await store.waiting()) == 1
        with pytest.raises(NotFound):
            await store.accept((await store.waiting())[0].handover_id, "没有的人", ACCEPT, at_most=2)

    async def test_a_move_that_fails_leaves_no_trace(self, conversations, store, queued):
        before = await conversations.events("c1")
        log = (LogEntry("notice", {"text": "不会出现"}),)

        with pytest.raises(Conflict):
            await store.accept("h1", "王芳", replace(ACCEPT, expected=Holder.BOT, log=log))
        with pytest.raises(Conflict):
            await store.release("c1", replace(LEAVE, expected=Holder.AGENT, log=log), HandoverState.CLOSED)

        assert await conversations.events("c1") == before
        assert (await store.handover("h1")).state is HandoverState.WAITING

    # from hand to hand

    async def test_a_transfer_keeps_the_place_and_may_ask_for_other_skills(self, store, queued, clock):
        await store.accept("h1", "王芳", ACCEPT)
        first_taken = clock()
        clock.advance(timedelta(minutes=5))

        moved = await store.requeue("c1", by("王芳", Holder.QUEUE, "transfer"), department="社保")

        again = moved.handover
        assert (again.state, again.kept_place, again.agent) == (HandoverState.WAITING, True, "")
        assert (again.department, again.district, again.taken_at) == ("社保", "", first_taken)
        assert [h.handover_id for h in await store.waiting()] == ["h1", "h2", "h3"]
        assert moved.events[-1].body == {"holder": "queue", "cause": "transfer"}
        clock.advance(timedelta(minutes=5))
        assert (await store.accept("h1", "李强", ACCEPT)).handover.taken_at == first_taken

    async def test_what_is_for_one_agent_nobody_else_takes(self, store, queued):
        await store.accept("h1", "王芳", ACCEPT)
        await store.requeue("c1", by("王芳", Holder.QUEUE, "transfer"), for_agent="李强")

        with pytest.raises(Conflict):
            await store.accept("h1", "王芳", ACCEPT)

        assert (await store.accept("h1", "李强", ACCEPT)).handover.agent == "李强"

    async def test_what_was_for_one_agent_can_be_freed_for_all(self, store, queued):
        await store.accept("h1", "王芳", ACCEPT)
        await store.requeue("c1", by("王芳", Holder.QUEUE, "transfer"), for_agent="李强")

        assert (await store.free("h1")).for_agent == ""

        assert (await store.accept("h1", "王芳", ACCEPT)).handover.agent == "王芳"
        with pytest.raises(Conflict):
            await store.free("h1")
        with pytest.raises(NotFound):
            await store.free("nobody")

    async def test_a_call_back_is_recalled_and_accepted_in_one_step(
        self, conversations, store, queued, clock
    ):
        await store.release("c2", CALL_BACK, HandoverState.CALLBACK, due=clock(), contact="电话")
        came = replace(JOIN, log=(LogEntry("notice", {"text": "有人了"}),))
        before = len(await conversations.events("c2"))

        moved = await store.accept("h2", "王芳", ACCEPT, recall=came)

        assert (moved.handover.state, moved.handover.agent) == (HandoverState.TAKEN, "王芳")
        assert (moved.handover.taken_at, moved.handover.closed_at) == (clock(), None)
        told = [(e.sequence - before, e.kind, e.body.get("cause", "")) for e in moved.events]
        assert told == [(1, "notice", ""), (2, "holder", "ask_for_person"), (3, "holder", "accept")]
        assert await conversations.events("c2", after=before) == moved.events
        assert (await conversations.get("c2")).holder is Holder.AGENT

    async def test_a_call_back_that_cannot_be_accepted_stays_one(self, conversations, store, queued, clock):
        await store.put_agent(Agent("王芳"))
        await store.accept("h1", "王芳", ACCEPT)
        called_back = await store.release("c2", CALL_BACK, HandoverState.CALLBACK, due=clock())
        before = await conversations.events("c2")

        for refused in (
            store.accept("h2", "王芳", ACCEPT, at_most=1, recall=JOIN),
            store.accept("h2", "王芳", ACCEPT, recall=replace(JOIN, expected=Holder.AGENT)),
            store.accept("h2", "王芳", ACCEPT),
        ):
            with pytest.raises(Conflict):
                await refused
            assert await store.handover("h2") == called_back.handover
            assert await conversations.events("c2") == before
            assert (await conversations.get("c2")).holder is Holder.BOT
            assert [h.handover_id for h in await store.waiting()] == ["h3"]

    async def test_who_waits_in_the_queue_is_accepted_without_a_recall(self, store, queued):
        moved = await store.accept("h1", "王芳", ACCEPT, recall=JOIN)

        assert [e.body["cause"] for e in moved.events] == ["accept"]

    async def test_of_many_who_accept_a_call_back_at_once_one_has_it(
        self, conversations, store, queued, clock
    ):
        await store.release("c1", CALL_BACK, HandoverState.CALLBACK, due=clock())

        outcomes = await asyncio.gather(
            *(store.accept("h1", f"agent{n}", ACCEPT, recall=JOIN) for n in range(8)),
            store.recall("h1", JOIN),
            return_exceptions=True,
        )

        [taken] = [o for o in outcomes if isinstance(o, Moved) and o.handover.state is HandoverState.TAKEN]
        assert await store.held() == (taken.handover,)
        causes = [e.body["cause"] for e in await conversations.events("c1") if e.kind == "holder"]
        assert causes[-2:] == ["ask_for_person", "accept"]

    async def test_only_who_has_it_can_give_it_away(self, conversations, store, queued):
        await store.accept("h1", "王芳", ACCEPT)

        for move in (
            store.requeue("c1", by("李强", Holder.QUEUE, "transfer")),
            store.release("c1", by("李强", Holder.BOT, "close"), HandoverState.CLOSED),
            store.take_over("c1", "主管", by("李强", Holder.AGENT, "take_over")),
            store.append_as("李强", "c1", "agent_message", {"text": "您好"}),
            store.append_as("王芳", "c2", "agent_message", {"text": "您好"}),
        ):
            with pytest.raises(Conflict):
                await move
        assert (await store.open_handover("c1")).agent == "王芳"

    async def test_a_supervisor_takes_over_without_a_wait(self, conversations, store, queued):
        await store.accept("h1", "王芳", ACCEPT)

        moved = await store.take_over("c1", "主管", by("", Holder.AGENT, "take_over"))

        assert (moved.handover.agent, moved.handover.state) == ("主管", HandoverState.TAKEN)
        assert moved.events[-1].body == {"holder": "agent", "cause": "take_over", "agent": "主管"}
        assert await store.held_by("王芳") == ()

    async def test_what_an_agent_says_is_stored_once_while_they_hold(self, conversations, store, queued):
        await store.accept("h1", "王芳", ACCEPT)
        body = {"text": "您好"}

        first, is_new = await store.append_as("王芳", "c1", "agent_message", body, delivery_key="k")
        again, is_new_again = await store.append_as("王芳", "c1", "agent_message", body, delivery_key="k")

        assert first == again
        assert (is_new, is_new_again) == (True, False)
        assert (await conversations.events("c1"))[-1] == first

    # the end

    async def test_the_bot_has_it_again_when_the_agent_closes(self, conversations, store, queued, clock):
        await store.accept("h1", "王芳", ACCEPT)
        clock.advance(timedelta(minutes=7))
        summary = LogEntry("summary", {"text": "材料已核对"})

        moved = await store.release(
            "c1",
            replace(by("王芳", Holder.BOT, "close"), log=(summary,)),
            HandoverState.CLOSED,
            outcome="solved",
        )

        assert (moved.handover.state, moved.handover.outcome) == (HandoverState.CLOSED, "solved")
        assert (moved.handover.closed_at, moved.handover.agent) == (clock(), "王芳")
        assert [e.kind for e in moved.events] == ["summary", "holder"]
        assert (await conversations.get("c1")).holder is Holder.BOT
        assert await store.open_handover("c1") is None
        assert await store.held() == ()
        assert await asked(conversations, "c1") in [e.sequence for e in await conversations.unanswered()]
        assert (await store.join(replace(a_wish(1), handover_id="h9"), JOIN)).is_new

    async def test_what_ended_with_an_agent_is_found_the_latest_first(self, store, queued, clock):
        began = clock()
        for n, agent in ((1, "王芳"), (2, "王芳"), (3, "李强")):
            await store.accept(f"h{n}", agent, ACCEPT)
        await store.requeue("c3", by("李强", Holder.QUEUE, "transfer"))
        await store.accept("h3", "王芳", ACCEPT)
        assert await store.ended_with("王芳", began) == ()

        for n in (2, 1, 3):
            clock.advance(timedelta(minutes=1))
            await store.release(f"c{n}", by("王芳", Holder.BOT, "close"), HandoverState.CLOSED)

        assert [h.handover_id for h in await store.ended_with("王芳", began)] == ["h3", "h1", "h2"]
        assert [h.handover_id for h in await store.ended_with("王芳", clock())] == ["h3"]
        assert await store.ended_with("李强", began) == ()

    async def test_what_was_only_offered_to_an_agent_did_not_end_with_them(self, store, queued, clock):
        for n in (1, 2):
            await store.offer(f"h{n}", "王芳")

        closed = await store.release("c1", LEAVE, HandoverState.CLOSED)
        await store.release("c2", CALL_BACK, HandoverState.CALLBACK, due=clock())
        await store.end_callback("h2", HandoverState.CLOSED, "expire")

        assert closed.handover.agent == ""
        assert await store.ended_with("王芳", clock() - timedelta(days=1)) == ()

    async def test_a_call_back_waits_for_its_time_and_keeps_its_place(
        self, conversations, store, queued, clock
    ):
        due = clock() + timedelta(hours=3)

        moved = await store.release("c1", CALL_BACK, HandoverState.CALLBACK, due=due, contact="电话")

        assert (moved.handover.due, moved.handover.contact) == (due, "电话")
        assert [h.handover_id for h in await store.waiting()] == ["h2", "h3"]
        assert await store.callbacks() == (moved.handover,)
        assert await store.callbacks(due_before=due) == ()
        assert await store.callbacks(due_before=due + timedelta(seconds=1)) == (moved.handover,)
        back = (await store.recall("h1", JOIN)).handover
        assert (back.state, back.due, back.closed_at) == (HandoverState.WAITING, due, None)
        assert [h.handover_id for h in await store.waiting()] == ["h1", "h2", "h3"]
        with pytest.raises(Conflict):
            await store.recall("h1", replace(JOIN, expected=Holder.QUEUE))

    async def test_a_call_back_ends_once(self, store, queued, clock):
        await store.release("c1", CALL_BACK, HandoverState.CALLBACK, due=clock())

        ended = await store.end_callback("h1", HandoverState.CLOSED, "reached")

        assert (ended.state, ended.outcome) == (HandoverState.CLOSED, "reached")
        assert await store.callbacks() == ()
        with pytest.raises(Conflict):
            await store.end_callback("h1", HandoverState.ABANDONED, "")

    async def test_no_call_back_comes_while_the_citizen_waits_anew(self, store, queued, clock):
        await store.release("c1", CALL_BACK, HandoverState.CALLBACK, due=clock())
        await store.join(replace(a_wish(1), handover_id="h9"), JOIN)

        with pytest.raises(Conflict):
            await store.recall("h1", JOIN)

    async def test_who_registers_waits_outside_the_queue_while_the_bot_goes_on(
        self, conversations, store, queued, clock
    ):
        await opened(conversations, "c4")
        note = LogEntry("handover", {"handover_id": "h4"})

        moved = await store.register(a_wish(4), [note])
        again = await store.register(replace(a_wish(4), handover_id="h5"), [note])

        assert (moved.is_new, again.is_new, again.handover.handover_id) == (True, False, "h4")
        assert (moved.handover.state, moved.handover.due) == (HandoverState.CALLBACK, None)
        assert [e.kind for e in await conversations.events("c4")] == ["handover"]
        assert (await conversations.get("c4")).holder is Holder.BOT
        assert not (await store.register(replace(a_wish(1), handover_id="h6"))).is_new
        await store.release("c1", CALL_BACK, HandoverState.CALLBACK, due=clock())
        assert [h.handover_id for h in await store.callbacks()] == ["h4", "h1"]

    async def test_who_waits_may_wish_for_video_instead_and_keeps_the_place(
        self, conversations, store, queued, clock
    ):
        await opened(conversations, "c4")
        await opened(conversations, "c5")
        text = HandoverMode.TEXT
        waits = (await store.join(replace(a_wish(4), mode=text), JOIN)).handover
        registered = (await store.register(replace(a_wish(5), mode=text))).handover
        clock.advance(timedelta(minutes=1))
        for wish in (waits, registered):
            changed = await store.wish_video(wish.handover_id)
            assert changed == replace(wish, mode=HandoverMode.VIDEO) == await store.handover(wish.handover_id)
            assert await store.wish_video(wish.handover_id) == changed

        await store.accept("h1", "wang", ACCEPT)
        with pytest.raises(Conflict):
            await store.wish_video("h1")
        with pytest.raises(NotFound):
            await store.wish_video("h9")

    # what was told, what it took

    async def test_the_first_estimate_is_compared_with_what_it_took(self, store, queued, clock):
        await store.record_estimate("h1", 90.0)
        await store.record_estimate("h1", 10.0)
        await store.record_estimate("h2", 90.0)
        began = clock()
        clock.advance(timedelta(seconds=100))

        await store.accept("h1", "王芳", ACCEPT)
        await store.accept("h3", "王芳", ACCEPT)

        assert await store.estimates(began) == (WaitEstimate("h1", clock(), 90.0, 100.0),)
        assert await store.estimates(clock() + timedelta(seconds=1)) == ()

    async def test_service_times_are_of_those_with_one_agent(self, store, queued, clock):
        for n in (1, 2):
            await store.accept(f"h{n}", "王芳", ACCEPT)
        await store.requeue("c2", by("王芳", Holder.QUEUE, "transfer"))
        await store.accept("h2", "李强", ACCEPT)
        clock.advance(timedelta(minutes=6))
        await store.release("c1", by("王芳", Holder.BOT, "close"), HandoverState.CLOSED)
        await store.release("c2", by("李强", Holder.BOT, "close"), HandoverState.CLOSED)
        await store.release("c3", LEAVE, HandoverState.ABANDONED)

        assert await store.service_times(clock()) == (ServiceTime(clock(), 360.0),)
        assert await store.service_times(clock() + timedelta(seconds=1)) == ()

    async def test_an_offer_is_noted_and_binds_nobody(self, store, queued, clock):
        offered = await store.offer("h1", "王芳")

        assert (offered.agent, offered.offered_at, offered.state) == ("王芳", clock(), HandoverState.WAITING)
        assert (await store.accept("h1", "李强", ACCEPT)).handover.agent == "李强"
        with pytest.raises(Conflict):
            await store.offer("h1", "王芳")

    async def test_reports_see_all_handovers_of_a_time(self, conversations, store, queued, clock):
        began = clock()
        await store.release("c1", LEAVE, HandoverState.ABANDONED)
        clock.advance(timedelta(days=1))
        await opened(conversations, "c9")
        await store.join(a_wish(9), JOIN)

        assert [h.handover_id for h in await store.handovers_between(began, clock())] == ["h1", "h2", "h3"]
        assert [h.handover_id for h in await store.handovers_between(clock(), clock())] == []

    # whatever happens

    async def test_whatever_happens_at_once_everybody_is_held_once(self, conversations, store, clock):
        chance = random.Random(3)
        names, agents = [f"c{n}" for n in range(4)], ["王芳", "李强"]
        for name in names:
            await opened(conversations, name)

        def some_move(n: int):
            name, agent, other = chance.choice(names), chance.choice(agents), chance.choice(agents)
            handover_id = chance.choice(asked_for.get(name, ["h"]))
            return chance.choice(
                [
                    lambda: store.join(replace(a_wish(n), conversation_id=name), JOIN),
                    lambda: store.register(replace(a_wish(n), conversation_id=name)),
                    lambda: store.accept(handover_id, agent, ACCEPT),
                    lambda: store.accept(handover_id, agent, ACCEPT, recall=JOIN),
                    lambda: store.recall(handover_id, JOIN),
                    lambda: store.release(name, LEAVE, HandoverState.ABANDONED),
                    lambda: store.release(name, CALL_BACK, HandoverState.CALLBACK, due=clock()),
                    lambda: store.release(name, by(agent, Holder.BOT, "close"), HandoverState.CLOSED),
                    lambda: store.requeue(name, by(agent, Holder.QUEUE, "transfer"), for_agent=other),
                    lambda: store.take_over(name, other, by(agent, Holder.AGENT, "take_over")),
                    lambda: conversations.append(name, "citizen_message", {"text": "您好"}),
                ]
            )()

        asked_for: dict[str, list[str]] = {}
        made = 0
        for round_ in range(40):
            moves = [some_move(10 * round_ + n) for n in range(6)]
            outcomes = await asyncio.gather(*moves, return_exceptions=True)
            assert all(isinstance(o, Moved | tuple | Conflict | NotFound) for o in outcomes), outcomes
            made += sum(isinstance(outcome, Moved) for outcome in outcomes)
            asked_for = await self.held_as_they_should_be(conversations, store, names)
        assert made > 40

    async def held_as_they_should_be(self, conversations, store, names) -> dict[str, list[str]]:
        """Checks holder, handovers and log against each other; returns the handovers that aren't over."""
        open_ones = [*await store.waiting(), *await store.held()]
        assert len({h.conversation_id for h in open_ones}) == len(open_ones)
        for name in names:
            handover = await store.open_handover(name)
            states = {HandoverState.WAITING: Holder.QUEUE, HandoverState.TAKEN: Holder.AGENT}
            holder = states[handover.state] if handover else Holder.BOT
            events = await conversations.events(name)
            told = [event.body for event in events if event.kind == "holder"]
            assert (await conversations.get(name)).holder is holder
            assert [event.sequence for event in events] == list(range(1, len(events) + 1))
            assert (told[-1]["holder"] if told else "bot") == holder.value
            assert (told[-1].get("agent", "") if told else "") == (
                handover.agent if holder is Holder.AGENT else ""
            )
        found: dict[str, list[str]] = {}
        for handover in (*open_ones, *await store.callbacks()):
            found.setdefault(handover.conversation_id, []).append(handover.handover_id)
        return found

    # agents

    async def test_an_agent_comes_back_with_skills_and_keeps_the_state(self, store, clock):
        agent = Agent("王芳", "小王", ("户政", "社保"), ("朝阳区",), ("蒙古语",), video=False, max_chats=5)
        await store.put_agent(agent)
        await store.set_agent_state("王芳", AgentState.AVAILABLE)

        stored = await store.put_agent(replace(agent, departments=(), max_chats=2))

        assert stored == await store.agent("王芳")
        assert (stored.state, stored.seen_at) == (AgentState.AVAILABLE, clock())
        assert (stored.departments, stored.districts, stored.max_chats) == ((), ("朝阳区",), 2)
        await store.put_agent(Agent("李强"))
        assert [a.name for a in await store.agents()] == sorted(["王芳", "李强"])

    async def test_an_agent_who_was_seen_is_seen_now(self, store, clock):
        await store.put_agent(Agent("王芳"))
        clock.advance(timedelta(minutes=1))

        await store.touch_agent("王芳")

        assert (await store.agent("王芳")).seen_at == clock()
        assert await store.agent("李强") is None
        for change in (store.touch_agent("李强"), store.set_agent_state("李强", AgentState.BREAK)):
            with pytest.raises(NotFound):
                await change

    # follow-ups and canned replies

    async def test_a_follow_up_waits_until_somebody_has_seen_to_it(self, conversations, store, clock):
        await opened(conversations)
        first = await store.add_follow_up(FollowUp("f1", "c1", "message", "请回复"))
        clock.advance(timedelta(minutes=1))
        await store.add_follow_up(FollowUp("f2", "c1", "rating", "1 分", agent="王芳"))
        assert await store.add_follow_up(FollowUp("f1", "c1", "message", "另一条")) == first

        done = await store.finish_follow_up("f1", "李强", "已回电")
        again = await store.finish_follow_up("f1", "王芳", "又一次")

        assert done == again
        assert (done.done_by, done.outcome, done.done_at) == ("李强", "已回电", clock())
        assert [f.follow_up_id for f in await store.follow_ups()] == ["f2"]
        assert await store.follow_ups(done=True) == (done,)
        for unknown in (
            store.finish_follow_up("f0", "李强", ""),
            store.add_follow_up(FollowUp("f3", "nobody", "message", "")),
        ):
            with pytest.raises(NotFound):
                await unknown

    async def test_canned_replies_are_kept_by_title(self, store):
        await store.put_canned(CannedReply("r1", "问候", "您好"))
        await store.put_canned(CannedReply("r2", "告别", "再见", department="户政"))
        await store.put_canned(CannedReply("r1", "问候", "您好，请讲"))

        titles = [(r.title, r.text) for r in await store.canned()]
        assert titles == sorted([("问候", "您好，请讲"), ("告别", "再见")])
        await store.delete_canned("r1")
        await store.delete_canned("r1")
        assert await store.canned() == (CannedReply("r2", "告别", "再见", department="户政"),)

    # retention

    async def test_what_belongs_to_a_deleted_conversation_goes_with_it(
        self, conversations, store, queued, clock
    ):
        await store.accept("h1", "王芳", ACCEPT)
        await store.release("c2", CALL_BACK, HandoverState.CALLBACK, due=clock())
        await store.add_follow_up(FollowUp("f1", "c1", "message", "请回复"))
        clock.advance(timedelta(days=10))

        assert await conversations.purge_before(clock()) == 3

        assert await store.waiting() == await store.held() == await store.callbacks() == ()
        assert await store.follow_ups() == ()
        assert await store.handover("h1") is None
