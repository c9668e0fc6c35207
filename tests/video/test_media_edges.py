"""What the relay looks at in session descriptions, which ports it takes, and how it watches itself."""

import asyncio
import os
import socket
import time

import pytest

from core.errors import InvalidInput
from tests.ports import kept_ports
from tests.waiting import comes_true
from video.port_range import make_loop
from video.session_description import MOST_CANDIDATES, admit_offer, announce, offered_addresses
from video.vitals import (
    DroppedDatagrams,
    LoopLag,
    Strain,
    drops_by_socket,
    read_own_drops,
    read_system,
    receive_buffer_errors,
)

OFFER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


@pytest.mark.parametrize(
    "kinds",
    [["audio"], ["video"], ["audio", "video"], ["video", "audio"]],
)
def test_sound_picture_or_both_may_be_offered(kinds):
    offer = "v=0\r\n" + "".join(f"m={kind} 9 UDP/TLS/RTP/SAVPF 1\r\n" for kind in kinds)

    assert admit_offer(offer) == offer


@pytest.mark.parametrize(
    "kinds",
    [[], ["audio", "audio"], ["audio", "video", "video"], ["application"], ["audio", "application"]],
)
def test_anything_else_may_not(kinds):
    with pytest.raises(InvalidInput):
        admit_offer("v=0\r\n" + "".join(f"m={kind} 9 UDP/TLS/RTP/SAVPF 1\r\n" for kind in kinds))


def test_a_long_offer_is_refused_by_its_bytes():
    with pytest.raises(InvalidInput):
        admit_offer(OFFER + "s=" + "长" * 22_000)


def test_of_very_many_candidates_only_the_first_are_looked_at():
    candidates = "".join(f"a=candidate:1 1 udp 1 10.0.0.1 {n} typ host\r\n" for n in range(1, 400))

    assert admit_offer(OFFER + candidates).count("a=candidate") == MOST_CANDIDATES


def test_translated_addresses_are_announced_as_the_world_knows_them():
    answer = (
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 10.0.0.4\r\n"
        "a=candidate:1 1 udp 1 10.0.0.4 40000 typ host\r\na=candidate:2 1 udp 1 10.0.0.5 40001 typ host\r\n"
    )

    announced = announce(answer, {"10.0.0.4": "203.0.113.5"})

    assert "10.0.0.4" not in announced
    assert announced.count("203.0.113.5") == 2
    assert "10.0.0.5 40001" in announced
    assert announce(answer, {}) == answer


def test_addresses_are_listened_on_and_translated_as_set():
    assert offered_addresses(("10.0.0.5", "203.0.113.5=10.0.0.4")) == (
        ("10.0.0.5", "10.0.0.4"),
        {"10.0.0.4": "203.0.113.5"},
    )


async def udp_ports(count):
    loop, transports = asyncio.get_running_loop(), []
    try:
        for _ in range(count):
            transport, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
            )
            transports.append(transport)
        return {transport.get_extra_info("sockname")[1] for transport in transports}
    finally:
        for transport in transports:
            transport.close()


def test_media_ports_come_from_the_range_until_it_is_used_up():
    ports = kept_ports(4)
    with asyncio.Runner(loop_factory=lambda: make_loop(f"{ports[0]}-{ports[-1]}")) as runner:
        assert runner.run(udp_ports(4)) == set(ports)
        with pytest.raises(OSError, match="in use"):
            runner.run(udp_ports(5))


def test_without_a_range_the_system_chooses():
    with asyncio.Runner(loop_factory=lambda: make_loop("")) as runner:
        assert len(runner.run(udp_ports(2))) == 2


def test_dropped_datagrams_are_read_from_the_systems_table():
    table = "Ip: Forwarding\nIp: 1\nUdp: InDatagrams RcvbufErrors\nUdp: 100 37\nUdpLite: A\nUdpLite: 1\n"

    assert receive_buffer_errors(table) == 37
    assert receive_buffer_errors("") == 0
    assert read_system()["rss_bytes"] >= 0


def test_only_what_is_dropped_at_own_sockets_counts_and_stays_counted_when_they_are_closed():
    dropped = DroppedDatagrams()

    totals = [dropped.update(drops) for drops in ({1: 2}, {1: 2, 2: 5}, {2: 6}, {}, {3: 0}, {3: 1})]

    assert totals == [2, 7, 8, 8, 8, 9]


def test_a_full_socket_of_this_process_is_seen():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least that the system allows
        full.bind(("127.0.0.1", 0))
        for _ in range(100):
            sender.sendto(bytes(1000), full.getsockname())

        drops = read_own_drops()

        assert drops[os.fstat(full.fileno()).st_ino] > 50
    assert drops_by_socket("header") == {}


def test_the_worst_pause_is_forgotten_after_ten_seconds_and_counted_for_ever():
    lag = LoopLag()
    lag.note(0.25, 100.0)
    lag.note(0.01, 105.0)
    assert lag.worst_ms == 250.0

    lag.note(0.02, 111.0)

    assert lag.worst_ms == 20.0
    assert lag.long_pauses == 1


@pytest.mark.parametrize(
    ("bad_seconds", "too_much"),
    [([], False), ([96, 97, 98, 99], False), ([95, 96, 97, 98, 99], True), ([80, 81, 82, 83, 99], False)],
    ids=["none", "four", "half of the window", "long ago"],
)
@pytest.mark.parametrize("cause", ["pauses", "drops"])
def test_a_process_is_strained_when_half_of_its_seconds_were_bad(bad_seconds, too_much, cause):
    strain = Strain()
    for number, second in enumerate(bad_seconds):
        if cause == "pauses":
            strain.late(0.3, second + 0.5)
        else:
            strain.dropped(1 + number, second + 0.5)

    assert strain.is_too_much(99.9) is too_much


def test_what_does_no_harm_is_no_strain():
    strain = Strain()
    for second in range(90, 100):
        strain.late(0.1, float(second))
        strain.dropped(1, float(second))

    assert not strain.is_too_much(100.0)


def test_one_pause_of_many_seconds_is_as_many_bad_seconds_and_passes():
    strain = Strain()
    strain.late(30.0, 100.0)

    assert strain.is_too_much(101.0)
    assert not strain.is_too_much(107.0)


async def test_a_blocked_loop_is_noticed():
    lag = LoopLag()
    watching = asyncio.create_task(lag.run())
    await asyncio.sleep(0)  # it waits for its first look
    time.sleep(0.5)  # noqa: ASYNC251 - blocking is the point
    await comes_true(lambda: lag.long_pauses)
    watching.cancel()

    assert lag.worst_ms > 100
