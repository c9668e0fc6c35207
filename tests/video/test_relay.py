"""Two parties, aiortc as it is, through a media process: they see and hear each other."""

import asyncio
import gc
import socket

import pytest
from aiohttp.test_utils import TestServer
from aiortc import RTCPeerConnection

from core.errors import InvalidInput, MediaFull, NotFound
from tests.video.media_peer import Peer
from tests.waiting import comes_true
from video.client import MediaAddress, MediaClient, create_session
from video.relay.leg import LegOpener, offering
from video.relay.private_api import missing_names
from video.rooms import Rooms
from video.worker import create_media_app

pytestmark = pytest.mark.slow

LOOPBACK = ("127.0.0.1",)


class CountingTap:
    """A recorder's tap that counts."""

    def __init__(self, fails=False):
        self.packets, self.reports, self.codecs, self.fails = 0, 0, set(), fails

    def on_rtp(self, receiver, packet, codec, arrival):
        self.packets += 1
        self.codecs.add(codec.name)
        if self.fails:
            raise OSError("disk full")

    def on_sender_report(self, receiver, report):
        self.reports += 1


class CountingRecorder:
    """Attaches a tap to everything that is recorded."""

    def __init__(self, fails=False):
        self.taps, self.closed, self._fails = {}, 0, fails

    def tap(self, party, receiver):
        tap = self.taps[party, receiver.kind] = CountingTap(self._fails)
        receiver.add_tap(tap)

    async def close(self):
        self.closed += 1

    def stats(self):
        return {}


@pytest.fixture
def recorders():
    return []


@pytest.fixture
def max_calls():
    return 2


@pytest.fixture
async def media(recorders, max_calls):
    """A client of a media process that runs here and takes two calls."""

    def open_recorder(call_id):
        recorders.append(CountingRecorder(fails=call_id == "full-disk"))
        return recorders[-1]

    rooms = Rooms(LegOpener("vp8"), max_calls=max_calls, open_recorder=open_recorder)
    server = TestServer(create_media_app(rooms, secret="s3cret"), host="127.0.0.1")
    with offering(LOOPBACK):
        await server.start_server()
        async with create_session() as session:
            yield MediaClient(session, [MediaAddress(str(server.make_url("")).rstrip("/"), "s3cret")])
        await server.close()


@pytest.fixture
async def party(media):
    """Makes parties that have joined a call; they hang up at the end."""
    joined = []

    async def join(call_id, name, shade=60, *, more_seats=0, direction="sendrecv", **options):
        peer = Peer(shade, more_seats=more_seats, direction=direction)
        joined.append(peer)
        await peer.answered(await media.join(call_id, name, await peer.offer(), **options))
        return peer

    yield join
    await asyncio.gather(*(peer.close() for peer in joined))


def test_aiortc_is_as_the_relay_knows_it():
    assert missing_names() == []


async def test_both_parties_see_and_hear_each_other(party):
    citizen, agent = await party("c1", "citizen", 60), await party("c1", "agent", 180)

    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

    assert citizen.shade_seen == pytest.approx(180, abs=12)
    assert agent.shade_seen == pytest.approx(60, abs=12)


async def test_a_party_that_comes_again_is_seen_without_anything_negotiated_on_the_other_side(party, media):
    citizen, agent = await party("c1", "citizen", 60), await party("c1", "agent", 180)
    await agent.sees_and_hears()
    description = agent.connection.remoteDescription.sdp

    again = await party("c1", "citizen", 120)
    await comes_true(lambda: agent.shade_seen is not None and abs(agent.shade_seen - 120) < 12)
    await asyncio.gather(again.sees_and_hears(), agent.sees_and_hears())

    assert agent.connection.remoteDescription.sdp == description
    assert (await media.call_stats("c1"))["legs"].keys() == {"citizen", "agent"}
    await comes_true(lambda: citizen.connection.connectionState == "closed")


class TestMoreThanTwo:
    """A third party in its seat with everybody; a listener who gets everything and gives nothing."""

    @pytest.fixture
    def max_calls(self):
        return 5

    async def test_each_gets_each_other_in_the_seat_kept_for_them_whoever_comes_when(self, party, media):
        citizen = await party("c1", "citizen", 40, more_seats=1)
        agent = await party("c1", "agent", 90, more_seats=1)
        await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())
        described = citizen.connection.remoteDescription.sdp
        assert (citizen.sees(90, None), agent.sees(40, None)) == (True, True)

        guest = await party("c1", "guest", 140, more_seats=1)
        listener = await party("c1", "listener", more_seats=3, direction="recvonly")
        await comes_true(lambda: citizen.sees(90, 140) and agent.sees(40, 140) and guest.sees(40, 90))
        await comes_true(lambda: listener.sees(40, 90, 140))

        assert citizen.connection.remoteDescription.sdp == described

    async def test_who_leaves_is_gone_for_the_others_and_may_come_again(self, party, media):
        citizen = await party("c1", "citizen", 40, more_seats=1)
        guest = await party("c1", "guest", 140, more_seats=1)
        await comes_true(lambda: citizen.sees(None, 140) and guest.sees(40, None))

        await media.leave("c1", "guest")
        await comes_true(lambda: guest.connection.connectionState == "closed")
        await party("c1", "guest", 200, more_seats=1)
        await comes_true(lambda: citizen.sees(None, 200))

    async def test_nothing_of_a_listener_goes_to_anybody_or_to_the_recorder_even_if_it_sends(
        self, party, media, recorders
    ):
        citizen = await party("c1", "citizen", 40, more_seats=1, record=True)
        agent = await party("c1", "agent", 90, more_seats=1, record=True)
        listener = await party("c1", "listener", 250, more_seats=2, record=True)

        await comes_true(lambda: listener.sees(40, 90))
        await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

        legs = (await media.call_stats("c1"))["legs"]
        assert legs["listener"].keys() & {"audio_in", "video_in"} == set()
        assert citizen.sees(90, None)
        assert agent.sees(40, None)
        assert {who for recorder in recorders for who, _ in recorder.taps} == {"citizen", "agent"}

    async def test_a_third_party_is_recorded_as_a_party_of_its_own(self, party, recorders):
        for name in ("citizen", "agent", "guest"):
            await party("c1", name, more_seats=1, record=True)

        await comes_true(lambda: all(tap.packets for tap in recorders[0].taps.values()))
        assert {who for who, _ in recorders[0].taps} == {"citizen", "agent", "guest"}

    async def test_a_party_without_further_seats_sees_only_its_first(self, party):
        citizen = await party("c1", "citizen", 40)
        await party("c1", "agent", 90, more_seats=1)
        guest = await party("c1", "guest", 140, more_seats=1)

        await comes_true(lambda: guest.sees(40, 90))
        assert citizen.sees(90)

    async def test_more_seats_than_there_are_others_are_refused(self, party):
        with pytest.raises(InvalidInput):
            await party("c1", "citizen", more_seats=2)


async def test_a_party_that_left_frees_its_place_for_a_new_start(party, media):
    citizen, agent = await party("c1", "citizen"), await party("c1", "agent")
    await agent.sees_and_hears()

    await media.leave("c1", "citizen")
    await comes_true(lambda: citizen.connection.connectionState == "closed")
    assert (await media.call_stats("c1"))["legs"].keys() == {"agent"}

    await party("c1", "citizen", 120)
    await agent.sees_and_hears()


async def test_lost_packets_are_asked_for_again_and_come(party, media):
    citizen, agent = await party("c1", "citizen"), await party("c1", "agent")
    await agent.sees_and_hears()
    citizen.lose(0.1)

    async def came_in():
        return (await media.call_stats("c1"))["legs"]["citizen"]["video_in"]

    while (await came_in())["recovered"] < 5:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.05)

    assert (await came_in())["asked_again"] >= 5
    await agent.sees_and_hears()


async def test_datagrams_that_are_not_the_partys_change_nothing(party):
    citizen, agent = await party("c1", "citizen"), await party("c1", "agent")
    await agent.sees_and_hears()

    for candidate in citizen.connection.remoteDescription.sdp.splitlines():
        if candidate.startswith("a=candidate"):
            host, port = candidate.split()[4:6]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for forged in (b"", b"\x80", b"\x80\x60" + bytes(10), b"\x90\xe0" + bytes(1400), b"\x80\xc8"):
                    stranger.sendto(forged, (host, int(port)))

    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())


async def test_a_full_process_refuses_new_calls_but_takes_back_those_it_has(party, media):
    await party("c1", "citizen")
    await party("c2", "citizen")
    stranger = Peer()

    with pytest.raises(MediaFull):
        await media.join("c3", "citizen", await stranger.offer())
    await party("c1", "agent")
    await party("c2", "citizen")
    await media.close("c1")
    await party("c3", "citizen")

    await stranger.close()
    (figures,) = await media.stats()
    assert (figures["calls"], figures["refused"]) == (2, 1)


async def test_closing_a_call_frees_everything(party, media, recorders):
    citizen, agent = (
        await party("c1", "citizen", record=True),
        await party("c1", "agent", record=True),
    )
    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

    await media.close("c1")
    await media.close("c1")

    await comes_true(lambda: {"closed"} == {p.connection.connectionState for p in (citizen, agent)})
    with pytest.raises(NotFound):
        await media.call_stats("c1")
    assert [recorder.closed for recorder in recorders] == [1]
    await comes_true(lambda: not [t for t in asyncio.all_tasks() if t.get_name().startswith("relay-")])
    await asyncio.gather(citizen.close(), agent.close())
    gc.collect()
    alive = [each for each in gc.get_objects() if isinstance(each, RTCPeerConnection)]
    assert {each.connectionState for each in alive} <= {"closed"}


async def test_a_recorder_gets_what_both_say_and_show_and_how_their_clocks_go(party, recorders):
    citizen, agent = await party("c1", "citizen", record=True), await party("c1", "agent", record=True)

    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())
    (recorder,) = recorders
    await comes_true(lambda: all(tap.packets and tap.reports for tap in recorder.taps.values()))

    assert recorder.taps.keys() == {(p, k) for p in ("citizen", "agent") for k in ("audio", "video")}
    assert recorder.taps["citizen", "video"].codecs == {"VP8"}
    assert recorder.taps["agent", "audio"].codecs == {"opus"}


async def test_recording_can_begin_in_the_middle_and_end_before_the_call(party, media, recorders):
    citizen, agent = await party("c1", "citizen"), await party("c1", "agent")
    await citizen.sees_and_hears()
    assert recorders == []

    await media.record("c1", on=True)
    await comes_true(lambda: recorders and all(tap.packets for tap in recorders[0].taps.values()))
    await media.record("c1", on=False)

    assert recorders[0].closed == 1
    await agent.sees_and_hears()


async def test_a_recorder_that_fails_is_left_behind_and_the_call_goes_on(party, recorders):
    citizen = await party("full-disk", "citizen", record=True)
    agent = await party("full-disk", "agent", record=True)

    await asyncio.gather(citizen.sees_and_hears(), agent.sees_and_hears())

    assert {tap.packets for tap in recorders[0].taps.values()} == {1}


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "v=0",
        "nonsense\r\n" * 50,
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        "m=video 9\r\n" * 3,
        "x" * 70000,
    ],
    ids=["empty", "short", "nonsense", "without transport", "three videos", "too long"],
)
async def test_an_offer_without_use_is_refused_and_leaves_nothing(media, offer):
    with pytest.raises(InvalidInput):
        await media.join("c1", "citizen", offer)

    await asyncio.sleep(0.05)
    (figures,) = await media.stats()
    assert (figures["calls"], figures["legs"]) == (0, 0)


async def test_the_answer_asks_for_error_correction_of_sound_and_names_only_our_address(media):
    peer = Peer()
    answer = await media.join("c1", "citizen", await peer.offer())
    await peer.close()

    assert "useinbandfec=1" in answer
    candidates = [line.split()[4] for line in answer.splitlines() if line.startswith("a=candidate")]
    assert set(candidates) == {"127.0.0.1"}
