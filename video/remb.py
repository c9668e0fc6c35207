"""How fast a sender may send, as far as what its stream is forwarded to is concerned.

A receiver downstream reports the bitrate that it thinks possible (draft-alvestrand-rmcat-remb-03).
While all is well that is some 1.5 times what arrives, so it says “not congested” and nothing more.
Handed on as it is, it chains two estimators into one slow ramp: a sender stuck at 200 kb/s was seen.
Only a report below what is being sent tells of congestion. Where several pictures go to one party,
the report is about all of them together, and each has its share. Times are handed in.
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
        self._rate_beside = 0.0
        self._octets = 0
        self._octets_beside = 0
        self._since: float | None = None

    def report(self, bitrate: int, *, octets_sent: int, octets_beside: int = 0, now: float) -> None:
        """The receiver reported `bitrate`; `octets_sent` is the total sent to it so far.

        `octets_beside` is the total of what else it gets, which the report counts in.
        """
        self._measure(octets_sent, octets_beside, now)
        if self._rate_beside:
            bitrate = int(bitrate * self._rate / (self._rate + self._rate_beside))
        if bitrate < CONGESTED_BELOW * self._rate:
            self.bitrate = max(bitrate, FLOOR)
        elif self.bitrate is not None:
            recovered = self.bitrate * RECOVERY
            if recovered > CEILING:
                self.bitrate = None
            else:
                self.bitrate = int(max(recovered, min(bitrate, 1.5 * self.bitrate)))

    def _measure(self, octets_sent: int, octets_beside: int, now: float) -> None:
        passed = 0.0 if self._since is None else now - self._since
        if passed > MEASURE_FOR_S:
            self._rate = (octets_sent - self._octets) * 8 / passed
            self._rate_beside = (octets_beside - self._octets_beside) * 8 / passed
        if self._since is None or passed > MEASURE_FOR_S:
            self._since, self._octets, self._octets_beside = now, octets_sent, octets_beside


def bitrate_to_allow(limits: Iterable[int | None]) -> int:
    """What the sender is told: the least that any receiver can take, at most the ceiling."""
    return min((limit for limit in limits if limit is not None), default=CEILING)
