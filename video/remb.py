"""How fast a sender may send, as far as what its stream is forwarded to is concerned.

A receiver downstream reports the bitrate that it thinks possible (draft-alvestrand-rmcat-remb-03).
While all is well that is some 1.5 times what arrives, so it says “not congested” and nothing more.
Handed on as it is, it chains two estimators into one slow ramp: a sender stuck at 200 kb/s was seen.
Only a report below what is being sent tells of congestion. Times are handed in.
"""

from collections.abc import Iterable

CEILING = 1_500_000  # bits a second that any sender is allowed
FLOOR = 80_000  # less makes no picture
CONGESTED_BELOW = 0.95  # of what is being sent
RECOVERY = 1.08  # per report, about one a second
MEASURE_FOR_S = 0.4


class DownstreamLimit:
    """What one receiver downstream can take."""

    def __init__(self) -> None:
        self.bitrate: int | None = None
        """Bits a second, or None while there is no reason to limit."""
        self._rate = 0.0
        self._octets = 0
        self._since: float | None = None

    def report(self, bitrate: int, *, octets_sent: int, now: float) -> None:
        """The receiver reported `bitrate`; `octets_sent` is the total sent to it so far."""
        self._measure(octets_sent, now)
        if bitrate < CONGESTED_BELOW * self._rate:
            self.bitrate = max(bitrate, FLOOR)
        elif self.bitrate is not None:
            recovered = self.bitrate * RECOVERY
            if recovered > CEILING:
                self.bitrate = None
            else:
                self.bitrate = int(max(recovered, min(bitrate, 1.5 * self.bitrate)))

    def _measure(self, octets_sent: int, now: float) -> None:
        if self._since is None:
            self._since, self._octets = now, octets_sent
        elif (passed := now - self._since) > MEASURE_FOR_S:
            self._rate = (octets_sent - self._octets) * 8 / passed
            self._since, self._octets = now, octets_sent


def bitrate_to_allow(limits: Iterable[int | None]) -> int:
    """What the sender is told: the least that any receiver can take, at most the ceiling."""
    return min((limit for limit in limits if limit is not None), default=CEILING)
