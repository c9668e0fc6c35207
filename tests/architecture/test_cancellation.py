"""A task that is cancelled ends: nothing in the packages swallows its cancellation."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bot", "connectors", "core", "knowledge", "server", "video")


def calls_of_wait_for(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    functions = [(node.lineno, ast.unparse(node.func)) for node in nodes if isinstance(node, ast.Call)]
    return [f"{path.relative_to(ROOT)}:{line}" for line, name in functions if name == "asyncio.wait_for"]


def test_what_has_a_limit_of_time_is_cancelled_even_in_the_moment_when_it_is_done():
    """`asyncio.wait_for` of Python 3.11 returns instead, and a loop around it never ends.

    https://github.com/python/cpython/issues/86296; `asyncio.timeout` hasn't got the fault.
    """
    sources = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]

    assert [place for path in sources for place in calls_of_wait_for(path)] == []
