"""Which lost packets to ask for again, and when (RFC 4585, section 6.2.1).

A gap is asked for at once and then every 50 ms until it is filled or a second has passed: a request
or its answer may be lost as well, and on a lossy line asking only once leaves pictures broken.
Times are handed in.
"""

from video.serial_numbers import ahead_16

ASK_EVERY_S = 0.05
ASK_FOR_S = 1.0
MOST_MISSING = 400  # a longer gap isn't loss but another beginning; a keyframe mends it sooner


class NackSchedule:
    """The gaps in one stream."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._missing: dict[int, list[float]] = {}  # number to [noticed at, asked at]
        self.asked = 0
        """How many numbers have been asked for, repetitions included."""
        self.given_up = 0
        """How many gaps were never filled."""

    def restart(self) -> None:
        """Another source begins; what is missing of the last is of no use any more."""
        self._highest = None
        self._missing.clear()

    @property
    def waiting(self) -> bool:
        """Whether anything is missing."""
        return bool(self._missing)

    def is_missing(self, sequence: int) -> bool:
        """Whether this packet is waited for; a retransmission of any other is a duplicate."""
        return sequence in self._missing

    def received(self, sequence: int, now: float) -> bool:
        """A packet arrived. True when it opened a gap: ask for what is `due`."""
        if self._highest is None:
            self._highest = sequence
            return False
        gap = ahead_16(sequence, self._highest)
        if gap <= 0:
            self._missing.pop(sequence, None)
            return False
        previous, self._highest = self._highest, sequence
        if gap + len(self._missing) > MOST_MISSING:
            self.given_up += len(self._missing)
            self._missing.clear()
            return False
        for step in range(1, gap):
            self._missing[(previous + step) & 0xFFFF] = [now, float("-inf")]
        return gap > 1

    def due(self, now: float) -> list[int]:
        """The numbers to ask for now, oldest first; they count as asked."""
        for sequence, (noticed, _) in list(self._missing.items()):
            if now - noticed > ASK_FOR_S:
                del self._missing[sequence]
                self.given_up += 1
        asking = [number for number, (_, asked) in self._missing.items() if now - asked >= ASK_EVERY_S]
        for sequence in asking:
            self._missing[sequence][1] = now
        self.asked += len(asking)
        return asking
