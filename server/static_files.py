"""Serves the page's scripts and styles from memory: compressed once, with ETags.

What isn't in the folder at start can't be asked for, so no path needs checking.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from core.errors import NotFound

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
_COMPRESSED = frozenset({".css", ".js", ".svg", ".json", ".webmanifest"})


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, its compressed form if that is shorter, and the tag of its content."""

    content_type: str
    body: bytes
    gzipped: bytes | None
    etag: str


class StaticFiles:
    """All files below a folder whose type is known here."""

    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self._files = files

    @classmethod
    def load(cls, folder: Path) -> "StaticFiles":
        """Reads the folder, once."""
        paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in _TYPES)
        return cls({p.relative_to(folder).as_posix(): _read(p) for p in paths})

    def respond(self, name: str, request: web.Request) -> web.Response:
        """The file, or 304 when the client has it. Raises NotFound."""
        file = self._files.get(name)
        if file is None:
            raise NotFound("no such file")
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "ETag": f'"{file.etag}"'}
        if any(tag.value in (file.etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = file.body
        if file.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = file.gzipped, "gzip"
        headers["Content-Type"] = file.content_type
        return web.Response(body=body, headers=headers)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    gzipped = gzip.compress(body, mtime=0) if path.suffix in _COMPRESSED else None
    kind = _TYPES[path.suffix]
    return StaticFile(
        content_type=f"{kind}; charset=utf-8" if path.suffix in _COMPRESSED else kind,
        body=body,
        gzipped=gzipped if gzipped is not None and len(gzipped) < len(body) else None,
        etag=hashlib.sha256(body).hexdigest()[:20],
    )
