"""Parties that send ready-made pictures and sound, so that a load costs little beside what it loads.

aiortc as it is, but nothing is encoded before sending nor decoded on arrival: arrivals are counted.
"""

import asyncio
import fractions
import time

import aiortc.rtcrtpreceiver
import av
import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpreceiver import RTCRtpReceiver

RATE = 25
SECONDS = 4
SIZES = {"480p": (640, 480, 600_000), "720p": (1280, 720, 1_500_000)}


def make_clip(size):
    """Encoded packets of picture and sound, each with whether it stands by itself."""
    width, height, bitrate = SIZES[size]
    return {"video": list(make_pictures(width, height, bitrate)), "audio": list(make_sound())}


def make_pictures(width, height, bitrate):
    """Somebody who moves before a shelf of books, at about this bitrate."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate, encoder.gop_size = bitrate, RATE * 2
    encoder.time_base, encoder.framerate = fractions.Fraction(1, RATE), RATE
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "minrate": str(bitrate),
        "maxrate": str(bitrate),
    }
    chance = np.random.default_rng(1)
    shelf = np.kron(chance.integers(60, 180, (height // 40, width // 20)), np.ones((40, 20))).astype(np.uint8)
    shelf = np.pad(shelf, ((0, height - shelf.shape[0]), (0, width - shelf.shape[1])), mode="edge")
    rows, columns = np.mgrid[0:height, 0:width]
    for number in range(RATE * SECONDS):
        across = width * (0.5 + 0.05 * np.sin(2 * np.pi * number / (RATE * SECONDS)))
        face = ((columns - across) / (width * 0.15)) ** 2 + ((rows - height * 0.5) / (height * 0.3)) ** 2 < 1
        picture = shelf.copy()
        picture[face] = 150 + chance.integers(-25, 25, int(face.sum()))
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        yield from ((bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame))


def make_sound():
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = 48000, "stereo", "s16", 32_000
    moments = np.arange(960 * 50 * SECONDS) / 48000
    tone = (4000 * np.sin(2 * np.pi * 220 * moments)).astype(np.int16)
    for start in range(0, len(tone), 960):
        frame = av.AudioFrame.from_ndarray(
            np.repeat(tone[start : start + 960], 2)[None, :], format="s16", layout="stereo"
        )
        frame.sample_rate, frame.pts = 48000, start
        yield from ((bytes(packet), True) for packet in encoder.encode(frame))


class ClipTrack(MediaStreamTrack):
    """Plays a clip's packets round and round in real time; goes to the next keyframe when asked for one."""

    def __init__(self, kind, packets):
        super().__init__()
        self.kind = kind
        self._packets = packets
        self._per_second, self._clock = (50, 48000) if kind == "audio" else (RATE, 90000)
        self._started = time.monotonic()
        self._sent = self._place = 0
        self._wants_keyframe = False

    def keyframe(self):
        self._wants_keyframe = True

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        due = self._started + self._sent / self._per_second
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        while self._wants_keyframe and not self._packets[self._place][1]:
            self._place = (self._place + 1) % len(self._packets)
        self._wants_keyframe = False
        packet = av.Packet(self._packets[self._place][0])
        packet.pts = self._sent * (self._clock // self._per_second)
        packet.time_base = fractions.Fraction(1, self._clock)
        self._sent += 1
        self._place = (self._place + 1) % len(self._packets)
        return packet


class Uncoded:
    """Stands where aiortc would decode."""

    def __init__(self, codec):
        pass

    def decode(self, frame):
        return [len(frame.data)]


def decode_nothing():
    """From now on, this process's parties decode nothing that arrives."""
    aiortc.rtcrtpreceiver.get_decoder = Uncoded


class Party:
    """One side of a call."""

    def __init__(self, clip):
        self.counts = {"audio": 0, "video": 0}
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._tasks = []
        for kind in ("audio", "video"):
            track = ClipTrack(kind, clip[kind])
            sender = self.connection.addTrack(track)
            sender._send_keyframe = track.keyframe
        for transceiver in self.connection.getTransceivers():
            if transceiver.kind == "video":
                known = RTCRtpReceiver.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in known if c.name in ("VP8", "rtx")])
        self.connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._count(track))))

    async def join(self, client, call_id, name, *, record=False):
        await self.connection.setLocalDescription(await self.connection.createOffer())
        answer = await client.join(call_id, name, self.connection.localDescription.sdp, record=record)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await self.connection.close()

    async def _count(self, track):
        try:
            while True:
                await track.recv()
                self.counts[track.kind] += 1
        except MediaStreamError:
            return
