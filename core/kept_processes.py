"""Starts programs that serve on a port of this machine, and keeps them running.

Each is watched: one that ends or no longer answers is started again, after a pause that grows with
every failure in a row. What runs, and how one knows that it answers, a `Program` says. That none
outlives whoever started it is the program's business: only it can ask the kernel for that.
"""

import asyncio
import os
import signal
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import structlog

from core.ending import end_tasks
from core.errors import BangbanError

LOOPBACK = "127.0.0.1"
STABLE_AFTER_S = 60.0  # a process that lived so long has earned a quick restart
LINES_KEPT = 5  # of its output, to explain why it ended

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited for what, in seconds. So many `failed_checks` in a row mean that it hangs."""

    start_timeout_s: float
    stop_timeout_s: float
    poll_every_s: float
    check_every_s: float
    failed_checks: int
    shortest_pause_s: float
    longest_pause_s: float

    def pause_after(self, failures: int) -> float:
        """Seconds to wait before the next start, after so many failures in a row."""
        if not failures:
            return 0.0
        return min(self.shortest_pause_s * float(2 ** min(failures - 1, 10)), self.longest_pause_s)


class Program(ABC):
    """What runs in one process, and how its keeper knows that it does. `port` is where it serves now."""

    name: ClassVar[str]
    """Names it in the log."""
    folder: ClassVar[Path | None] = None
    """Where it runs; None: where we do."""
    reads_output: ClassVar[bool] = False
    """Whether what it prints goes to `heard` rather than beside what we print."""

    def __init__(self, number: int, port: int, host: str = LOOPBACK) -> None:
        self.number = number
        self.port = port
        self.host = host

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line. Anyone on the machine may read it: secrets go into the environment."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The whole environment of the process."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether it does its work now. Raises nothing."""

    async def is_right(self) -> bool:
        """Whether what answers first is what was meant to run; if not it is ended, and started again."""
        return True

    def heard(self, line: str) -> str:
        """Logs a line of its output; returns what may be logged of it again, if it never answers."""
        return ""


class KeptProcess:
    """Keeps one program running on its port; another port is taken if that can't be had and may change."""

    def __init__(
        self,
        program: Program,
        pace: Pace,
        *,
        port_is_fixed: bool,
        on_back: Callable[[int], None] | None = None,
    ) -> None:
        self.program = program
        self.ready = asyncio.Event()
        self.restarts = 0
        self._pace = pace
        self._port_is_fixed = port_is_fixed
        self._on_back = on_back
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._last_output: deque[str] = deque(maxlen=LINES_KEPT)
        self._log = log.bind(program=program.name, number=program.number)

    @property
    def pid(self) -> int:
        """The process id, or 0 while none runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    def start(self) -> None:
        """Begins to keep it running."""
        self._task = asyncio.create_task(self._keep(), name=self._named(""))

    async def stop(self) -> None:
        """Ends it for good."""
        if self._task is not None:
            await end_tasks([self._task])
        await self._end_process()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await asyncio.sleep(self._pace.pause_after(failures))
            started = loop.time()
            try:
                await self._run_once()
            except OSError as error:
                self._log.error("process_not_started", error=str(error))
            was_ready = self.ready.is_set()
            self.ready.clear()
            await self._end_process()
            failures = 1 if loop.time() - started > STABLE_AFTER_S else failures + 1
            self.restarts += 1
            self._log.warning(
                "process_ended", port=self.program.port, restart_in_s=self._pace.pause_after(failures)
            )
            if not was_ready:
                self._explain_and_move()

    def _explain_and_move(self) -> None:
        """Logs what a process said that never got ready, and leaves its port, which may be taken."""
        if self._last_output:
            self._log.warning("process_said", lines=list(self._last_output))
        if not self._port_is_fixed:
            [self.program.port] = free_ports(1, self.program.host)

    async def _run_once(self) -> None:
        """Starts the process and returns when it has ended or no longer answers."""
        reads = self.program.reads_output
        self._process = process = await asyncio.create_subprocess_exec(
            *self.program.command(),
            cwd=self.program.folder,
            env=self.program.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if reads else None,
            stderr=asyncio.subprocess.STDOUT if reads else None,
        )
        watch = asyncio.create_task(self._watch(), name=self._named("-watch"))
        end = asyncio.create_task(process.wait(), name=self._named("-end"))
        tasks = [watch, end]
        if process.stdout is not None:
            tasks.append(asyncio.create_task(self._read(process.stdout), name=self._named("-output")))
        try:
            await asyncio.wait({end, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_tasks(tasks)

    async def _watch(self) -> None:
        """Returns when the process doesn't get ready in time, isn't the right one, or stops answering."""
        if not await self._becomes_ready():
            self._log.error("process_not_ready_in_time", port=self.program.port)
            return
        if not await self.program.is_right():
            return
        self.ready.set()
        self._log.info("process_is_ready", port=self.program.port)
        if self.restarts and self._on_back is not None:
            self._on_back(self.program.number)
        failed = 0
        while failed < self._pace.failed_checks:
            await asyncio.sleep(self._pace.check_every_s)
            failed = 0 if await self.program.answers() else failed + 1
        self._log.error("process_hangs", port=self.program.port)

    async def _becomes_ready(self) -> bool:
        for _ in range(int(self._pace.start_timeout_s / self._pace.poll_every_s)):
            if await self.program.answers():
                return True
            await asyncio.sleep(self._pace.poll_every_s)
        return False

    async def _read(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:  # a line over the stream's limit; the rest of it follows
                continue
            if not line:
                return
            self._last_output.append(self.program.heard(line.decode(errors="replace")))

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._pace.stop_timeout_s):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _named(self, part: str) -> str:
        return f"{self.program.name}-{self.program.number}{part}"


class ProcessPool:
    """A number of kept processes, as an asynchronous context manager.

    Entering starts them and returns when all are ready; leaving stops them. If they don't get ready
    in time, what `unready` makes is raised. `on_back` is called with the number of a process when it
    answers again, after it was lost with all that it knew.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        pace: Pace,
        *,
        ports_are_fixed: bool,
        unready: Callable[[], BangbanError],
        on_back: Callable[[int], None] | None = None,
    ) -> None:
        self._pace = pace
        self._unready = unready
        self._kept = [
            KeptProcess(each, pace, port_is_fixed=ports_are_fixed, on_back=on_back) for each in programs
        ]

    @property
    def pids(self) -> Sequence[int]:
        """The process ids of those that run now."""
        return [kept.pid for kept in self._kept if kept.pid]

    @property
    def restarts(self) -> int:
        """How often a process had to be started again."""
        return sum(kept.restarts for kept in self._kept)

    async def __aenter__(self) -> Self:
        for kept in self._kept:
            kept.start()
        try:
            async with asyncio.timeout(self._pace.start_timeout_s):
                await asyncio.gather(*(kept.ready.wait() for kept in self._kept))
        except TimeoutError as error:
            await self._stop()
            raise self._unready() from error
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await asyncio.gather(*(kept.stop() for kept in self._kept))


def ports_for(count: int, first: int, host: str = LOOPBACK) -> list[int]:
    """`first` and those after it, or any that are free now if it is 0."""
    return [first + number for number in range(count)] if first else free_ports(count, host)


def passed_on(*more: str) -> dict[str, str]:
    """What a process gets of our own environment: where things are and how to write, and `more`."""
    wanted = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", *more)
    return {name: os.environ[name] for name in wanted if name in os.environ}


def free_ports(count: int, host: str = LOOPBACK) -> list[int]:
    """So many different ports of that address that are free now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as held:  # all bound at the same time, so that they differ
        sockets = [held.enter_context(socket.socket(family)) for _ in range(count)]
        for each in sockets:
            each.bind((host, 0))
        return [each.getsockname()[1] for each in sockets]
