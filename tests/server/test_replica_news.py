"""What one replica passes on to the others, and how they set right what they missed."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from core.errors import Conflict, Forbidden
from core.guest_ports import CallGuest
from core.ports import ConversationEvent
from core.statuses import Holder
from server import replicas
from server.access import token_hash
from server.events import CatchUp, PassingNews
from server.pages.call.consent import consent_version
from server.replicas import ReplicaParts
from tests.replica_fakes import ProcessBus, ProcessLocks, ReplicaHub
from tests.server.desk_world import CHIEF, LI, WANG, DeskWorld
from tests.waiting import PATIENCE_S, comes_true
from video.call import CallMode, CallState, Party
from video.guest import GuestState


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
    async with asyncio.timeout(PATIENCE_S):
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
        async with asyncio.timeout(PATIENCE_S):
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
        async with asyncio.timeout(PATIENCE_S):
            async for news in page:
                if isinstance(news, PassingNews) and news.body["type"] == "call.state":
                    states.append(news.body["state"])
                    break
        await pair.a.calls.tell_again()
        assert states == ["ringing"]
        assert await silent(page)


# --- who else is in a call -----------------------------------------------------------------------------


async def told_of_guest(subscription) -> dict | None:
    """What the next news of the call say about its guest."""
    async with asyncio.timeout(PATIENCE_S):
        async for news in subscription:
            if isinstance(news, PassingNews) and news.body["type"] == "call.state":
                return news.body["guest"]
    raise AssertionError("watching has ended")


async def guest_in(pair, call_id):
    """Somebody of the citizen's, invited at one replica, whose page is at the other."""
    _, link = await pair.b.guests.invite(WANG, call_id, companion="女儿")
    guest, token = await pair.a.guests.arrive_by_link(call_id, link)
    guest = await pair.a.guests.answer(guest, consent_version(), agree=True)
    await pair.b.guests.offer(guest, "sdp")
    pair.a.media.connect("guest")
    for world in (pair.a, pair.b):
        await world.calls.look_after()
    return await pair.b.guests.guest_by_token(call_id, token)


async def test_a_guest_takes_each_step_at_any_replica_and_a_link_holds_once_for_all(pair):
    call_id = await live_call(pair)
    _, link = await pair.b.guests.invite(WANG, call_id, companion="女儿")
    came = await asyncio.gather(
        *(world.guests.arrive_by_link(call_id, link) for world in (pair.a, pair.b, pair.a)),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, BaseException) for each in came) == 1
    await pair.a.guests.remove(WANG, call_id)

    guest = await guest_in(pair, call_id)

    assert guest.state == GuestState.JOINED
    assert pair.a.media.calls[call_id].keys() == {"citizen", "agent", "guest"}


async def test_a_step_of_the_call_at_another_replica_forgets_no_guest(pair):
    call_id = await live_call(pair)
    guest = await guest_in(pair, call_id)
    with (
        pair.b.fan_out.subscribe("c1") as page,
        pair.b.fan_out.subscribe(f"guest {guest.guest_id}") as companion,
    ):
        for world, mode in ((pair.a, CallMode.AUDIO), (pair.b, CallMode.VIDEO)):
            await world.calls.change_mode(call_id, Party.CITIZEN, mode)

        for watching in (page, companion, page, companion):
            assert await told_of_guest(watching) == {"name": "女儿（群众同伴）", "state": "joined"}


async def test_what_became_of_a_guest_is_told_again_where_it_was_missed(pair):
    call_id = await live_call(pair)
    await pair.a.calls.tell_again()
    with pair.a.fan_out.subscribe("c1") as page:
        pair.hub.cut()
        await pair.b.guests.invite(WANG, call_id, companion="女儿")

        assert await told_of_guest(page) == {"name": "女儿（群众同伴）", "state": "invited"}


async def test_an_invitation_that_was_cut_off_halfway_is_known_when_it_matters(pair):
    call_id = await live_call(pair)
    half = CallGuest("g1", call_id, "c1", "女儿", WANG.name, "invited", token_hash=token_hash("link"))
    await pair.b.stores.guests.add(half)  # and the replica is killed before the call knows

    guest, _ = await pair.a.guests.arrive_by_link(call_id, "link")
    assert guest.guest_id == "g1"
    await pair.a.calls.hang_up(call_id, Party.CITIZEN)
    assert (await pair.a.stores.guests.get("g1")).end_reason == "call_ended"


async def test_a_supervisor_listens_at_one_replica_takes_over_at_another_and_is_known_at_both(pair):
    call_id = await live_call(pair)
    await pair.a.listening.begin(CHIEF, call_id)
    await pair.b.listening.offer(CHIEF, call_id, "sdp")
    with pytest.raises(Conflict):
        await pair.b.listening.begin(LI, call_id)

    await pair.b.supervision.take_over(CHIEF, "c1")

    with pytest.raises(Forbidden):
        await pair.a.listening.offer(CHIEF, call_id, "sdp")
    with pytest.raises(Forbidden):
        await pair.a.calls.offer(call_id, Party.AGENT, "sdp", again=True, agent=WANG.name)
    await pair.a.calls.offer(call_id, Party.AGENT, "sdp", again=True, agent=CHIEF.name)
    pair.a.media.connect("agent")
    for world in (pair.a, pair.b):
        await world.calls.look_after()
    assert await state_of(pair, call_id) == CallState.LIVE
