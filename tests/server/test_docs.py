"""The reference pages say everything that there is to say."""

import re
from pathlib import Path

import pytest

from bot.process import PACE
from core import errors
from core.statuses import TurnStatus
from server.__main__ import COMMANDS
from server.cli.serve import STOP_SECONDS

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def all_errors(kind: type[errors.BangbanError] = errors.BangbanError):
    yield kind
    for narrower in kind.__subclasses__():
        yield from all_errors(narrower)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section(command):
    assert f"\n## {command}\n" in (REFERENCE / "command-line.md").read_text("utf-8")


def test_systemd_waits_for_everything_that_ends_in_an_orderly_way():
    unit = (REFERENCE.parent / "howto" / "install.md").read_text("utf-8")
    waits = float(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1])

    assert waits > STOP_SECONDS + PACE.stop_timeout_s


@pytest.mark.parametrize("status", TurnStatus)
def test_every_status_is_explained(status):
    assert f"| `{status}` |" in (REFERENCE / "api.md").read_text("utf-8")


CODES = sorted({error.code for error in all_errors() if error.__module__ == "core.errors"})


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_listed(code):
    assert f"`{code}`" in (REFERENCE / "api.md").read_text("utf-8")
