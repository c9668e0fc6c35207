"""The layout of a sealed file: what stands where, and which part of it a reader needs. Pure arithmetic.

    header   8 bytes magic and version, 8 bytes key id, 32 bytes salt
    record   1 byte kind, 4 bytes length of the text, 12 bytes nonce, text encrypted, 16 bytes tag
    …

A file only ever grows: records follow each other, so a writer that is killed leaves all that it
wrote readable, but for a torn record at the end. Kinds: DATA continues the text; PATCH replaces
bytes that came earlier (its text begins with their place, 8 bytes), which is how a finished WebM
gets its length and index; END says that the file is whole. `video.sealing` does the encryption: a
record is bound to the header, to its number, kind and length, so none can be moved, left out before
others, or taken from another file.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from core.errors import RecordingDamaged

MAGIC = b"BBSEAL\x00\x01"
SALT_BYTES = 32
KEY_ID_BYTES = 8
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + SALT_BYTES
NONCE_BYTES = 12
TAG_BYTES = 16
MOST_TEXT = 1 << 20  # a record is read whole
PLACE_BYTES = 8

_PREFIX = Struct(f">BI{NONCE_BYTES}s")
_BINDING = Struct(f">{HEADER_BYTES}sQBI")
PREFIX_BYTES = _PREFIX.size


class RecordKind(IntEnum):
    """What a record's text is."""

    DATA = 0
    PATCH = 1
    END = 2


_KINDS = frozenset(map(int, RecordKind))


@dataclass(frozen=True, slots=True)
class Header:
    """The start of a file: which key, and what makes it this file's own."""

    key_id: bytes
    salt: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Header":
        """The header of a file that begins like this. Raises RecordingDamaged."""
        if len(data) < HEADER_BYTES or data[: len(MAGIC)] != MAGIC:
            raise RecordingDamaged("不是加密的录像文件")
        rest = data[len(MAGIC) : HEADER_BYTES]
        return cls(rest[:KEY_ID_BYTES], rest[KEY_ID_BYTES:])

    def __bytes__(self) -> bytes:
        return MAGIC + self.key_id + self.salt


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record stands in the file. `number` counts from 0, `length` is that of its text."""

    number: int
    kind: RecordKind
    length: int
    nonce: bytes
    at: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.at + PREFIX_BYTES + self.length + TAG_BYTES

    def prefix(self) -> bytes:
        """What stands before the encrypted text."""
        return _PREFIX.pack(self.kind, self.length, self.nonce)

    def binding(self, header: bytes) -> bytes:
        """What the tag vouches for beside the text."""
        return _BINDING.pack(header, self.number, self.kind, self.length)


def parse_prefix(data: bytes, *, number: int, at: int) -> Record | None:
    """The record that begins like this, or None if too little of it is there.

    Raises RecordingDamaged for what can't be a record.
    """
    if len(data) < PREFIX_BYTES:
        return None
    kind, length, nonce = _PREFIX.unpack_from(data)
    if kind not in _KINDS or length > MOST_TEXT:
        raise RecordingDamaged(f"第 {number} 段的开头已损坏")
    return Record(number, RecordKind(kind), length, nonce, at)


@dataclass(frozen=True, slots=True)
class Cut:
    """The piece `[start, stop)` of the text of a DATA record, which begins at `place` of the whole."""

    record: Record
    place: int
    start: int
    stop: int


class TextMap:
    """Which records hold which bytes of the text."""

    def __init__(self, data_records: Sequence[Record]) -> None:
        self._records = data_records
        self._places = [0]
        for record in data_records:
            self._places.append(self._places[-1] + record.length)

    @property
    def size(self) -> int:
        """Bytes of the text."""
        return self._places[-1]

    def cuts(self, start: int, stop: int) -> list[Cut]:
        """The pieces that together are `[start, stop)`, in order; what isn't there is left out."""
        start, stop = max(start, 0), min(stop, self.size)
        if start >= stop:
            return []
        found = []
        index = bisect_right(self._places, start) - 1
        while index < len(self._records) and self._places[index] < stop:
            record, place = self._records[index], self._places[index]
            low, high = max(start - place, 0), min(stop - place, record.length)
            if low < high:
                found.append(Cut(record, place, low, high))
            index += 1
        return found


def overlay(text: bytes, place: int, patches: Sequence[tuple[int, bytes]]) -> bytes:
    """The text, which begins at `place` of the whole, with what the patches replace in it."""
    patched = bytearray(text)
    for at, data in patches:
        low, high = max(at, place), min(at + len(data), place + len(text))
        if low < high:
            patched[low - place : high - place] = data[low - at : high - at]
    return bytes(patched)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`[start, stop)` of a file of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of the header Content-Range."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


@dataclass(frozen=True, slots=True)
class UnsatisfiableRange:
    """A range that lies outside: the answer is 416 with `content_range`."""

    size: int

    @property
    def content_range(self) -> str:
        """The value of the header Content-Range."""
        return f"bytes */{self.size}"


def parse_range(header: str, size: int) -> ByteRange | UnsatisfiableRange | None:
    """What the header Range asks for (RFC 9110, section 14.2); None means all of it.

    Several ranges and other units may be ignored, says the standard, and are.
    """
    unit, _, wanted = header.partition("=")
    first, dash, last = wanted.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not all(_is_number(each) for each in (first, last)):
        return None
    if not first:
        if not last:
            return None
        length = min(int(last), size)
        return ByteRange(size - length, size, size) if length else UnsatisfiableRange(size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        return UnsatisfiableRange(size)
    return ByteRange(start, min(int(last) + 1, size) if last else size, size)


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= 18)
