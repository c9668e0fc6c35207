"""Runs Rasa: `python -m bot.launcher train|run|validate|test`, in the Python 3.10 environment.

    .venv-rasa/bin/python -m bot.launcher train --out models/rasa/bangban.tar.gz
    .venv-rasa/bin/python -m bot.launcher run --model models/rasa/bangban.tar.gz --port 5005 \
        --actions-url http://127.0.0.1:8081/SECRET/webhook --tracker var/rasa/tracker.db
    .venv-rasa/bin/python -m bot.launcher validate
    .venv-rasa/bin/python -m bot.launcher test --model models/rasa/bangban.tar.gz \
        --nlu tests/bot/heldout.yml --stories tests/bot/stories --out REPORT_FOLDER

Stories are read from files named `test_*.yml`, as Rasa wants it. `tests/bot/test_rasa_checks.py`
runs `validate` and `test`.

This is the only way in which Bangban starts Rasa. It adds what Rasa 3.6.21 lacks: the TensorFlow
stand-in and two patches (`bot.rasa_ext`), a refusal of models that can't be served, telemetry off,
loopback only, a private temporary folder, an end together with the process that started it, and
a training that is skipped when nothing changed and that leaves either the old model or the new.

Secrets may come in the environment, where other users can't read them: BANGBAN_ACTIONS_URL for
`--actions-url`, BANGBAN_RASA_TOKEN for the token of Rasa's management API.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import training
from bot.model import UnservableModelError, read_model, refuse_unservable
from bot.rasa_ext import tensorflow_stand_in

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config.yml"
DOMAIN = ROOT / "bot" / "domain"
DATA = ROOT / "bot" / "data"

LOOPBACK = "127.0.0.1"
MISUSED = 2  # exit status for an environment or a model that can't work
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_RASA_WARNS = "rasa/shared/utils/io.py"
# Actions choose most responses, where Rasa can't see it; tests/bot/test_content.py looks after them.
_SAID_BY_ACTIONS = re.compile(r"The utterance 'utter_\w+' is not used in any story or rule\.")


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status = arguments.command(arguments)
    except UnservableModelError as error:
        print(f"bangban: {error}", file=sys.stderr)  # noqa: T201 -- a command line tells its user why
        return MISUSED
    assert isinstance(status, int)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bot.launcher", description="Runs Rasa for Bangban.")
    commands = parser.add_subparsers(required=True)

    train = commands.add_parser("train", help="train the model, unless nothing changed since")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--force", action="store_true", help="train even if nothing changed")
    train.set_defaults(command=_train)

    run = commands.add_parser("run", help="serve a model on a loopback port")
    run.add_argument("--model", type=Path, required=True)
    run.add_argument("--port", type=int, required=True)
    run.add_argument("--actions-url", default=os.environ.get("BANGBAN_ACTIONS_URL", ""))
    run.add_argument("--tracker", type=Path, required=True, help="SQLite file of the conversations")
    run.add_argument("--keep-days", type=float, default=7.0, help="days a silent conversation is kept")
    run.add_argument("--instance", type=int, default=0, help="tells processes apart that share a tracker")
    run.add_argument("--parent", type=int, default=0, help="end when this process has ended")
    run.set_defaults(command=_run)

    validate = commands.add_parser("validate", help="check domain and data; fails on every warning")
    validate.set_defaults(command=_validate)

    test = commands.add_parser("test", help="try a model on sentences and stories")
    test.add_argument("--model", type=Path, required=True)
    test.add_argument("--nlu", type=Path)
    test.add_argument("--stories", type=Path)
    test.add_argument("--out", type=Path, required=True, help="folder for the reports")
    test.set_defaults(command=_test)
    return parser


def _train(arguments: argparse.Namespace) -> int:
    out = arguments.out.resolve()
    stamp = training.fingerprint(ROOT)
    if not arguments.force and training.is_fresh(out, stamp):
        print(f"{out.name}: nothing changed")  # noqa: T201 -- progress for who runs the set-up
        return 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=out.parent) as scratch:
        _prepare(Path(scratch))
        status = _rasa(
            [
                *("train", "--config", str(CONFIG), "--domain", str(DOMAIN), "--data", str(DATA)),
                *("--out", scratch, "--fixed-model-name", "model", "--quiet"),
            ]
        )
        if status:
            return status
        trained = Path(scratch, "model.tar.gz")
        refuse_unservable(read_model(trained))
        training.install(trained, out, stamp)
    print(f"{out.name}: trained")  # noqa: T201 -- as above
    return 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.parent:
        _end_with(arguments.parent)
    if not arguments.actions_url:
        raise UnservableModelError("没有 --actions-url，也没有 BANGBAN_ACTIONS_URL，Rasa 什么都答不了")
    model = arguments.model.resolve()
    refuse_unservable(read_model(model))
    tracker = arguments.tracker.resolve()
    tracker.parent.mkdir(parents=True, exist_ok=True)
    private = tracker.parent / f"instance-{arguments.instance}"
    _prepare(private)
    endpoints = private / "endpoints.yml"
    _write_yaml(
        endpoints,
        {
            "action_endpoint": {"url": arguments.actions_url},
            "tracker_store": {
                "type": "bot.rasa_ext.tracker_store.BoundedTrackerStore",
                "path": str(tracker),
                "ttl": arguments.keep_days * 86400,
            },
        },
    )
    credentials = private / "credentials.yml"
    _write_yaml(credentials, {"rest": None})
    command = ["run", "--model", str(model), "--endpoints", str(endpoints), "--credentials", str(credentials)]
    command += ["--interface", LOOPBACK, "--port", str(arguments.port), "--enable-api", "--quiet"]
    token = os.environ.pop("BANGBAN_RASA_TOKEN", "")
    if token:
        command.append(f"--auth-token={token}")  # in one word: a token may begin with a dash
    return _rasa(command)


def _validate(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="bangban-") as scratch:
        _prepare(Path(scratch))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            status = _rasa(
                [
                    *("data", "validate", "--fail-on-warnings", "--config", str(CONFIG)),
                    *("--domain", str(DOMAIN), "--data", str(DATA)),
                ]
            )
    # `--fail-on-warnings` lets some of Rasa's own warnings pass, such as an intent without sentences.
    found = [str(each.message) for each in caught if Path(each.filename).match(_RASA_WARNS)]
    found = [each for each in found if not _SAID_BY_ACTIONS.fullmatch(each)]
    for each in found:
        print(f"bangban: {each}", file=sys.stderr)  # noqa: T201 -- a command line tells its user why
    return status or int(bool(found))


def _test(arguments: argparse.Namespace) -> int:
    model = arguments.model.resolve()
    out = arguments.out.resolve()
    nlu = arguments.nlu and arguments.nlu.resolve()
    stories = arguments.stories and arguments.stories.resolve()
    refuse_unservable(read_model(model))
    with tempfile.TemporaryDirectory(prefix="bangban-") as scratch:
        _prepare(Path(scratch))
        common = ["--model", str(model), "--out", str(out), "--no-plot", "--quiet"]
        status = 0
        if nlu:
            status = _rasa(["test", "nlu", "--nlu", str(nlu), *common])
        if stories and not status:
            endpoints = Path(scratch, "endpoints.yml")
            _write_yaml(endpoints, {"tracker_store": {"type": "InMemory"}})
            status = _rasa(
                [
                    # End to end: what the sentences of a story are taken for counts too.
                    *("test", "core", "--e2e", "--stories", str(stories), "--endpoints", str(endpoints)),
                    *("--fail-on-prediction-errors", *common),
                ]
            )
        return status


def _prepare(private: Path) -> None:
    """Sets up this process for Rasa: folders, environment, stand-in, patches.

    `private` becomes the temporary folder. Jieba keeps its cache there under a name that anyone
    could guess and plant in a shared /tmp; what a killed Rasa left there is removed.
    """
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    private.chmod(0o700)
    for left in private.glob("tmp*"):
        shutil.rmtree(left, ignore_errors=True)
    os.environ["TMPDIR"] = str(private)
    tempfile.tempdir = None  # read TMPDIR again
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # the training stamp does better, and leaves no .rasa folder
    os.environ["RASA_CACHE_DIRECTORY"] = str(private / "cache")
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"  # Rasa's code, not ours, is for SQLAlchemy 1
    os.chdir(ROOT)  # config.yml names folders relative to the project
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))

    tensorflow_stand_in.install()

    from bot.rasa_ext import patches  # noqa: PLC0415 -- it imports Rasa, which imports TensorFlow

    patches.apply()


def _rasa(command: list[str]) -> int:
    """Runs one of Rasa's own commands in this process; returns its exit status."""
    from rasa.__main__ import main as rasa_main  # noqa: PLC0415 -- as above

    sys.argv = ["rasa", *command]
    try:
        rasa_main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _end_with(parent: int) -> None:
    """Has the kernel kill this process when `parent`, which started it, is gone.

    SIGKILL, not SIGTERM: nobody is left to wait, and the tracker store survives it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before the line above
        raise SystemExit(MISUSED)


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    # JSON is YAML, and needs no library here.
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    path.chmod(0o600)


if __name__ == "__main__":
    sys.exit(main())
