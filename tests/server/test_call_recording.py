"""A call is recorded exactly while the citizen agrees, whatever fails meanwhile."""

import pytest

from core.errors import MediaUnavailable
from server import wording
from server.pages.call.consent import consent_version
from server.wire import event_json
from tests.server.desk_world import DeskWorld
from video.call import CallMode, Party
from video.evidence_files import EvidenceFile


@pytest.fixture
async def world(tmp_path) -> DeskWorld:
    world = DeskWorld()
    world.keep_evidence(tmp_path)
    await world.served()
    return world


async def live(world: DeskWorld, *, agree: bool = True) -> str:
    call_id = (await world.calls.begin("c1", Party.AGENT, CallMode.VIDEO)).call_id
    await world.calls.consent(call_id, consent_version(), agree=agree)
    for party in Party:
        await world.calls.offer(call_id, party, "v=0")
    world.media.connect("citizen", "agent")
    await world.calls.look_after()
    return call_id


async def stored(world: DeskWorld, call_id: str):
    return await world.stores.calls.get(call_id)


async def test_a_consent_that_is_taken_back_is_told_with_time_and_version_and_the_call_goes_on(
    world, tmp_path
):
    call_id = await live(world)

    with world.fan_out.subscribe("c1") as watching:
        answer = await world.calls.consent(call_id, "", agree=False)
        news = [each.body async for each in told(watching, 3)]

    assert (answer.state, answer.recording) == ("live", False)
    assert news[-1]["text"] == wording.CONSENT_WITHDRAWN
    states = [each for each in news if each.get("type") == "call.state"]
    assert (states[-1]["recording"], states[-1]["withdrawn"]) == (False, True)
    assert await world.last("notice") == {
        "text": wording.CONSENT_WITHDRAWN,
        "consent_withdrawn": consent_version(),
    }
    said = [e for e in EvidenceFile(tmp_path, call_id).entries() if e.kind == "consent"]
    assert [(e.body["agreed"], e.body["version"]) for e in said] == [
        (True, consent_version()),
        (False, consent_version()),
    ]
    assert said[1].at >= said[0].at


async def test_a_citizen_reads_of_the_withdrawal_no_more_than_its_sentence(world):
    call_id = await live(world)
    await world.calls.consent(call_id, consent_version(), agree=False)

    (event,) = [e for e in await world.stores.conversations.events("c1") if "consent_withdrawn" in e.body]
    assert event_json(event)["body"] == {"text": wording.CONSENT_WITHDRAWN}


async def test_only_what_was_agreed_to_is_withdrawn_and_only_once(world):
    call_id = await live(world, agree=False)
    await world.calls.consent(call_id, consent_version(), agree=False)
    assert await withdrawals(world) == 0

    await world.calls.consent(call_id, consent_version(), agree=True)
    for _ in range(2):
        await world.calls.consent(call_id, consent_version(), agree=False)

    assert await withdrawals(world) == 1


async def test_who_agrees_again_is_recorded_again_and_nobody_reads_of_a_withdrawal_any_more(world):
    call_id = await live(world)
    await world.calls.consent(call_id, consent_version(), agree=False)

    await world.calls.consent(call_id, consent_version(), agree=True)

    entry = await world.calls.entry(call_id)
    assert (entry.recording, entry.withdrawn) == (True, False)


async def withdrawals(world: DeskWorld) -> int:
    events = await world.stores.conversations.events("c1")
    return sum("consent_withdrawn" in event.body for event in events)


async def told(watching, count: int):
    news = aiter(watching)
    for _ in range(count):
        yield await anext(news)


@pytest.mark.parametrize("version", ["", "another text"])
async def test_consent_is_withdrawn_whatever_text_was_shown(world, version):
    call_id = await live(world)

    await world.calls.consent(call_id, version, agree=False)

    assert world.media.recording == {call_id: False}
    assert ((await stored(world, call_id)).consented, (await stored(world, call_id)).recording) == (
        False,
        False,
    )


async def test_consent_is_withdrawn_even_if_that_cannot_be_written_down(world, tmp_path):
    call_id = await live(world)
    EvidenceFile(tmp_path, call_id).path.write_text("nonsense\n")

    await world.calls.consent(call_id, consent_version(), agree=False)

    assert world.media.recording == {call_id: False}
    assert (await stored(world, call_id)).consented is False


async def test_what_could_not_be_stored_is_stopped_all_the_same(world, monkeypatch):
    call_id = await live(world)

    async def fails(*_args, **_more):
        raise MediaUnavailable("any error")

    monkeypatch.setattr(world.stores.calls, "set_consent", fails)
    with pytest.raises(MediaUnavailable):
        await world.calls.consent(call_id, consent_version(), agree=False)
    await world.calls.look_after()
    await world.calls.offer(call_id, Party.CITIZEN, "v=0")

    assert world.media.recording == {call_id: False}
    monkeypatch.undo()
    await world.calls.consent(call_id, consent_version(), agree=False)
    assert await withdrawals(world) == 1, "said anew, it is told"


async def test_media_that_cannot_be_reached_are_told_to_stop_at_the_next_look(world):
    call_id = await live(world)
    world.media.is_away = True
    answer = await world.calls.consent(call_id, consent_version(), agree=False)
    assert world.media.recording == {call_id: True}
    assert answer.recording, "nobody is told that it has stopped before it has"
    world.media.is_away = False

    await world.calls.look_after()

    assert world.media.recording == {call_id: False}
    assert not (await stored(world, call_id)).recording


async def test_after_a_restart_the_media_tell_whether_they_record(world):
    call_id = await live(world)
    restarted = world.restarted()
    restarted.media.calls, restarted.media.recording = world.media.calls, world.media.recording
    await restarted.calls.take_up()
    await restarted.calls.look_after()
    assert (await stored(restarted, call_id)).recording

    await restarted.calls.consent(call_id, consent_version(), agree=False)

    assert restarted.media.recording == {call_id: False}


async def test_what_the_media_record_without_consent_is_stopped(world):
    call_id = await live(world, agree=False)
    world.media.recording[call_id] = True

    await world.calls.look_after()

    assert world.media.recording == {call_id: False}


async def test_a_recording_that_breaks_is_told_once_noted_and_not_begun_again_by_itself(world, tmp_path):
    call_id = await live(world)
    world.media.recorder_state = "disk_full"

    with world.fan_out.subscribe("c1") as watching:
        await world.calls.look_after()
        news = await anext(aiter(watching))
    await world.calls.look_after()
    await world.calls.offer(call_id, Party.CITIZEN, "v=0")

    assert (news.body["type"], news.body["recording"]) == ("call.state", False)
    notices = [e for e in await world.stores.conversations.events("c1") if e.kind == "notice"]
    assert [e.body["text"] for e in notices if "录像" in e.body["text"]] == [wording.RECORDING_BROKEN]
    assert not (await stored(world, call_id)).recording
    assert world.media.recording == {call_id: False}
    told = [e.body for e in EvidenceFile(tmp_path, call_id).entries() if e.kind == "event"]
    assert {"event": "recording_broken", "reason": "disk_full"} in told


async def test_after_a_break_a_new_consent_begins_a_new_recording(world):
    call_id = await live(world)
    world.media.recorder_state = "failed"
    await world.calls.look_after()
    world.media.recorder_state = "recording"

    await world.calls.consent(call_id, consent_version(), agree=True)

    assert world.media.recording == {call_id: True}


async def test_a_consent_given_while_it_connects_starts_the_recording_once_it_does(world):
    call_id = (await world.calls.begin("c1", Party.AGENT, CallMode.VIDEO)).call_id
    await world.calls.consent(call_id, consent_version(), agree=False)
    for party in Party:
        await world.calls.offer(call_id, party, "v=0")
    await world.calls.consent(call_id, consent_version(), agree=True)
    world.media.connect("citizen", "agent")

    await world.calls.look_after()

    assert world.media.recording == {call_id: True}
    assert (await stored(world, call_id)).recording
