"""The project's own files, as the architecture tests look at them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "connectors", "core", "knowledge", "server", "video")
NOT_OURS = frozenset({"node_modules", "models", "var", "build", "dist", "__pycache__"})


@dataclass(frozen=True)
class SourceFile:
    """A Python file of the project."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root, as failures should show it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """The name it is imported by."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imported(self) -> Iterator[str]:
        """The full names of the modules it imports, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module


def python_files(*folders: str) -> list[SourceFile]:
    """All Python files below these folders of the project."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [SourceFile(path) for path in sorted(found) if "__pycache__" not in path.parts]


def text_files(*suffixes: str) -> Iterator[Path]:
    """All files with these endings that belong to the project, in order."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if any(part in NOT_OURS or (part.startswith(".") and part != ".ci") for part in parts):
            continue
        if path.suffix in suffixes and path.is_file():
            yield path
