"""What a recorder sees of a call as it passes through: the contract between relay and recorder.

A tap is attached to one receiver (one kind of media of one party's connection) and is handed every
RTP packet once, decrypted, after duplicates were dropped, in order of arrival: gaps may be filled
later by retransmissions. What is described here is what `video.relay` hands over; nothing here
depends on the library below it.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

MediaKind = Literal["audio", "video"]


class TappedPacket(Protocol):
    """An RTP packet (RFC 3550, section 5.1). A tap reads it and never changes it."""

    @property
    def ssrc(self) -> int:
        """The source; another one on the same receiver means another encoder, with another clock."""

    @property
    def sequence_number(self) -> int:
        """16 bits."""

    @property
    def timestamp(self) -> int:
        """32 bits, in units of the codec's clock rate."""

    @property
    def marker(self) -> int:
        """1 on the last packet of a picture."""

    @property
    def payload(self) -> bytes:
        """With the codec's payload descriptor; empty in packets that only pad."""


class TappedCodec(Protocol):
    """What the payload holds."""

    @property
    def name(self) -> str:
        """`VP8`, `H264` or `opus`."""

    @property
    def clockRate(self) -> int:  # noqa: N802 - WebRTC's own name, as aiortc spells it
        """Units of the timestamp in a second."""


class SenderInfo(Protocol):
    """What a sender says about its clocks (RFC 3550, section 6.4.1)."""

    @property
    def ntp_timestamp(self) -> int:
        """The sender's wall clock, 32.32 bits since 1900."""

    @property
    def rtp_timestamp(self) -> int:
        """The same moment on the clock of the stream."""


class SenderReport(Protocol):
    """An RTCP sender report."""

    @property
    def ssrc(self) -> int:
        """Whose clocks they are."""

    @property
    def sender_info(self) -> SenderInfo:
        """Both clocks at one moment."""


class Tap(Protocol):
    """Gets what arrives at one receiver. Must return soon: all calls of the process wait meanwhile."""

    def on_rtp(
        self, receiver: "TappedReceiver", packet: TappedPacket, codec: TappedCodec, arrival: int
    ) -> None:
        """A packet arrived at `arrival`, in milliseconds since 1900 on the server's clock."""

    def on_sender_report(self, receiver: "TappedReceiver", report: SenderReport) -> None:
        """The sender said how its RTP clock and its wall clock go together."""


class TappedReceiver(Protocol):
    """The receiver as a tap sees it."""

    @property
    def kind(self) -> MediaKind:
        """Sound or picture."""

    def add_tap(self, tap: Tap) -> None:
        """From now on `tap` gets what arrives."""

    def remove_tap(self, tap: Tap) -> None:
        """`tap` gets nothing more; one that isn't attached is no mistake."""

    def request_keyframe(self) -> None:
        """Asks the sender for a picture that stands by itself: soon, and at most one per half second."""


class Recorder(Protocol):
    """Records one call. Made by whoever runs the relay, one for each call that is recorded."""

    def tap(self, party: str, receiver: TappedReceiver) -> None:
        """Attaches a tap to this receiver. A party that rejoins brings new receivers."""

    async def close(self) -> None:
        """Finishes what is being written and detaches its taps; closing twice is no mistake."""

    def stats(self) -> Mapping[str, object]:
        """Figures: bytes and frames written, packets lost; `state` is `recording` until it gives up."""


class OpenRecorder(Protocol):
    """Makes the recorder of a call."""

    def __call__(self, call_id: str) -> Recorder:
        """A recorder that has opened nothing yet that would stop others."""
