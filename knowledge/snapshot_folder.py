"""Snapshots on disk: built beside the one in force, then switched to in one step.

    current                     the name of the snapshot in force; replaced by an atomic rename
    snapshot-00000042/manifest.json   its parameters, its change number and the names of its parts
    part-00000042/, merge-00000040/   see `knowledge.part_files`; shared by the snapshots that name it
    writer.lock                 held by the one process that writes

A part and a manifest are durable before `current` names them, so a crash at any moment leaves the
old snapshot or the new one in force; what it left half done is cleared away by the next writer.
Readers hold a shared lock on the manifest they opened, and what someone holds isn't cleared away.
"""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from core.errors import SnapshotUnavailable
from knowledge.index_part import IndexPart
from knowledge.part_files import flush_folder, load_part, save_part, write_durably
from knowledge.snapshot import Snapshot, SnapshotParameters

_POINTER = "current"
_PARTS = ("part-*", "merge-*")  # a merge runs beside commits and so has names of its own


def _no_step(_step: str) -> None:
    """Nobody watches the steps."""


class OpenSnapshot:
    """A snapshot read from disk, kept there for as long as this isn't closed."""

    def __init__(self, snapshot: Snapshot, name: str, hold: IO[Any]) -> None:
        self.snapshot = snapshot
        self.name = name
        self._hold = hold

    def close(self) -> None:
        """Lets the snapshot's files be cleared away once it isn't in force. Arrays in use stay valid."""
        self._hold.close()


class SnapshotFolder:
    """Reads the snapshots in a folder."""

    def __init__(self, folder: Path, parameters: SnapshotParameters) -> None:
        self.folder = folder
        self.parameters = parameters

    def current_name(self) -> str:
        """The name of the snapshot in force; empty if there is none."""
        try:
            return (self.folder / _POINTER).read_text("utf-8", errors="replace").strip()
        except FileNotFoundError:
            return ""

    def open(self, known: Snapshot | None = None) -> OpenSnapshot | None:
        """The snapshot in force, or None if there is none yet.

        Parts that `known` holds aren't read again. Raises SnapshotMismatch if it was built with
        other parameters, SnapshotUnavailable if it can't be read.
        """
        while name := self.current_name():
            try:
                hold = (self.folder / name / "manifest.json").open("r", encoding="utf-8")
            except FileNotFoundError:
                if name == self.current_name():
                    raise SnapshotUnavailable(f"当前索引 {name} 不在了") from None
                continue  # it was replaced and cleared away in between
            except (OSError, ValueError) as error:  # the pointer holds no name
                raise SnapshotUnavailable(f"索引 {name!r} 的清单读不了：{error}") from error
            fcntl.flock(hold, fcntl.LOCK_SH)
            if name == self.current_name():
                try:
                    return OpenSnapshot(self._read(hold.read(), known), name, hold)
                except BaseException:
                    hold.close()
                    raise
            hold.close()
        return None

    def _read(self, text: str, known: Snapshot | None) -> Snapshot:
        try:
            manifest = json.loads(text)
            found = SnapshotParameters(**manifest["parameters"])
            names, number, change = list(manifest["parts"]), int(manifest["number"]), int(manifest["change"])
        except (ValueError, KeyError, TypeError) as error:
            raise SnapshotUnavailable(f"索引的清单读不了：{error}") from error
        self.parameters.require(found)
        held = {part.name: part for part in known.parts} if known else {}
        parts = [held.get(name) or load_part(self.folder / name) for name in names]
        try:
            return extend(known, parts, self.parameters, number=number, change=change)
        except (ValueError, KeyError, IndexError) as error:
            raise SnapshotUnavailable(f"索引的各部分对不上：{error}") from error


class SnapshotWriter(SnapshotFolder):
    """Reads and writes; at most one at a time for a folder, in all processes together."""

    def __init__(
        self, folder: Path, parameters: SnapshotParameters, lock: IO[Any], on_step: Callable[[str], None]
    ) -> None:
        super().__init__(folder, parameters)
        self._lock = lock
        self._on_step = on_step  # tests end the process here
        self._to_be_named: set[str] = set()

    def next_number(self) -> int:
        """A number that no snapshot or part in the folder bears."""
        numbers = [int(name.rpartition("-")[2]) for name in self._names("snapshot-*", *_PARTS)]
        return max(numbers, default=0) + 1

    def store_part(self, part: IndexPart) -> IndexPart:
        """Writes the part and returns it as read back: mapped from its files, not held in memory.

        It isn't cleared away before a committed snapshot names it, or `give_up`.
        """
        self._to_be_named.add(part.name)
        save_part(part, self.folder / part.name)
        self._on_step("part written")
        return load_part(self.folder / part.name)

    def commit(self, snapshot: Snapshot) -> OpenSnapshot:
        """Puts `snapshot` in force; on return that is durable. Its parts must be stored already."""
        name = f"snapshot-{snapshot.number:08d}"
        manifest: dict[str, Any] = {
            "number": snapshot.number,
            "change": snapshot.change,
            "parameters": snapshot.parameters.as_json(),
            "parts": [part.name for part in snapshot.parts],
        }
        path = self.folder / name / "manifest.json"
        path.parent.mkdir()
        write_durably(path, json.dumps(manifest, indent=1))
        flush_folder(path.parent)
        flush_folder(self.folder)
        self._on_step("manifest written")
        hold = path.open("r", encoding="utf-8")
        fcntl.flock(hold, fcntl.LOCK_SH)
        write_durably(self.folder / f"{_POINTER}.new", name)
        self._on_step("pointer written")
        (self.folder / f"{_POINTER}.new").rename(self.folder / _POINTER)
        self._on_step("pointer renamed")
        flush_folder(self.folder)
        self._to_be_named.difference_update(manifest["parts"])
        return OpenSnapshot(snapshot, name, hold)

    def give_up(self, part_name: str) -> None:
        """Lets a stored part be cleared away that no snapshot will name."""
        self._to_be_named.discard(part_name)

    def clear_away(self) -> list[str]:
        """Deletes snapshots that are neither in force nor held, and parts that none names.

        Returns the names of what it deleted.
        """
        current = self.current_name()
        deleted = [
            name for name in self._names("snapshot-*") if name != current and self._delete_unheld(name)
        ]
        named: set[str] = set()
        for name in self._names("snapshot-*"):
            named.update(self._parts_of(name))
        for name in self._names(*_PARTS):
            if name not in named and name not in self._to_be_named:
                shutil.rmtree(self.folder / name)
                deleted.append(name)
        return deleted

    def close(self) -> None:
        """Lets another process write."""
        self._lock.close()

    def _delete_unheld(self, name: str) -> bool:
        try:
            manifest = (self.folder / name / "manifest.json").open("r", encoding="utf-8")
        except FileNotFoundError:  # a crash came before it was written
            shutil.rmtree(self.folder / name)
            return True
        with manifest:
            try:
                fcntl.flock(manifest, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            shutil.rmtree(self.folder / name)
            return True

    def _parts_of(self, name: str) -> list[str]:
        """The parts that the snapshot names; none if that can't be read, for nobody can use them then."""
        try:
            return list(json.loads((self.folder / name / "manifest.json").read_text("utf-8"))["parts"])
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _names(self, *patterns: str) -> Iterator[str]:
        for pattern in patterns:
            yield from sorted(path.name for path in self.folder.glob(pattern))


def try_to_write(
    folder: Path, parameters: SnapshotParameters, *, on_step: Callable[[str], None] = _no_step
) -> SnapshotWriter | None:
    """The right to write to the folder until it is closed, or None if another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "writer.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return SnapshotWriter(folder, parameters, lock, on_step)


def extend(
    known: Snapshot | None,
    parts: Sequence[IndexPart],
    parameters: SnapshotParameters,
    *,
    number: int,
    change: int,
) -> Snapshot:
    """The snapshot of `parts`; where they begin with those of `known`, only the rest is worked in."""
    if known is not None and known.parts == tuple(parts[: len(known.parts)]):
        snapshot = known
        for part in parts[len(known.parts) :]:
            snapshot = snapshot.with_part(part)
        return replace(snapshot, number=number, change=change)
    return Snapshot.of(parameters, parts, number=number, change=change)
