"""Records of files, and who looked at what, in the database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.errors import Conflict
from core.evidence_ports import AccessEntry, StoredFile
from core.stores.conversation_rows import lock_conversation
from core.stores.counters import ACCESSES, take_numbers
from core.stores.tables import accesses, conversations, stored_files


class DatabaseFileStore:
    """A FileStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def add(self, connection: Connection, file: StoredFile) -> StoredFile:
        """Stores a record. Raises NotFound for its conversation, Conflict if the id is taken."""
        lock_conversation(connection, file.conversation_id)
        stored = replace(file, at=file.at or self._now())
        try:
            connection.execute(insert(stored_files).values(asdict(stored)))
        except IntegrityError:
            raise Conflict("that file id is taken") from None
        return stored

    async def get(self, file_id: str) -> StoredFile | None:
        """The record, or None; also None once its conversation is deleted."""
        rows = await self._database.read(
            select(stored_files).where(
                stored_files.c.file_id == file_id,
                stored_files.c.conversation_id.in_(select(conversations.c.conversation_id)),
            )
        )
        return StoredFile(**rows[0]._asdict()) if rows else None

    async def files_of(self, conversation_id: str) -> Sequence[StoredFile]:
        """The files of a conversation, oldest first."""
        query = (
            select(stored_files)
            .join(conversations, conversations.c.conversation_id == stored_files.c.conversation_id)
            .where(stored_files.c.conversation_id == conversation_id)
            .order_by(stored_files.c.at, stored_files.c.file_id)
        )
        return tuple(StoredFile(**row._asdict()) for row in await self._database.read(query))

    async def left_behind(self, limit: int = 500) -> Sequence[StoredFile]:
        """Files whose conversation is deleted: delete the bytes, then `forget`."""
        gone = ~(
            select(conversations.c.conversation_id)
            .where(conversations.c.conversation_id == stored_files.c.conversation_id)
            .exists()
        )
        query = select(stored_files).where(gone).order_by(stored_files.c.at, stored_files.c.file_id)
        return tuple(StoredFile(**row._asdict()) for row in await self._database.read(query.limit(limit)))

    @in_transaction
    def forget(self, connection: Connection, file_id: str) -> None:
        """Deletes the record, if it is there."""
        connection.execute(delete(stored_files).where(stored_files.c.file_id == file_id))


class DatabaseAccessLog:
    """An AccessLog in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def add(self, connection: Connection, entry: AccessEntry) -> AccessEntry:
        """Notes an access."""
        stored = replace(entry, at=entry.at or self._now())
        number = take_numbers(connection, ACCESSES, 1)
        connection.execute(insert(accesses).values(**asdict(stored), number=number))
        return stored

    async def entries(
        self, *, record_id: str = "", user: str = "", since: datetime | None = None, limit: int = 500
    ) -> Sequence[AccessEntry]:
        """Accesses, newest first."""
        query = select(accesses)
        if record_id:
            query = query.where(accesses.c.record_id == record_id)
        if user:
            query = query.where(accesses.c.user == user)
        if since is not None:
            query = query.where(accesses.c.at >= since)
        rows = await self._database.read(query.order_by(accesses.c.number.desc()).limit(limit))
        return tuple(_access(row) for row in rows)

    @in_transaction
    def purge_before(self, connection: Connection, moment: datetime) -> int:
        """Deletes entries from before that moment; returns how many."""
        return connection.execute(delete(accesses).where(accesses.c.at < moment)).rowcount


def _access(row: Row[Any]) -> AccessEntry:
    columns = row._asdict()
    del columns["number"]
    return AccessEntry(**columns)
