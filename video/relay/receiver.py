"""Takes in the RTP of one party: statistics, losses, keyframes, bitrate; hands each packet on at once."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any, Protocol, cast

import structlog
from aiortc.clock import current_ms
from aiortc.codecs import is_rtx
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
    pack_remb_fci,
)

from core.ending import end_tasks
from video.keyframe_throttle import KeyframeThrottle
from video.nack_schedule import ASK_EVERY_S, NackSchedule
from video.relay.transport import RelayTransport
from video.remb import DownstreamLimit, bitrate_to_allow
from video.rtp_packet import RTX_HEADER, RtpPacket
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

    def forward(self, packet: RtpPacket, codec: RTCRtpCodecParameters) -> None:
        """Sends the packet on."""

    def forward_report(self, report: RtcpSrPacket) -> None:
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

    def __init__(self, kind: str, transport: RelayTransport) -> None:
        super().__init__(kind, transport)
        self._transport = transport
        self.kind: MediaKind = cast("MediaKind", kind)
        self.downstream: list[Downstream] = []
        self.counts = ReceiverCounts()
        self.streams: dict[int, StreamStatistics] = {}
        self.nack = NackSchedule()
        self._taps: list[Tap] = []
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._retransmissions: set[int] = set()  # payload types
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

    def request_keyframe(self) -> None:
        """Asks for a keyframe now, or as soon as the throttle lets through and there is whom to ask."""
        if self.kind != "video":
            return
        if self._source is None:
            self._keyframes.pending = True
        elif self._keyframes.request(time.monotonic()):
            self._ask_for_keyframe()

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
        self._retransmissions = {number for number, codec in self._codecs.items() if is_rtx(codec)}
        self._media_ssrc_of = {each.rtx.ssrc: each.ssrc for each in parameters.encodings if each.rtx}
        self._transport.agree(parameters)
        self._transport._register_rtp_receiver(self, parameters)
        self._ticking = asyncio.create_task(self._tick(), name=f"relay-{self.kind}-feedback")

    async def stop(self) -> None:
        """Ends for good."""
        if self._ticking is not None:
            self._transport._unregister_rtp_receiver(self)
            await end_tasks([self._ticking])
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
            downstream.forward_report(packet)
        for tap in list(self._taps):
            try:
                tap.on_sender_report(self, packet)
            except Exception:
                self._drop_tap(tap)

    # --- as the transport sees it ---

    def take(self, packet: RtpPacket) -> None:
        """A packet has arrived: counts it, asks for what is missing, hands it on."""
        now = time.monotonic()
        if packet.transport_number is not None:
            self._tell_arrival(packet.transport_number, packet.ssrc, now)
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not self._enabled:
            return
        stream = self.streams.get(packet.ssrc)
        if stream is None:
            if len(self.streams) >= MOST_SOURCES:
                return
            stream = self.streams[packet.ssrc] = StreamStatistics(codec.clockRate)
        stream.add(packet)  # type: ignore[arg-type]  # it reads two numbers
        if packet.payload_type in self._retransmissions:
            recovered = self._recover(packet, codec)
            if recovered is None:
                return
            packet, codec = recovered
        self.counts.packets += 1
        self.counts.octets += len(packet.payload)
        if self.kind == "video":
            self._watch_for_losses(packet, now)
        self._source = packet.ssrc
        for downstream in self.downstream:
            downstream.forward(packet, codec)
        if self._taps:
            self._tap(packet, codec)

    # --- what happens inside ---

    def _tap(self, packet: RtpPacket, codec: RTCRtpCodecParameters) -> None:
        arrival = current_ms()
        for tap in list(self._taps):
            try:
                tap.on_rtp(self, packet, codec, arrival)
            except Exception:
                self._drop_tap(tap)

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
        if ssrc is None or media_codec is None or len(packet.payload) < RTX_HEADER:
            return None  # browsers probe the line with empty retransmissions
        assert isinstance(payload_type, int)  # since there is a codec of that number
        original = packet.retransmitted(ssrc, payload_type)
        if not self.nack.is_missing(original.sequence_number):
            return None
        self.counts.recovered += 1
        return original, media_codec

    def _watch_for_losses(self, packet: RtpPacket, now: float) -> None:
        if packet.ssrc != self._source:
            self.nack.restart()
        if self.nack.received(packet.sequence_number, now):
            self._ask_for_lost(packet.ssrc, now)

    def _ask_for_lost(self, source: int, now: float) -> None:
        lost = self.nack.due(now)
        if lost and self._own_ssrc is not None:
            request = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._own_ssrc, media_ssrc=source)
            request.lost = lost
            self._transport.send_feedback(bytes(request))

    def _ask_for_keyframe(self) -> None:
        if self._own_ssrc is None or self._source is None:
            return
        self.counts.keyframes_asked += 1
        self._transport.send_feedback(
            bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._own_ssrc, media_ssrc=self._source))
        )

    def _tell_arrival(self, number: int, source: int, now: float) -> None:
        self._feedback.add(number, int(now * 1_000_000))
        if now - self._feedback_at < FEEDBACK_EVERY_S or self._own_ssrc is None:
            return
        self._feedback_at = now
        while (message := self._feedback.build(self._own_ssrc, source)) is not None:
            self._transport.send_feedback(message)

    async def _tick(self) -> None:
        """Repeats what must be repeated while no packet comes to set it off."""
        report_at = time.monotonic() + 0.3
        while True:
            busy = self.nack.waiting or self._keyframes.pending
            await asyncio.sleep(ASK_EVERY_S if busy else IDLE_TICK_S)
            now = time.monotonic()
            if self.nack.waiting and self._source is not None:
                self._ask_for_lost(self._source, now)
            if self._source is not None and self._keyframes.due(now):
                self._ask_for_keyframe()
            if now >= report_at:
                report_at = now + REPORT_EVERY_S * random.uniform(0.7, 1.3)  # noqa: S311 - no secret in it
                self._report(now)

    def _report(self, now: float) -> None:
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
        self._transport.send_feedback(data)

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
