"""Runs another program, shows the lines worth seeing, and says in plain words why it failed."""

import re
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.steps.error import SetupError

Say = Callable[[str], None]

UNPACKING = "unpacking"
"""Shown when pip is about to put files into the environment; until then it only fetched."""

_SHOWN = [
    (
        re.compile(r"^(?:Downloading|Using cached) (?:\S+/)?(\S+?)-[^-\s]+(?:-\S+)? \(([\d.]+ [MG]B)\)"),
        r"fetching \1 (\2)",
    ),
    (re.compile(r"^Installing collected packages: .*"), UNPACKING),
    (re.compile(r"^Building wheels? for collected packages: (.*)"), r"building \1"),
]
"""Lines of pip that a person waiting wants to see: downloads of a megabyte and more, and phases."""

_REASONS = [
    (
        re.compile(r"No space left on device|Errno 28", re.I),
        "The disk is full. Make room (see the README for how much is needed) and run the same command again.",
    ),
    (
        re.compile(
            r"NewConnectionError|ConnectTimeout|ReadTimeout|Temporary failure in name resolution"
            r"|Name or service not known|Connection (?:refused|reset|aborted)|ProxyError|SSLError"
            r"|Network is unreachable|Could not fetch URL|IncompleteRead|IncompleteDownload"
            r"|could not download",
            re.I,
        ),
        "The package registry can't be reached. Check the network, or point pip to a mirror "
        "(pip config set global.index-url …), and run the same command again; finished downloads are kept.",
    ),
    (
        re.compile(r"No matching distribution found for (\S+)"),
        "The package registry has no build of that package for this machine and Python version. "
        "A mirror may be out of date; tested are Linux on x86-64 with Python 3.11.",
    ),
]


def run(
    command: Sequence[str], *, say: Say, purpose: str, cwd: Path | None = None, raw: bool = False
) -> None:
    """Runs a command to its end; `raw` passes all its lines on, else only those of pip worth seeing.

    Raises SetupError when it fails, with the likely reason and the end of what it printed.
    """
    tail: deque[str] = deque(maxlen=12)
    everything: list[str] = []
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.rstrip()
            tail.append(text)
            everything.append(text)
            shown = text if raw else worth_showing(text)
            if shown:
                say(shown)
    if process.returncode != 0:
        raise SetupError(explain(purpose, process.returncode, everything, list(tail)))


def worth_showing(line: str) -> str:
    """What to show of a line of pip's output; empty for nothing."""
    for pattern, form in _SHOWN:
        match = pattern.match(line.strip())
        if match and " kB" not in line:
            return match.expand(form)
    return ""


def explain(purpose: str, status: int, output: Sequence[str], tail: Sequence[str]) -> str:
    """Why a command failed, as far as its output tells, and the end of that output."""
    whole = "\n".join(output)
    reasons = [advice for pattern, advice in _REASONS if pattern.search(whole)]
    ended = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
    shown = "\n".join(f"    {line if len(line) <= 200 else line[:200] + ' …'}" for line in tail)
    return "\n".join([f"{purpose} failed: it {ended}.", *reasons[:1], "Its last lines:", shown])
