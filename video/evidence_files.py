"""Chains of evidence on the disk: appended to as things happen, and the recordings beside them looked at."""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, RecordingDamaged
from video.evidence import Entry, EvidenceKind, append, closing, opening, parse_line, unrecorded
from video.evidence_check import FileFacts, FoundFiles
from video.recording_note import SEALED_SUFFIX, RecordingNote

SUFFIX = ".evidence.jsonl"
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_RECORDING = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_PIECE = 1 << 20


_Wanted = Sequence[tuple[EvidenceKind, Mapping[str, Any]]]


class EvidenceFile:
    """The chain of one conversation, a line an entry, for the service's account alone.

    An entry is on the disk when `add` returns. Several processes may add: one at a time gets through.
    """

    def __init__(self, folder: Path, chain_id: str) -> None:
        if not _ID.fullmatch(chain_id):
            raise InvalidInput("a chain of evidence is named by letters, digits, - and _")
        self.path = folder / f"{chain_id}{SUFFIX}"
        self._chain_id = chain_id

    def entries(self) -> list[Entry]:
        """The chain so far; a line that a crash tore off at the end isn't part of it.

        Raises RecordingDamaged for a line that is no entry: see `video.evidence_check`.
        """
        try:
            return _parse(self.path.read_bytes())[0]
        except FileNotFoundError:
            return []

    def add(self, kind: EvidenceKind, body: Mapping[str, Any], at: datetime) -> Entry:
        """Appends one entry; opens the chain if it is new.

        Raises InvalidInput, Conflict, RecordingDamaged.
        """
        return self.add_all([(kind, body)], at)[-1]

    def add_all(self, wanted: _Wanted, at: datetime, *, close: bool = False) -> list[Entry]:
        """Appends several entries at once, all or none; closes the chain after them if wished.

        Raises InvalidInput, Conflict, RecordingDamaged.
        """
        return self._add_all(lambda _: wanted, at, close=close)

    def add_recordings(self, notes: Iterable[RecordingNote], at: datetime) -> list[Entry]:
        """Appends what the notes vouch for and the chain doesn't hold yet; twice is no mistake."""
        known = list(notes)
        return self._add_all(lambda chain: unrecorded(chain, known), at)

    def close(self, at: datetime) -> Entry:
        """Says that nothing more will come but deletions. Raises Conflict if it was said before."""
        return self.add_all([], at, close=True)[-1]

    def _add_all(
        self, what: Callable[[Sequence[Entry]], _Wanted], at: datetime, *, close: bool = False
    ) -> list[Entry]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            chain, whole = _parse(file.read())
            known = len(chain)
            wanted = what(chain)
            if not wanted and not close:
                return []
            if not chain:
                chain.append(opening(self._chain_id, at))
            for kind, body in wanted:
                chain.append(append(chain, kind, body, at))
            if close:
                chain.append(closing(chain, at))
            file.truncate(whole)  # what a crash left of a line
            file.seek(whole)
            file.write("".join(entry.to_line() + "\n" for entry in chain[known:]).encode())
            file.flush()
            os.fsync(file.fileno())
            return chain[known:]


def chain_ids(folder: Path) -> list[str]:
    """The names of the chains in that folder, in order."""
    names = sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    return [name for name in names if _ID.fullmatch(name)]


def _parse(data: bytes) -> tuple[list[Entry], int]:
    """The entries of whole lines, and how many bytes these are."""
    whole = data.rfind(b"\n") + 1
    entries = []
    text = data[:whole].decode("utf-8", errors="replace").removesuffix("\n")
    for line in text.split("\n") if text else ():
        entry = parse_line(line)
        if entry is None:
            raise RecordingDamaged("证据链文件已损坏")
        entries.append(entry)
    return entries, whole


def find_files(folder: Path, name: str) -> FoundFiles:
    """What lies in the folder under the name of that recording. Raises OSError."""
    if not _RECORDING.fullmatch(name):  # the name comes from a file that anybody may have written
        return FoundFiles()
    return FoundFiles(sealed=_facts(folder / (name + SEALED_SUFFIX)), film=_facts(folder / name))


def find_signed(folder: Path, file_id: str) -> FileFacts | None:
    """The file of that id in the folder, under the id alone or with an ending. Raises OSError."""
    if not _ID.fullmatch(file_id):  # it comes from a file that anybody may have written
        return None
    named = next((path for path in sorted(folder.glob(f"{file_id}.*"))), folder / file_id)
    return _facts(folder / file_id) or _facts(named)


def _facts(path: Path) -> FileFacts | None:
    if not path.is_file():
        return None
    size = path.stat().st_size
    return FileFacts(size, _digest(path, 0, size), lambda start, length: _digest(path, start, length))


def _digest(path: Path, start: int, length: int) -> str:
    """SHA-256 of that stretch of the file, or of what there is of it."""
    digest = hashlib.sha256()
    if start < 0 or length < 0:
        return ""
    with path.open("rb") as file:
        file.seek(start)
        while length and (piece := file.read(min(length, _PIECE))):
            digest.update(piece)
            length -= len(piece)
    return digest.hexdigest()
