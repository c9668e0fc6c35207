"""What one replica passes on to the others, and how they set right what they missed."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from core.ports import ConversationEvent
from core.statuses import Holder
from server import replicas
from server.events import CatchUp, PassingNews
from server.replicas import ReplicaParts
from tests.replica_fakes import ProcessBus, ProcessLocks, ReplicaHub
from tests.server.desk_world import CHIEF, LI, WANG, DeskWorld
from tests.waiting import comes_true
from video.call import CallMode, CallState, Party


class Pair:
    """Two replicas over the same stores and media, in one process."""

    def __init__(self) -> None:
        self.hub = ReplicaHub()
        self.a = DeskWorld(parts=self._parts())
        self.b = DeskWorld(self.a.stores, self.a.clock, parts=self._parts(), media=self.a.media)

    def _parts(self) -> ReplicaParts:
        bus = ProcessBus(self.hub)
        return ReplicaParts(ProcessLocks(self.hub), bus, bus)


@pytest.fixture
async def pair(monkeypatch):
    monkeypatch.setattr(replicas, "LOOK_SECONDS", 0.05)
    pair = Pair()
    async with pair.a.replicas.joined(), pair.b.replicas.joined():
        await asyncio.sleep(0.01)  # what each is told on connecting is done
        yield pair


async def received(subscription, count: int = 1) -> list:
    async with asyncio.timeout(10):
        news = aiter(subscription)
        return [await anext(news) for _ in range(count)]


async def silent(subscription) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(aiter(subscription))
            return False
    return True


def event(sequence: int) -> ConversationEvent:
    at = datetime(2026, 1, 1, 8, 30, 0, 125000, tzinfo=UTC)
    return ConversationEvent("c1", sequence, "notice", {"text": "您好"}, at)


async def test_an_event_arrives_as_it_was_published(pair):
    with pair.b.fan_out.subscribe("c1") as watching:
        pair.a.fan_out.publish(event(1))

        assert await received(watching) == [event(1)]


async def test_passing_news_go_to_the_side_they_are_for(pair):
    with pair.b.fan_out.subscribe("c1") as citizen, pair.b.screens.open(WANG, {"c1": -1}) as screen:
        pair.a.fan_out.announce("c1", {"type": "x"}, to_staff=False)
        pair.a.fan_out.announce("c1", {"type": "y"}, to_citizen=False)

        assert await received(citizen) == [PassingNews("c1", {"type": "x"})]
        assert await received(screen.subscription) == [PassingNews("c1", {"type": "y"})]


async def test_what_each_finds_out_by_itself_is_not_passed_on(pair):
    with pair.b.fan_out.subscribe("c1") as watching:
        pair.a.fan_out.announce("c1", {"type": "queue"}, everywhere=False)

        assert await silent(watching)


async def test_who_missed_something_is_sent_to_the_store_for_what_has_changed(pair):
    await pair.a.citizen("c1")
    await pair.a.citizen("c2")
    with pair.b.fan_out.subscribe("c1") as one, pair.b.fan_out.subscribe("c2") as other:
        await pair.b.replicas.catch_up()
        await received(one)
        await received(other)
        pair.hub.cut()
        await pair.a.stores.conversations.append("c1", "notice", {"text": "x"})

        assert await received(one) == [CatchUp("c1")]
        assert await silent(other)


async def test_what_nobody_can_read_harms_nothing_and_is_looked_up(pair):
    await pair.a.citizen("c1")
    with pair.b.fan_out.subscribe("c1") as watching:
        for message in ({}, {"what": "event"}, {"what": "news of a later version"}):
            pair.b.replicas.hear(message)

        assert await received(watching) == [CatchUp("c1")]


async def test_screens_follow_what_their_agents_hold_after_something_was_missed(pair):
    await pair.a.on_line()
    pair.hub.cut()
    with pair.b.screens.open(WANG, {}) as screen:
        await pair.a.served("c1")
        await comes_true(lambda: screen.following == {"c1"})
        await pair.a.desk.close(WANG, "c1", "完")
        await comes_true(lambda: not screen.following)


async def test_a_supervisor_goes_on_listening_and_no_agent_to_what_another_holds(pair):
    await pair.a.on_line()
    await pair.a.served("c1")
    with pair.b.screens.open(CHIEF, {"c1": -1}) as chief, pair.b.screens.open(LI, {"c1": -1}) as other:
        await pair.b.replicas.catch_up()

        assert chief.following == {"c1"}
        assert other.following == set()


# --- one of all does it --------------------------------------------------------------------------------


async def test_only_the_leader_does_the_rounds_and_each_tells_who_watches_there(pair):
    await pair.a.rounds.round()  # leads from now on
    await pair.a.asks("c1")  # nobody is on line: registered
    with pair.b.fan_out.subscribe("c1") as watching:
        await pair.b.on_line()
        await pair.b.rounds.round()
        holder = (await pair.a.stores.conversations.get("c1")).holder
        assert holder is Holder.BOT

        await pair.a.rounds.round()  # said something lately, so is called in
        holder = (await pair.a.stores.conversations.get("c1")).holder
        assert holder is Holder.QUEUE
        await pair.b.rounds.round()
        async with asyncio.timeout(10):
            async for news in watching:
                if isinstance(news, PassingNews) and news.body["type"] == "queue":
                    break


async def test_who_leads_loses_no_citizen_who_watches_at_another_replica(pair):
    await pair.a.on_line()
    await pair.a.served("c1")
    with pair.b.fan_out.subscribe("c1"):
        await pair.b.replicas._parts.presence.note(pair.b.fan_out.watched_by_citizens)
        await pair.a.stays(WANG, 3600)

    assert (await pair.a.stores.conversations.get("c1")).holder is Holder.AGENT


async def test_nobody_is_given_up_while_it_is_unknown_who_is_there(pair):
    await pair.a.on_line()
    await pair.a.served("c1")
    pair.hub.cut()
    await pair.a.stays(WANG, 3600)
    assert (await pair.a.stores.conversations.get("c1")).holder is Holder.AGENT

    pair.hub.mend()
    await pair.a.stays(WANG, 3600)
    assert (await pair.a.stores.conversations.get("c1")).holder is Holder.BOT


# --- calls -------------------------------------------------------------------------------------------


async def live_call(pair) -> str:
    """A call whose citizen is at one replica and whose agent at the other."""
    await pair.a.on_line()
    await pair.b.served("c1")
    call = await pair.b.calls.begin("c1", Party.CITIZEN, CallMode.VIDEO, answered=True)
    await pair.a.calls.consent(call.call_id, "", agree=False)
    await pair.a.calls.offer(call.call_id, Party.CITIZEN, "sdp")
    await pair.b.calls.offer(call.call_id, Party.AGENT, "sdp")
    pair.a.media.connect("citizen", "agent")
    for world in (pair.a, pair.b):
        await world.calls.look_after()
    return call.call_id


async def state_of(pair, call_id) -> str:
    return (await pair.a.stores.calls.get(call_id)).state


async def test_steps_of_a_call_are_made_at_any_replica(pair):
    call_id = await live_call(pair)
    assert await state_of(pair, call_id) == CallState.LIVE

    pair.a.media.lose("citizen")
    for world in (pair.a, pair.b):
        await world.calls.look_after()
    assert await state_of(pair, call_id) == CallState.HELD
    await pair.b.calls.offer(call_id, Party.CITIZEN, "sdp", again=True)
    pair.a.media.connect("citizen")
    for world in (pair.b, pair.a):
        await world.calls.look_after()
    assert await state_of(pair, call_id) == CallState.LIVE

    await pair.a.calls.hang_up(call_id, Party.CITIZEN)
    await pair.b.calls.hang_up(call_id, Party.AGENT)
    assert await state_of(pair, call_id) == CallState.ENDED
    assert len(pair.a.ended.calls) + len(pair.b.ended.calls) == 1


async def test_a_replica_that_starts_leaves_the_calls_that_go_on_alone(pair):
    call_id = await live_call(pair)
    third = DeskWorld(pair.a.stores, pair.a.clock, parts=pair._parts(), media=pair.a.media)

    await third.calls.take_up()
    await third.calls.look_after()

    assert await state_of(pair, call_id) == CallState.LIVE


async def test_what_both_sides_measured_is_kept_whoever_stored_it_last(pair):
    call_id = await live_call(pair)
    await pair.a.calls.take_stats(call_id, Party.CITIZEN, {"level": "poor"})
    await pair.b.calls.take_stats(call_id, Party.AGENT, {"level": "good"})

    quality = (await pair.a.stores.calls.get(call_id)).quality
    assert (quality["citizen"]["level"], quality["agent"]["level"]) == ("poor", "good")
    assert quality["level"] == "poor"
    assert quality["caller"] == "citizen"


async def test_how_a_call_stands_is_told_again_where_it_was_missed_and_once(pair):
    await pair.a.on_line()
    await pair.b.served("c1")
    with pair.a.fan_out.subscribe("c1") as page:
        pair.hub.cut()
        await pair.b.calls.begin("c1", Party.AGENT, CallMode.VIDEO)
        states = []
        async with asyncio.timeout(10):
            async for news in page:
                if isinstance(news, PassingNews) and news.body["type"] == "call.state":
                    states.append(news.body["state"])
                    break
        await pair.a.calls.tell_again()
        assert states == ["ringing"]
        assert await silent(page)
