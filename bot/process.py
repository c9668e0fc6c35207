"""Starts Rasa processes and keeps them running.

Each process gets its own port and secrets, shares one tracker file, and is watched: one that ends
or no longer understands a known sentence is started again, after a pause that grows with every
failure in a row. None outlives the program that started it, even when that is killed (the launcher
asks the kernel for it).
"""

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from bot.client import RasaAddress, is_ready, served_model
from bot.model import UnservableModelError, read_model, refuse_unservable
from core.errors import ConfigurationError, DialogueUnavailable
from core.live_sequence import LiveSequence

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
MOST_DAYS_KEPT = 7  # a citizen who was silent for longer starts afresh anyway
STOP_TIMEOUT_S = 20.0  # Rasa has needed 16 s to end after SIGTERM
START_TIMEOUT_S = 120.0  # it needs 4 s; a loaded machine needs more
POLL_EVERY_S = 0.25
CHECK_EVERY_S = 10.0
FAILED_CHECKS = 3  # so many in a row mean that the process hangs
LINES_KEPT = 5  # of its output, to explain why it ended
STABLE_AFTER_S = 60.0  # a process that lived so long has earned a quick restart

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RasaPlan:
    """What to run. `port` 0 takes any free ports, else the processes take `port` and those after it.

    `keep_days` is how long Rasa remembers a conversation after its last turn.
    """

    python: Path
    model: Path
    actions_url: str
    tracker: Path
    port: int = 0
    processes: int = 1
    keep_days: int = MOST_DAYS_KEPT


def pause_after(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row."""
    return float(min(0.2 * 2 ** min(failures, 10), 30.0)) if failures else 0.0


def describe_output(line: str) -> dict[str, str]:
    """What of a line of Rasa's output may go to the log.

    Rasa logs a failed turn as JSON with what the citizen said and all local variables; only the
    event's name, its level and the kinds of exceptions are kept. Other lines are cut.
    """
    try:
        record = json.loads(line)
    except ValueError:
        return {"output": line.strip()[:200]}
    if not isinstance(record, dict):
        return {"output": ""}
    kinds = [str(e.get("exc_type")) for e in record.get("exception") or [] if isinstance(e, dict)]
    described = {
        "rasa_event": record.get("event"),
        "rasa_level": record.get("level"),
        "errors": ", ".join(kinds),
    }
    return {name: str(value)[:200] for name, value in described.items() if value}


class RasaPool:
    """A number of Rasa processes, as an asynchronous context manager.

    Entering starts them all and returns when all are ready; leaving stops them. Raises
    ConfigurationError if the model can't be served, DialogueUnavailable if they don't get ready.
    """

    def __init__(self, plan: RasaPlan, session: aiohttp.ClientSession) -> None:
        self._plan = plan
        ports = [plan.port + n for n in range(plan.processes)] if plan.port else free_ports(plan.processes)
        self._keepers = [_Keeper(plan, instance, port, session) for instance, port in enumerate(ports)]

    @property
    def addresses(self) -> Sequence[RasaAddress]:
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

    async def __aenter__(self) -> "RasaPool":
        model_id = await asyncio.to_thread(self._check_plan)
        for keeper in self._keepers:
            keeper.start(model_id)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.gather(*(keeper.ready.wait() for keeper in self._keepers))
        except TimeoutError as error:
            await self._stop()
            raise DialogueUnavailable("Rasa didn't get ready") from error
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    def _check_plan(self) -> str:
        """The id of the model that is to be served. Raises ConfigurationError if it can't be."""
        if not self._plan.python.exists():
            raise ConfigurationError(f"no Python for Rasa at {self._plan.python}: run `make setup`")
        try:
            facts = read_model(self._plan.model)
            refuse_unservable(facts)
        except UnservableModelError as error:
            raise ConfigurationError(str(error)) from error
        return facts.model_id

    async def _stop(self) -> None:
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers))


class _Keeper:
    """Keeps one process running on its port."""

    def __init__(self, plan: RasaPlan, instance: int, port: int, session: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._instance = instance
        self._port = port
        self._session = session
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._token = secrets.token_hex(16)  # no dash to begin with, which looks like an option
        self._last_output: deque[str] = deque(maxlen=LINES_KEPT)
        self.ready = asyncio.Event()
        self.restarts = 0

    @property
    def address(self) -> RasaAddress:
        return RasaAddress(f"http://{LOOPBACK}:{self._port}", self._token)

    def current_address(self) -> RasaAddress:
        return self.address

    @property
    def pid(self) -> int:
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    def start(self, model_id: str) -> None:
        self._task = asyncio.create_task(self._keep(model_id), name=f"rasa-{self._port}")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end_process()

    async def _keep(self, model_id: str) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await asyncio.sleep(pause_after(failures))
            started = loop.time()
            try:
                await self._run_once(model_id)
            except OSError as error:
                log.error("rasa_not_started", port=self._port, error=str(error))
            was_ready = self.ready.is_set()
            self.ready.clear()
            await self._end_process()
            failures = 1 if loop.time() - started > STABLE_AFTER_S else failures + 1
            self.restarts += 1
            log.warning("rasa_ended", port=self._port, restart_in_s=pause_after(failures))
            if not was_ready:
                self._explain_and_move()

    def _explain_and_move(self) -> None:
        """Logs what a process said that never got ready, and leaves its port, which may be taken."""
        log.warning("rasa_said", port=self._port, lines=list(self._last_output))
        if not self._plan.port:
            self._port = free_ports(1)[0]

    async def _run_once(self, model_id: str) -> None:
        """Starts the process and returns when it has ended or no longer answers."""
        self._process = process = await asyncio.create_subprocess_exec(
            str(
                self._plan.python.absolute()
            ),  # not resolved: the link is what makes it a virtual environment
            *("-m", "bot.launcher", "run"),
            *("--model", str(self._plan.model.absolute())),
            *("--port", str(self._port)),
            *("--tracker", str(self._plan.tracker.absolute())),
            *("--keep-days", str(self._plan.keep_days)),
            *("--instance", str(self._instance)),
            *("--parent", str(os.getpid())),
            cwd=ROOT,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = asyncio.create_task(self._log_output(process), name=f"rasa-{self._port}-output")
        watch = asyncio.create_task(self._watch(model_id), name=f"rasa-{self._port}-watch")
        end = asyncio.create_task(process.wait(), name=f"rasa-{self._port}-end")
        try:
            await asyncio.wait({end, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (output, watch, end):
                task.cancel()
            await asyncio.gather(output, watch, end, return_exceptions=True)

    async def _watch(self, model_id: str) -> None:
        """Returns when the process doesn't get ready in time, or stops answering."""
        if not await self._becomes_ready():
            log.error("rasa_not_ready_in_time", port=self._port)
            return
        served = await served_model(self._session, self.address)
        if served != model_id:
            # Rasa serves any model that it finds rather than none.
            log.error("rasa_serves_another_model", port=self._port, model_id=served)
            return
        self.ready.set()
        log.info("rasa_is_ready", port=self._port, model_id=model_id)
        failed = 0
        while failed < FAILED_CHECKS:
            await asyncio.sleep(CHECK_EVERY_S)
            failed = 0 if await is_ready(self._session, self.address) else failed + 1
        log.error("rasa_hangs", port=self._port)

    async def _becomes_ready(self) -> bool:
        for _ in range(int(START_TIMEOUT_S / POLL_EVERY_S)):
            if await is_ready(self._session, self.address):
                return True
            await asyncio.sleep(POLL_EVERY_S)
        return False

    async def _log_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line over the stream's limit; the rest of it follows
                continue
            if not line:
                return
            described = describe_output(line.decode(errors="replace"))
            self._last_output.append(" ".join(described.values()))
            serious = described.get("rasa_level") in {"warning", "error", "critical"}
            log.log(
                logging.WARNING if serious else logging.DEBUG, "rasa_output", port=self._port, **described
            )

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

    def _environment(self) -> Mapping[str, str]:
        """The launcher's environment. Secrets go here, since anyone may read a command line."""
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TZ") if name in os.environ
        }
        return {
            **kept,
            "BANGBAN_ACTIONS_URL": self._plan.actions_url,
            "BANGBAN_RASA_TOKEN": self.address.token,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",  # Rasa's dependencies warn about each other by the dozen
        }


def free_ports(count: int) -> list[int]:
    """So many different loopback ports that are free now."""
    with _Sockets(count) as sockets:
        return [s.getsockname()[1] for s in sockets]


class _Sockets:
    """Sockets bound at the same time, so that their ports differ."""

    def __init__(self, count: int) -> None:
        self._sockets = [socket.socket() for _ in range(count)]

    def __enter__(self) -> list[socket.socket]:
        for s in self._sockets:
            s.bind((LOOPBACK, 0))
        return self._sockets

    def __exit__(self, *exc_info: Any) -> None:
        for s in self._sockets:
            s.close()
