"""Encryption at rest: writes and reads sealed files. Here alone `video` imports `cryptography`.

AES-256-GCM; each file has its own key, derived from the service's recording key and the file's salt
(HKDF-SHA256), each record a random nonce. The layout is `video.sealed_format`'s.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from io import SEEK_CUR, SEEK_END, SEEK_SET
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import RecordingDamaged
from video.sealed_format import (
    HEADER_BYTES,
    KEY_ID_BYTES,
    MOST_TEXT,
    NONCE_BYTES,
    PLACE_BYTES,
    PREFIX_BYTES,
    SALT_BYTES,
    TAG_BYTES,
    Header,
    Record,
    RecordKind,
    TextMap,
    overlay,
    parse_prefix,
)

KEY_BYTES = 32


def key_id(key: bytes) -> bytes:
    """Names a key without telling anything of it."""
    return hashlib.sha256(b"bangban recording key id" + key).digest()[:KEY_ID_BYTES]


def _cipher(key: bytes, header: Header) -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=header.salt, info=b"bangban sealed file").derive(key)
    return AESGCM(derived)


class SealedWriter:
    """A new sealed file, as a binary file that may be written, and seeked in to replace what is written.

    What `write` was given is with the system when it returns. `digest` is the SHA-256 of the stored
    bytes so far, `stored` how many there are. The file is locked (flock) for as long as it is written.
    Raises FileExistsError: nothing is ever overwritten.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        header = Header(key_id(key), secrets.token_bytes(SALT_BYTES))
        self.name = str(path)
        self.stored = 0
        self._header = bytes(header)
        self._cipher = _cipher(key, header)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._whole = hashlib.sha256()
        self._since_cut = hashlib.sha256()
        self._cut_at = 0
        self._records = 0
        self._size = 0
        self._place = 0
        self._append(self._header)

    def write(self, data: bytes) -> int:
        """Writes at the current place."""
        view = memoryview(data)
        replaced = view[: max(self._size - self._place, 0)]
        if replaced:
            self._seal(RecordKind.PATCH, self._place.to_bytes(PLACE_BYTES) + replaced)
        for at in range(len(replaced), len(view), MOST_TEXT):
            self._seal(RecordKind.DATA, bytes(view[at : at + MOST_TEXT]))
        self._place += len(view)
        self._size = max(self._size, self._place)
        return len(view)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Moves the current place, at most to the end."""
        start = {SEEK_SET: 0, SEEK_CUR: self._place, SEEK_END: self._size}[whence]
        self._place = min(max(start + offset, 0), self._size)
        return self._place

    def tell(self) -> int:
        """The current place."""
        return self._place

    @property
    def digest(self) -> str:
        """SHA-256 of all stored bytes, in hex."""
        return self._whole.hexdigest()

    def cut(self) -> tuple[int, int, str]:
        """Start, length and SHA-256 of what was stored since the last cut; it is on the disk by then."""
        os.fsync(self._descriptor)
        piece = (self._cut_at, self.stored - self._cut_at, self._since_cut.hexdigest())
        self._cut_at, self._since_cut = self.stored, hashlib.sha256()
        return piece

    def finish(self) -> None:
        """Says that the file is whole."""
        self._seal(RecordKind.END, b"")

    def close(self) -> None:
        """Gives the file back to the system; closing twice is no mistake."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _seal(self, kind: RecordKind, text: bytes) -> None:
        nonce = secrets.token_bytes(NONCE_BYTES)
        record = Record(self._records, kind, len(text), nonce, self.stored)
        sealed = self._cipher.encrypt(nonce, text, record.binding(self._header))
        self._append(record.prefix() + sealed)
        self._records += 1

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._descriptor, view)
            self._whole.update(view[:written])
            self._since_cut.update(view[:written])
            self.stored += written
            view = view[written:]


def is_being_written(path: Path) -> bool:
    """Whether the writer of that sealed file lives, in whatever process."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class SealedReader:
    """The text of a sealed file, any piece of it at a time. Close it, or use it with `with`.

    `size` is how many bytes of text there are, `is_whole` whether the writer finished. Raises
    RecordingDamaged for another key, and for bytes that aren't what was written.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        try:
            self._header = os.pread(self._descriptor, HEADER_BYTES, 0)
            header = Header.parse(self._header)
            if header.key_id != key_id(key):
                raise RecordingDamaged("录像是用另一把密钥加密的")
            self._cipher = _cipher(key, header)
            self._read_layout()
        except BaseException:
            self.close()
            raise

    def _read_layout(self) -> None:
        end = os.fstat(self._descriptor).st_size
        records: list[Record] = []
        at = HEADER_BYTES
        while (record := self._record_at(at, len(records))) and record.end <= end:
            records.append(record)
            at = record.end
        self._map = TextMap([each for each in records if each.kind is RecordKind.DATA])
        self._patches = []
        for each in records:
            if each.kind is RecordKind.PATCH:
                text = self._open(each)
                self._patches.append((int.from_bytes(text[:PLACE_BYTES]), text[PLACE_BYTES:]))
        ends = [each for each in records if each.kind is RecordKind.END]
        for each in ends:
            self._open(each)
        self.is_whole = bool(ends) and ends == records[-1:] and at == end
        self.torn_bytes = end - at

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return self._map.size

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes `[start, stop)` of the text in pieces. Raises RecordingDamaged on the way."""
        for cut in self._map.cuts(start, self.size if stop is None else stop):
            text = overlay(self._open(cut.record), cut.place, self._patches)
            yield text[cut.start : cut.stop]

    def close(self) -> None:
        """Gives the file back to the system; closing twice is no mistake."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "SealedReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record_at(self, at: int, number: int) -> Record | None:
        return parse_prefix(os.pread(self._descriptor, PREFIX_BYTES, at), number=number, at=at)

    def _open(self, record: Record) -> bytes:
        sealed = os.pread(self._descriptor, record.length + TAG_BYTES, record.at + PREFIX_BYTES)
        try:
            return self._cipher.decrypt(record.nonce, sealed, record.binding(self._header))
        except InvalidTag:
            raise RecordingDamaged(f"录像的第 {record.number} 段已被改动或损坏") from None
