"""Files, recordings, the evidence about them, and who looked. Records and Protocols, as in `core.ports`.

Only records: bytes lie in the data folder, under the record's id. What a hash covers and how it is
verified isn't said here; a store sees to it that a chain has neither gap nor fork.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a conversation, as recorded; the bytes lie elsewhere under its id."""

    file_id: str
    conversation_id: str
    name: str  # for people; never a path
    media_type: str
    size: int
    sha256: str
    by: str  # citizen, or the agent's name
    at: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)  # pixels, quality check, virus scan


class FileStore(Protocol):
    """Records of files. Durable when a call returns.

    A record outlives its conversation until `forget`: else nobody would know which bytes to delete.
    """

    async def add(self, file: StoredFile) -> StoredFile:
        """Stores a record. Raises NotFound for its conversation, Conflict if the id is taken."""

    async def get(self, file_id: str) -> StoredFile | None:
        """The record, or None; also None once its conversation is deleted."""

    async def files_of(self, conversation_id: str) -> Sequence[StoredFile]:
        """The files of a conversation, oldest first."""

    async def left_behind(self, limit: int = 500) -> Sequence[StoredFile]:
        """Files whose conversation is deleted: delete the bytes, then `forget`."""

    async def forget(self, file_id: str) -> None:
        """Deletes the record, if it is there."""


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """One recorded file of a call. It has a retention of its own and outlives the conversation."""

    recording_id: str
    call_id: str
    conversation_id: str
    party: str
    keep_until: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    size: int = 0
    sha256: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)  # tracks, start times, key id
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceEntry:
    """One link of a hash chain. `hash` covers all other fields; the first `previous_hash` is empty."""

    chain: str
    number: int  # from 1, without gaps
    kind: str
    body: Mapping[str, Any]
    at: datetime
    previous_hash: str
    hash: str


class EvidenceStore(Protocol):
    """Hash chains and records of recordings. Durable when a call returns. No entry is ever changed.

    Both outlive their conversation; what deletes them is `purge_chains` and the recordings' own retention.
    """

    async def append(self, entry: EvidenceEntry) -> None:
        """Adds the next link. Raises Conflict if another came first: read `last`, hash anew, try again."""

    async def last(self, chain: str) -> EvidenceEntry | None:
        """The newest link, or None for an unknown chain."""

    async def entries(self, chain: str) -> Sequence[EvidenceEntry]:
        """All links in order."""

    async def purge_chains(self, before: datetime) -> int:
        """Deletes the whole chains whose newest link is older; returns how many.

        A chain stays while a recording with the same call or conversation id has its bytes.
        """

    async def add_recording(self, recording: RecordingFile) -> RecordingFile:
        """Stores a record as a recording begins. Raises Conflict if the id is taken.

        Raises Conflict too unless its call is there and the citizen has consented.
        """

    async def finish_recording(
        self, recording_id: str, *, size: int, sha256: str, details: Mapping[str, Any]
    ) -> RecordingFile:
        """Notes the end, and what the file became. Raises NotFound."""

    async def recording(self, recording_id: str) -> RecordingFile | None:
        """The record, or None."""

    async def recordings_of(self, conversation_id: str) -> Sequence[RecordingFile]:
        """The recordings of a conversation, oldest first, deleted ones too."""

    async def unfinished_recordings(self) -> Sequence[RecordingFile]:
        """Those that a crash may have left open, oldest first."""

    async def due_recordings(self, now: datetime, limit: int = 500) -> Sequence[RecordingFile]:
        """Those kept long enough: delete the bytes, then `recording_deleted`."""

    async def keep_recording(self, recording_id: str, until: datetime) -> RecordingFile:
        """Changes until when it is kept. Raises NotFound, and Conflict if it is deleted."""

    async def recording_deleted(self, recording_id: str) -> RecordingFile:
        """Notes that the bytes are gone; the record stays with its chain. Raises NotFound."""


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """Who looked at, or was kept from, what."""

    user: str
    action: str  # play | download | listen | …
    kind: str  # recording | file | conversation
    record_id: str
    allowed: bool = True
    conversation_id: str = ""
    reason: str = ""
    client: str = ""  # the address it came from
    at: datetime | None = None


class AccessLog(Protocol):
    """Every access to what only some may see. Durable when a call returns."""

    async def add(self, entry: AccessEntry) -> AccessEntry:
        """Notes an access."""

    async def entries(
        self, *, record_id: str = "", user: str = "", since: datetime | None = None, limit: int = 500
    ) -> Sequence[AccessEntry]:
        """Accesses, newest first."""

    async def purge_before(self, moment: datetime) -> int:
        """Deletes entries from before that moment; returns how many."""


__all__ = [
    "AccessEntry", "AccessLog", "EvidenceEntry", "EvidenceStore", "FileStore", "RecordingFile", "StoredFile",
]  # fmt: skip
