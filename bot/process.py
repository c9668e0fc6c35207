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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.client import RasaAddress, is_ready, served_model
from bot.model import UnservableModel, read_model
from core.errors import ConfigurationError, DialogueUnavailable

LOOPBACK = "127.0.0.1"
STOP_TIMEOUT_S = 20.0  # Rasa has needed 16 s to end after SIGTERM
START_TIMEOUT_S = 120.0  # it needs 4 s; a loaded machine needs more
POLL_EVERY_S = 0.25
CHECK_EVERY_S = 10.0
FAILED_CHECKS = 3  # so many in a row mean that the process hangs
STABLE_AFTER_S = 60.0  # a process that lived so long has earned a quick restart

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RasaPlan:
    """What to run. `port` 0 takes any free port; else the processes take `port`, `port + 1`, …"""

    python: Path
    model: Path
    actions_url: str
    tracker: Path
    port: int = 0
    processes: int = 1


def pause_after(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row."""
    return float(min(0.2 * 2 ** min(failures, 10), 30.0)) if failures else 0.0


def describe_output(line: str) -> dict[str, str]:
    """What of a line of Rasa's output may go to the log.

    Rasa logs a failed turn as JSON with what the citizen said and all local variables; only the
    event's name, its level and the kind of exception are kept. Other lines are cut.
    """
    try:
        record = json.loads(line)
    except ValueError:
        return {"output": line.strip()[:200]}
    if not isinstance(record, dict):
        return {"output": ""}
    kinds = [e.get("exc_type") for e in record.get("exception") or [] if isinstance(e, dict)]
    described = {
        "event": record.get("event"),
        "level": record.get("level"),
        "exceptions": ", ".join(filter(None, kinds)),
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
        self._keepers = [_Keeper(plan, port, session) for port in ports]

    @property
    def addresses(self) -> Sequence[RasaAddress]:
        """Where the processes listen; the same for as long as the pool lives."""
        return [keeper.address for keeper in self._keepers]

    @property
    def pids(self) -> Sequence[int]:
        """The process ids of those that run now."""
        return [keeper.pid for keeper in self._keepers if keeper.pid]

    @property
    def restarts(self) -> int:
        """How often a process had to be started again."""
        return sum(keeper.restarts for keeper in self._keepers)

    async def __aenter__(self) -> "RasaPool":
        try:
            model_id = await asyncio.to_thread(lambda: read_model(self._plan.model).model_id)
        except UnservableModel as error:
            raise ConfigurationError(str(error)) from error
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

    async def _stop(self) -> None:
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers))


class _Keeper:
    """Keeps one process running on its port."""

    def __init__(self, plan: RasaPlan, port: int, session: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._port = port
        self._session = session
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.address = RasaAddress(f"http://{LOOPBACK}:{port}", secrets.token_urlsafe(16))
        self.ready = asyncio.Event()
        self.restarts = 0

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
                _log.error("rasa can't be started", extra={"port": self._port, "error": str(error)})
            self.ready.clear()
            await self._end_process()
            failures = 1 if loop.time() - started > STABLE_AFTER_S else failures + 1
            self.restarts += 1
            _log.warning("rasa ended", extra={"port": self._port, "restart_in_s": pause_after(failures)})

    async def _run_once(self, model_id: str) -> None:
        """Starts the process and returns when it has ended or no longer answers."""
        self._process = process = await asyncio.create_subprocess_exec(
            str(self._plan.python),
            *("-m", "bot.launcher", "run"),
            *("--model", str(self._plan.model)),
            *("--port", str(self._port)),
            *("--tracker", str(self._plan.tracker)),
            *("--parent", str(os.getpid())),
            cwd=Path(__file__).resolve().parent.parent,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        watchers = [
            asyncio.create_task(self._log_output(process), name=f"rasa-{self._port}-output"),
            asyncio.create_task(self._watch(model_id), name=f"rasa-{self._port}-watch"),
        ]
        try:
            ended = asyncio.create_task(process.wait(), name=f"rasa-{self._port}-wait")
            watchers.append(ended)
            await asyncio.wait({ended, watchers[1]}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    async def _watch(self, model_id: str) -> None:
        """Returns when the process doesn't get ready in time, or stops answering."""
        async with asyncio.timeout(START_TIMEOUT_S):
            while not await is_ready(self._session, self.address):
                await asyncio.sleep(POLL_EVERY_S)
        served = await served_model(self._session, self.address)
        if served != model_id:
            # Rasa serves any model that it finds rather than none.
            _log.error("rasa serves another model", extra={"port": self._port, "model_id": served})
            return
        self.ready.set()
        _log.info("rasa is ready", extra={"port": self._port, "model_id": model_id})
        failed = 0
        while failed < FAILED_CHECKS:
            await asyncio.sleep(CHECK_EVERY_S)
            failed = 0 if await is_ready(self._session, self.address) else failed + 1
        _log.error("rasa hangs", extra={"port": self._port})

    async def _log_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line over the stream's limit; the rest of it follows
                continue
            if not line:
                return
            _log.info(
                "rasa output", extra={"port": self._port, **describe_output(line.decode(errors="replace"))}
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
