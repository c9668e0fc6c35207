"""Calls in H.264 through the relay: passed on as they come, whatever numbers, and recorded as they are."""

import asyncio
import copy
import io
import time

import aiortc.rtcpeerconnection
import av
import pytest

from core.errors import InvalidInput
from tests.video.media_peer import Peer
from tests.waiting import comes_true
from video.recording import CallRecorder
from video.recording_files import RecordingPaths, notes
from video.recording_note import RecordingState
from video.relay.leg import LegOpener, offering
from video.rooms import Rooms
from video.sealing import SealedReader

pytestmark = pytest.mark.slow

KEY = bytes(range(32))


@pytest.fixture
async def rooms(tmp_path):
    def open_recorder(call_id):
        return CallRecorder(tmp_path, call_id, KEY, time.time, free_bytes=lambda _: 10**12)

    rooms = Rooms(LegOpener("h264"), max_calls=2, open_recorder=open_recorder)
    with offering(["127.0.0.1"]):
        yield rooms
    await rooms.close_all()


@pytest.fixture
async def join(rooms):
    """Joins parties whose browsers speak H.264 alone; they hang up at the end."""
    joined = []

    async def join(name, shade=60, *, record=False):
        peer = Peer(shade, codec="H264")
        joined.append(peer)
        await peer.answered(await rooms.join("call-1", name, await peer.offer(), record=record))
        return peer

    yield join
    await asyncio.gather(*(peer.close() for peer in joined))


@pytest.fixture
def renumber(monkeypatch):
    """From now on, peers number their codecs otherwise, as browsers of two makers do."""

    def renumber():
        other = copy.deepcopy(aiortc.rtcpeerconnection.CODECS)
        for codec in other["video"]:
            codec.payloadType += 12
            if "apt" in codec.parameters:
                codec.parameters["apt"] += 12
        monkeypatch.setattr(aiortc.rtcpeerconnection, "CODECS", other)

    return renumber


def numbers_in(sdp):
    return {line.split()[0] for line in sdp.splitlines() if line.startswith("a=rtpmap") and "H264" in line}


async def test_two_browsers_with_other_payload_numbers_see_and_hear_each_other(join, renumber, rooms):
    citizen = await join("citizen", shade=60)
    renumber()
    agent = await join("agent", shade=180)
    offers = [peer.connection.localDescription.sdp for peer in (citizen, agent)]
    assert not numbers_in(offers[0]) & numbers_in(offers[1]), "the numbers differ, else this shows nothing"

    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

    assert citizen.shade_seen == pytest.approx(180, abs=12)
    assert agent.shade_seen == pytest.approx(60, abs=12)
    legs = rooms.call_stats("call-1")["legs"]
    assert {legs[name]["video_out"]["codec"] for name in legs} == {"H264"}


async def test_the_answer_keeps_to_one_profile_and_to_packets_that_may_be_cut(join):
    citizen = await join("citizen")

    answer = citizen.connection.remoteDescription.sdp

    formats = [line for line in answer.splitlines() if "profile-level-id" in line]
    assert len(formats) == 1
    assert "packetization-mode=1" in formats[0]
    assert "profile-level-id=42e01f" in formats[0]


async def test_who_comes_again_is_seen_at_once(join):
    citizen = await join("citizen", shade=60)
    agent = await join("agent", shade=180)
    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

    await citizen.close()
    back = await join("citizen", shade=110)
    await back.sees_and_hears()

    await comes_true(lambda: agent.shade_seen == pytest.approx(110, abs=12))


async def test_lost_packets_come_again_by_retransmission(join, rooms):
    citizen = await join("citizen", shade=60)
    agent = await join("agent", shade=180)
    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

    citizen.lose(0.1)
    await comes_true(lambda: rooms.call_stats("call-1")["legs"]["citizen"]["video_in"]["recovered"] >= 3)

    await agent.sees_and_hears()


async def test_a_call_is_recorded_as_it_passes_and_plays(join, rooms, tmp_path):
    citizen = await join("citizen", shade=60, record=True)
    agent = await join("agent", shade=180, record=True)
    await asyncio.gather(citizen.sees_and_hears(40, 100), agent.sees_and_hears(40, 100))
    await rooms.close("call-1")

    made = [note for note in notes(tmp_path) if note.state is RecordingState.COMPLETE]
    assert {note.party for note in made} == {"citizen", "agent"}
    for note in made:
        assert note.media_type == "video/x-matroska"
        with SealedReader(RecordingPaths(tmp_path, note.name).sealed, KEY) as reader:
            film = b"".join(reader.read())
        with av.open(io.BytesIO(film)) as container:
            shown = [picture.to_ndarray(format="gray") for picture in container.decode(video=0)]
        assert len(shown) >= 30
        shade = 60 if note.party == "citizen" else 180
        assert shown[-1][:, 100:].mean() == pytest.approx(shade, abs=12)


async def test_a_browser_without_h264_is_refused(rooms):
    peer = Peer(codec="VP8")

    with pytest.raises(InvalidInput, match="can't be answered"):
        await rooms.join("call-1", "citizen", await peer.offer(), record=False)

    await peer.close()
