"""Makes one unbroken stream of RTP out of sources that come and go.

A receiver downstream sees one SSRC for the whole call. When the source changes (the other party
rejoined, with an encoder and a clock of its own), its numbers go on where those of the last source
stopped, and its timestamps go on by as much as time has passed: nothing has to be negotiated anew.
Times are handed in.
"""

from video.serial_numbers import ahead_16


class StreamMapping:
    """Maps sequence numbers and timestamps of the source that is followed to those sent."""

    def __init__(self, *, first_sequence: int, first_timestamp: int) -> None:
        self.source: int | None = None
        """The SSRC that is followed."""
        self._highest = first_sequence - 1  # of those sent, unwrapped
        self._start = first_sequence  # the first number of the source now followed, unwrapped
        self._sequence_offset = 0
        self._timestamp_offset = 0
        self._last_timestamp = first_timestamp
        self._last_at: float | None = None

    def follow(self, ssrc: int, sequence: int, timestamp: int, *, clock_rate: int, now: float) -> None:
        """From this packet on, this is the source."""
        self.source = ssrc
        self._start = self._highest + 1
        self._sequence_offset = self._start - sequence
        passed = 0 if self._last_at is None else max(1, int((now - self._last_at) * clock_rate))
        self._timestamp_offset = self._last_timestamp + passed - timestamp

    def leave(self) -> None:
        """There is no source; whichever comes next is followed as a new one, even the same."""
        self.source = None

    def outgoing(self, sequence: int, timestamp: int, *, now: float) -> tuple[int, int] | None:
        """The sequence number and timestamp to send, or None for a packet that must not be sent.

        Such is one from before the source was followed: its number belongs to the source before.
        """
        sent = self._sequence_offset + sequence
        number = self._highest + ahead_16(sent & 0xFFFF, self._highest & 0xFFFF)
        if number < self._start:
            return None
        mapped = self.timestamp(timestamp)
        if number > self._highest:
            self._highest = number
            self._last_timestamp = mapped
            self._last_at = now
        return number & 0xFFFF, mapped

    def timestamp(self, timestamp: int) -> int:
        """The timestamp to send for one of the source, as in a sender report."""
        return (timestamp + self._timestamp_offset) & 0xFFFFFFFF
