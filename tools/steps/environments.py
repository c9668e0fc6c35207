"""Makes a virtual environment hold exactly the packages of its locks.

A killed `pip install` can leave a package half unpacked that pip later takes for whole. So while
packages are unpacked, the environment carries a mark, and one that is found with the mark is made
anew. What was downloaded by then is in pip's cache; being killed while downloading costs nothing.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.steps import interpreters, stamps
from tools.steps.commands import UNPACKING, Say, run
from tools.steps.error import SetupError

PIP = "pip==26.3"
"""The pip that installs: it resumes broken downloads, which the one that comes with Python may not."""

_STAMP = "bangban-installed"
_MARK = "bangban-unfinished"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment as it should be."""

    folder: Path
    versions: Sequence[str]  # Python versions that will do, the best first
    variable: str  # environment variable that may name the interpreter
    purpose: str
    locks: Sequence[Path]
    with_dependencies: bool = True  # False: the lock is complete, and leaves out on purpose
    gigabytes: float = 1.0  # what it takes on disk

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


def is_ready(environment: Environment, root: Path) -> bool:
    """Whether the locks are installed already. The last lock may be one of several put in in turn."""
    return all(
        stamps.is_done(_stamp(environment, lock), _digest(lock, root)) for lock in environment.locks
    ) and (environment.python.exists())


def ensure(environment: Environment, root: Path, say: Say) -> bool:
    """Makes the environment, or completes it, and says whether there was anything to do.

    Raises SetupError.
    """
    if is_ready(environment, root):
        return False
    _make(environment, say)
    for lock in environment.locks:
        if stamps.is_done(_stamp(environment, lock), _digest(lock, root)):
            continue
        if not lock.is_file():
            raise SetupError(f"{lock.relative_to(root)} is missing: is this a complete copy of the project?")
        stamps.mark_begun(_stamp(environment, lock))
        _install(environment, lock, say)
        stamps.mark_done(_stamp(environment, lock), _digest(lock, root))
    return True


def pip(environment: Environment, *arguments: str, say: Say, purpose: str) -> None:
    """Runs pip of that environment. Raises SetupError."""
    run(
        [str(environment.python), "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check"],
        say=say,
        purpose=purpose,
    )


def _make(environment: Environment, say: Say) -> None:
    """An environment whose Python runs and that no killed set-up left half filled."""
    folder = environment.folder
    if (folder / _MARK).exists():
        say(f"{folder.name} was left unfinished; making it anew")
        shutil.rmtree(folder)
    usable = interpreters.probe(environment.python)
    if usable and usable[0] in environment.versions:
        return
    if folder.exists():
        say(f"{folder.name} has no working Python {' or '.join(environment.versions)}; making it anew")
        shutil.rmtree(folder)
    interpreter = interpreters.find(
        environment.versions, variable=environment.variable, purpose=environment.purpose
    )
    _check_disk(environment)
    say(f"making {folder.name} with {interpreter}")
    folder.mkdir(parents=True)
    mark = folder / _MARK
    mark.touch()
    purpose = f"Making the environment {folder.name}"
    run([str(interpreter), "-m", "venv", str(folder)], say=say, purpose=purpose)
    pip(environment, "install", "--quiet", PIP, say=say, purpose=purpose)
    mark.unlink()


def _check_disk(environment: Environment) -> None:
    free = shutil.disk_usage(environment.folder.parent).free / 1e9
    if free < environment.gigabytes:
        raise SetupError(
            f"{environment.purpose} takes {environment.gigabytes:.1f} GB of disk, and only {free:.1f} GB are "
            f"free under {environment.folder.parent}. Make room and run the same command again."
        )


def _install(environment: Environment, lock: Path, say: Say) -> None:
    say(f"installing {lock.parent.name}/{lock.name} into {environment.folder.name}")
    purpose = f"Installing the packages of {lock.parent.name}/{lock.name}"
    if environment.with_dependencies:
        _warn_of_cuda(environment, lock, say)
    dependencies = () if environment.with_dependencies else ("--no-deps",)
    mark = environment.folder / _MARK

    def mark_and_say(line: str) -> None:
        if line == UNPACKING:
            mark.touch()
        say(line)

    pip(
        environment, "install", "--progress-bar=off", *dependencies, "-r", str(lock),
        say=mark_and_say, purpose=purpose,
    )  # fmt: skip
    mark.unlink(missing_ok=True)


def _warn_of_cuda(environment: Environment, lock: Path, say: Say) -> None:
    """Says so when PyTorch would bring gigabytes of CUDA packages that this service never uses."""
    torch = next((line for line in lock.read_text("utf-8").splitlines() if line.startswith("torch==")), "")
    if not torch or not sys.platform.startswith("linux"):
        return
    report = environment.folder / "torch-report.json"
    try:
        pip(
            environment, "install", "--quiet", "--dry-run", "--no-deps", f"--report={report}", torch,
            say=say, purpose="Looking at PyTorch",
        )  # fmt: skip
        if brings_cuda(json.loads(report.read_text("utf-8"))):
            say("NOTE: pip would take PyTorch's build with CUDA, several GB that Bangban has no use for.")
            say("      To take the CPU build, stop here (Ctrl-C), set PIP_EXTRA_INDEX_URL to PyTorch's index")
            say('      of CPU wheels (README, "PyTorch without CUDA") and run the same command again.')
    except SetupError:
        pass  # only a courtesy; the real install will say what is wrong
    finally:
        report.unlink(missing_ok=True)


def brings_cuda(report: dict[str, list[dict[str, dict[str, object]]]]) -> bool:
    """Whether pip's installation report names a build of PyTorch that needs CUDA packages."""
    for each in report.get("install", []):
        needs = each["metadata"].get("requires_dist") or []
        if isinstance(needs, list) and any(str(need).startswith(("nvidia-", "cuda-")) for need in needs):
            return True
    return False


def _digest(lock: Path, root: Path) -> str:
    return stamps.digest_of([lock], root=root, also=PIP)


def _stamp(environment: Environment, lock: Path) -> Path:
    return environment.folder / f"{_STAMP}-{lock.parent.name}-{lock.stem}"
