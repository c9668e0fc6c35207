"""The folder of recordings: names, notes, what a crash left behind, and what is too old to keep."""

import hashlib
import os
import shutil
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.errors import RecordingDamaged
from video.recording_note import NOTE_SUFFIX, SEALED_SUFFIX, RecordingNote, RecordingState, Segment, file_name
from video.retention import Kept, expired
from video.sealing import SealedReader, SealedWriter, is_being_written

RECORDING = "recording"
"""What the rule of retention calls the files here."""


PIECE = 1 << 20
"""So much of a recording is read at a time: an hour of film has no place in memory."""


def free_bytes(folder: Path) -> int:
    """How much may still be written there."""
    return shutil.disk_usage(folder).free


def make_folder(folder: Path) -> None:
    """Makes the folder, for the service's own account alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@dataclass(frozen=True, slots=True)
class RecordingPaths:
    """Where a recording and its note lie."""

    folder: Path
    name: str

    @property
    def sealed(self) -> Path:
        """The film, encrypted."""
        return self.folder / (self.name + SEALED_SUFFIX)

    @property
    def note(self) -> Path:
        """What is known of it."""
        return self.folder / (self.name + NOTE_SUFFIX)


def create(folder: Path, call_id: str, party: str, ending: str, key: bytes) -> tuple[str, SealedWriter]:
    """A new file of that party with the next free number. Raises OSError, InvalidInput."""
    number = 1
    while True:
        name = file_name(call_id, party, number, ending)
        taken = any(
            (folder / f"{name.rsplit('.', 1)[0]}.{each}{SEALED_SUFFIX}").exists() for each in _ENDINGS
        )
        if not taken:
            try:
                return name, SealedWriter(RecordingPaths(folder, name).sealed, key)
            except FileExistsError:
                pass
        number += 1


_ENDINGS = ("webm", "mkv")


def write_note(folder: Path, note: RecordingNote) -> None:
    """Replaces the note; whoever reads it meanwhile sees the old one or the new one."""
    path = RecordingPaths(folder, note.name).note
    made = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(note.to_json())
    made.replace(path)


def read_note(folder: Path, name: str) -> RecordingNote | None:
    """The note of that recording, or None. Raises RecordingDamaged."""
    try:
        return RecordingNote.parse(RecordingPaths(folder, name).note.read_text("utf-8", errors="replace"))
    except FileNotFoundError:
        return None


def notes(folder: Path, call_id: str = "") -> Iterator[RecordingNote]:
    """The notes of all recordings, or of one call, by name; damaged ones are left out."""
    for path in sorted(folder.glob(f"{call_id}.*{NOTE_SUFFIX}" if call_id else f"*{NOTE_SUFFIX}")):
        try:
            yield RecordingNote.parse(path.read_text("utf-8", errors="replace"))
        except (RecordingDamaged, FileNotFoundError):
            continue


def describe_content(path: Path, key: bytes) -> tuple[int, str]:
    """Size and SHA-256 of the film within a sealed file. Raises RecordingDamaged."""
    digest = hashlib.sha256()
    with SealedReader(path, key) as reader:
        for piece in reader.read():
            digest.update(piece)
        return reader.size, digest.hexdigest()


def _digest_stored(path: Path, covered: int) -> tuple[int, str, str]:
    """Size of the file as it is stored, its SHA-256, and that of what lies behind `covered` bytes."""
    size, whole, tail = 0, hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            whole.update(piece)
            tail.update(piece[max(0, covered - size) :])
            size += len(piece)
    return size, whole.hexdigest(), tail.hexdigest()


def recover(folder: Path, key: bytes) -> list[RecordingNote]:
    """Completes the notes of files whose writer died, and returns them; who writes still is left alone.

    A file that can't be read keeps its note as it is, but is no longer called unfinished.
    """
    found = []
    for note in list(notes(folder)):
        if note.state is not RecordingState.RECORDING:
            continue
        path = RecordingPaths(folder, note.name).sealed
        if is_being_written(path) or read_note(folder, note.name) != note:  # it may have ended just now
            continue
        try:
            covered = sum(each.length for each in note.segments)
            stored_bytes, stored, tail = _digest_stored(path, covered)
            rest = Segment(covered, stored_bytes - covered, tail, note.duration_ms)
            size, content = describe_content(path, key)
            note = replace(  # noqa: PLW2901 - the same note, completed
                note,
                segments=(*note.segments, rest) if stored_bytes > covered else note.segments,
                stored_bytes=stored_bytes,
                sha256=stored,
                content_bytes=size,
                content_sha256=content,
            )
        except (OSError, RecordingDamaged):
            pass
        note = replace(note, state=RecordingState.INTERRUPTED)  # noqa: PLW2901 - the same note, completed
        write_note(folder, note)
        found.append(note)
    return found


def sweep(
    folder: Path, days: Mapping[str, int], now: datetime, held: Container[str] = frozenset()
) -> list[RecordingNote]:
    """Deletes what the rule of retention lets go, film first, and returns the notes of what was deleted.

    `held` names recordings or calls that must stay whatever their age. Record each deletion in the
    evidence of its call.
    """
    by_name = {note.name: note for note in notes(folder) if note.state is not RecordingState.RECORDING}
    kept = [
        Kept(
            RECORDING,
            note.name,
            datetime.fromtimestamp(note.started_at, UTC) + timedelta(milliseconds=note.duration_ms),
            held=note.name in held or note.call_id in held,
        )
        for note in by_name.values()
    ]
    gone = [by_name[each.name] for each in expired(kept, days, now)]
    for note in gone:
        paths = RecordingPaths(folder, note.name)
        paths.sealed.unlink(missing_ok=True)
        paths.note.unlink(missing_ok=True)
    return gone
