"""What an operator reads when the service can't start or answer is Chinese."""

import ast
from pathlib import Path

import pytest

from core import errors

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bot", "connectors", "core", "knowledge", "server", "video")
TOLD = {
    "ConfigurationError",
    "UnservableModelError",
}
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def literal_of(node: ast.expr) -> str:
    """The text of a string as it is written, what is filled in left out; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value for part in node.values if isinstance(part, ast.Constant))
    return ""


def told_in(path: Path) -> list[str]:
    """The messages of those errors that are raised there."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    own = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in TOLD and call.args]
    return [text for call in own if (text := literal_of(call.args[0])).strip("：: ")]


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("path", [p for p in SOURCES if told_in(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_what_the_operator_must_put_right_is_said_in_chinese(path):
    assert [text for text in told_in(path) if not is_chinese(text)] == []


@pytest.mark.parametrize(
    "error", [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.BangbanError)]
)
def test_what_a_citizen_reads_of_an_error_is_chinese(error):
    assert is_chinese(error.citizen_text)


def test_there_is_something_to_look_at():
    assert sum(len(told_in(path)) for path in SOURCES) > 20
