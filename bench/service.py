"""Starts the service for a measurement, as its own process on a temporary data directory."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = sorted((ROOT / "knowledge" / "samples" / "guides").glob("*.json*"))


@dataclass(frozen=True)
class MeasuredService:
    """A running service: its address, its own process and Rasa's."""

    url: str
    service: psutil.Process
    rasa: psutil.Process

    def cpu_seconds(self) -> tuple[float, float]:
        """User and system time so far, of the service and of Rasa."""
        return tuple(sum(process.cpu_times()[:2]) for process in (self.service, self.rasa))

    def resident_mb(self) -> tuple[float, float]:
        """Memory held now, of the service and of Rasa."""
        return tuple(process.memory_info().rss / 1e6 for process in (self.service, self.rasa))


@contextlib.contextmanager
def measured_service(guides: list[Path] = SAMPLES, **settings: object) -> Iterator[MeasuredService]:
    """A service that has taken in these guides."""
    folder = Path(tempfile.mkdtemp(prefix="bangban-bench-"))
    environment = {**os.environ, **{f"BANGBAN_{name.upper()}": str(v) for name, v in settings.items()}}
    bangban = [sys.executable, "-m", "server"]
    data = ["--data", str(folder / "var")]
    with (folder / "service.log").open("w") as log:
        subprocess.run(
            [*bangban, "guides", "import", *map(str, guides), *data],
            cwd=ROOT, env=environment, check=True, stdout=log,
        )  # fmt: skip
        process = subprocess.Popen(
            [*bangban, "serve", "--port", "0", *data],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        url = next(
            found[1] for line in process.stdout if (found := re.search(r"已启动：(\S+?)/?$", line.strip()))
        )
        while not is_ready(url):
            time.sleep(0.5)
        service = psutil.Process(process.pid)
        rasa = next(c for c in service.children(recursive=True) if "bot.launcher" in " ".join(c.cmdline()))
        yield MeasuredService(url, service, rasa)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


@contextlib.contextmanager
def measured_desk(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Address and process of a service whose dialogue is scripted: for what Rasa has no part in."""
    command = [sys.executable, "-m", "tests.scenarios.scripted_service", "--data", str(folder / "var")]
    with (folder / "service.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        url = next(
            found[1] for line in process.stdout if (found := re.search(r"已启动：(\S+?)/?$", line.strip()))
        )
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def is_ready(url: str) -> bool:
    """Whether the service says so."""
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=30) as response:
            return response.status == 200
    except OSError:
        return False
