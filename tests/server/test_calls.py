"""A call from the first ring to its end: who may do what, what is kept, what is recorded."""

import pytest

from core.errors import Conflict, Forbidden, IllegalMove, MediaFull, NotFound
from server.calls import CONNECTS_WITHIN, HELD_FOR, RINGS_FOR
from server.desk import TransferTo
from tests.server.desk_world import LI, WANG, DeskWorld
from video.call import CallMode, Party

CITIZEN, AGENT = Party.CITIZEN, Party.AGENT


@pytest.fixture
async def world() -> DeskWorld:
    world = DeskWorld()
    await world.served()
    return world


async def ringing(world: DeskWorld, caller: Party = AGENT) -> str:
    return (await world.calls.begin("c1", caller, CallMode.VIDEO)).call_id


async def connecting(world: DeskWorld, *, agree: bool = True) -> str:
    call_id = await ringing(world)
    await world.calls.consent(call_id, "2026-01", agree=agree)
    return call_id


async def live(world: DeskWorld, *, agree: bool = True) -> str:
    call_id = await connecting(world, agree=agree)
    for party in Party:
        await world.calls.offer(call_id, party, "v=0")
    world.media.connect("citizen", "agent")
    await world.calls.look_after()
    return call_id


async def state(world: DeskWorld, call_id: str) -> str:
    return (await world.stores.calls.get(call_id)).state


async def test_a_call_goes_from_ringing_to_live_and_both_ends_are_told(world):
    with world.fan_out.subscribe("c1") as watching:
        call_id = await live(world)
        news = aiter(watching)
        told = [await anext(news) for _ in range(7)]

    states = [each.body["state"] for each in told if not hasattr(each, "sequence")]
    assert states[0] == "ringing"
    assert await state(world, call_id) == "live"
    assert (await world.last("call"))["state"] == "live"


async def test_nobody_calls_in_a_conversation_that_no_agent_holds(world):
    await world.desk.hand_back(WANG, "c1")

    with pytest.raises(Conflict):
        await world.calls.begin("c1", CITIZEN, CallMode.VIDEO)
    with pytest.raises(NotFound):
        await world.calls.begin("nobody", CITIZEN, CallMode.VIDEO)


async def test_who_is_rung_and_calls_back_picks_up(world):
    call_id = await ringing(world, CITIZEN)

    picked_up = await world.calls.begin("c1", AGENT, CallMode.VIDEO)

    assert (picked_up.call_id, picked_up.state) == (call_id, "consenting")


async def test_before_the_citizen_has_answered_for_the_recording_nothing_goes_to_the_relay(world):
    call_id = await ringing(world)

    with pytest.raises(IllegalMove):
        await world.calls.offer(call_id, AGENT, "v=0")
    assert world.media.calls == {}


async def test_with_consent_the_call_is_recorded_and_the_version_of_the_text_is_kept(world):
    call_id = await live(world)

    stored = await world.stores.calls.get(call_id)
    assert world.media.recording == {call_id: True}
    assert (stored.recording, stored.consented, stored.consent_version) == (True, True, "2026-01")
    assert stored.consent_at is not None


async def test_without_consent_the_call_goes_on_unrecorded(world):
    call_id = await live(world, agree=False)

    assert world.media.recording == {call_id: False}
    assert not (await world.stores.calls.get(call_id)).recording


async def test_consent_can_be_withdrawn_at_any_time(world):
    call_id = await live(world)

    await world.calls.consent(call_id, "2026-01", agree=False)

    assert world.media.recording == {call_id: False}
    assert not (await world.stores.calls.get(call_id)).recording


async def test_who_loses_the_network_keeps_the_place_and_comes_back(world):
    call_id = await live(world)
    world.media.lose("citizen")
    await world.calls.look_after()
    assert await state(world, call_id) == "held"

    await world.calls.offer(call_id, CITIZEN, "v=0", again=True)
    world.media.connect("citizen")
    await world.calls.look_after()

    assert await state(world, call_id) == "live"


async def test_a_page_that_was_loaded_anew_may_begin_from_the_start(world):
    call_id = await live(world)

    assert await world.calls.offer(call_id, CITIZEN, "v=0 again") == "answer to v=0 again"


@pytest.mark.parametrize(
    ("prepare", "patience"),
    [(ringing, RINGS_FOR), (connecting, CONNECTS_WITHIN)],
    ids=["nobody picks up", "nobody connects"],
)
async def test_what_does_not_come_about_is_ended(world, prepare, patience):
    call_id = await prepare(world)
    world.later(seconds=patience.total_seconds())

    await world.calls.look_after()

    assert await state(world, call_id) == "ended"
    assert world.ended.calls == [("expired", 0.0)]
    assert await world.holder() == "agent"


async def test_who_stays_away_for_too_long_ends_the_call_but_not_the_conversation(world):
    call_id = await live(world)
    world.media.lose("citizen")
    await world.calls.look_after()
    world.later(seconds=HELD_FOR.total_seconds())

    await world.calls.look_after()

    assert await state(world, call_id) == "ended"
    assert "文字" in (await world.last("notice"))["text"]
    assert await world.holder() == "agent"


async def test_down_to_text_the_media_are_let_go_and_up_again_they_connect_anew(world):
    call_id = await live(world)

    await world.calls.change_mode(call_id, CITIZEN, CallMode.TEXT)
    assert (await state(world, call_id), world.media.calls) == ("live", {})
    await world.calls.look_after()
    assert await state(world, call_id) == "live"

    await world.calls.change_mode(call_id, CITIZEN, CallMode.AUDIO)
    assert await state(world, call_id) == "connecting"
    assert (await world.last("call"))["mode"] == "audio"


async def test_a_call_that_the_relay_has_no_room_for_is_refused_and_can_be_tried_again(world):
    call_id = await connecting(world)
    world.media.is_full = True
    with pytest.raises(MediaFull):
        await world.calls.offer(call_id, AGENT, "v=0")

    world.media.is_full = False

    assert await world.calls.offer(call_id, AGENT, "v=0")


async def test_hanging_up_ends_it_for_both_and_twice_is_as_once(world):
    call_id = await live(world)

    await world.calls.hang_up(call_id, CITIZEN)
    await world.calls.hang_up(call_id, AGENT)

    assert await state(world, call_id) == "ended"
    assert world.media.calls == {}
    assert [reason for reason, _ in world.ended.calls] == ["hangup"]


async def test_a_call_ends_with_its_conversation(world):
    call_id = await live(world)

    await world.desk.close(WANG, "c1", "办好了")

    assert await state(world, call_id) == "ended"
    assert world.media.calls == {}


async def test_the_agent_may_not_close_what_another_holds_nor_end_its_call(world):
    call_id = await live(world)

    with pytest.raises(Conflict):
        await world.desk.close(LI, "c1", "办好了")
    with pytest.raises(Conflict):
        await world.desk.transfer(LI, "c1", TransferTo(department="x"))

    assert await state(world, call_id) == "live"


async def test_only_the_conversations_parties_are_parties_of_its_call(world):
    call_id = await ringing(world)

    await world.calls.check_agent(WANG.name, call_id)
    await world.calls.check_citizen("c1", call_id)
    with pytest.raises(Forbidden):
        await world.calls.check_agent(LI.name, call_id)
    with pytest.raises(NotFound):
        await world.calls.check_citizen("c2", call_id)
    with pytest.raises(NotFound):
        await world.calls.check_citizen("c1", "nothing")


async def test_after_a_restart_the_call_waits_for_its_parties(world):
    call_id = await live(world)
    restarted = world.restarted()

    await restarted.calls.take_up()

    assert await state(restarted, call_id) == "held"
    for party in Party:
        await restarted.calls.offer(call_id, party, "v=0", again=True)
    restarted.media.connect("citizen", "agent")
    await restarted.calls.look_after()
    assert await state(restarted, call_id) == "live"


async def test_a_relay_that_is_away_for_a_moment_ends_nothing(world):
    call_id = await live(world)
    world.media.is_away = True

    await world.calls.look_after()

    assert await state(world, call_id) == "live"


async def test_the_calls_of_a_relay_that_was_started_again_wait_for_their_parties(world):
    call_id = await live(world)
    world.media.calls.clear()

    await world.calls.media_lost(lambda lost: lost == call_id)

    assert await state(world, call_id) == "held"


async def test_quality_is_told_to_the_other_side_and_kept(world):
    call_id = await live(world)
    with world.fan_out.subscribe("c1") as watching:
        await world.calls.take_stats(call_id, AGENT, {"level": "poor", "rtt": 0.4})
        news = await anext(aiter(watching))

    assert news.body == {
        "type": "call.quality",
        "call_id": call_id,
        "party": "agent",
        "level": "poor",
        "sound_only": False,
    }
    assert (await world.stores.calls.get(call_id)).quality["level"] == "poor"


async def test_the_other_side_is_told_of_a_browser_that_can_do_no_pictures(world):
    call_id = await live(world)
    with world.fan_out.subscribe("c1") as watching:
        await world.calls.take_stats(call_id, CITIZEN, {"level": "good", "sound_only": True})
        news = await anext(aiter(watching))

    assert (news.body["party"], news.body["sound_only"]) == ("citizen", True)


async def test_an_agent_who_is_lost_takes_the_call_along_and_the_citizen_keeps_the_place(world):
    call_id = await live(world)
    [handover] = await world.stores.desk.held()

    await world.desk.lose_agent(handover)

    assert await state(world, call_id) == "ended"
    assert await world.holder() == "queue"
    assert (await world.stores.desk.open_handover("c1")).kept_place


async def test_media_that_did_not_hear_of_the_end_are_told_again(world):
    call_id = await live(world)
    world.media.is_away = True
    await world.calls.hang_up(call_id, CITIZEN)
    await world.calls.look_after()
    assert world.media.calls.keys() == {call_id}
    world.media.is_away = False

    await world.calls.look_after()

    assert world.media.calls == {}


async def test_media_that_did_not_hear_of_the_step_down_to_text_are_told_again(world):
    call_id = await live(world)
    world.media.is_away = True
    await world.calls.change_mode(call_id, CITIZEN, CallMode.TEXT)
    assert (await world.stores.calls.get(call_id)).recording
    world.media.is_away = False

    await world.calls.look_after()

    assert world.media.calls == {}
    assert not (await world.stores.calls.get(call_id)).recording
