"""The files of conversations: bytes in a folder, and beside each a record of whose it is and what.

Uploads, frozen forms and signatures are kept in the same way, so that reading, evidence and deletion
treat them alike.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from core.errors import BangbanError, NotFound, StaleDocument
from core.evidence_ports import FileStore, StoredFile
from server.file_folder import FileFolder


class KeptFiles:
    """Keeps bytes and record together: neither stays without the other, but for what a crash leaves."""

    def __init__(self, files: FileStore, folder: FileFolder) -> None:
        self.files = files
        self.folder = folder

    async def keep(
        self,
        conversation_id: str,
        name: str,
        media_type: str,
        data: bytes,
        *,
        by: str,
        details: Mapping[str, Any],
    ) -> StoredFile:
        """The record of the bytes, which are on disk. Raises NotFound, Conflict, StorageUnavailable."""
        file_id = await asyncio.to_thread(self.folder.put, data)
        sha256 = hashlib.sha256(data).hexdigest()
        file = StoredFile(
            file_id, conversation_id, name, media_type, len(data), sha256, by, details=dict(details)
        )
        try:
            return await self.files.add(file)
        except BangbanError:
            await self.delete_bytes(file_id)
            raise

    async def drop(self, file: StoredFile) -> None:
        """Takes back what came to nothing; what can't be deleted now is deleted as a stray later."""
        with suppress(BangbanError):
            await self.delete(file.file_id)

    async def delete(self, file_id: str) -> None:
        """Deletes bytes and record. Raises StorageUnavailable, Unavailable."""
        await self.delete_bytes(file_id)
        await self.files.forget(file_id)

    async def find(self, conversation_id: str, file_id: str) -> StoredFile:
        """The record, if it is of this conversation. Raises NotFound."""
        file = await self.files.get(file_id)
        if file is None or file.conversation_id != conversation_id:
            raise NotFound("no such file in this conversation")
        return file

    async def read(self, file_id: str) -> bytes:
        """The bytes. Raises NotFound, StorageUnavailable."""
        return await asyncio.to_thread(self.folder.read, file_id)

    async def read_unchanged(self, file_id: str, sha256: str) -> bytes:
        """The bytes, if their digest is that. Raises StaleDocument, NotFound, StorageUnavailable."""
        data = await self.read(file_id)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StaleDocument("the document isn't as it was")
        return data

    async def delete_bytes(self, file_id: str) -> None:
        """Deletes the bytes alone, if they are there. Raises StorageUnavailable."""
        await asyncio.to_thread(self.folder.delete, file_id)
