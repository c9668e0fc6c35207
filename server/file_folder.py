"""The bytes of uploaded files on disk: a file each under a random id, readable by the service alone."""

import os
import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from core.errors import NotFound, StorageUnavailable

RESERVE_BYTES = 512 * 1024 * 1024
"""Free space that files leave to the database and the logs beside them."""

_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class FileFolder:
    """A folder of bytes. Its methods block and are called in threads. The ids are made here."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, data: bytes) -> str:
        """Keeps the bytes, on disk when the call returns, and gives the id. Raises StorageUnavailable."""
        file_id = secrets.token_urlsafe(16)
        path = self._path / file_id
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StorageUnavailable(f"can't keep a file: {error.strerror}") from None
        return file_id

    def check_room(self) -> None:
        """Returns if the disk has room beyond the reserve. Raises StorageUnavailable."""
        there = next(path for path in (self._path, *self._path.parents) if path.exists())
        try:
            free = shutil.disk_usage(there).free
        except OSError as error:
            raise StorageUnavailable(f"can't look at the disk: {error.strerror}") from None
        if free < RESERVE_BYTES:
            raise StorageUnavailable("the disk is nearly full")

    def read(self, file_id: str) -> bytes:
        """The bytes. Raises NotFound, StorageUnavailable."""
        try:
            return self._of(file_id).read_bytes()
        except FileNotFoundError:
            raise NotFound("the bytes of that file are gone") from None
        except OSError as error:
            raise StorageUnavailable(f"can't read a file: {error.strerror}") from None

    def delete(self, file_id: str) -> None:
        """Deletes the bytes, if they are there. Raises StorageUnavailable."""
        try:
            self._of(file_id).unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailable(f"can't delete a file: {error.strerror}") from None

    def older_than(self, moment: float, limit: int = 500) -> Sequence[str]:
        """The ids of bytes written before that moment (seconds of the epoch), at most `limit`."""
        found: list[str] = []
        if not self._path.is_dir():
            return found
        with os.scandir(self._path) as entries:
            for entry in entries:
                if _ID.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < moment:
                    found.append(entry.name)
                    if len(found) == limit:
                        break
        return found

    def _of(self, file_id: str) -> Path:
        if not _ID.fullmatch(file_id):
            raise NotFound("no such file id")
        return self._path / file_id
