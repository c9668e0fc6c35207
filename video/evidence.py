"""The chain of evidence of a conversation with a call: what was recorded, agreed to, shown and signed.

Each entry holds the SHA-256 of the one before, so nothing in it can be changed, left out, moved or
put in without all that follows giving it away; the last entry, `closed`, says how many there are.
Whoever could rewrite the whole chain could make it anew: against that helps to note its last digest
elsewhere (`verify` takes it as `head`), say in the summary that the citizen gets.

The form, one JSON object a line (JSON Lines, UTF-8), is made to be checked by other programs too:

    {"n": 0, "at": "2026-…Z", "kind": "opened", "body": {…}, "prev": "", "hash": "…"}

`hash` is the SHA-256, in hex, of the UTF-8 bytes of the object without `hash`, written with its keys
sorted, without spaces, and all characters as themselves (Python: `json.dumps(entry, sort_keys=True,
separators=(",", ":"), ensure_ascii=False)`). `prev` is the `hash` of the line before. Numbers are whole.
Pure: reading files is for `video.evidence_files`.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from core.errors import Conflict, InvalidInput
from video.recording_note import RecordingNote, RecordingState

FORMAT = "bangban-evidence/1"


class EvidenceKind(StrEnum):
    """What an entry vouches for, and what its body must name."""

    OPENED = "opened"  # chain, format
    CONSENT = "consent"  # by, version, text_sha256, agreed
    SEGMENT = "segment"  # recording, start, length, sha256
    RECORDING = "recording"  # recording, party, state, bytes, sha256, content_sha256
    DOCUMENT = "document"  # document, sha256
    SIGNATURE = "signature"  # by, document_sha256, sha256 (of the drawing)
    EVENT = "event"  # event
    DELETED = "deleted"  # name, reason
    CLOSED = "closed"  # entries


NEEDED: Mapping[EvidenceKind, Mapping[str, type]] = {
    EvidenceKind.OPENED: {"chain": str, "format": str},
    EvidenceKind.CONSENT: {"by": str, "version": str, "text_sha256": str, "agreed": bool},
    EvidenceKind.SEGMENT: {"recording": str, "start": int, "length": int, "sha256": str},
    EvidenceKind.RECORDING: {
        "recording": str,
        "party": str,
        "state": str,
        "bytes": int,
        "sha256": str,
        "content_sha256": str,
    },
    EvidenceKind.DOCUMENT: {"document": str, "sha256": str},
    EvidenceKind.SIGNATURE: {"by": str, "document_sha256": str, "sha256": str},
    EvidenceKind.EVENT: {"event": str},
    EvidenceKind.DELETED: {"name": str, "reason": str},
    EvidenceKind.CLOSED: {"entries": int},
}


def is_proper(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether the kind is known and the body holds what it needs, of the right types."""
    if kind not in frozenset(EvidenceKind):
        return False
    return all(type(body.get(name)) is wanted for name, wanted in NEEDED[EvidenceKind(kind)].items())


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of the chain. Make one with `append`."""

    n: int
    at: str
    kind: str
    body: Mapping[str, Any]
    prev: str
    hash: str

    def to_line(self) -> str:
        """The entry as it is exported, without the end of the line."""
        return canonical({**_content(self), "hash": self.hash})


def _content(entry: Entry) -> dict[str, Any]:
    return {"n": entry.n, "at": entry.at, "kind": entry.kind, "body": dict(entry.body), "prev": entry.prev}


def canonical(data: Mapping[str, Any]) -> str:
    """The one way to write this as JSON: keys sorted, no spaces, all characters as themselves."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def as_written(at: datetime) -> str:
    """A moment as it is written in evidence and in what is signed."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest_of(entry: Entry) -> str:
    """The digest that an entry with this content must have."""
    return hashlib.sha256(canonical(_content(entry)).encode()).hexdigest()


def append(chain: Sequence[Entry], kind: EvidenceKind, body: Mapping[str, Any], at: datetime) -> Entry:
    """The next entry of the chain. Only the last entry of `chain` is looked at.

    Raises InvalidInput for a body that lacks what its kind needs or that JSON can't hold exactly,
    Conflict where a chain must be opened first, is open already, or is closed.
    """
    last = chain[-1] if chain else None
    if (last is None) != (kind is EvidenceKind.OPENED):
        raise Conflict("a chain of evidence is opened once, and first")
    if last is not None and last.kind == EvidenceKind.CLOSED and kind is not EvidenceKind.DELETED:
        raise Conflict("the chain of evidence is closed")
    if not is_proper(kind, body) or not _is_exact(body):
        raise InvalidInput(
            f"evidence of kind {kind} needs {sorted(NEEDED[kind])}, as texts and whole numbers"
        )
    made = Entry(last.n + 1 if last else 0, as_written(at), kind, dict(body), last.hash if last else "", "")
    return Entry(made.n, made.at, made.kind, made.body, made.prev, digest_of(made))


def opening(chain_id: str, at: datetime) -> Entry:
    """The first entry of the chain of that conversation."""
    return append((), EvidenceKind.OPENED, {"chain": chain_id, "format": FORMAT}, at)


def closing(chain: Sequence[Entry], at: datetime) -> Entry:
    """The entry that says that nothing more will come but deletions. Raises Conflict."""
    return append(chain, EvidenceKind.CLOSED, {"entries": len(chain)}, at)


def unrecorded(
    chain: Iterable[Entry], notes: Iterable[RecordingNote]
) -> list[tuple[EvidenceKind, Mapping[str, Any]]]:
    """What the notes of recordings vouch for that the chain doesn't hold yet, to be appended in order.

    Calling it again after appending gives nothing: call it during a call, at its end, after a crash.
    """
    segments = set()
    finished = set()
    for entry in chain:
        if entry.kind == EvidenceKind.SEGMENT:
            segments.add((entry.body["recording"], entry.body["start"]))
        elif entry.kind == EvidenceKind.RECORDING:
            finished.add(entry.body["recording"])
    found: list[tuple[EvidenceKind, Mapping[str, Any]]] = []
    for note in notes:
        for each in note.segments:
            if (note.name, each.start) not in segments:
                body = {"recording": note.name, "start": each.start, "length": each.length}
                found.append(
                    (EvidenceKind.SEGMENT, {**body, "sha256": each.sha256, "until_ms": each.until_ms})
                )
        if note.state is not RecordingState.RECORDING and note.name not in finished:
            found.append((EvidenceKind.RECORDING, _recording_body(note)))
    return found


def _recording_body(note: RecordingNote) -> Mapping[str, Any]:
    return {
        "recording": note.name,
        "party": note.party,
        "connection": note.connection,
        "state": note.state.value,
        "started_ms": math.floor(note.started_at * 1000),
        "duration_ms": note.duration_ms,
        "bytes": note.stored_bytes,
        "sha256": note.sha256,
        "content_bytes": note.content_bytes,
        "content_sha256": note.content_sha256,
    }


def _is_exact(value: object) -> bool:
    """Whether every program writes this value as the same JSON: a float may be written in several ways."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_exact(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(_is_exact(each) for each in value)
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)  # halves of a sign
    return value is None or (isinstance(value, bool | int) and abs(value) <= 2**53)


def parse_line(line: str) -> Entry | None:
    """The entry of an exported line, or None if it is none. Whether it is true is for `verify`."""
    try:
        data = json.loads(line, object_pairs_hook=_unique)
        exact = _is_exact(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.keys() != {"n", "at", "kind", "body", "prev", "hash"}:
        return None
    texts = all(isinstance(data[name], str) for name in ("at", "kind", "prev", "hash"))
    if not texts or type(data["n"]) is not int or not isinstance(data["body"], dict) or not exact:
        return None
    return Entry(**data)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are told once each: two readers could see two different ones otherwise."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)
