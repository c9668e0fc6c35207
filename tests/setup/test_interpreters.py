"""An interpreter counts only if it runs; when none does, the person is told how to get one."""

import ast
import sys

import pytest

from tests.architecture.source_tree import ROOT
from tests.setup.fake_python import write_fake_python
from tools.steps import interpreters
from tools.steps.error import SetupError


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """No interpreter is on the path, in pyenv or in uv, whatever the real machine has."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("BANGBAN_PYTHON_RASA", raising=False)
    return tmp_path


def find(version="9.9"):
    return interpreters.find([version], variable="BANGBAN_PYTHON_RASA", purpose="Rasa")


def test_a_python_on_the_path_is_taken(bare_machine):
    python = write_fake_python(bare_machine / "bin" / "python9.9", "9.9", bare_machine)

    assert find() == python


def test_a_shim_that_fails_is_passed_over_for_one_that_runs(bare_machine):
    write_fake_python(bare_machine / "bin" / "python9.9", "9.9", bare_machine, works=False)
    real = write_fake_python(bare_machine / "pyenv/versions/9.9.13/bin/python", "9.9", bare_machine)

    assert find() == real


def test_one_that_says_another_version_is_passed_over(bare_machine):
    write_fake_python(bare_machine / "bin" / "python9.9", "9.8", bare_machine)

    with pytest.raises(SetupError):
        find()


def test_the_one_named_by_the_variable_comes_first(bare_machine, monkeypatch):
    write_fake_python(bare_machine / "bin" / "python9.9", "9.9", bare_machine)
    named = write_fake_python(bare_machine / "opt" / "python", "9.9", bare_machine)
    monkeypatch.setenv("BANGBAN_PYTHON_RASA", str(named))

    assert find() == named


def test_uv_is_asked_to_install_as_a_last_resort(bare_machine):
    python = bare_machine / "uv-pythons" / "python"
    uv = bare_machine / "bin" / "uv"
    source = write_fake_python(bare_machine / "source", "9.9", bare_machine)
    uv.write_text(
        "#!/bin/sh\n"
        f'[ "$2" = install ] && mkdir -p {python.parent} && cp {source} {python}\n'
        f'[ "$2" = find ] && test -f {python} && echo {python}\n'
    )
    uv.chmod(0o755)

    assert find() == python


def test_when_there_is_none_the_text_says_how_to_get_it_and_where_was_looked(bare_machine):
    shim = write_fake_python(bare_machine / "bin" / "python9.9", "9.9", bare_machine, works=False)

    with pytest.raises(SetupError) as failure:
        find()

    text = str(failure.value)
    for part in ("Rasa needs it", "uv python install 9.9", "pyenv install 9.9", "apt-get install python9.9",
                 "BANGBAN_PYTHON_RASA", str(shim)):  # fmt: skip
        assert part in text


def test_this_very_interpreter_is_found():
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"

    assert interpreters.probe(sys.executable)[0] == version
    assert interpreters.probe(find(version))[0] == version


def test_what_does_not_exist_is_no_interpreter(tmp_path):
    assert interpreters.probe(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    "name",
    ["setup.py", "debian.py", "__init__.py", "steps/__init__.py", "steps/interpreters.py", "steps/error.py"],
)
def test_an_old_python_can_read_what_finds_a_newer_one(name):
    ast.parse((ROOT / "tools" / name).read_text("utf-8"), feature_version=(3, 7))
