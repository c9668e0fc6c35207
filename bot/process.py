"""Starts Rasa processes and keeps them running.

Each process gets its own port and secrets, and shares one tracker file. One that no longer
understands a known sentence, or serves another model than was meant, is started again. None outlives
the program that started it, even when that is killed (the launcher asks the kernel for it).
"""

import asyncio
import json
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiohttp
import structlog

from bot.client import RasaAddress, is_ready, served_model
from bot.model import UnservableModelError, read_model, refuse_unservable
from core.errors import ConfigurationError, DialogueUnavailable
from core.kept_processes import Pace, ProcessPool, Program, passed_on, ports_for
from core.live_sequence import LiveSequence

ROOT = Path(__file__).resolve().parent.parent
MOST_DAYS_KEPT = 7  # a citizen who was silent for longer starts afresh anyway
PACE = Pace(
    start_timeout_s=120.0,  # it needs 4 s; a loaded machine needs more
    stop_timeout_s=20.0,  # Rasa has needed 16 s to end after SIGTERM
    poll_every_s=0.25,
    check_every_s=10.0,
    failed_checks=3,
    shortest_pause_s=0.4,
    longest_pause_s=30.0,
)

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


class RasaPool(ProcessPool):
    """A number of Rasa processes, as an asynchronous context manager.

    Entering starts them all and returns when all are ready; leaving stops them. Raises
    ConfigurationError if the model can't be served, DialogueUnavailable if they don't get ready.
    """

    def __init__(self, plan: RasaPlan, session: aiohttp.ClientSession, *, pace: Pace = PACE) -> None:
        self._plan = plan
        ports = ports_for(plan.processes, plan.port)
        self._programs = [_Rasa(plan, instance, port, session) for instance, port in enumerate(ports)]
        super().__init__(
            self._programs,
            pace,
            ports_are_fixed=bool(plan.port),
            unready=lambda: DialogueUnavailable("对话引擎 Rasa 没有启动好，原因见日志"),
        )

    @property
    def addresses(self) -> Sequence[RasaAddress]:
        """Where the processes listen now: a view, since one that can't have its port takes another."""
        return LiveSequence([program.address for program in self._programs])

    async def __aenter__(self) -> Self:
        model_id = await asyncio.to_thread(self._check_plan)
        for program in self._programs:
            program.model_id = model_id
        return await super().__aenter__()

    def _check_plan(self) -> str:
        """The id of the model that is to be served. Raises ConfigurationError if it can't be."""
        if not self._plan.python.exists():
            raise ConfigurationError(f"{self._plan.python} 没有 Rasa 用的 Python，请运行 `make setup`")
        try:
            facts = read_model(self._plan.model)
            refuse_unservable(facts)
        except UnservableModelError as error:
            raise ConfigurationError(str(error)) from error
        return facts.model_id


class _Rasa(Program):
    """One Rasa."""

    name = "rasa"
    folder = ROOT
    reads_output = True

    def __init__(self, plan: RasaPlan, instance: int, port: int, session: aiohttp.ClientSession) -> None:
        super().__init__(instance, port)
        self.model_id = ""
        self._plan = plan
        self._session = session
        self._token = secrets.token_hex(16)  # no dash to begin with, which looks like an option

    def address(self) -> RasaAddress:
        return RasaAddress(f"http://{self.host}:{self.port}", self._token)

    def command(self) -> Sequence[str]:
        # The interpreter isn't resolved: the link is what makes it a virtual environment.
        return (
            *(str(self._plan.python.absolute()), "-m", "bot.launcher", "run"),
            *("--model", str(self._plan.model.absolute())),
            *("--port", str(self.port)),
            *("--tracker", str(self._plan.tracker.absolute())),
            *("--keep-days", str(self._plan.keep_days)),
            *("--instance", str(self.number)),
            *("--parent", str(os.getpid())),
        )

    def environment(self) -> Mapping[str, str]:
        """The launcher's environment. Secrets go here, since anyone may read a command line."""
        return {
            **passed_on(),
            "BANGBAN_ACTIONS_URL": self._plan.actions_url,
            "BANGBAN_RASA_TOKEN": self._token,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",  # Rasa's dependencies warn about each other by the dozen
        }

    async def answers(self) -> bool:
        return await is_ready(self._session, self.address())

    async def is_right(self) -> bool:
        """Whether it serves the model that was meant: Rasa serves any that it finds rather than none."""
        served = await served_model(self._session, self.address())
        if served != self.model_id:
            log.error("rasa_serves_another_model", port=self.port, model_id=served)
        return served == self.model_id

    def heard(self, line: str) -> str:
        described = describe_output(line)
        serious = described.get("rasa_level") in {"warning", "error", "critical"}
        log.log(logging.WARNING if serious else logging.DEBUG, "rasa_output", port=self.port, **described)
        return " ".join(described.values())
