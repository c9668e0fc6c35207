"""The set-up, step by step: environments, three models, sample guides."""

import os
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.steps import environments, stamps
from tools.steps.commands import Say, run
from tools.steps.environments import Environment
from tools.steps.error import SetupError

Do = Callable[[Say], bool]
"""Does a step unless it is done already; says whether there was anything to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the set-up."""

    title: str
    do: Do


def service_environment(root: Path, *, for_tests: bool) -> Environment:
    """The environment of the service; with the tools of tests and checks if wanted."""
    locks = ["service", "dev"] if for_tests else ["service"]
    return Environment(
        folder=root / ".venv",
        versions=("3.11", "3.12", "3.13"),
        variable="BANGBAN_PYTHON",
        purpose="the service",
        locks=[root / "requirements" / f"{lock}.txt" for lock in locks],
        gigabytes=2.5,
    )


def rasa_environment(root: Path) -> Environment:
    """The environment of the Rasa process, whose lock leaves TensorFlow out on purpose."""
    return Environment(
        folder=root / ".venv-rasa",
        versions=("3.10",),
        variable="BANGBAN_PYTHON_RASA",
        purpose="Rasa",
        locks=[root / "bot" / "requirements.txt"],
        with_dependencies=False,
        gigabytes=1.5,
    )


def steps(root: Path, *, for_tests: bool, samples: bool) -> Sequence[Step]:
    """What has to be done, in order."""
    service = service_environment(root, for_tests=for_tests)
    rasa = rasa_environment(root)
    plan = [
        Step("Packages of the service", lambda say: _install_service(service, root, say)),
        Step("Packages of Rasa (Python 3.10)", lambda say: environments.ensure(rasa, root, say)),
        Step("Embedding model", lambda say: make_embedding_model(root, service.python, say)),
        Step("Dialogue model", lambda say: train_dialogue(root, rasa.python, say)),
        Step("Linking model", lambda say: train_linker(root, service.folder, say)),
    ]
    if samples:
        plan.append(Step("Sample guides", lambda say: import_samples(root, service.folder, say)))
    return plan


def run_all(plan: Sequence[Step], say: Say) -> None:
    """Runs the steps in order, saying for each how it went. Raises SetupError at the first failure."""
    for number, step in enumerate(plan, start=1):
        prefix = f"[{number}/{len(plan)}] {step.title}"
        started = time.monotonic()
        announced = _Announced(say, f"{prefix} …")
        did = step.do(announced)
        say(f"{prefix}: done in {time.monotonic() - started:.0f} s" if did else f"{prefix}: up to date")


class _Announced:
    """Says the step's heading before its first line, and nothing for a step that says nothing."""

    def __init__(self, say: Say, heading: str) -> None:
        self._say = say
        self._heading = heading

    def __call__(self, line: str) -> None:
        if self._heading:
            self._say(self._heading)
            self._heading = ""
        self._say(f"      {line.strip()}")


def _install_service(environment: Environment, root: Path, say: Say) -> bool:
    """The packages, and Bangban itself in place, so that there is a command `bangban`."""
    installed = environments.ensure(environment, root, say)
    stamp = environment.folder / "bangban-command"
    digest = stamps.digest_of([root / "pyproject.toml"], root=root, also=str(root))
    if stamps.is_done(stamp, digest) and (environment.folder / "bin" / "bangban").exists():
        return installed
    say("installing the command bangban")
    environments.pip(
        environment, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(root),
        say=say, purpose="Installing the command bangban",
    )  # fmt: skip
    stamps.mark_done(stamp, digest)
    return True


def make_embedding_model(root: Path, python: Path, say: Say) -> bool:
    """Assembles `models/embedding`, unless it stands or a city has put a model of its own there."""
    target = root / "models" / "embedding"
    recipe = stamps.digest_of([root / "knowledge" / "model_assembly"], root=root)
    stamp = target.with_name("embedding.stamp")
    if (target / "modules.json").is_file():
        if not (target / "manifest.json").is_file():
            say("models/embedding holds a model that was not made here; leaving it as it is")
            return False
        if stamps.is_done(stamp, recipe):
            return False
    stamps.mark_begun(stamp)
    target.parent.mkdir(parents=True, exist_ok=True)
    run(
        [str(python), "-m", "knowledge.model_assembly", str(target), str(target.with_name("downloads"))],
        say=say, purpose="Making the embedding model", cwd=root, raw=True,
    )  # fmt: skip
    stamps.mark_done(stamp, recipe)
    return True


def train_dialogue(root: Path, python: Path, say: Say) -> bool:
    """Trains Rasa's model; the launcher knows itself whether anything changed since."""
    lines: list[str] = []
    model = root / "models" / "rasa" / "bangban.tar.gz"
    run(
        [str(python), "-m", "bot.launcher", "train", "--out", str(model)],
        say=lines.append, purpose="Training the dialogue model", cwd=root, raw=True,
    )  # fmt: skip
    if any("nothing changed" in line for line in lines):
        return False
    say(lines[-1] if lines else "trained")
    return True


def train_linker(root: Path, environment: Path, say: Say) -> bool:
    """Trains what links a question to its item, on the lexicons and the embedding model there are."""
    target = root / "models" / "linker"
    inputs = [root / "knowledge", root / "models" / "embedding" / "manifest.json"]
    own = setting(root, os.environ, "lexicon")
    sayings = stamps.digest_of([root / own], root=root / own) if own else ""
    digest = stamps.digest_of(inputs, root=root, also=sayings)
    stamp = target.with_name("linker.stamp")
    if stamps.is_done(stamp, digest) and target.is_dir():
        return False
    run(
        [str(environment / "bin" / "bangban"), "train", "linker"],
        say=say, purpose="Training the linking model", cwd=root, raw=True,
    )  # fmt: skip
    stamps.mark_done(stamp, digest)
    return True


def import_samples(root: Path, environment: Path, say: Say) -> bool:
    """Imports the sample guides into the data folder, once for each state of the samples."""
    folder = root / "knowledge" / "samples"
    guides = sorted((folder / "guides").glob("*.json"))
    if not guides:
        raise SetupError("knowledge/samples is empty: is this a complete copy of the project?")
    batches = (
        ("guides", guides),
        ("faq", [folder / "faq.jsonl"]),
        ("documents", [folder / "documents.jsonl"]),
    )
    files = [path for _, paths in batches for path in paths]
    data = data_folder(root, os.environ)
    stamp = data / "samples.stamp"
    digest = stamps.digest_of(files, root=root)
    if stamps.is_done(stamp, digest):
        return False
    say(f"importing {len(files)} files into {data.relative_to(root) if data.is_relative_to(root) else data}")
    for kind, paths in batches:
        run(
            [str(environment / "bin" / "bangban"), kind, "import", *map(str, paths)],
            say=say, purpose=f"Importing the samples ({kind})", cwd=root, raw=True,
        )  # fmt: skip
    stamps.mark_done(stamp, digest)
    return True


def data_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """The data folder that the service will use: BANGBAN_DATA, else `data` of bangban.toml, else var."""
    return (root / (setting(root, environ, "data") or "var")).resolve()


def setting(root: Path, environ: Mapping[str, str], name: str) -> str:
    """The setting as the service will read it: from the environment, else bangban.toml, else empty."""
    value = environ.get(f"BANGBAN_{name.upper()}", "")
    file = root / "bangban.toml"
    if not value and file.is_file():
        try:
            value = str(tomllib.loads(file.read_text("utf-8")).get(name, ""))
        except tomllib.TOMLDecodeError as error:
            raise SetupError(f"bangban.toml is no valid TOML: {error}") from error
    return value


def clean(root: Path) -> None:
    """Removes what set-up and tests made, but no environment and no data."""
    for name in _LEFTOVERS:
        shutil.rmtree(root / name, ignore_errors=True)
    for cache in root.rglob("__pycache__"):
        if not any(part.startswith(".venv") for part in cache.parts):
            shutil.rmtree(cache, ignore_errors=True)


_LEFTOVERS = (
    "build", "dist", "bangban.egg-info", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    ".import_linter_cache", "models/downloads", "models/embedding.new", "models/embedding.retired",
)  # fmt: skip


def write_line(line: str) -> None:
    """Writes a line of progress at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
