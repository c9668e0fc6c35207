"""Parties that send ready-made pictures and sound, so that a load costs little beside what it loads.

ICE and DTLS are aiortc's. When they stand, the party sends and takes in datagrams by itself: each
packet is given its header and encrypted once; of one that arrives the header is read, which SRTP leaves
open, and its last octets, where a party writes when it sent it. As browsers do, a party reports once a
second (sender and receiver reports, REMB), answers requests for keyframes and lost packets, and numbers
its packets for transport-cc. Chance spreads the parties' pictures over time.
"""

import asyncio
import contextlib
import random
import re
import struct
import time

import aiortc.rtcpeerconnection
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.clock import current_ntp_time
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    pack_remb_fci,
)

from bench.relay_clips import RATE, bitrate_of

TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
TRANSPORT_CC_ID = 5  # in our offers; the other numbers are aiortc's own
MID_ID, LEVEL_ID, SEND_TIME_ID = 1, 2, 3
PER_SECOND, CLOCK = {"audio": 50, "video": RATE}, {"audio": 48000, "video": 90000}
STAMP = struct.Struct("!4sd")  # when it was sent, at the end of a payload
STAMPED = b"sent"
HISTORY = 512
ALLOWANCE = 1.25  # times what the clip takes: the bitrate that each party says it can take in


class SilentSender(RTCRtpSender):
    """Keeps what was agreed on, and leaves sending to the party."""

    async def send(self, parameters):
        self.parameters = parameters


class SilentReceiver(RTCRtpReceiver):
    """Leaves taking in to the party."""

    async def receive(self, parameters):
        self.parameters = parameters


@contextlib.contextmanager
def silent():
    """While open, new connections neither send nor take in anything by themselves."""
    module = aiortc.rtcpeerconnection
    originals = module.RTCRtpSender, module.RTCRtpReceiver
    module.RTCRtpSender, module.RTCRtpReceiver = SilentSender, SilentReceiver
    try:
        yield
    finally:
        module.RTCRtpSender, module.RTCRtpReceiver = originals


class Incoming:
    """What arrived of one source."""

    def __init__(self, first):
        self.first = self.highest = first
        self.packets = 0

    def add(self, sequence):
        ahead = (sequence - self.highest + 0x8000 & 0xFFFF) - 0x8000
        self.highest += max(ahead, 0)
        self.packets += 1

    @property
    def lost(self):
        return max(0, self.highest - self.first + 1 - self.packets)


class Outgoing:
    """What one party sends of one kind."""

    def __init__(self, kind, clip, sender):
        self.kind, self.clip, self.sender = kind, clip, sender
        self.sequence, self.timestamp = random.getrandbits(15), random.getrandbits(31)
        self.place = random.randrange(len(clip))
        self.packets = self.octets = 0
        self.wants_keyframe = kind == "video"
        self.history = {}

    def next(self):
        while self.wants_keyframe and not self.clip[self.place][1]:
            self.place = (self.place + 1) % len(self.clip)
        self.wants_keyframe = False
        payloads, _ = self.clip[self.place]
        self.place = (self.place + 1) % len(self.clip)
        self.timestamp = (self.timestamp + CLOCK[self.kind] // PER_SECOND[self.kind]) & 0xFFFFFFFF
        return payloads


class Party:
    """One side of a call. `stamps`: whether packets say when they were sent."""

    def __init__(self, clip, *, stamps=True):
        self.pictures = self.sounds = self.asked_again = 0
        self.late_s = 0.0  # the worst that this generator was behind its own schedule
        self.delays = []  # seconds from sending to arrival
        self.incoming = {}
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._clip, self._stamps = clip, stamps
        self._estimate = int(ALLOWANCE * bitrate_of(clip))
        self._timers, self._outgoing, self._transport_number = {}, [], 0
        self._transport_cc = None

    @property
    def lost(self):
        return sum(source.lost for source in self.incoming.values())

    async def offer(self):
        with silent():
            for kind in ("audio", "video"):
                self.connection.addTransceiver(kind)
        self._prefer_vp8()
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return with_transport_cc(self.connection.localDescription.sdp, TRANSPORT_CC_ID)

    async def answer(self, offer):
        with silent():
            await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in self.connection.getTransceivers():
            transceiver.direction = "sendrecv"
        self._prefer_vp8()
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        self._transport_cc = transport_cc_in(offer)
        answer = self.connection.localDescription.sdp
        self._start_when_connected()
        return with_transport_cc(answer, self._transport_cc) if self._transport_cc else answer

    async def answered(self, sdp):
        self._transport_cc = transport_cc_in(sdp)
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self._start_when_connected()

    async def close(self):
        for timer in self._timers.values():
            timer.cancel()
        await self.connection.close()

    def _prefer_vp8(self):
        for transceiver in self.connection.getTransceivers():
            if transceiver.kind == "video":
                known = RTCRtpReceiver.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in known if c.name in ("VP8", "rtx")])

    def _start_when_connected(self):
        self._starting = asyncio.create_task(self._start())

    async def _start(self):
        senders = self.connection.getSenders()
        while not all(hasattr(sender, "parameters") for sender in senders):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        self._dtls = senders[0].transport
        self._pair = next(iter(self._dtls.transport._connection._nominated.values()))
        self._others = self._pair.protocol.datagram_received
        self._pair.protocol.datagram_received = self._take
        self._loop = asyncio.get_running_loop()
        self._outgoing = [Outgoing(sender.kind, self._clip[sender.kind], sender) for sender in senders]
        for out in self._outgoing:
            codec = out.sender.parameters.codecs[0]
            out.payload_type, out.mid = codec.payloadType, out.sender.parameters.muxId.encode()
            self._schedule(out, self._loop.time() + random.random() / PER_SECOND[out.kind])
        self._timers["report"] = self._loop.call_later(random.random(), self._report)

    def _schedule(self, out, due):
        self._timers[out.kind] = self._loop.call_at(due, self._send_next, out, due)

    def _send_next(self, out, due):
        self.late_s = max(self.late_s, self._loop.time() - due)
        payloads = out.next()
        for number, payload in enumerate(payloads):
            self._send_packet(out, payload, number == len(payloads) - 1)
        self._schedule(out, due + 1 / PER_SECOND[out.kind])

    def _send_packet(self, out, payload, is_last):
        extensions = bytes([MID_ID << 4 | len(out.mid) - 1]) + out.mid
        if out.kind == "audio":
            extensions += bytes([LEVEL_ID << 4, 40])
        else:
            send_time = int(time.time() * (1 << 18)) & 0xFFFFFF
            extensions += bytes([SEND_TIME_ID << 4 | 2]) + send_time.to_bytes(3, "big")
            if self._transport_cc:
                extensions += struct.pack("!BH", self._transport_cc << 4 | 1, self._transport_number)
                self._transport_number = (self._transport_number + 1) & 0xFFFF
        extensions += bytes(-len(extensions) % 4)
        out.sequence = (out.sequence + 1) & 0xFFFF
        second = out.payload_type | (0x80 if is_last and out.kind == "video" else 0)
        header = struct.pack(
            "!BBHLLHH",
            0x90,
            second,
            out.sequence,
            out.timestamp,
            out.sender._ssrc,
            0xBEDE,
            len(extensions) // 4,
        )
        if self._stamps and len(payload) > STAMP.size + 8:
            payload = payload[: -STAMP.size] + STAMP.pack(STAMPED, time.monotonic())
        out.packets += 1
        out.octets += len(payload)
        packet = header + extensions + payload
        out.history[out.sequence] = packet
        out.history.pop((out.sequence - HISTORY) & 0xFFFF, None)
        self._transmit(self._dtls._tx_srtp.protect(packet))

    def _transmit(self, datagram):
        if not self._pair.protocol.transport.is_closing():
            self._pair.protocol.transport.sendto(datagram, self._pair.remote_addr)

    def _take(self, data, address):
        if not 127 < data[0] < 192:  # STUN, DTLS
            self._others(data, address)
        elif 191 < data[1] < 209:
            self._take_feedback(self._dtls._rx_srtp.unprotect_rtcp(data))
        else:
            now = time.monotonic()
            data = self._dtls._rx_srtp.unprotect(data)
            second, sequence, _, ssrc = struct.unpack_from("!xBHLL", data)
            source = self.incoming.get(ssrc)
            if source is None:
                source = self.incoming[ssrc] = Incoming(sequence)
            source.add(sequence)
            if second & 0x7F == self._outgoing[0].payload_type:
                self.sounds += 1
            else:
                self.pictures += second >> 7
            mark, sent = STAMP.unpack(data[-STAMP.size :])
            if mark == STAMPED:
                self.delays.append(now - sent)

    def _take_feedback(self, data):
        for packet in RtcpPacket.parse(data):
            if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
                for out in self._outgoing:
                    out.wants_keyframe = out.kind == "video"
            elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
                self.asked_again += len(packet.lost)
                for out in self._outgoing:
                    for sequence in packet.lost if out.sender._ssrc == packet.media_ssrc else ():
                        if sequence in out.history:
                            self._transmit(self._dtls._tx_srtp.protect(out.history[sequence]))

    def _report(self):
        self._timers["report"] = self._loop.call_later(1.0, self._report)
        video = next(out.sender._ssrc for out in self._outgoing if out.kind == "video")
        received = [
            RtcpReceiverInfo(
                ssrc=ssrc,
                fraction_lost=0,
                packets_lost=source.lost,
                highest_sequence=source.highest,
                jitter=0,
                lsr=0,
                dlsr=0,
            )
            for ssrc, source in self.incoming.items()
        ]
        data = bytes(RtcpRrPacket(ssrc=video, reports=received[:31]))
        fci = pack_remb_fci(self._estimate, list(self.incoming))
        data += bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=video, media_ssrc=0, fci=fci))
        self._transmit(self._dtls._tx_srtp.protect_rtcp(data))
        for out in self._outgoing:
            clocks = RtcpSenderInfo(
                ntp_timestamp=current_ntp_time(),
                rtp_timestamp=out.timestamp,
                packet_count=out.packets,
                octet_count=out.octets,
            )
            report = RtcpSrPacket(ssrc=out.sender._ssrc, sender_info=clocks)
            self._transmit(self._dtls._tx_srtp.protect_rtcp(bytes(report)))


def with_transport_cc(sdp, number):
    """The description with transport-cc for pictures, which aiortc doesn't know."""
    head, mark, video = sdp.partition("m=video")
    if not mark:
        return sdp
    payload_type = re.search(r"a=rtpmap:(\d+) VP8", video).group(1)
    lines = f"a=extmap:{number} {TRANSPORT_CC}\r\na=rtcp-fb:{payload_type} transport-cc\r\n"
    return head + mark + re.sub(r"(a=mid:[^\r]*\r\n)", r"\g<1>" + lines, video, count=1)


def transport_cc_in(sdp):
    """The number under which pictures' packets say which of the transport's they are, or None."""
    found = re.search(rf"a=extmap:(\d+)[^ ]* {re.escape(TRANSPORT_CC)}", sdp.partition("m=video")[2])
    return int(found.group(1)) if found else None
