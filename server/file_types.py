"""What an uploaded file is, by its first bytes, and what it is called. Pure.

The name that a client gives is for people to read and decides nothing: neither the type nor a path.
"""

import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from server.citizen_text import clean

MOST_NAME_CHARACTERS = 80
MOST_RAW_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file that is taken in. `endings` are what its names may end in, the usual one first."""

    media_type: str
    endings: tuple[str, ...]

    @property
    def is_image(self) -> bool:
        """Whether it is a picture."""
        return self.media_type.startswith("image/")


JPEG = FileType("image/jpeg", (".jpg", ".jpeg"))
PNG = FileType("image/png", (".png",))
WEBP = FileType("image/webp", (".webp",))
PDF = FileType("application/pdf", (".pdf",))


def type_of(data: bytes) -> FileType | None:
    """The type that the bytes begin as, or None for all that isn't taken in."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"%PDF-"):
        return PDF
    return None


def shown_name(given: str, file_type: FileType) -> str:
    """A name to show: one line, without folders and unseen signs, with an ending that tells the truth."""
    piece = given[-MOST_RAW_CHARACTERS:].replace("\\", "/").rpartition("/")[2]
    stem = " ".join(clean(piece).split()).strip(". ")
    stem = "".join("_" if c in '<>:"|?*%;' or unicodedata.category(c) == "Co" else c for c in stem)
    ending = next((each for each in file_type.endings if stem.lower().endswith(each)), "")
    stem = stem[: len(stem) - len(ending)].strip(". ") if ending else stem
    stem = stem[:MOST_NAME_CHARACTERS].strip(". ") or ("照片" if file_type.is_image else "文件")
    return stem + (ending or file_type.endings[0])


def attachment(name: str) -> str:
    """The value of `Content-Disposition` by which a browser saves the file and never shows it."""
    ending = name.rpartition(".")[2]
    plain = f"file.{ending}" if ending.isascii() and ending.isalnum() else "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
