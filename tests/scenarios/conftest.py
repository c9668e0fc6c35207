"""The words in which scenarios are told, and the real service to tell them of."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from core import accounts
from core.ports import User
from core.settings import Settings
from core.statuses import Role
from server.stores_part import open_stores
from tests.ports import kept_port

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "knowledge" / "samples" / "guides").glob("*.json*"))

# Far over what any step takes, so that a slow machine decides nothing; reaching one means hanging.
START_SECONDS = 300
ANSWER_SECONDS = 60


class RunningService:
    """`bangban serve` as a process of its own, with Rasa and the model, on a data directory."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.data = data
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._announced = threading.Event()
        self.url = ""
        self.port = kept_port()

    def start(self) -> "RunningService":
        """Starts it, and returns when it is ready for citizens."""
        self.launch()
        assert self._announced.wait(START_SECONDS), self.log()
        assert self.url, self.log()
        wait_until(lambda: requests.get(self.url + "/readyz", timeout=ANSWER_SECONDS).ok, START_SECONDS)
        return self

    def launch(self) -> None:
        """Starts it without waiting for anything."""
        self.url = ""
        self._announced = threading.Event()
        self._process = subprocess.Popen(
            self.serve_command(),
            cwd=ROOT,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=(self.data.parent / "service.log").open("a"),
            text=True,
        )
        threading.Thread(target=self._read_output, args=(self._process,), daemon=True).start()

    def serve_command(self) -> list[str]:
        """What is started, always at the same address so that pages find it again."""
        options = ["--port", str(self.port), "--data", str(self.data)]
        return [sys.executable, "-m", "server", "serve", *options]

    def kill(self) -> None:
        """Ends it as a power cut would: no chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it in an orderly way, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)

    def process(self) -> psutil.Process:
        """The service's own process."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def rasa(self) -> psutil.Process:
        """Its Rasa process."""
        return self._child("bot.launcher")

    def media(self) -> psutil.Process:
        """Its first media process."""
        return self._child("server media")

    def _child(self, words: str) -> psutil.Process:
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        return next(child for child in children if words in " ".join(child.cmdline()))

    def add_user(self, name: str, role: Role, password: str) -> None:
        """Gives somebody an account, in the database beside the service."""

        async def add() -> None:
            async with open_stores(Settings.load({"data": self.data})) as stores:
                await stores.users.add(User(name, role, accounts.hash_password(password)))

        with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one
            thread.submit(asyncio.run, add()).result()

    def log(self) -> str:
        """The end of what it logged."""
        with contextlib.suppress(FileNotFoundError):
            return (self.data.parent / "service.log").read_text("utf-8")[-5000:]
        return ""

    def import_guides(self, *files: Path) -> subprocess.CompletedProcess[str]:
        """Imports the files by the command line, beside the service."""
        return subprocess.run(self.import_command(*files), cwd=ROOT, env=self._environment(), text=True,
                              capture_output=True, check=False)  # fmt: skip

    def start_import(self, *files: Path) -> subprocess.Popen[bytes]:
        """Begins such an import."""
        return subprocess.Popen(
            self.import_command(*files), cwd=ROOT, env=self._environment(), stdout=subprocess.DEVNULL
        )

    def import_command(self, *files: Path) -> list[str]:
        return [
            sys.executable,
            "-m",
            "server",
            "guides",
            "import",
            *map(str, files),
            "--data",
            str(self.data),
        ]

    def talk(self, channel: str = "web") -> "Talk":
        """A new conversation on that channel."""
        opened = requests.post(
            self.url + "/api/v1/conversations", json={"channel": channel}, timeout=ANSWER_SECONDS
        ).json()
        return Talk(self, opened["id"], opened["token"])

    def _environment(self) -> dict[str, str]:
        patient = {"engine_timeout_s": ANSWER_SECONDS - 5, "action_deadline_s": ANSWER_SECONDS - 10}
        settings = patient | self._settings
        chosen = {f"BANGBAN_{name.upper()}": str(value) for name, value in settings.items()}
        return {**os.environ, **chosen}

    def _read_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        announced = self._announced
        for line in process.stdout:
            if found := re.search(r"帮办已启动：(\S+?:(\d+))/?$", line.strip()):
                self.url, self.port = found[1], int(found[2])
                announced.set()
        announced.set()


class ScriptedService(RunningService):
    """The same without Rasa and the model; see `scripted_service`, which takes `options` too."""

    def __init__(self, data: Path, *options: str, **settings: Any) -> None:
        super().__init__(data, **settings)
        self._options = options

    def serve_command(self) -> list[str]:
        options = ["--port", str(self.port), "--data", str(self.data), *self._options]
        return [sys.executable, "-m", "tests.scenarios.scripted_service", *options]


class Talk:
    """A conversation, across restarts of the service."""

    def __init__(self, service: RunningService, conversation_id: str, token: str) -> None:
        self.service = service
        self.conversation_id = conversation_id
        self._headers = {"Authorization": f"Bearer {token}"}

    def say(self, text: str, client_message_id: str = "") -> dict[str, Any]:
        """The reply."""
        response = requests.post(
            f"{self.service.url}/api/v1/conversations/{self.conversation_id}/messages",
            json={"text": text, "client_message_id": client_message_id},
            headers=self._headers,
            timeout=ANSWER_SECONDS,
        )
        assert response.status_code == 200, response.text
        reply: dict[str, Any] = response.json()
        return reply

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """What the service answers to the citizen, whatever it is."""
        url = f"{self.service.url}/api/v1/conversations/{self.conversation_id}/{path}"
        return requests.request(method, url, headers=self._headers, timeout=ANSWER_SECONDS, **more)

    def ask_for_person(self) -> dict[str, Any]:
        """How the wish for a person stands: a new one, or the one there is."""
        response = requests.post(
            f"{self.service.url}/api/v1/conversations/{self.conversation_id}/handover",
            json={"mode": "text"},
            headers=self._headers,
            timeout=ANSWER_SECONDS,
        )
        assert response.ok, response.text
        stands: dict[str, Any] = response.json()
        return stands

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened."""
        response = requests.get(
            f"{self.service.url}/api/v1/conversations/{self.conversation_id}",
            headers=self._headers,
            timeout=ANSWER_SECONDS,
        )
        assert response.status_code == 200, response.text
        events: list[dict[str, Any]] = response.json()["events"]
        return events


def text_of(reply: dict[str, Any]) -> str:
    """All the words of a reply."""
    return "\n".join(message["text"] for message in reply["messages"])


def guides_cited(reply: dict[str, Any]) -> set[str]:
    """The guides that a reply names as its sources."""
    return {source["guide_id"] for message in reply["messages"] for source in message["sources"]}


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Returns when the condition holds."""
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(requests.ConnectionError):
            if condition():
                return
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the sample guides, imported and indexed; to be copied, not used."""
    service = RunningService(tmp_path_factory.mktemp("prepared") / "var")
    imported = service.import_guides(*SAMPLES)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    service.start()
    service.stop()
    return service.data


@pytest.fixture
def service(tmp_path: Path, prepared_data: Path) -> Iterator[RunningService]:
    """A service that knows the sample guides; not started yet."""
    shutil.copytree(prepared_data, tmp_path / "var")
    running = RunningService(tmp_path / "var")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def running_service(
    tmp_path_factory: pytest.TempPathFactory, prepared_data: Path
) -> Iterator[RunningService]:
    """A running service that knows the sample guides, shared by the scenarios of a module."""
    folder = tmp_path_factory.mktemp("running")
    shutil.copytree(prepared_data, folder / "var")
    running = RunningService(folder / "var").start()
    yield running
    running.stop()
