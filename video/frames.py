"""RTP packets in any order → whole encoded frames in theirs.

Understands the payload formats of VP8 (RFC 7741, section 4.2), H.264 (RFC 6184, section 5: single NAL
units, STAP-A and FU-A, which is what browsers send) and Opus (RFC 7587: a packet is a frame). Nothing
is decoded. Doesn't speak to the network: what is missing is waited for, then given up, and
`needs_keyframe` says that somebody should ask the sender for a fresh picture.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

VIDEO_CODECS = ("VP8", "H264")

# A retransmission is asked for over a second (the relay's NACKs); a sound isn't sent again, only late.
WAIT_MS: Mapping[str, int] = {"VP8": 800, "H264": 800, "opus": 200}
MOST_WAITING = 1024
# A jump this wide isn't a loss: the sender began anew (RFC 3550, appendix A.1, MAX_DROPOUT).
FRESH_START = 3000

_KEY_START = b"\x9d\x01\x2a"
_NAL_START = b"\x00\x00\x00\x01"
_IDR, _SPS, _PPS, _STAP_A, _FU_A = 5, 7, 8, 24, 28


class MediaPacket(Protocol):
    """What of an RTP packet is looked at."""

    @property
    def sequence_number(self) -> int:
        """16 bits."""

    @property
    def timestamp(self) -> int:
        """32 bits."""

    @property
    def marker(self) -> int:
        """1 on the last packet of a picture."""

    @property
    def payload(self) -> bytes:
        """Empty in packets that only pad."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded picture or 20 ms of sound. H.264 has start codes (Annex B).

    `timestamp` is the stream's own, made to go on rising where 32 bits begin anew; `arrival` is when
    the last of its packets came.
    """

    timestamp: int
    data: bytes
    key: bool
    arrival: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one packet adds to a frame; `starts` if a frame may begin with it."""

    starts: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class UnreadablePart:
    """A payload that follows no format we know: its frame is dropped."""


def read_vp8(payload: bytes) -> Part | UnreadablePart:
    """The part of a VP8 frame in this payload, its descriptor taken off."""
    at = 1
    first = payload[0]
    if first & 0x80:
        if len(payload) < 2:
            return UnreadablePart()
        extension, at = payload[1], 2
        if extension & 0x80:
            wide = at < len(payload) and payload[at] & 0x80
            at += 2 if wide else 1
        if extension & 0x40:
            at += 1
        if extension & 0x30:
            at += 1
    if at >= len(payload):
        return UnreadablePart()
    return Part(starts=bool(first & 0x10) and not first & 0x07, data=payload[at:])


def read_h264(payload: bytes) -> Part | UnreadablePart:
    """The part of an H.264 access unit in this payload, with start codes."""
    kind = payload[0] & 0x1F
    if 1 <= kind <= 23:
        return Part(starts=True, data=_NAL_START + payload)
    if kind == _STAP_A:
        return _read_aggregate(payload)
    if kind == _FU_A and len(payload) > 2:
        if payload[1] & 0x80:
            header = bytes([(payload[0] & 0xE0) | (payload[1] & 0x1F)])
            return Part(starts=True, data=_NAL_START + header + payload[2:])
        return Part(starts=False, data=payload[2:])
    return UnreadablePart()


def _read_aggregate(payload: bytes) -> Part | UnreadablePart:
    units, at = [], 1
    while at + 2 <= len(payload):
        size = int.from_bytes(payload[at : at + 2])
        unit = payload[at + 2 : at + 2 + size]
        if not size or len(unit) < size:
            return UnreadablePart()
        units.append(_NAL_START + unit)
        at += 2 + size
    if not units or at != len(payload):
        return UnreadablePart()
    return Part(starts=True, data=b"".join(units))


def is_vp8_key(data: bytes) -> bool:
    """Whether the picture stands by itself (RFC 6386, section 9.1)."""
    return len(data) >= 10 and not data[0] & 1 and data[3:6] == _KEY_START


def vp8_size(data: bytes) -> tuple[int, int]:
    """Width and height of a key picture."""
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units between start codes of four bytes, which is how `read_h264` writes them."""
    return [unit for unit in data.split(_NAL_START) if unit]


def is_h264_key(data: bytes) -> bool:
    """Whether the picture stands by itself."""
    return any(unit[0] & 0x1F == _IDR for unit in nal_units(data))


def h264_parameters(data: bytes) -> bytes:
    """The parameter sets that came with a picture, with start codes; empty if there are none."""
    units = [_NAL_START + unit for unit in nal_units(data) if unit[0] & 0x1F in (_SPS, _PPS)]
    return b"".join(units) if len(units) > 1 else b""


_READERS: Mapping[str, Callable[[bytes], Part | UnreadablePart]] = {"VP8": read_vp8, "H264": read_h264}
_IS_KEY: Mapping[str, Callable[[bytes], bool]] = {"VP8": is_vp8_key, "H264": is_h264_key}


class FrameAssembler:
    """The frames of one source (SSRC). A new source needs a new assembler.

    `lost` counts packets that never came, `dropped` frames that couldn't be used. Sounds pass
    whatever is missing; after a missing packet of a picture only a key picture is let through.
    """

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.lost = 0
        self.dropped = 0
        self.needs_keyframe = codec in VIDEO_CODECS
        self._wait_ms = WAIT_MS[codec]
        self._waiting: dict[int, tuple[MediaPacket, int]] = {}
        self._next: int | None = None
        self._highest = 0
        self._last_timestamp: int | None = None
        self._parts: list[bytes] = []
        self._frame_timestamp: int | None = None
        self._usable = False

    def push(self, packet: MediaPacket, arrival: int) -> list[Frame]:
        """Takes a packet that came at `arrival` (ms); returns the frames that are whole by now."""
        number = self._extended(packet.sequence_number)
        assert self._next is not None  # set by the line above
        if number >= self._next and number not in self._waiting:
            self._waiting[number] = (packet, arrival)
        return self.advance(arrival)

    def advance(self, now: int) -> list[Frame]:
        """Gives up what has been waited for long enough; returns the frames that this sets free."""
        frames: list[Frame] = []
        while self._waiting and self._next is not None:
            if self._next not in self._waiting:
                first = min(self._waiting)
                patient = now - self._waiting[first][1] < self._wait_ms
                if patient and len(self._waiting) < MOST_WAITING:
                    break
                self._skip_to(first)
            packet, arrival = self._waiting.pop(self._next)
            self._next += 1
            frame = self._take(packet, arrival)
            if frame is not None:
                frames.append(frame)
        return frames

    def finish(self) -> list[Frame]:
        """The frames that can still be had when no more packets come."""
        frames: list[Frame] = []
        while self._waiting:
            self._skip_to(min(self._waiting))
            last = max(arrival for _, arrival in self._waiting.values())
            frames += self.advance(last)
        return frames

    def _extended(self, sequence: int) -> int:
        """The number without the wrap at 16 bits."""
        if self._next is None:
            self._next = self._highest = sequence
            return sequence
        number = self._highest + _signed(sequence - self._highest, 16)
        if abs(number - self._highest) > FRESH_START:
            self._waiting.clear()
            self._next = self._highest = number
            self._interrupt()
        self._highest = max(self._highest, number)
        return number

    def _extended_timestamp(self, timestamp: int) -> int:
        if self._last_timestamp is None:
            self._last_timestamp = timestamp
        else:
            self._last_timestamp += _signed(timestamp - self._last_timestamp, 32)
        return self._last_timestamp

    def _skip_to(self, number: int) -> None:
        assert self._next is not None
        if number > self._next:
            self.lost += number - self._next
            self._next = number
            self._interrupt()

    def _interrupt(self) -> None:
        """What comes next doesn't continue what came before."""
        if self.codec in VIDEO_CODECS:
            if self._parts:
                self.dropped += 1
            self._parts, self._usable = [], False
            self.needs_keyframe = True

    def _take(self, packet: MediaPacket, arrival: int) -> Frame | None:
        if not packet.payload:
            return None
        if self.codec not in VIDEO_CODECS:
            return Frame(self._extended_timestamp(packet.timestamp), packet.payload, True, arrival)
        part = _READERS[self.codec](packet.payload)
        if packet.timestamp != self._frame_timestamp:
            if self._parts:  # the picture before had no end
                self._interrupt()
            self._frame_timestamp = packet.timestamp
            self._usable = isinstance(part, Part) and part.starts
        if isinstance(part, Part) and self._usable:
            self._parts.append(part.data)
        else:
            self._parts, self._usable = [], False
        return self._complete(packet.timestamp, arrival) if packet.marker else None

    def _complete(self, timestamp: int, arrival: int) -> Frame | None:
        data, self._parts = b"".join(self._parts), []
        usable, self._usable, self._frame_timestamp = self._usable, False, None
        key = usable and _IS_KEY[self.codec](data)
        if not usable or (self.needs_keyframe and not key):
            self.dropped += 1
            self.needs_keyframe = True
            return None
        self.needs_keyframe = False
        return Frame(self._extended_timestamp(timestamp), data, key, arrival)


def _signed(difference: int, bits: int) -> int:
    """The shortest way round a counter of so many bits."""
    difference &= (1 << bits) - 1
    return difference - (1 << bits) if difference >> (bits - 1) else difference
