"""Starts media processes and keeps them running.

Each has its own port and secret. None outlives the program that started it, even when that is
killed: the kernel tells the process, which ends its calls and itself.
"""

import asyncio
import ctypes
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from core.errors import BangbanError, MediaUnavailable
from core.kept_processes import Pace, ProcessPool, Program, passed_on, ports_for
from core.live_sequence import LiveSequence
from video.client import MediaAddress, request

PACE = Pace(
    start_timeout_s=60.0,
    stop_timeout_s=10.0,  # recordings are finished meanwhile
    poll_every_s=0.1,
    check_every_s=2.0,
    failed_checks=5,
    shortest_pause_s=0.2,
    longest_pause_s=15.0,
)
ANSWER_TIMEOUT_S = 2.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """What to run. `port` 0 takes any free ports, else the processes take `port` and those after it.

    `environment` hands the settings on to the processes.
    """

    processes: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    command: Sequence[str] = (sys.executable, "-m", "server", "media")
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class MediaPool(ProcessPool):
    """A number of media processes, as an asynchronous context manager.

    Entering starts them and returns when all are ready; leaving stops them. `on_lost` is called with
    the number of a process when it is ready again after it was lost, with all its calls: the parties
    of calls with that `shard_of` must rejoin. Raises MediaUnavailable if they don't get ready.
    """

    def __init__(
        self,
        plan: MediaPlan,
        session: aiohttp.ClientSession,
        *,
        on_lost: Callable[[int], None] | None = None,
        pace: Pace = PACE,
    ) -> None:
        ports = ports_for(plan.processes, plan.port, plan.host)
        self._programs = [_MediaProcess(plan, number, port, session) for number, port in enumerate(ports)]
        super().__init__(
            self._programs,
            pace,
            ports_are_fixed=bool(plan.port),
            unready=lambda: MediaUnavailable("媒体进程没有启动好，原因见日志"),
            on_back=on_lost,
        )

    @property
    def addresses(self) -> Sequence[MediaAddress]:
        """Where the processes listen now: a view, since one that can't have its port takes another."""
        return LiveSequence([program.address for program in self._programs])


class _MediaProcess(Program):
    """One media process."""

    name = "media"

    def __init__(self, plan: MediaPlan, number: int, port: int, session: aiohttp.ClientSession) -> None:
        super().__init__(number, port, plan.host)
        self._plan = plan
        self._session = session
        self._secret = secrets.token_urlsafe(32)

    def address(self) -> MediaAddress:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return MediaAddress(f"http://{host}:{self.port}", self._secret)

    def command(self) -> Sequence[str]:
        where = ("--host", self.host, "--port", str(self.port))
        return (*self._plan.command, *where, "--parent", str(os.getpid()))

    def environment(self) -> Mapping[str, str]:
        """The process's environment. The secret goes here, since anyone may read a command line."""
        return {**passed_on("PYTHONPATH"), **self._plan.environment, "BANGBAN_MEDIA_SECRET": self._secret}

    async def answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await request(self._session, self.address(), "GET", "/stats")
        except (BangbanError, TimeoutError):
            return False
        return True


def end_with(parent: int) -> None:
    """Has the kernel send SIGTERM to this process when `parent`, which started it, is gone.

    Raises OSError where the kernel can't, or when the parent is gone already.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before the line above
        raise OSError("the program that started this one has ended")
