"""Whether the model has to be trained again, and putting a trained one in its place.

Beside `bangban.tar.gz` stands `bangban.tar.gz.stamp`: the digest of everything that training reads,
and of the archive that came out. Equal digests mean that training would change nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from bot.model import RASA_VERSION

# What Rasa reads, and the code that decides what it makes of it.
INPUTS = ("config.yml", "bot/domain", "bot/data", "bot/rasa_ext", "bot/requirements.txt")


def fingerprint(root: Path) -> str:
    """A digest of all inputs of training under `root`, by name and content."""
    digest = hashlib.sha256(RASA_VERSION.encode())
    for path in _files(root):
        name = path.relative_to(root).as_posix().encode()
        content = path.read_bytes()
        digest.update(b"%d %s %d " % (len(name), name, len(content)))
        digest.update(content)
    return digest.hexdigest()


def is_fresh(model: Path, inputs: str) -> bool:
    """Whether the archive at `model` was trained from inputs with this fingerprint, and is whole."""
    try:
        stamp = json.loads(_stamp_of(model).read_text(encoding="utf-8"))
        return bool(stamp == _stamp(model, inputs))
    except (OSError, ValueError):
        return False


def install(trained: Path, model: Path, inputs: str) -> None:
    """Moves the archive `trained` to `model` in one step, on the same file system.

    A kill at any point leaves the old model or the new one; at worst the next set-up trains again.
    """
    stamp = json.dumps(_stamp(trained, inputs))
    _flush(trained)
    os.replace(trained, model)
    written = model.with_name(model.name + ".stamp.new")
    written.write_text(stamp, encoding="utf-8")
    _flush(written)
    os.replace(written, _stamp_of(model))
    _flush(model.parent)


def _files(root: Path) -> Iterator[Path]:
    for name in INPUTS:
        path = root / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (f for f in found if f.is_file() and "__pycache__" not in f.parts)


def _stamp_of(model: Path) -> Path:
    return model.with_name(model.name + ".stamp")


def _stamp(model: Path, inputs: str) -> dict[str, str]:
    return {"inputs": inputs, "model": hashlib.sha256(model.read_bytes()).hexdigest()}


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
