"""Packets in any order become whole frames in theirs, and nothing that isn't whole comes out."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.video.synthetic_media import Packet, packets_of, pictures
from video.frames import (
    FrameAssembler,
    Part,
    UnreadablePart,
    h264_parameters,
    is_h264_key,
    is_vp8_key,
    read_h264,
    read_vp8,
    vp8_size,
)

KEY_PICTURE = bytes([0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00]) + b"k" * 2000
NEXT_PICTURE = bytes([0x11, 0, 0]) + b"n" * 1500
N = b"\x00\x00\x00\x01"


def clip(count, every=10):
    """VP8 pictures that can be told apart, a key picture now and then."""
    return [(NEXT_PICTURE if n % every else KEY_PICTURE) + n.to_bytes(4) for n in range(count)]


def sound(count):
    return [b"sound" + n.to_bytes(4) for n in range(count)]


def flat(codec, frames, **start):
    return [packet for packets in packets_of(codec, frames, **start) for packet in packets]


def feed(codec, packets, *, apart=5):
    """All frames that come out when packets arrive so many milliseconds apart."""
    assembler = FrameAssembler(codec)
    found = []
    for number, packet in enumerate(packets):
        found += assembler.push(packet, number * apart)
    found += assembler.finish()
    return found, assembler


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        (b"\x10data", Part(True, b"data")),
        (b"\x00data", Part(False, b"data")),
        (b"\x11data", Part(False, b"data")),  # begins a later partition, not the picture
        (b"\x90\x80\x7fdata", Part(True, b"data")),  # picture id of 7 bits
        (b"\x90\x80\x81\x23data", Part(True, b"data")),  # of 15 bits
        (b"\x90\xe0\x81\x23\x01\x40data", Part(True, b"data")),  # and layer numbers
        (b"\x90\x10\x01data", Part(True, b"data")),  # key index alone
        (b"\x10", UnreadablePart()),
        (b"\x90", UnreadablePart()),
        (b"\x90\x80\x81", UnreadablePart()),
        (b"\x90\xf0\x81", UnreadablePart()),
    ],
)
def test_the_descriptor_of_vp8_is_taken_off(payload, part):
    assert read_vp8(payload) == part


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        (b"\x65idr", Part(True, N + b"\x65idr")),
        (b"\x78\x00\x02\x67a\x00\x02\x68b", Part(True, N + b"\x67a" + N + b"\x68b")),
        (b"\x7c\x85first", Part(True, N + b"\x65first")),
        (b"\x7c\x05more", Part(False, b"more")),
        (b"\x7c\x45last", Part(False, b"last")),
        (b"\x78\x00\x09\x67a", UnreadablePart()),  # longer than what is there
        (b"\x78\x00\x00", UnreadablePart()),
        (b"\x78", UnreadablePart()),
        (b"\x7c\x85", UnreadablePart()),
        (b"\x7d\x85xx", UnreadablePart()),  # FU-B, which browsers don't send
        (b"\x00", UnreadablePart()),
    ],
)
def test_nal_units_are_put_behind_start_codes(payload, part):
    assert read_h264(payload) == part


def test_key_pictures_and_their_size_are_told():
    assert is_vp8_key(KEY_PICTURE)
    assert not is_vp8_key(NEXT_PICTURE)
    assert not is_vp8_key(b"\x10")
    assert vp8_size(KEY_PICTURE) == (320, 240)
    assert is_h264_key(N + b"\x67a" + N + b"\x65b")
    assert not is_h264_key(N + b"\x41b")
    assert h264_parameters(N + b"\x67a" + N + b"\x68c" + N + b"\x65b") == N + b"\x67a" + N + b"\x68c"
    assert h264_parameters(N + b"\x65b") == b""


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_what_an_encoder_made_comes_out_as_it_went_in(codec):
    made = pictures(codec, 2)

    found, assembler = feed(codec, flat(codec, made))

    normal = [each if codec == "VP8" else each.replace(N, b"\x00\x00\x01") for each in made]
    got = [frame.data if codec == "VP8" else frame.data.replace(N, b"\x00\x00\x01") for frame in found]
    assert got == normal
    assert [frame.key for frame in found] == [number % 25 == 0 for number in range(50)]
    assert (assembler.lost, assembler.dropped, assembler.needs_keyframe) == (0, 0, False)


def test_numbers_and_times_that_wrap_go_on_rising():
    found, _ = feed("opus", flat("opus", sound(200), sequence=65_500, timestamp=2**32 - 5000))

    assert [frame.data for frame in found] == sound(200)
    assert {later.timestamp - earlier.timestamp for earlier, later in pairwise(found)} == {960}


def test_a_retransmission_within_the_wait_fills_the_gap():
    packets = flat("VP8", clip(10))
    late = [*packets[:4], *packets[5:12], packets[4], *packets[12:]]

    found, assembler = feed("VP8", late)

    assert [frame.data for frame in found] == clip(10)
    assert assembler.lost == 0


def test_after_a_loss_only_a_key_picture_goes_on_and_it_is_asked_for():
    made = clip(60, every=40)
    packets = packets_of("VP8", made)
    del packets[13][1]
    assembler = FrameAssembler("VP8")
    found, asked = [], []
    for number, packet in enumerate(each for picture in packets for each in picture):
        found += assembler.push(packet, number * 40)
        asked.append(assembler.needs_keyframe)
    found += assembler.finish()

    assert [frame.data for frame in found] == made[:13] + made[40:]
    assert (asked[40], asked[60], asked[-1]) == (False, True, False)
    assert assembler.lost == 1


def test_a_sound_that_is_lost_doesnt_stop_the_others():
    packets = flat("opus", sound(50))
    del packets[20]

    found, assembler = feed("opus", packets, apart=20)

    assert [frame.data for frame in found] == [each for n, each in enumerate(sound(50)) if n != 20]
    assert assembler.lost == 1


def test_a_picture_without_its_beginning_or_its_end_is_dropped():
    made = clip(20)
    packets = packets_of("VP8", made)
    headless = [each for picture in packets for each in picture][1:]

    found, _ = feed("VP8", headless)

    assert [frame.data for frame in found] == made[10:]


def test_packets_that_only_pad_change_nothing():
    made = clip(5)
    packets = flat("VP8", made, sequence=0)
    padded = [*packets, Packet(len(packets), packets[-1].timestamp, 0, b"")]
    more = flat("VP8", clip(1), sequence=len(padded), timestamp=packets[-1].timestamp + 3600)

    found, assembler = feed("VP8", padded + more)

    assert len(found) == 6
    assert assembler.lost == 0


def test_a_sender_that_begins_anew_is_followed():
    first, second = flat("opus", sound(20), sequence=100), flat("opus", sound(20), sequence=40_000)

    found, assembler = feed("opus", first + second)

    assert len(found) == 40
    assert assembler.lost == 0


def test_waiting_has_a_bound_in_time_and_number():
    packets = flat("VP8", clip(2000, every=50))
    assembler = FrameAssembler("VP8")
    assembler.push(packets[0], 0)
    for packet in packets[2:]:
        assembler.push(packet, 1)  # all at once: only their number ends the waiting

    assert len(assembler._waiting) <= 1024
    assert assembler.lost == 1


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32), st.data())
def test_order_and_repetition_within_the_wait_make_no_difference(sequence, timestamp, seed, data):
    made = clip(12)
    packets = flat("VP8", made, sequence=sequence, timestamp=timestamp)
    chance = random.Random(seed)
    reach = data.draw(st.integers(0, 12))
    order = sorted(range(1, len(packets)), key=lambda n: n + chance.random() * reach)
    shuffled = [packets[0], *(packets[n] for n in order)]
    for _ in range(reach):
        at = chance.randrange(1, len(shuffled))
        shuffled.insert(at, shuffled[at - 1])

    found, assembler = feed("VP8", shuffled)

    assert [frame.data for frame in found] == made
    assert assembler.lost == 0


@given(st.integers(0, 2**16 - 1), st.sets(st.integers(0, 89)), st.integers(0, 2**32))
def test_whatever_is_lost_only_whole_pictures_come_out_and_none_without_what_it_builds_on(
    sequence, lost, seed
):
    made = clip(30, every=7)
    packets = flat("VP8", made, sequence=sequence)
    chance = random.Random(seed)
    kept = sorted((n for n in range(len(packets)) if n not in lost), key=lambda n: n + chance.random() * 4)

    found, _ = feed("VP8", [packets[n] for n in kept], apart=30)

    numbers = [made.index(frame.data) for frame in found]  # raises for what was never sent
    assert numbers == sorted(set(numbers))
    for before, number in zip([None, *numbers], numbers, strict=False):
        assert number % 7 == 0 or before == number - 1
    times = [frame.timestamp for frame in found]
    assert times == sorted(set(times))


@given(
    st.lists(
        st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.booleans(), st.binary(max_size=40))
    )
)
@pytest.mark.parametrize("codec", ["VP8", "H264", "opus"])
def test_no_packet_breaks_it(codec, rows):
    feed(codec, [Packet(number, time, int(marker), payload) for number, time, marker, payload in rows])
