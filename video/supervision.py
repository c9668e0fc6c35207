"""Starts media processes and keeps them running.

As with Rasa's: each has its own port and secret and is watched; one that ends or no longer answers is
started again, after a pause that grows with every failure in a row. None outlives the program that
started it, even when that is killed: the kernel tells the process, which ends its calls and itself.
"""

import asyncio
import ctypes
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import aiohttp
import structlog

from core.errors import BangbanError, MediaUnavailable
from core.live_sequence import LiveSequence
from video.client import MediaAddress, request

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0  # recordings are finished meanwhile
POLL_EVERY_S = 0.1
CHECK_EVERY_S = 2.0
FAILED_CHECKS = 5  # so many in a row mean that the process hangs
STABLE_AFTER_S = 60.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

log = structlog.get_logger(__name__)


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


def pause_after(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row."""
    return float(min(0.1 * 2 ** min(failures, 10), 15.0)) if failures else 0.0


class MediaPool:
    """A number of media processes, as an asynchronous context manager.

    Entering starts them and returns when all are ready; leaving stops them. `on_lost` is called with
    the number of a process when it is ready again after it was lost, with all its calls: the parties
    of calls with that `shard_of` must rejoin. Raises MediaUnavailable if they don't get ready.
    """

    def __init__(
        self, plan: MediaPlan, session: aiohttp.ClientSession, *, on_lost: Callable[[int], None] | None = None
    ) -> None:
        ports = (
            [plan.port + n for n in range(plan.processes)] if plan.port else _free_ports(plan, plan.processes)
        )
        self._keepers = [_Keeper(plan, number, port, session, on_lost) for number, port in enumerate(ports)]

    @property
    def addresses(self) -> Sequence[MediaAddress]:
        """Where the processes listen now: a view, since one that can't have its port takes another."""
        return LiveSequence([keeper.current_address for keeper in self._keepers])

    @property
    def pids(self) -> Sequence[int]:
        """The process ids of those that run now."""
        return [keeper.pid for keeper in self._keepers if keeper.pid]

    @property
    def restarts(self) -> int:
        """How often a process had to be started again."""
        return sum(keeper.restarts for keeper in self._keepers)

    async def __aenter__(self) -> "MediaPool":
        for keeper in self._keepers:
            keeper.start()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.gather(*(keeper.ready.wait() for keeper in self._keepers))
        except TimeoutError as error:
            await self._stop()
            raise MediaUnavailable("the media processes didn't get ready") from error
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers))


class _Keeper:
    """Keeps one process running on its port."""

    def __init__(
        self,
        plan: MediaPlan,
        number: int,
        port: int,
        session: aiohttp.ClientSession,
        on_lost: Callable[[int], None] | None,
    ) -> None:
        self._plan = plan
        self._number = number
        self._port = port
        self._session = session
        self._on_lost = on_lost
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._secret = secrets.token_urlsafe(32)
        self.ready = asyncio.Event()
        self.restarts = 0

    @property
    def address(self) -> MediaAddress:
        host = f"[{self._plan.host}]" if ":" in self._plan.host else self._plan.host
        return MediaAddress(f"http://{host}:{self._port}", self._secret)

    def current_address(self) -> MediaAddress:
        return self.address

    @property
    def pid(self) -> int:
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"media-{self._number}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end_process()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await asyncio.sleep(pause_after(failures))
            started = loop.time()
            try:
                await self._run_once()
            except OSError as error:
                log.error("media_not_started", process=self._number, error=str(error))
            if not self.ready.is_set() and not self._plan.port:
                # The port was free when it was chosen, and may have been taken since.
                self._port = _free_ports(self._plan, 1)[0]
            self.ready.clear()
            await self._end_process()
            failures = 0 if loop.time() - started > STABLE_AFTER_S else failures + 1
            self.restarts += 1
            log.warning("media_ended", process=self._number, restart_in_s=pause_after(failures))

    async def _run_once(self) -> None:
        """Starts the process and returns when it has ended or no longer answers."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._plan.command,
            *("--host", self._plan.host, "--port", str(self._port)),
            *("--parent", str(os.getpid())),
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
        )
        watch = asyncio.create_task(self._watch(), name=f"media-{self._number}-watch")
        end = asyncio.create_task(process.wait(), name=f"media-{self._number}-end")
        try:
            await asyncio.wait({end, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watch, end):
                task.cancel()
            await asyncio.gather(watch, end, return_exceptions=True)

    async def _watch(self) -> None:
        """Returns when the process doesn't get ready in time, or stops answering."""
        if not await self._becomes_ready():
            log.error("media_not_ready_in_time", process=self._number)
            return
        self.ready.set()
        log.info("media_is_ready", process=self._number)
        if self.restarts and self._on_lost is not None:
            self._on_lost(self._number)
        failed = 0
        while failed < FAILED_CHECKS:
            await asyncio.sleep(CHECK_EVERY_S)
            failed = 0 if await self._answers() else failed + 1
        log.error("media_hangs", process=self._number)

    async def _becomes_ready(self) -> bool:
        for _ in range(int(START_TIMEOUT_S / POLL_EVERY_S)):
            if await self._answers():
                return True
            await asyncio.sleep(POLL_EVERY_S)
        return False

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(CHECK_EVERY_S):
                await request(self._session, self.address, "GET", "/stats")
        except (BangbanError, TimeoutError):
            return False
        return True

    def _environment(self) -> Mapping[str, str]:
        """The process's environment. The secret goes here, since anyone may read a command line."""
        kept = {
            name: os.environ[name]
            for name in ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TZ")
            if name in os.environ
        }
        return {**kept, **self._plan.environment, "BANGBAN_MEDIA_SECRET": self._secret}

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def end_with(parent: int) -> None:
    """Has the kernel send SIGTERM to this process when `parent`, which started it, is gone.

    Raises OSError where the kernel can't, or when the parent is gone already.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before the line above
        raise OSError("the program that started this one has ended")


def _free_ports(plan: MediaPlan, count: int) -> list[int]:
    """So many different ports that are free now."""
    family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket(family)) for _ in range(count)]
        for each in sockets:
            each.bind((plan.host, 0))
        return [each.getsockname()[1] for each in sockets]
