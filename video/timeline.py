"""When a frame was made, on the server's clock: what keeps lips in step and parties beside each other.

Each stream counts on a clock of its own from a random start. Sender reports (RFC 3550, section 6.4.1)
tie these clocks to one wall clock of the sender, so a party's sound and picture are set against each
other exactly; the sender's wall clock is set against the server's by the fastest packet seen. Until
reports come, the arrivals of the fastest packets stand in for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
# The wall clock of a phone may be set during a call. Drift between two reports stays far below this.
CLOCK_STEP = 0.5


@dataclass(slots=True)
class _Stream:
    rate: int
    latest: int = 0
    fastest: float | None = None  # server's clock minus the stream's, of the fastest packet
    wall: float = 0.0  # the sender's wall clock at…
    timestamp: int | None = None  # …this timestamp, from its last report
    correction: float = 0.0  # takes back the steps of the sender's wall clock

    @property
    def is_tied(self) -> bool:
        return self.timestamp is not None and self.fastest is not None


class Timeline:
    """One connection of one party. Times are in seconds since 1970."""

    def __init__(self, rates: Mapping[str, int]) -> None:
        self._streams = {kind: _Stream(rate) for kind, rate in rates.items()}
        self._offset: float | None = None  # server's clock minus the sender's wall clock

    def arrived(self, kind: str, timestamp: int, at: float) -> None:
        """A frame with this (extended) timestamp was there at that moment."""
        stream = self._streams[kind]
        stream.latest = timestamp
        ahead = at - timestamp / stream.rate
        stream.fastest = ahead if stream.fastest is None else min(stream.fastest, ahead)

    def report(self, kind: str, ntp: int, timestamp: int) -> None:
        """The sender said what its wall clock showed at that (32-bit) timestamp."""
        stream = self._streams[kind]
        wall = ntp / 2**32 - NTP_EPOCH
        if stream.timestamp is not None:
            expected = stream.wall + _between(stream.timestamp, timestamp) / stream.rate
            if abs(wall - expected) > CLOCK_STEP:
                stream.correction += expected - wall
        stream.wall, stream.timestamp = wall, timestamp

    def forget(self, kind: str) -> None:
        """The stream was replaced by another one, which counts from another start."""
        self._streams[kind] = _Stream(self._streams[kind].rate)

    def has_report(self, kind: str) -> bool:
        """Whether the stream's clock is tied to the sender's."""
        return self._streams[kind].timestamp is not None

    def time_of(self, kind: str, timestamp: int) -> float:
        """When that frame was made. Needs an arrival of the stream before."""
        stream = self._streams[kind]
        if not stream.is_tied:
            return timestamp / stream.rate + (stream.fastest or 0.0)
        if self._offset is None:
            # Fixed once, so that a faster packet later on moves nothing that is written already.
            self._offset = min(self._ahead(each) for each in self._streams.values() if each.is_tied)
        return self._sent(stream, timestamp) + self._offset

    def _ahead(self, stream: _Stream) -> float:
        """The server's clock minus the sender's, by the fastest packet of this stream."""
        assert stream.fastest is not None
        return stream.fastest + stream.latest / stream.rate - self._sent(stream, stream.latest)

    @staticmethod
    def _sent(stream: _Stream, timestamp: int) -> float:
        assert stream.timestamp is not None
        return stream.wall + stream.correction + _between(stream.timestamp, timestamp) / stream.rate


def _between(earlier: int, later: int) -> int:
    """Steps from one 32-bit timestamp to another, the shortest way round."""
    difference = (later - earlier) & 0xFFFFFFFF
    return difference - (1 << 32) if difference >> 31 else difference
