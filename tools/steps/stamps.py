"""Stamps: small files that say from which inputs a step was done, so that it isn't done again."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def digest_of(paths: Iterable[Path], *, root: Path, also: str = "") -> str:
    """A digest of these files' names and contents (folders with all they hold), and of `also`."""
    whole = hashlib.sha256(also.encode())
    for path in sorted(_files(paths)):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        whole.update(f"\n{name} {hashlib.sha256(content).hexdigest()}".encode())
    return whole.hexdigest()


def is_done(stamp: Path, digest: str) -> bool:
    """Whether the step with this stamp was last finished from inputs with this digest."""
    try:
        return stamp.read_text("utf-8").strip() == digest
    except OSError:
        return False


def mark_done(stamp: Path, digest: str) -> None:
    """Writes the stamp in one step; call it when everything else of the step is on disk."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_name(stamp.name + ".new")
    fresh.write_text(digest + "\n", "utf-8")
    os.replace(fresh, stamp)


def mark_begun(stamp: Path) -> None:
    """Takes the stamp back before a step touches what it vouches for."""
    stamp.unlink(missing_ok=True)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (
                each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts
            )
        elif path.is_file():
            yield path
