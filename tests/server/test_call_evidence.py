"""What happened in a call can be verified by anybody: consent, course, documents, recordings."""

import asyncio
import hashlib
import json

import pytest

from core.clock import utc_now
from core.errors import Conflict, RecordingUnavailable
from core.settings import Settings
from server.media_part import open_media
from server.pages.call.consent import consent_text, consent_version
from server.service_secrets import recording_key
from tests.server.desk_world import WANG, DeskWorld
from tests.video.media_peer import Peer
from video.call import CallMode, Party
from video.evidence_files import EvidenceFile
from video.recording_upkeep import RecordingUpkeep
from video.relay.leg import offering


@pytest.fixture
async def world(tmp_path) -> DeskWorld:
    world = DeskWorld()
    world.keep_evidence(tmp_path / "evidence")
    await world.served()
    return world


def chain_of(tmp_path, call_id):
    return EvidenceFile(tmp_path / "evidence", call_id)


def told(tmp_path, call_id):
    return [
        entry.body.get("event") or entry.body.get("document") or entry.kind
        for entry in chain_of(tmp_path, call_id).entries()
    ]


async def call(world) -> str:
    call_id = (await world.calls.begin("c1", Party.AGENT, CallMode.VIDEO)).call_id
    await world.calls.consent(call_id, consent_version(), agree=True)
    return call_id


async def test_the_consent_names_the_text_that_was_shown(world, tmp_path):
    call_id = await call(world)

    [body] = [e.body for e in chain_of(tmp_path, call_id).entries() if e.kind == "consent"]
    assert body == {
        "by": "citizen",
        "version": consent_version(),
        "text": consent_text(),
        "text_sha256": hashlib.sha256(consent_text().encode()).hexdigest(),
        "agreed": True,
    }


async def test_a_consent_to_another_text_counts_for_nothing(world, tmp_path):
    call_id = (await world.calls.begin("c1", Party.AGENT, CallMode.VIDEO)).call_id

    with pytest.raises(Conflict):
        await world.calls.consent(call_id, "another", agree=True)

    stored = await world.stores.calls.get(call_id)
    assert (stored.state, stored.consented) == ("ringing", None)
    assert told(tmp_path, call_id) == ["opened", "call_ringing"]


async def test_a_consent_that_cannot_be_written_down_counts_for_nothing(world, tmp_path):
    call_id = (await world.calls.begin("c1", Party.AGENT, CallMode.VIDEO)).call_id
    chain_of(tmp_path, call_id).path.write_text("nonsense\n")

    with pytest.raises(RecordingUnavailable):
        await world.calls.consent(call_id, consent_version(), agree=True)

    assert (await world.stores.calls.get(call_id)).consented is None


async def test_the_course_of_a_call_and_what_was_shown_in_it_are_in_the_chain(world, tmp_path):
    await world.desk.write(WANG, "c1", "guide_card", {"guide_id": "before"})
    call_id = await call(world)
    for party in Party:
        await world.calls.offer(call_id, party, "v=0")
    world.media.connect("citizen", "agent")
    world.later(seconds=5)
    await world.calls.look_after()
    world.later(seconds=5)
    shown = await world.desk.write(WANG, "c1", "guide_card", {"guide_id": "g1"})
    opened = await world.desk.write(WANG, "c1", "show", {"what": "element", "guide_id": "g1"})
    await world.calls.change_mode(call_id, Party.CITIZEN, CallMode.AUDIO)
    await world.calls.hang_up(call_id, Party.AGENT)

    assert told(tmp_path, call_id) == [
        "opened", "call_ringing", "consent", "call_live", "call_live", f"guide_card {shown.sequence}",
        f"show {opened.sequence}", "call_ended",
    ]  # fmt: skip
    owner = await world.calls._evidence.owner(call_id)
    assert owner == ("c1", WANG.name)


async def test_what_is_shown_late_in_a_long_conversation_is_in_the_chain_too(world, tmp_path):
    call_id = await call(world)
    for party in Party:
        await world.calls.offer(call_id, party, "v=0")
    world.media.connect("citizen", "agent")
    await world.calls.look_after()
    for number in range(600):
        await world.stores.conversations.append("c1", "citizen_message", {"text": str(number)})
    shown = await world.desk.write(WANG, "c1", "guide_card", {"guide_id": "g1"})

    await world.calls.hang_up(call_id, Party.AGENT)

    assert told(tmp_path, call_id)[-2:] == [f"guide_card {shown.sequence}", "call_ended"]


async def test_a_call_that_could_not_tell_its_end_is_ended_later(world, tmp_path):
    call_id = await call(world)
    evidence = world.calls._evidence
    await evidence.finish(world.stores.calls)
    assert "call_ended" not in told(tmp_path, call_id)

    await world.stores.calls.move(call_id, "ended", expected=["connecting"], end_reason="hangup")
    await evidence.finish(world.stores.calls)
    await evidence.finish(world.stores.calls)

    assert told(tmp_path, call_id)[-1] == "call_ended"
    assert told(tmp_path, call_id).count("call_ended") == 1


@pytest.mark.slow
async def test_an_outsider_verifies_a_call_through_the_real_relay(world, tmp_path, bangban):
    settings = Settings.load({"data": tmp_path, "media_addresses": "127.0.0.1", "log_level": "error"})
    with offering(("127.0.0.1",)):
        async with open_media(settings) as media:
            world.calls._media = media
            call_id = await call(world)
            parties = {Party.CITIZEN: Peer(60), Party.AGENT: Peer(180)}
            for party, peer in parties.items():
                await peer.answered(await world.calls.offer(call_id, party, await peer.offer()))
            await asyncio.gather(*(peer.sees_and_hears(pictures=15) for peer in parties.values()))
            await world.calls.look_after()
            await world.calls.hang_up(call_id, Party.CITIZEN)
            await asyncio.gather(*(peer.close() for peer in parties.values()))
    RecordingUpkeep(tmp_path, recording_key(settings), settings.recording_days).run(utc_now())

    path, folder = chain_of(tmp_path, call_id).path, tmp_path / "recordings"
    status, out, _ = await asyncio.to_thread(
        bangban, "evidence", "verify", str(path), "--recordings", str(folder), "--json"
    )

    verdict = json.loads(out[out.index("{") :])  # behind what the service logged
    assert (status, verdict["broken"], verdict["open"]) == (0, [], [])
    assert sum("完整" in each and "录像" in each for each in verdict["holds"]) >= 2
