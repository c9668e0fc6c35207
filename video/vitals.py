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
SNMP = Path("/proc/net/snmp")
STATM = Path("/proc/self/statm")


class LoopLag:
    """Watches how late the event loop wakes up. `run` it as a task."""

    def __init__(self) -> None:
        self._worst_of: dict[int, float] = {}  # by second
        self.long_pauses = 0
        """How often it was late by more than 100 ms."""

    async def run(self) -> None:
        """Goes on until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            asleep = loop.time()
            await asyncio.sleep(TICK_S)
            now = loop.time()
            self.note(now - asleep - TICK_S, now)

    def note(self, late_s: float, now: float) -> None:
        """At `now`, the loop was late by so many seconds."""
        second = int(now)
        if second not in self._worst_of:
            self._worst_of = {s: worst for s, worst in self._worst_of.items() if s > second - WINDOW_S}
        self._worst_of[second] = max(self._worst_of.get(second, 0.0), late_s)
        self.long_pauses += late_s > LONG_PAUSE_S

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
