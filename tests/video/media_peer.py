"""A party of a call: aiortc as it is, with a small picture and a tone, counting what arrives."""

import asyncio
import fractions
import random
import time
from collections import Counter

import av
import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from tests.waiting import comes_true

WIDTH, HEIGHT, RATE = 160, 120, 15
PATIENCE_S = 20.0


class SmallPicture(VideoStreamTrack):
    """Pictures of one shade of grey, so that who receives them can tell whose they are."""

    def __init__(self, shade):
        super().__init__()
        self._shade = shade
        self._count = 0
        self._started = time.monotonic()

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        due = self._started + self._count / RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        pixels = np.full((HEIGHT, WIDTH), self._shade, np.uint8)
        # Something that moves and doesn't compress, so that a picture takes several packets.
        pixels[:, : WIDTH // 2] += np.random.default_rng(self._count).integers(
            0, 30, (HEIGHT, WIDTH // 2), np.uint8
        )
        picture = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
        picture.pts = self._count * 90000 // RATE
        picture.time_base = fractions.Fraction(1, 90000)
        self._count += 1
        return picture


class Peer:
    """Offers, is answered, and counts."""

    def __init__(self, shade=60, *, codec="VP8", more_seats=0, direction="sendrecv"):
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.pictures = 0
        self.sounds = 0
        self.shade_seen = None
        self.shades, self.sounds_of = {}, Counter()  # by seat
        if direction == "sendrecv":
            self.video_sender = self.connection.addTrack(SmallPicture(shade))
            self.audio_sender = self.connection.addTrack(AudioStreamTrack())
        for _ in range(more_seats):
            for kind in ("video", "audio"):
                self.connection.addTransceiver(kind, direction="recvonly")
        for transceiver in self.connection.getTransceivers():
            if transceiver.kind == "video":
                known = RTCRtpReceiver.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in known if c.name in (codec, "rtx")])
        self._tasks = []
        self.connection.on("track", self._watch)

    def _seat_of(self, track):
        same = [each for each in self.connection.getTransceivers() if each.kind == track.kind]
        return next(seat for seat, each in enumerate(same) if each.receiver.track is track)

    def sees(self, *shades):
        """Whether each seat shows a picture of about this shade and its sound comes; None: nothing came."""
        return all(
            (seat not in self.shades and seat not in self.sounds_of)
            if shade is None
            else (abs(self.shades.get(seat, -99) - shade) < 12 and self.sounds_of[seat] > 5)
            for seat, shade in enumerate(shades)
        )

    async def offer(self):
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def answered(self, sdp):
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    def lose(self, share, *, seed=7):
        """From now on, this share of the pictures' packets that this peer sends is lost on the way."""
        transport, chance = self.video_sender.transport, random.Random(seed)
        send = transport._send_rtp

        async def lossy(data):
            is_feedback = 192 <= data[1] <= 208
            if is_feedback or chance.random() >= share:
                await send(data)

        transport._send_rtp = lossy

    def _watch(self, track):
        self._tasks.append(asyncio.create_task(self._consume(track)))

    async def _consume(self, track):
        try:
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.pictures += 1
                    self.shade_seen = int(frame.to_ndarray(format="gray")[:, WIDTH // 2 + 8 :].mean())
                    self.shades[self._seat_of(track)] = self.shade_seen
                else:
                    self.sounds += 1
                    self.sounds_of[self._seat_of(track)] += 1
        except MediaStreamError:
            return

    async def sees_and_hears(self, pictures=5, sounds=10):
        """Returns when so many more of both have arrived."""
        pictures, sounds = self.pictures + pictures, self.sounds + sounds
        await comes_true(lambda: self.pictures >= pictures and self.sounds >= sounds)

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await self.connection.close()
