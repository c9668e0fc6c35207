"""Small files, telling names, reasons beside exceptions, and no trace of the machine it was made on."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT, python_files, text_files

CODE = (*PACKAGES, "tools")
MOST_LINES = 400
MOST_LINES_OF_A_TEST = 700

EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc|stuff)(_|$)|(Manager|Helper|Utils?)$")
IGNORE = re.compile(r"#\s*(noqa|type:\s*ignore|pragma|mypy:)(?P<rest>.*)$")
CODES = re.compile(r"^(:?\s*\[?[A-Za-z0-9, -]*\]?)?")


@pytest.mark.parametrize("file", python_files(*CODE), ids=lambda file: file.name)
def test_a_file_owns_one_thing_and_stays_small(file):
    assert len(file.lines) <= MOST_LINES, f"{file.name} has {len(file.lines)} lines: split it"


@pytest.mark.parametrize("file", python_files("tests", "bench"), ids=lambda file: file.name)
def test_a_test_file_stays_readable(file):
    assert len(file.lines) <= MOST_LINES_OF_A_TEST, f"{file.name} has {len(file.lines)} lines: split it"


def test_no_name_is_a_drawer_for_everything():
    named = [
        f"{file.name}: {name}"
        for file in python_files(*CODE)
        for name in names_in(file)
        if EMPTY_NAMES.search(name)
    ]

    assert named == []


def names_in(file):
    yield file.path.stem
    yield from (node.name for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef))


def test_every_ignore_has_its_reason_beside_it():
    bare = [
        f"{file.name}:{number}: {line.strip()}"
        for file in python_files(*CODE, "tests", "bench")
        if file.path != Path(__file__)
        for number, line in enumerate(file.lines, start=1)
        if (match := IGNORE.search(line)) and not has_reason(match["rest"])
    ]

    assert bare == []


def has_reason(rest):
    """Whether words follow the codes: `# noqa: S603 - fixed words` or `# type: ignore[x] # untyped`."""
    reason = re.sub(r"^\s*:?\s*(\[[^\]]*\]|[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?", "", rest)
    return re.search(r"[^\W\d_]{3,}", reason) is not None


@pytest.mark.parametrize(
    ("comment", "reasoned"),
    [
        ("# noqa: S603 - fixed words only", True),
        ("# type: ignore[misc]  # the library has no types", True),
        ("# noqa: S603", False),
        ("# noqa", False),
        ("# type: ignore[no-untyped-call]", False),
    ],
)
def test_a_reason_is_told_from_a_code(comment, reasoned):
    assert has_reason(IGNORE.search(comment)["rest"]) is reasoned


def test_every_rule_that_ruff_ignores_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    lines = text.splitlines()

    for rule in lint["ignore"]:
        assert any(re.match(rf'\s*"{rule}",\s*# \w+', line) for line in lines), rule
    for pattern in lint["per-file-ignores"]:
        assert any(line.startswith(f'"{pattern}"') and "# " in line for line in lines), pattern


TRACES = re.compile(
    r"/work/|/root/|/tmp/bb|pypi\.org|pythonhosted|npmjs|deb\.debian|download\.pytorch", re.IGNORECASE
)


def test_nothing_names_a_machine_or_a_registry():
    endings = (".py", ".md", ".toml", ".txt", ".yml", ".js", ".css", ".html", ".sh", "")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in text_files(*endings)
        if path.name != "test_files_and_names.py"
        and (match := TRACES.search(path.read_text("utf-8", errors="replace")))
    ]

    assert found == []
