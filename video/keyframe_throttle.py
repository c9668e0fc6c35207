"""When to ask a sender for a keyframe (RFC 4585, section 6.3.1).

A keyframe is ten times as large as another picture, so a sender is asked at most every half second.
A wish that comes too early is put off and never dropped: dropping it left joining parties in the
dark for 600 ms longer. Times are handed in.
"""

INTERVAL_S = 0.5


class KeyframeThrottle:
    """The wishes for keyframes of one sender."""

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self.pending = False
        """Whether a wish was put off; `due` says when its time has come."""

    def request(self, now: float) -> bool:
        """Somebody needs a keyframe. True: ask for it now, else it is put off."""
        self.pending = True
        return self.due(now)

    def due(self, now: float) -> bool:
        """Whether to ask now; the wish is then fulfilled."""
        if not self.pending or now - self._asked_at < INTERVAL_S:
            return False
        self.pending = False
        self._asked_at = now
        return True
