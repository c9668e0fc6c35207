"""A small clip, encoded here, cut into RTP as a browser does it; and receivers to hand it to taps."""

import random
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import av
import numpy as np

from tests.waiting import comes_true
from video.timeline import NTP_EPOCH

RATES = {"audio": 48_000, "video": 90_000}
FRAME_MS = {"audio": 20, "video": 40}
PART_BYTES = 900


@dataclass(frozen=True)
class Packet:
    sequence_number: int
    timestamp: int
    marker: int
    payload: bytes
    ssrc: int = 1


@dataclass(frozen=True)
class Codec:
    name: str

    @property
    def clockRate(self):  # noqa: N802 - as the relay spells it
        return 48_000 if self.name == "opus" else 90_000


@dataclass(frozen=True)
class SenderInfo:
    ntp_timestamp: int
    rtp_timestamp: int


@dataclass(frozen=True)
class Report:
    ssrc: int
    sender_info: SenderInfo


@dataclass
class Receiver:
    kind: str
    taps: list = field(default_factory=list)
    keyframes_asked: int = 0

    def add_tap(self, tap):
        self.taps.append(tap)

    def remove_tap(self, tap):
        if tap in self.taps:
            self.taps.remove(tap)

    def request_keyframe(self):
        self.keyframes_asked += 1


@cache
def pictures(codec, seconds, width=160, height=120, every=25):
    """Encoded pictures of a clip at 25 a second, a key picture `every` so many."""
    encoder = av.CodecContext.create({"VP8": "libvpx", "H264": "libx264"}[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    if codec == "VP8":  # its threads wait for each other for longer than such a picture takes
        encoder.thread_count = 1
    encoder.options = {"g": str(every), "keyint_min": str(every)} | (
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        if codec == "VP8"
        else {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "slice-max-size=0"}
    )
    chance = np.random.default_rng(1)
    ground = chance.integers(0, 200, (height, width, 3), dtype=np.uint8)
    made = []
    for number in range(seconds * 25):
        image = np.roll(ground, number, axis=1)
        for bit in range(16):  # the picture's number: none is like another
            image[: height // 4, bit * width // 16 : (bit + 1) * width // 16] = 255 * (number >> bit & 1)
        picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        picture.pts = number
        made += [bytes(packet) for packet in encoder.encode(picture)]
    return [*made, *(bytes(packet) for packet in encoder.encode(None))]


@cache
def sounds(seconds):
    """Opus packets of 20 ms; no two are alike, so that each can be found again."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.open()
    wave = np.random.default_rng(2).integers(-8000, 8000, 960 * 50 * seconds, dtype=np.int16)
    made = []
    for number in range(50 * seconds):
        piece = np.repeat(wave[number * 960 : (number + 1) * 960], 2).reshape(1, -1)
        sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="s16", layout="stereo")
        sound.sample_rate, sound.pts = 48_000, number * 960
        made += [bytes(packet) for packet in encoder.encode(sound)]
    return made


def vp8_payloads(picture):
    parts = [picture[at : at + PART_BYTES] for at in range(0, len(picture), PART_BYTES)]
    # X bit with a picture id of 15 bits, as browsers send it
    return [bytes([0x90 if not at else 0x80, 0x80, 0x81, 0x23]) + part for at, part in enumerate(parts)]


def h264_payloads(picture):
    units = [unit.removeprefix(b"\x01") for unit in picture.split(b"\x00\x00\x01")]
    units = [unit.rstrip(b"\x00") if index else unit for index, unit in enumerate(units)]
    units = [unit for unit in units if unit.strip(b"\x00")]
    small = [unit for unit in units if unit[0] & 31 in (6, 7, 8)]
    payloads = []
    if small:
        payloads.append(b"\x18" + b"".join(len(unit).to_bytes(2) + unit for unit in small))
    for unit in units:
        if unit in small:
            continue
        if len(unit) <= PART_BYTES:
            payloads.append(unit)
            continue
        body = unit[1:]
        pieces = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)]
        for index, piece in enumerate(pieces):
            flags = (0x80 if not index else 0) | (0x40 if index == len(pieces) - 1 else 0)
            payloads.append(bytes([unit[0] & 0xE0 | 28, flags | unit[0] & 31]) + piece)
    return payloads


PAYLOADS = {"VP8": vp8_payloads, "H264": h264_payloads, "opus": lambda sound: [sound]}


def packets_of(codec, frames, *, sequence=65_500, timestamp=2**32 - 50_000, ssrc=1, step=None):
    """A list of packets for each frame; numbers and times wrap early on."""
    step = step or (960 if codec == "opus" else 3600)
    made = []
    for number, frame in enumerate(frames):
        payloads = PAYLOADS[codec](frame)
        made.append([])
        for index, payload in enumerate(payloads):
            made[-1].append(
                Packet(
                    sequence % 65_536,
                    (timestamp + number * step) % 2**32,
                    int(index == len(payloads) - 1),
                    payload,
                    ssrc,
                )
            )
            sequence += 1
    return made


@dataclass
class Party:
    """Sends a clip to taps. Times in seconds; the sender's own clock is `wall_error` off."""

    seconds: int
    codec: str = "VP8"
    kinds: tuple = ("audio", "video")
    start: float = 1_800_000_000.0
    wall_error: float = 86_400.0
    delay: dict = field(default_factory=lambda: {"audio": 0.150, "video": 0.060})
    jitter: float = 0.02
    reports: bool = True
    ssrc: int = 1

    def __post_init__(self):
        self.receivers = {kind: Receiver(kind) for kind in self.kinds}

    def frames(self, kind):
        return sounds(self.seconds) if kind == "audio" else pictures(self.codec, self.seconds)

    def codec_of(self, kind):
        return "opus" if kind == "audio" else self.codec

    def made_at(self, kind):
        """When each frame was made, by its content."""
        return {
            data: self.start + number * FRAME_MS[kind] / 1000 for number, data in enumerate(self.frames(kind))
        }

    def timeline(self):
        """All that arrives, in order: (arrival, kind, packet or report)."""
        chance = random.Random(self.ssrc)
        found = []
        for kind in self.kinds:
            base = chance.randrange(2**32)
            rate = RATES[kind]
            all_packets = packets_of(self.codec_of(kind), self.frames(kind), timestamp=base, ssrc=self.ssrc)
            for number, packets in enumerate(all_packets):
                made = self.start + number * FRAME_MS[kind] / 1000
                arrival = made + self.delay[kind] + chance.random() * self.jitter
                found += [(arrival, kind, packet) for packet in packets]
            for second in range(self.seconds) if self.reports else ():
                made = self.start + 0.5 + second
                ntp = int((made + self.wall_error + NTP_EPOCH) * 2**32)
                stamp = (base + int((made - self.start) * rate)) % 2**32
                found.append((made + self.delay[kind], kind, Report(self.ssrc, SenderInfo(ntp, stamp))))
        return sorted(found, key=lambda each: each[0])

    async def play(self, clock, until=float("inf"), lose=lambda packet: False, worked_off=None):
        """Plays faster than life; `worked_off` tells whether all has been taken in that came so far."""
        rested = self.start
        for arrival, kind, what in self.timeline():
            if arrival > until:
                return
            if worked_off and arrival - rested > 20:  # the recorder's queue is made for the pace of a call
                rested = arrival
                await comes_true(worked_off)
            clock.now = max(clock.now, arrival)
            for tap in list(self.receivers[kind].taps):
                if isinstance(what, Report):
                    tap.on_sender_report(self.receivers[kind], what)
                elif not lose(what):
                    milliseconds = round((arrival + NTP_EPOCH) * 1000)
                    tap.on_rtp(self.receivers[kind], what, Codec(self.codec_of(kind)), milliseconds)


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self):
        return self.now
