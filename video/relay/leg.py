"""Opens and closes the connection of one party: negotiates, and puts our receivers and senders in."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import Final, Literal

import aioice.ice
import aiortc.rtcpeerconnection as aiortc_connection
import structlog
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecCapability
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.sdp import MediaDescription, SessionDescription

from core.errors import InvalidInput
from video.legs import Leg
from video.relay.private_api import refuse_another_library
from video.relay.receiver import RelayReceiver
from video.relay.sender import RelaySender
from video.relay.transport import RelayTransport
from video.rtp_packet import TRANSPORT_CC_URI
from video.session_description import admit_offer, announce, offered_kinds

VideoCodec = Literal["vp8", "h264"]

KINDS: Final = ("audio", "video")
TRANSPORT_CC: Final = RTCRtcpFeedback(type="transport-cc")
# Browsers send several profiles; with one alone, both parties have the same.
H264_PROFILE: Final = "42e01f"  # constrained baseline, level 3.1
# Forward error correction inside Opus is sent only to those who ask for it (RFC 7587, section 6.1).
OPUS_PARAMETERS: Final[Mapping[str, int | str | None]] = {"minptime": 10, "useinbandfec": 1}
OUR_PARTS: Final = {
    "RTCDtlsTransport": RelayTransport,
    "RTCRtpReceiver": RelayReceiver,
    "RTCRtpSender": RelaySender,
}
OVER: Final = frozenset({"failed", "closed"})
CONNECT_WITHIN_S: Final = 30.0

log = structlog.get_logger(__name__)

refuse_another_library()


class RelayLeg:
    """One party's connection. Fulfils `video.legs.Leg`; make one with `answer_offer`."""

    def __init__(
        self, connection: RTCPeerConnection, public: Mapping[str, str], *, sends: bool = True
    ) -> None:
        self._connection = connection
        self.answer = announce(connection.localDescription.sdp, public)
        pictures = [each for each in self.senders if each.kind == "video"]
        for each in pictures:
            each.beside = tuple(other for other in pictures if other is not each)
            each.is_heeded = sends

    @property
    def receivers(self) -> Sequence[RelayReceiver]:
        """What the party sends: one of each kind of media, or nothing."""
        return [
            each.receiver
            for each in self._connection.getTransceivers()
            if each.direction == "sendrecv" and isinstance(each.receiver, RelayReceiver)
        ]

    @property
    def senders(self) -> Sequence[RelaySender]:
        """What is sent to the party; of each kind of media the first belongs to the first seat."""
        return [each for each in self._connection.getSenders() if isinstance(each, RelaySender)]

    def receive_from(self, others: Sequence[Leg | None]) -> None:
        """From now on this party gets what these send, each in its seat; None: that seat is empty."""
        for kind in KINDS:
            senders = [each for each in self.senders if each.kind == kind]
            for sender, other in zip_longest(senders, others[: len(senders)]):
                offered = other.receivers if isinstance(other, RelayLeg) else ()
                sender.follow(next((each for each in offered if each.kind == kind), None))

    def stats(self) -> Mapping[str, object]:
        """Figures of the connection, for people."""
        figures: dict[str, object] = {"state": self._connection.connectionState}
        for receiver in self.receivers:
            figures[f"{receiver.kind}_in"] = {
                **asdict(receiver.counts),
                "lost": sum(stream.packets_lost for stream in receiver.streams.values()),
                "asked_again": receiver.nack.asked,
                "never_came": receiver.nack.given_up,
            }
        seats: Counter[str] = Counter()
        for sender in self.senders:
            seats[sender.kind] += 1
            seat = seats[sender.kind]
            if seat > 1 and not sender.counts.packets:
                continue  # a seat that nobody has taken
            figures[f"{sender.kind}_out{'' if seat == 1 else seat}"] = {
                **asdict(sender.counts),
                "codec": sender.codec_name,
                "limited_to": sender.limit.bitrate,
            }
        return figures

    async def close(self) -> None:
        """Ends the connection; closing twice is no mistake."""
        await self._connection.close()


class LegOpener:
    """Answers offers with this codec for pictures. Fulfils `video.legs.OpenLeg`.

    `public` maps local addresses to those that browsers know them by.
    """

    def __init__(self, video_codec: VideoCodec, public: Mapping[str, str] | None = None) -> None:
        self._video_codec = video_codec
        self._public = public or {}

    async def __call__(self, offer: str, *, seats: int, sends: bool, on_end: Callable[[], None]) -> RelayLeg:
        """A leg that answers the offer. Raises InvalidInput for one that can't be answered."""
        admitted = admit_offer(offer, seats=seats)
        # Without an explicit empty list, aiortc asks a public STUN server on the Internet.
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        try:
            # In the order of the offer: aiortc would close the shared transport of any other.
            seen: set[str] = set()
            for kind in offered_kinds(admitted):
                # The party sends by the first of each kind; the others are seats for who else is there.
                direction = "sendrecv" if sends and kind not in seen else "sendonly"
                seen.add(kind)
                with _our_parts():
                    transceiver = connection.addTransceiver(kind, direction)
                codec = "opus" if kind == "audio" else self._video_codec
                transceiver.setCodecPreferences(_preferred(kind, codec))
            await self._negotiate(connection, admitted)
        except BaseException:
            await connection.close()
            raise
        _watch(connection, on_end)
        return RelayLeg(connection, self._public, sends=sends)

    async def _negotiate(self, connection: RTCPeerConnection, offer: str) -> None:
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
            _agree_on_more(connection, SessionDescription.parse(offer).media)
            await connection.setLocalDescription(await connection.createAnswer())
        except Exception as error:
            # aiortc reads what a stranger sent, and fails on nonsense in ways of its own.
            log.info("offer_refused", reason=type(error).__name__)
            raise InvalidInput(f"the offer can't be answered: {type(error).__name__}") from error
        if not connection.localDescription.sdp.count("a=candidate:"):
            raise OSError("no address or port for media")


def _watch(connection: RTCPeerConnection, on_end: Callable[[], None]) -> None:
    """Has `on_end` called once, when the connection is over or doesn't come about in time."""
    ended = False

    def end() -> None:
        nonlocal ended
        deadline.cancel()
        if not ended:
            ended = True
            on_end()

    def follow() -> None:
        if connection.connectionState in OVER:
            end()
        elif connection.connectionState == "connected":
            deadline.cancel()

    # Browsers don't say that they have no more addresses, so ICE by itself would wait for ever.
    deadline = asyncio.get_running_loop().call_later(CONNECT_WITHIN_S, end)
    connection.on("connectionstatechange", follow)


@contextlib.contextmanager
def offering(addresses: Sequence[str]) -> Iterator[None]:
    """While open, this process offers these addresses for media, and no others; none: as aioice does.

    aioice has no setting for it and leaves out loopback, which tests and single machines need.
    """
    if not addresses:
        yield
        return
    original = aioice.ice.get_host_addresses
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: list(addresses)
    try:
        yield
    finally:
        aioice.ice.get_host_addresses = original


@contextlib.contextmanager
def _our_parts() -> Iterator[None]:
    """While open, a connection gets our receivers and senders. Nothing may be awaited meanwhile."""
    names = vars(aiortc_connection)
    originals = {name: names[name] for name in OUR_PARTS}
    names.update(OUR_PARTS)
    try:
        yield
    finally:
        names.update(originals)


def _preferred(kind: str, codec: str) -> list[RTCRtpCodecCapability]:
    """That codec alone, and retransmissions."""
    capabilities = RTCRtpReceiver.getCapabilities(kind)
    assert capabilities is not None  # for these two kinds there are
    return [
        each
        for each in capabilities.codecs
        if each.name == "rtx"
        or (each.name.lower() == codec and each.parameters.get("profile-level-id") in (None, H264_PROFILE))
    ]


def _agree_on_more(connection: RTCPeerConnection, offered: Sequence[MediaDescription]) -> None:
    """Accepts of the offer what we can do beside aiortc: transport-cc for pictures, FEC for sound."""
    for media in offered:
        for transceiver in connection.getTransceivers():
            if transceiver.mid != media.rtp.muxId:
                continue
            if media.kind == "audio":
                for codec in transceiver._codecs:
                    if codec.name == "opus":
                        codec.parameters.update(OPUS_PARAMETERS)
                continue
            extensions = [each for each in media.rtp.headerExtensions if each.uri == TRANSPORT_CC_URI]
            able = {each.payloadType for each in media.rtp.codecs if TRANSPORT_CC in each.rtcpFeedback}
            if not extensions or not able:
                continue
            transceiver._headerExtensions.extend(extensions)
            for codec in transceiver._codecs:
                if codec.payloadType in able:
                    codec.rtcpFeedback.append(TRANSPORT_CC)
