"""How well a media process keeps up: pauses of its event loop, datagrams that the system dropped.

Sound and picture stutter when the loop pauses for longer than a player buffers, about 100 ms.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

TICK_S = 0.02
LONG_PAUSE_S = 0.1
WINDOW_S = 10
HARMFUL_PAUSE_S = 0.25
MOST_BAD_SECONDS = 5  # of the window
LOOK_EVERY_S = 1.0
SNMP = Path("/proc/net/snmp")
STATM = Path("/proc/self/statm")


class Strain:
    """Whether a process has more than it can carry: by its last ten seconds. Times are handed in.

    One long pause or lost burst has many causes; when half of the seconds are bad, more calls would
    harm those that go on. A second is bad when the loop stood still in it for a quarter of a second, or
    when datagrams were dropped in it because nobody took them in time.
    """

    def __init__(self) -> None:
        self._bad: set[int] = set()
        self._dropped: int | None = None

    def late(self, seconds: float, now: float) -> None:
        """At `now` the loop woke up, so many seconds late."""
        if seconds > HARMFUL_PAUSE_S:
            self._note(int(now - seconds), int(now))

    def dropped(self, total: int, now: float) -> None:
        """At `now` so many datagrams have been dropped since the system started."""
        if self._dropped is not None and total > self._dropped:
            self._note(int(now), int(now))
        self._dropped = total

    def is_too_much(self, now: float) -> bool:
        """Whether new calls should be refused."""
        return sum(second > int(now) - WINDOW_S for second in self._bad) >= MOST_BAD_SECONDS

    def _note(self, first: int, last: int) -> None:
        recent = (second for second in self._bad if second > last - WINDOW_S)
        self._bad = {*recent, *range(max(first, last - WINDOW_S), last + 1)}


class LoopLag:
    """Watches how late the event loop wakes up, and what the system drops. `run` it as a task."""

    def __init__(self) -> None:
        self.strain = Strain()
        self._worst_of: dict[int, float] = {}  # by second
        self.long_pauses = 0
        """How often it was late by more than 100 ms."""

    async def run(self) -> None:
        """Goes on until cancelled."""
        loop = asyncio.get_running_loop()
        looked = float("-inf")
        while True:
            asleep = loop.time()
            await asyncio.sleep(TICK_S)
            now = loop.time()
            self.note(now - asleep - TICK_S, now)
            if now - looked >= LOOK_EVERY_S:
                looked = now
                self.strain.dropped(read_system()["udp_receive_buffer_errors"], now)

    def is_strained(self) -> bool:
        """Whether new calls should be refused now."""
        return self.strain.is_too_much(asyncio.get_running_loop().time())

    def note(self, late_s: float, now: float) -> None:
        """At `now`, the loop was late by so many seconds."""
        second = int(now)
        if second not in self._worst_of:
            self._worst_of = {s: worst for s, worst in self._worst_of.items() if s > second - WINDOW_S}
        self._worst_of[second] = max(self._worst_of.get(second, 0.0), late_s)
        self.long_pauses += late_s > LONG_PAUSE_S
        self.strain.late(late_s, now)

    @property
    def worst_ms(self) -> float:
        """The longest pause of the last ten seconds."""
        return round(max(self._worst_of.values(), default=0.0) * 1000, 1)


def receive_buffer_errors(snmp: str) -> int:
    """Datagrams dropped since boot because a socket's buffer was full, from `/proc/net/snmp`."""
    lines = [line.split() for line in snmp.splitlines() if line.startswith("Udp:")]
    if len(lines) != 2:
        return 0
    fields = dict(zip(*lines, strict=False))
    return int(fields.get("RcvbufErrors", 0))


def read_system() -> Mapping[str, int]:
    """What the system says about this process and its network; zeros where it doesn't."""
    try:
        dropped = receive_buffer_errors(SNMP.read_text("ascii"))
        resident = int(STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        dropped = resident = 0
    return {"udp_receive_buffer_errors": dropped, "rss_bytes": resident}
