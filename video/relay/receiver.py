"""Takes in the RTP of one party: statistics, losses, keyframes, bitrate; hands each packet on at once."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any, Protocol, cast

import structlog
from aiortc.codecs import is_rtx
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
    unwrap_rtx,
)

from video.keyframe_throttle import KeyframeThrottle
from video.nack_schedule import ASK_EVERY_S, NackSchedule
from video.remb import DownstreamLimit, bitrate_to_allow
from video.taps import MediaKind, Tap
from video.transport_feedback import TransportFeedback

FEEDBACK_EVERY_S = 0.08
IDLE_TICK_S = 0.25
REPORT_EVERY_S = 1.0  # on average; RFC 3550 wants it spread at random, so that reports don't march
MOST_SOURCES = 16  # of one party's one kind of media; more is no use to anybody

log = structlog.get_logger(__name__)


class Downstream(Protocol):
    """What a receiver's packets are sent on to."""

    limit: DownstreamLimit
    is_heeded: bool

    async def forward(self, packet: RtpPacket, codec: RTCRtpCodecParameters) -> None:
        """Sends the packet on."""

    async def forward_report(self, report: RtcpSrPacket) -> None:
        """Sends on how the clocks of the source go together."""


@dataclass(slots=True)
class ReceiverCounts:
    """What happened since the connection was made."""

    packets: int = 0
    octets: int = 0
    recovered: int = 0  # by retransmission
    keyframes_asked: int = 0


class RelayReceiver(RTCRtpReceiver):
    """One kind of media of one party. Fulfils `video.taps.TappedReceiver`."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.kind: MediaKind = cast("MediaKind", kind)
        self.downstream: list[Downstream] = []
        self.counts = ReceiverCounts()
        self.streams: dict[int, StreamStatistics] = {}
        self.nack = NackSchedule()
        self._taps: list[Tap] = []
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._media_ssrc_of: dict[int, int] = {}  # by the SSRC of its retransmissions
        self._source: int | None = None  # the SSRC of the media that comes now
        self._reports: dict[int, tuple[int, float]] = {}  # SSRC to its NTP time and when that came
        self._own_ssrc: int | None = None
        self._keyframes = KeyframeThrottle()
        self._feedback = TransportFeedback()
        self._feedback_at = 0.0
        self._ticking: asyncio.Task[None] | None = None

    # --- as a recorder sees it ---

    def add_tap(self, tap: Tap) -> None:
        """From now on `tap` gets what arrives."""
        self._taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        """`tap` gets nothing more."""
        if tap in self._taps:
            self._taps.remove(tap)

    async def request_keyframe(self) -> None:
        """Asks for a keyframe now, or as soon as the throttle lets through and there is whom to ask."""
        if self.kind != "video":
            return
        if self._source is None:
            self._keyframes.pending = True
        elif self._keyframes.request(time.monotonic()):
            await self._ask_for_keyframe()

    # --- as aiortc's peer connection sees it ---

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._own_ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Starts; called when the connection is secured."""
        if self._ticking is not None:
            return
        self._codecs = {
            codec.payloadType: codec for codec in parameters.codecs if codec.payloadType is not None
        }
        self._media_ssrc_of = {each.rtx.ssrc: each.ssrc for each in parameters.encodings if each.rtx}
        self.transport._register_rtp_receiver(self, parameters)
        self._ticking = asyncio.create_task(self._tick(), name=f"relay-{self.kind}-feedback")

    async def stop(self) -> None:
        """Ends for good."""
        if self._ticking is not None:
            self.transport._unregister_rtp_receiver(self)
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
            self._ticking = None
        self._handle_disconnect()

    def _handle_disconnect(self) -> None:
        if self._track is not None:
            self._track.stop()

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if not isinstance(packet, RtcpSrPacket):
            return
        self._reports[packet.ssrc] = (packet.sender_info.ntp_timestamp, time.monotonic())
        for downstream in self.downstream:
            await downstream.forward_report(packet)
        for tap in list(self._taps):
            try:
                await tap.on_sender_report(self, packet)
            except Exception:
                self._drop_tap(tap)

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        now = time.monotonic()
        number = packet.extensions.transport_sequence_number
        if number is not None:
            await self._tell_arrival(number, packet.ssrc, now)
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not self._enabled:
            return
        stream = self.streams.get(packet.ssrc)
        if stream is None:
            if len(self.streams) >= MOST_SOURCES:
                return
            stream = self.streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        stream.add(packet)
        if is_rtx(codec):
            recovered = self._recover(packet, codec)
            if recovered is None:
                return
            packet, codec = recovered
        self.counts.packets += 1
        self.counts.octets += len(packet.payload)
        if self.kind == "video":
            await self._watch_for_losses(packet, now)
        self._source = packet.ssrc
        for downstream in self.downstream:
            await downstream.forward(packet, codec)
        for tap in list(self._taps):
            try:
                await tap.on_rtp(self, packet, codec, arrival_time_ms)
            except Exception:
                self._drop_tap(tap)

    # --- what happens inside ---

    def _drop_tap(self, tap: Tap) -> None:
        # Whatever befalls a recorder, a full disk above all, the two people go on talking.
        log.exception("tap_failed", kind=self.kind)
        self.remove_tap(tap)

    def _recover(
        self, packet: RtpPacket, codec: RTCRtpCodecParameters
    ) -> tuple[RtpPacket, RTCRtpCodecParameters] | None:
        """The packet that a retransmission (RFC 4588) holds; None when nobody waits for it."""
        ssrc = self._media_ssrc_of.get(packet.ssrc)
        payload_type = codec.parameters.get("apt")
        media_codec = self._codecs.get(payload_type) if isinstance(payload_type, int) else None
        if ssrc is None or media_codec is None or len(packet.payload) < 2:
            return None  # browsers probe the line with empty retransmissions
        assert isinstance(payload_type, int)  # since there is a codec of that number
        original = unwrap_rtx(packet, payload_type=payload_type, ssrc=ssrc)
        if not self.nack.is_missing(original.sequence_number):
            return None
        self.counts.recovered += 1
        return original, media_codec

    async def _watch_for_losses(self, packet: RtpPacket, now: float) -> None:
        if packet.ssrc != self._source:
            self.nack.restart()
        if self.nack.received(packet.sequence_number, now):
            await self._ask_for_lost(packet.ssrc, now)

    async def _ask_for_lost(self, source: int, now: float) -> None:
        lost = self.nack.due(now)
        if lost and self._own_ssrc is not None:
            request = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._own_ssrc, media_ssrc=source)
            request.lost = lost
            await self._send(bytes(request))

    async def _ask_for_keyframe(self) -> None:
        if self._own_ssrc is None or self._source is None:
            return
        self.counts.keyframes_asked += 1
        await self._send(
            bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._own_ssrc, media_ssrc=self._source))
        )

    async def _tell_arrival(self, number: int, source: int, now: float) -> None:
        self._feedback.add(number, int(now * 1_000_000))
        if now - self._feedback_at < FEEDBACK_EVERY_S or self._own_ssrc is None:
            return
        self._feedback_at = now
        while (message := self._feedback.build(self._own_ssrc, source)) is not None:
            await self._send(message)

    async def _tick(self) -> None:
        """Repeats what must be repeated while no packet comes to set it off."""
        report_at = time.monotonic() + 0.3
        while True:
            busy = self.nack.waiting or self._keyframes.pending
            await asyncio.sleep(ASK_EVERY_S if busy else IDLE_TICK_S)
            now = time.monotonic()
            if self.nack.waiting and self._source is not None:
                await self._ask_for_lost(self._source, now)
            if self._source is not None and self._keyframes.due(now):
                await self._ask_for_keyframe()
            if now >= report_at:
                report_at = now + REPORT_EVERY_S * random.uniform(0.7, 1.3)  # noqa: S311 - no secret in it
                await self._report(now)

    async def _report(self, now: float) -> None:
        """A receiver report, and with video the bitrate that we allow."""
        if self._own_ssrc is None or not self.streams:
            return
        data = bytes(
            RtcpRrPacket(
                ssrc=self._own_ssrc,
                reports=[self._report_on(ssrc, stream, now) for ssrc, stream in self.streams.items()],
            )
        )
        if self.kind == "video" and self._source is not None:
            allowed = bitrate_to_allow(each.limit.bitrate for each in self.downstream if each.is_heeded)
            fci = pack_remb_fci(allowed, [self._source])
            data += bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self._own_ssrc, media_ssrc=0, fci=fci))
        await self._send(data)

    def _report_on(self, ssrc: int, stream: StreamStatistics, now: float) -> RtcpReceiverInfo:
        ntp, came = self._reports.get(ssrc, (0, now))
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=stream.fraction_lost,
            packets_lost=stream.packets_lost,
            highest_sequence=(stream.cycles + (stream.max_seq or 0)) & 0xFFFFFFFF,
            jitter=stream.jitter,
            lsr=(ntp >> 16) & 0xFFFFFFFF,
            dlsr=min(int((now - came) * 65536), 0xFFFFFFFF),
        )

    async def _send(self, data: bytes) -> None:
        try:  # noqa: SIM105 - suppress() costs as much again, at hundreds of packets a second
            await self.transport._send_rtp(data)
        except ConnectionError:
            pass  # the party is gone; the connection's state says so elsewhere
