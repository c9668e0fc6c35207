"""What part of a file a client wants (`Range`, RFC 9110). Pure."""

import re
from dataclasses import dataclass

from core.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes `[start, stop)` of `size`; `partial` when the client asked for a range."""

    start: int
    stop: int
    size: int
    partial: bool

    @property
    def content_range(self) -> str:
        """The header of an answer with a part."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def wanted_range(header: str, size: int) -> ByteRange:
    """The range that the header asks for; all of it for no header, several ranges, or another unit.

    Raises RangeNotSatisfiable for a range that begins after the end.
    """
    matched = _ONE_RANGE.fullmatch(header.strip())
    if matched is None or matched.groups() == ("", ""):
        return ByteRange(0, size, size, partial=False)
    first, last = matched.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return ByteRange(0, size, size, partial=False)  # no range at all, says the standard
    if start >= size:
        raise RangeNotSatisfiable(f"the recording has {size} bytes")
    return ByteRange(start, stop, size, partial=True)
