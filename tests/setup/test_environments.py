"""An environment holds its locks or is made anew; being killed while downloading costs nothing."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.architecture.source_tree import ROOT
from tests.setup.fake_python import log_lines, write_fake_python
from tools.steps.environments import Environment, brings_cuda, ensure, is_ready
from tools.steps.error import SetupError

TOUCHED = "package-of-before"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "requirements").mkdir()
    for lock in ("service", "dev"):
        (tmp_path / "requirements" / f"{lock}.txt").write_text(f"{lock}-package==1.0\n")
    write_fake_python(tmp_path / "python", "9.9", tmp_path)
    return tmp_path


@pytest.fixture
def environment(root, monkeypatch):
    monkeypatch.setenv("TEST_PYTHON", str(root / "python"))
    return Environment(
        folder=root / ".venv",
        versions=("9.9",),
        variable="TEST_PYTHON",
        purpose="the test",
        locks=[root / "requirements" / "service.txt"],
        gigabytes=0.0,
    )


def quiet(line):
    pass


def installs(root):
    return [line for line in log_lines(root) if " -r " in line]


def test_a_fresh_environment_gets_the_packages_of_its_lock(root, environment):
    assert ensure(environment, root, quiet) is True

    assert is_ready(environment, root)
    assert [line.split(" -r ")[1].split()[0] for line in installs(root)] == [
        str(root / "requirements" / "service.txt")
    ]


def test_a_second_time_nothing_is_done(root, environment):
    ensure(environment, root, quiet)
    before = log_lines(root)

    assert ensure(environment, root, quiet) is False
    assert log_lines(root) == before


def test_a_changed_lock_is_installed_into_the_environment_there_is(root, environment):
    ensure(environment, root, quiet)
    (environment.folder / TOUCHED).touch()
    (root / "requirements" / "service.txt").write_text("service-package==2.0\n")

    assert ensure(environment, root, quiet) is True

    assert len(installs(root)) == 2
    assert (environment.folder / TOUCHED).exists()


def test_the_tools_of_tests_are_added_without_installing_the_rest_again(root, environment):
    ensure(environment, root, quiet)
    both = replace(environment, locks=[*environment.locks, root / "requirements" / "dev.txt"])

    ensure(both, root, quiet)

    assert [line.split("/")[-1].split()[0] for line in installs(root)] == ["service.txt", "dev.txt"]
    assert is_ready(environment, root)


def test_a_complete_lock_is_installed_without_dependencies(root, environment):
    ensure(replace(environment, with_dependencies=False), root, quiet)

    assert "--no-deps" in installs(root)[0]


def test_a_failed_download_keeps_the_environment_and_the_next_run_goes_on(root, environment):
    (root / "pip-says").write_text("ERROR: ReadTimeout\n")
    (root / "pip-status").write_text("1")
    with pytest.raises(SetupError, match="can't be reached"):
        ensure(environment, root, quiet)
    (environment.folder / TOUCHED).touch()
    (root / "pip-status").unlink()
    assert not is_ready(environment, root)

    ensure(environment, root, quiet)

    assert (environment.folder / TOUCHED).exists()


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("Collecting service-package==1.0\n", True),
        ("Installing collected packages: service-package\n", False),
    ],
)
def test_killed_while_downloading_it_goes_on_killed_while_unpacking_it_begins_anew(
    root, environment, printed, kept
):
    ensure(environment, root, quiet)
    (environment.folder / TOUCHED).touch()
    (root / "requirements" / "service.txt").write_text("service-package==2.0\n")
    (root / "pip-says").write_text(printed)
    (root / "pip-dies").write_text("" if kept else str(environment.folder / "bangban-unfinished"))
    program = f"""
from pathlib import Path
from tools.steps.environments import Environment, ensure
root = Path({str(root)!r})
ensure(Environment(root / ".venv", ("9.9",), "TEST_PYTHON", "the test", [root / "requirements/service.txt"],
                   gigabytes=0.0), root, print)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -9
    assert not is_ready(environment, root)

    ensure(environment, root, quiet)

    assert is_ready(environment, root)
    assert (environment.folder / TOUCHED).exists() is kept


def test_an_environment_whose_python_is_gone_is_made_anew(root, environment):
    ensure(environment, root, quiet)
    environment.python.write_text("#!/bin/sh\nexit 127\n")
    (root / "requirements" / "service.txt").write_text("service-package==2.0\n")

    ensure(environment, root, quiet)

    assert is_ready(environment, root)


def test_too_little_disk_is_said_before_anything_is_made(root, environment):
    with pytest.raises(SetupError, match=r"takes 10000000\.0 GB of disk"):
        ensure(replace(environment, gigabytes=1e7), root, quiet)

    assert not environment.folder.exists()


def test_a_missing_lock_is_named(root, environment):
    (root / "requirements" / "service.txt").unlink()

    with pytest.raises(SetupError, match=r"requirements/service\.txt is missing"):
        ensure(environment, root, quiet)


@pytest.mark.parametrize(
    ("needs", "cuda"),
    [
        (["filelock", "nvidia-cudnn-cu13==9.1; platform_system == 'Linux'"], True),
        (["filelock", "sympy"], False),
        (None, False),
    ],
)
def test_a_build_of_pytorch_with_cuda_is_recognised(needs, cuda):
    assert brings_cuda({"install": [{"metadata": {"name": "torch", "requires_dist": needs}}]}) is cuda
