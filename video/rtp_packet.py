"""Reads RTP packets and writes them again under another party's numbers (RFC 3550, section 5.1).

Every packet of every call goes through here, so only that is read which the relay needs; of the header
extensions (RFC 8285) those below. What is left out of the packet that goes on: contributing sources,
which browsers don't send, and all other extensions, whose numbers mean something else on the other side.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL_URI: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_URI: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC_URI: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

NOT_AGREED: Final = -1
SEND_TIME_UNITS: Final = 1 << 18  # of a second
RTX_HEADER: Final = 2  # octets of a retransmission that name the packet which it holds

_FIXED = struct.Struct("!BBHLL")
_WITH_EXTENSIONS = struct.Struct("!BBHLLHH")
_SEQUENCE = slice(2, 4)
_SHORT_FORM, _LONG_FORM = 0xBEDE, 0x1000
_HAS_PADDING, _HAS_EXTENSIONS = 0x20, 0x10
_MOST_SHORT_ID, _MOST_SHORT_LENGTH = 14, 16
_FILL = (b"", b"\0\0\0", b"\0\0", b"\0")  # to a multiple of four, by the rest


@dataclass(frozen=True, slots=True)
class ExtensionNumbers:
    """Under which numbers one connection agreed on extensions."""

    mid: int = NOT_AGREED
    audio_level: int = NOT_AGREED
    send_time: int = NOT_AGREED
    transport_number: int = NOT_AGREED

    @classmethod
    def agreed(cls, extensions: Iterable[tuple[str, int]]) -> "ExtensionNumbers":
        """From pairs of URI and number."""
        numbers = dict(extensions)
        return cls(
            mid=numbers.get(MID_URI, NOT_AGREED),
            audio_level=numbers.get(AUDIO_LEVEL_URI, NOT_AGREED),
            send_time=numbers.get(SEND_TIME_URI, NOT_AGREED),
            transport_number=numbers.get(TRANSPORT_CC_URI, NOT_AGREED),
        )


class RtpPacket:
    """A packet that was decrypted. Fulfils `video.taps.TappedPacket`. Nobody changes it."""

    __slots__ = (
        "audio_level",
        "marker",
        "padding",
        "payload",
        "payload_type",
        "sequence_number",
        "ssrc",
        "timestamp",
        "transport_number",
    )

    def __init__(self, data: bytes, numbers: ExtensionNumbers) -> None:
        """Reads it. Raises ValueError for what isn't one."""
        if len(data) < _FIXED.size:
            raise ValueError("shorter than a header")
        first, second, self.sequence_number, self.timestamp, self.ssrc = _FIXED.unpack_from(data)
        if first >> 6 != 2:  # of RTP
            raise ValueError("another version")
        self.marker = second >> 7
        self.payload_type = second & 0x7F
        self.audio_level: int | None = None
        self.transport_number: int | None = None
        start, end = _FIXED.size + 4 * (first & 0x0F), len(data)
        if first & _HAS_EXTENSIONS:
            start = self._read_extensions(data, start, numbers)
        self.padding = 0
        if first & _HAS_PADDING:
            self.padding = data[-1]
            end -= self.padding
        if start > end or (first & _HAS_PADDING and not self.padding):
            raise ValueError("its parts don't fit into it")
        self.payload = data[start:end]

    def _read_extensions(self, data: bytes, at: int, numbers: ExtensionNumbers) -> int:
        """Notes those that are of use, and returns where the payload starts."""
        if len(data) < at + 4:
            raise ValueError("extensions are cut off")
        form, words = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
        at += 4
        end = at + 4 * words
        if len(data) < end or form not in (_SHORT_FORM, _LONG_FORM):
            return end  # too short, which the caller sees, or a form that nobody agreed on
        while at < end:
            if not data[at]:  # fills up
                at += 1
                continue
            if form == _SHORT_FORM:
                number, length = data[at] >> 4, (data[at] & 0x0F) + 1
                at += 1
            else:
                number, length = data[at], data[at + 1] if at + 1 < end else 0
                at += 2
            if at + length > end:
                raise ValueError("an extension is cut off")
            if number == numbers.transport_number and length == 2:
                self.transport_number = data[at] << 8 | data[at + 1]
            elif number == numbers.audio_level and length:
                self.audio_level = data[at]
            at += length
        return end

    def retransmitted(self, ssrc: int, payload_type: int) -> "RtpPacket":
        """The packet of that source that this one holds (RFC 4588). It has at least RTX_HEADER octets."""
        original = RtpPacket.__new__(RtpPacket)
        original.ssrc, original.payload_type = ssrc, payload_type
        original.sequence_number = self.payload[0] << 8 | self.payload[1]
        original.timestamp, original.marker = self.timestamp, self.marker
        original.payload, original.padding = self.payload[RTX_HEADER:], 0
        original.audio_level, original.transport_number = self.audio_level, None
        return original


class PacketWriter:
    """Writes packets of one stream to one party: its SSRC, its payload type, its extensions.

    An extension that doesn't fit the short form is left out; the party does without it.
    """

    def __init__(self, ssrc: int, payload_type: int, mid: str, numbers: ExtensionNumbers) -> None:
        self._ssrc, self._payload_type = ssrc, payload_type
        name = mid.encode()
        self._mid = self._send_time = self._audio_level = b""
        if 0 < numbers.mid <= _MOST_SHORT_ID and 0 < len(name) <= _MOST_SHORT_LENGTH:
            self._mid = bytes([numbers.mid << 4 | len(name) - 1]) + name
        if 0 < numbers.send_time <= _MOST_SHORT_ID:
            self._send_time = bytes([numbers.send_time << 4 | 2])
        if 0 < numbers.audio_level <= _MOST_SHORT_ID:
            self._audio_level = bytes([numbers.audio_level << 4])

    def write(self, packet: RtpPacket, sequence: int, timestamp: int, now: float) -> bytes:
        """The packet under these numbers, sent `now` (any clock, in seconds)."""
        extensions = self._mid
        if self._send_time:
            extensions += self._send_time + (int(now * SEND_TIME_UNITS) & 0xFFFFFF).to_bytes(3, "big")
        if self._audio_level and packet.audio_level is not None:
            extensions += self._audio_level + bytes((packet.audio_level,))
        extensions += _FILL[len(extensions) & 3]
        second = self._payload_type | packet.marker << 7
        if packet.padding:
            first = 0x80 | _HAS_PADDING | _HAS_EXTENSIONS
            payload = packet.payload + bytes(packet.padding - 1) + bytes((packet.padding,))
        else:
            first, payload = 0x80 | _HAS_EXTENSIONS, packet.payload
        words = len(extensions) >> 2
        head = _WITH_EXTENSIONS.pack(first, second, sequence, timestamp, self._ssrc, _SHORT_FORM, words)
        return head + extensions + payload


def as_retransmission(written: bytes, *, ssrc: int, payload_type: int, sequence: int) -> bytes:
    """What a writer wrote, as a retransmission under these numbers (RFC 4588, section 4)."""
    first, second, _, timestamp, _, _, words = _WITH_EXTENSIONS.unpack_from(written)
    head: bytes = _FIXED.pack(first, second & 0x80 | payload_type, sequence, timestamp, ssrc)
    start = _WITH_EXTENSIONS.size + 4 * words
    return head + written[_FIXED.size : start] + written[_SEQUENCE] + written[start:]
