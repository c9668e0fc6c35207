"""A call is recorded exactly while the citizen agrees, whatever fails meanwhile."""

import pytest

from core.errors import MediaUnavailable
from server import wording
from server.pages.call.consent import consent_version
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


async def test_media_that_cannot_be_reached_are_told_to_stop_at_the_next_look(world):
    call_id = await live(world)
    world.media.is_away = True
    await world.calls.consent(call_id, consent_version(), agree=False)
    assert world.media.recording == {call_id: True}
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
