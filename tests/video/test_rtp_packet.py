"""Packets as the relay reads and writes them, beside aiortc's reading and writing of the same."""

import random
import struct

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, unwrap_rtx
from aiortc.rtp import RtpPacket as Reference

from video.rtp_packet import (
    AUDIO_LEVEL_URI,
    MID_URI,
    SEND_TIME_URI,
    TRANSPORT_CC_URI,
    ExtensionNumbers,
    PacketWriter,
    RtpPacket,
    as_retransmission,
)

URIS = {MID_URI: 1, AUDIO_LEVEL_URI: 2, SEND_TIME_URI: 3, TRANSPORT_CC_URI: 5}
NUMBERS = ExtensionNumbers.agreed(URIS.items())


def reference_map(uris=URIS):
    known = HeaderExtensionsMap()
    extensions = [RTCRtpHeaderExtensionParameters(id=number, uri=uri) for uri, number in uris.items()]
    known.configure(RTCRtpParameters(headerExtensions=extensions))
    return known


def arrived(payload=b"payload", *, marker=1, padding=0, csrc=(), numbers=URIS, **extensions):
    """The octets of a packet, as aiortc writes them."""
    packet = Reference(
        payload_type=97, marker=marker, sequence_number=65535, timestamp=2**32 - 1, ssrc=7, payload=payload
    )
    packet.csrc, packet.padding_size = list(csrc), padding
    for name, value in extensions.items():
        setattr(packet.extensions, name, value)
    return packet.serialize(reference_map(numbers))


@pytest.mark.parametrize(
    "data",
    [
        arrived(),
        arrived(marker=0),
        arrived(b""),
        arrived(padding=1),
        arrived(b"", padding=255),
        arrived(csrc=(1, 2, 3)),
        arrived(mid="video", transport_sequence_number=513, abs_send_time=77),
        arrived(audio_level=(True, 40), mid="a", csrc=(9,)),
        arrived(transport_sequence_number=9, mid="a name longer than sixteen", padding=4),
    ],
    ids=["plain", "no marker", "empty", "padding", "only padding", "sources", "video", "audio", "long form"],
)
def test_a_packet_is_read_as_aiortc_reads_it(data):
    expected = Reference.parse(data, reference_map())

    read = RtpPacket(data, NUMBERS)

    for name in ("marker", "payload_type", "sequence_number", "timestamp", "ssrc", "payload"):
        assert getattr(read, name) == getattr(expected, name), name
    assert read.padding == expected.padding_size
    assert read.transport_number == expected.extensions.transport_sequence_number
    level = expected.extensions.audio_level
    assert read.audio_level == (level and (level[0] << 7 | level[1]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(12),
        arrived()[:11],
        b"\x8f" + arrived()[1:],
        arrived(mid="video")[:14],
        arrived(mid="video")[:18],
        arrived(b"", padding=4)[:-1] + b"\x00",
        arrived(b"", padding=4)[:-1] + b"\x05",
        struct.pack("!BBHLLHHBBBB", 0x90, 97, 1, 1, 1, 0xBEDE, 1, 0x1F, 0, 0, 0),
        struct.pack("!BBHLLHHBBBB", 0x90, 97, 1, 1, 1, 0x1000, 1, 1, 9, 0, 0),
    ],
    ids=[
        "nothing",
        "version",
        "short",
        "sources cut off",
        "extension header cut off",
        "extensions cut off",
        "padding of nothing",
        "padding over the header",
        "extension too long",
        "extension too long, long form",
    ],
)
def test_what_is_no_packet_is_refused(data):
    with pytest.raises(ValueError, match=r"short|version|cut off|fit"):
        RtpPacket(data, NUMBERS)


def test_octets_by_chance_never_do_more_than_be_refused():
    chance = random.Random(3)
    for _ in range(5000):
        data = bytes([0x80 | chance.randrange(64)]) + chance.randbytes(chance.randrange(64))
        if chance.random() < 0.5 and len(data) > 16:
            data = data[:12] + chance.choice([b"\xbe\xde", b"\x10\x00"]) + data[14:]
        try:
            RtpPacket(data, NUMBERS)
        except ValueError:
            continue


def test_extensions_that_nobody_agreed_on_are_passed_over():
    data = arrived(transport_sequence_number=3, audio_level=(False, 1))

    read = RtpPacket(data, ExtensionNumbers())

    assert (read.transport_number, read.audio_level, read.payload) == (None, None, b"payload")


@pytest.mark.parametrize("audio_level", [None, (True, 40)])
@pytest.mark.parametrize("padding", [0, 1, 9])
@pytest.mark.parametrize("mid", ["0", "audio", "sixteen letters!"])
def test_a_packet_is_written_under_the_other_partys_numbers(audio_level, padding, mid):
    packet = RtpPacket(arrived(audio_level=audio_level, padding=padding), NUMBERS)
    numbers = {MID_URI: 14, AUDIO_LEVEL_URI: 8, SEND_TIME_URI: 4}

    written = PacketWriter(99, 111, mid, ExtensionNumbers.agreed(numbers.items())).write(
        packet, 12, 3400, 1.25
    )

    read = Reference.parse(written, reference_map(numbers))
    assert (read.ssrc, read.payload_type, read.sequence_number, read.timestamp) == (99, 111, 12, 3400)
    assert (read.marker, read.payload, read.padding_size) == (1, b"payload", padding)
    assert (read.extensions.mid, read.extensions.audio_level) == (mid, audio_level)
    assert read.extensions.abs_send_time == 5 << 16  # 1.25 s in units of 2^-18 s


@pytest.mark.parametrize(
    ("mid", "numbers"),
    [("", URIS), ("a name longer than sixteen", URIS), ("0", {MID_URI: 15}), ("0", {})],
    ids=["no name", "long name", "high number", "not agreed"],
)
def test_what_the_short_form_cannot_hold_is_left_out(mid, numbers):
    packet = RtpPacket(arrived(), NUMBERS)

    written = PacketWriter(99, 111, mid, ExtensionNumbers.agreed(numbers.items())).write(packet, 1, 2, 0.0)

    read = Reference.parse(written, reference_map())
    assert (read.extensions.mid, read.payload) == (None, b"payload")


def test_a_retransmission_holds_the_packet_whose_place_it_takes():
    packet = RtpPacket(arrived(b"picture", padding=3), NUMBERS)
    written = PacketWriter(99, 111, "0", NUMBERS).write(packet, 500, 3400, 0.0)

    again = as_retransmission(written, ssrc=100, payload_type=112, sequence=7)

    read = Reference.parse(again, reference_map())
    assert (read.ssrc, read.payload_type, read.sequence_number, read.marker) == (100, 112, 7, 1)
    original = unwrap_rtx(read, payload_type=111, ssrc=99)
    assert (original.sequence_number, original.timestamp) == (500, 3400)
    assert (original.payload, original.extensions.mid) == (b"picture", "0")


def test_a_retransmission_that_arrives_gives_the_lost_packet():
    packet = RtpPacket(arrived(struct.pack("!H", 4711) + b"picture", audio_level=(False, 3)), NUMBERS)

    original = packet.retransmitted(8, 96)

    assert (original.ssrc, original.payload_type, original.sequence_number) == (8, 96, 4711)
    assert (original.payload, original.timestamp, original.marker) == (b"picture", 2**32 - 1, 1)
