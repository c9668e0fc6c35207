"""How well a media process keeps up: pauses of its event loop, datagrams that the system dropped.

Sound and picture stutter when the loop pauses for longer than a player buffers, about 100 ms.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

TICK_S = 0.05  # each look wakes the process: at 20 ms that was a seventh of what a single call takes
LONG_PAUSE_S = 0.1
WINDOW_S = 10
HARMFUL_PAUSE_S = 0.25
MOST_BAD_SECONDS = 5  # of the window
LOOK_EVERY_S = 1.0
SNMP = Path("/proc/net/snmp")
UDP_TABLES = (Path("/proc/self/net/udp"), Path("/proc/self/net/udp6"))
DESCRIPTORS = Path("/proc/self/fd")
STATM = Path("/proc/self/statm")


class Strain:
    """Whether a process has more than it can carry: by its last ten seconds. Times are handed in.

    One long pause or lost burst has many causes; when half of the seconds are bad, more calls would
    harm those that go on. A second is bad when the loop stood still in it for a quarter of a second, or
    when datagrams were dropped in it because nobody took them in time.
    """

    def __init__(self) -> None:
        self._bad: set[int] = set()
        self._dropped = 0

    def late(self, seconds: float, now: float) -> None:
        """At `now` the loop woke up, so many seconds late."""
        if seconds > HARMFUL_PAUSE_S:
            self._note(int(now - seconds), int(now))

    def dropped(self, total: int, now: float) -> None:
        """At `now` so many datagrams have been dropped in all."""
        if total > self._dropped:
            self._note(int(now), int(now))
        self._dropped = total

    def is_too_much(self, now: float) -> bool:
        """Whether new calls should be refused."""
        return sum(second > int(now) - WINDOW_S for second in self._bad) >= MOST_BAD_SECONDS

    def _note(self, first: int, last: int) -> None:
        recent = (second for second in self._bad if second > last - WINDOW_S)
        self._bad = {*recent, *range(max(first, last - WINDOW_S), last + 1)}


class DroppedDatagrams:
    """How many datagrams were dropped at this process's own sockets: the system's sum counts everybody's."""

    def __init__(self) -> None:
        self.total = 0
        self._seen: Mapping[int, int] = {}

    def update(self, drops: Mapping[int, int]) -> int:
        """The total, now that these are the drops of the sockets that are open, by inode."""
        self.total += sum(max(0, count - self._seen.get(inode, 0)) for inode, count in drops.items())
        self._seen = drops
        return self.total


class LoopLag:
    """Watches how late the event loop wakes up, and what is dropped meanwhile. `run` it as a task."""

    def __init__(self) -> None:
        self.strain = Strain()
        self.dropped = DroppedDatagrams()
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
                self.strain.dropped(self.dropped.update(read_own_drops()), now)

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


def drops_by_socket(table: str) -> dict[int, int]:
    """Datagrams dropped at each socket, by inode, from `/proc/net/udp` or `udp6`."""
    rows = (line.split() for line in table.splitlines()[1:])
    return {int(row[9]): int(row[-1]) for row in rows}


def read_own_drops() -> Mapping[int, int]:
    """Datagrams dropped at each socket of this process, by inode; none where the system doesn't say."""
    drops: dict[int, int] = {}
    try:
        for table in UDP_TABLES:
            if table.exists():  # there may be no IPv6
                drops |= drops_by_socket(table.read_text("ascii"))
        opened = {_target(each) for each in DESCRIPTORS.iterdir()}
    except OSError:  # not Linux
        return {}
    return {inode: count for inode, count in drops.items() if f"socket:[{inode}]" in opened}


def _target(descriptor: Path) -> str:
    try:
        return os.readlink(descriptor)
    except OSError:  # closed meanwhile
        return ""


def read_system() -> Mapping[str, int]:
    """What the system says about this process and its network; zeros where it doesn't."""
    try:
        dropped = receive_buffer_errors(SNMP.read_text("ascii"))
        resident = int(STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        dropped = resident = 0
    return {"udp_receive_buffer_errors": dropped, "rss_bytes": resident}
