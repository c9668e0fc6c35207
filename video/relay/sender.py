"""Sends on to one party what another's receiver takes in, as one unbroken stream."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiortc.codecs import is_rtx
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpSendParameters
from aiortc.rtcrtpsender import RTCRtpSender, random_sequence_number
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)

from video.packet_history import PacketHistory
from video.relay.receiver import RelayReceiver
from video.relay.transport import RelayTransport
from video.remb import DownstreamLimit
from video.rtp_mapping import StreamMapping
from video.rtp_packet import PacketWriter, RtpPacket, as_retransmission

CNAME = 1  # an SDES item (RFC 3550, section 6.5.1)


@dataclass(slots=True)
class SenderCounts:
    """What happened since the connection was made."""

    packets: int = 0
    octets: int = 0
    asked_again: int = 0
    sent_again: int = 0
    keyframes_asked: int = 0
    lost: int = 0  # as the party reports it


class RelaySender(RTCRtpSender):
    """One kind of media towards one party."""

    def __init__(self, trackOrKind: MediaStreamTrack | str, transport: RelayTransport) -> None:  # noqa: N803 - aiortc's name
        super().__init__(trackOrKind, transport)
        self._transport = transport
        self.limit = DownstreamLimit()
        self.counts = SenderCounts()
        self.beside: Sequence[RelaySender] = ()
        """What else of this kind goes to the same party, and shares its line."""
        self.is_heeded = True
        """Whether who sends goes by what this party can take; a listener's bad line harms nobody else."""
        self._upstream: RelayReceiver | None = None
        self.codec_name = ""
        """The codec that was agreed on; empty before that."""
        self._writer: PacketWriter | None = None  # None: not started, or stopped
        self._cname = ""
        self._mapping = StreamMapping(
            first_sequence=random_sequence_number(), first_timestamp=random.getrandbits(32)
        )
        self._history = PacketHistory()
        self._rtx_payload_type: int | None = None
        self._rtx_sequence = random_sequence_number()

    def follow(self, upstream: RelayReceiver | None) -> None:
        """Sends on what this receiver takes in, and nothing else any more; None: sends nothing."""
        if self._upstream is upstream:
            return
        if self._upstream is not None:
            self._upstream.downstream.remove(self)
        self._upstream = upstream
        self._mapping.leave()
        self.limit = DownstreamLimit()
        if upstream is not None:
            upstream.downstream.append(self)
            if self._writer is not None:  # else `send` asks: a keyframe that comes before is lost
                upstream.request_keyframe()

    # --- as the receiver upstream sees it ---

    def forward(self, packet: RtpPacket, codec: RTCRtpCodecParameters) -> None:
        """Sends the packet on under our own numbers; one of another codec than agreed is dropped."""
        if self._writer is None or codec.name != self.codec_name:
            return
        now = time.monotonic()
        if packet.ssrc != self._mapping.source:
            self._mapping.follow(
                packet.ssrc, packet.sequence_number, packet.timestamp, clock_rate=codec.clockRate, now=now
            )
        mapped = self._mapping.outgoing(packet.sequence_number, packet.timestamp, now=now)
        if mapped is None:
            return
        sequence, timestamp = mapped
        data = self._writer.write(packet, sequence, timestamp, time.time())
        if self.kind == "video":  # lost sound is mended by Opus itself
            self._history.keep(sequence, data)
        self.counts.packets += 1
        self.counts.octets += len(packet.payload)
        self._transport.send_packet(data)

    def forward_report(self, report: RtcpSrPacket) -> None:
        """The source's clocks, with our timestamps: so sound and picture stay in step end to end."""
        if self._writer is None or report.ssrc != self._mapping.source:
            return
        info = RtcpSenderInfo(
            ntp_timestamp=report.sender_info.ntp_timestamp,
            rtp_timestamp=self._mapping.timestamp(report.sender_info.rtp_timestamp),
            packet_count=self.counts.packets & 0xFFFFFFFF,
            octet_count=self.counts.octets & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self._ssrc, items=[(CNAME, self._cname.encode())])
        self._transport.send_feedback(
            bytes(RtcpSrPacket(ssrc=self._ssrc, sender_info=info)) + bytes(RtcpSdesPacket(chunks=[name]))
        )

    # --- as aiortc's peer connection sees it ---

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Starts; called when the connection is secured."""
        if self._writer is not None:
            return
        codec = parameters.codecs[0]
        self.codec_name = codec.name
        self._cname = parameters.rtcp.cname or ""
        again = (
            each.payloadType
            for each in parameters.codecs
            if is_rtx(each) and each.parameters.get("apt") == codec.payloadType
        )
        self._rtx_payload_type = next(again, None)
        numbers = self._transport.agree(parameters)
        self._writer = PacketWriter(self._ssrc, codec.payloadType or 0, parameters.muxId, numbers)
        self._transport._register_rtp_sender(self, parameters)
        if self._upstream is not None:
            self._upstream.request_keyframe()

    async def stop(self) -> None:
        """Ends for good."""
        self.follow(None)
        if self._writer is not None:
            self._writer = None
            self._transport._unregister_rtp_sender(self)
            self._transport.send_feedback(bytes(RtcpByePacket(sources=[self._ssrc])))
        self._history.clear()

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            for sequence in packet.lost:
                self._send_again(sequence)
        elif isinstance(packet, RtcpPsfbPacket):
            self._handle_payload_feedback(packet)
        elif isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self.counts.lost = report.packets_lost

    def _handle_payload_feedback(self, packet: RtcpPsfbPacket) -> None:
        if packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            self.counts.keyframes_asked += 1
            if self._upstream is not None:
                self._upstream.request_keyframe()
        elif packet.fmt == RTCP_PSFB_APP:
            try:
                bitrate, sources = unpack_remb_fci(packet.fci)
            except ValueError:
                return
            if self._ssrc in sources:
                self.limit.report(
                    bitrate,
                    octets_sent=self.counts.octets,
                    octets_beside=sum(each.counts.octets for each in self.beside),
                    now=time.monotonic(),
                )

    def _send_again(self, sequence: int) -> None:
        self.counts.asked_again += 1
        data = self._history.find(sequence)
        if data is None:
            return  # lost on the way to us as well: our own request for it is under way
        if self._rtx_payload_type is not None:
            data = as_retransmission(
                data,
                ssrc=self._rtx_ssrc,
                payload_type=self._rtx_payload_type,
                sequence=self._rtx_sequence,
            )
            self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        self.counts.sent_again += 1
        self._transport.send_packet(data)
