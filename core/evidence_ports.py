"""Files, and who looked at what. Records and Protocols, as in `core.ports`.

Only records: bytes lie in the data folder, under the record's id. Recordings have notes beside them
(`video.recording_note`), and the evidence of a call is a file of its own (`video.evidence`).
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


__all__ = ["AccessEntry", "AccessLog", "FileStore", "StoredFile"]
