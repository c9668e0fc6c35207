"""Recordings over HTTP, for those who may see them. A player may ask for any part."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web

from core.errors import BangbanError
from server.answers import private_json
from server.byte_range import ByteRange, wanted_range
from server.keys import LIMITS, RECORDINGS
from server.recordings import Look
from server.requests import path_text, text_of
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from video.recording_note import RecordingNote
from video.sealing import SealedReader

MOST_RANGE = 80

log = structlog.get_logger(__name__)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/api/v1/staff/recordings"
    return [
        web.get(base, list_recordings, allow_head=False),
        web.get(base + "/{id}", read_recording, allow_head=False),
    ]


async def list_recordings(request: web.Request) -> web.Response:
    """The recordings of a conversation."""
    look = await _look(request, "list")
    conversation_id = text_of(request.query, "conversation", limit=100, required=True)
    found = await request.app[RECORDINGS].of_conversation(look, conversation_id)
    return private_json({"recordings": [recording_json(note) for note in found]})


async def read_recording(request: web.Request) -> web.StreamResponse:
    """The film itself, or the part that the player asks for."""
    saves = request.query.get("download") == "1"
    note, reader = await request.app[RECORDINGS].open(
        await _look(request, "download" if saves else "play"), path_text(request, "id")
    )
    try:
        wanted = wanted_range(request.headers.get("Range", ""), reader.size)
        response = web.StreamResponse(
            status=206 if wanted.partial else 200, headers=_headers(note, wanted, saves=saves)
        )
        response.content_length = wanted.stop - wanted.start
        await response.prepare(request)
        await _send(request, response, reader, wanted)
        return response
    finally:
        await asyncio.to_thread(reader.close)


async def _send(
    request: web.Request, response: web.StreamResponse, reader: SealedReader, wanted: ByteRange
) -> None:
    """Sends the pieces; it is too late for an error to be told, so the connection breaks off."""
    pieces = reader.read(wanted.start, wanted.stop)
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await response.write(piece)
        await response.write_eof()
    except ConnectionError:
        pass  # the player has seen enough, or wants another part
    except (BangbanError, OSError) as error:
        log.error("recording_not_read", reason=str(error))
        if request.transport is not None:
            request.transport.abort()


def _headers(note: RecordingNote, wanted: ByteRange, *, saves: bool) -> Mapping[str, str]:
    headers = {
        "Content-Type": note.media_type,
        "Content-Disposition": f'{"attachment" if saves else "inline"}; filename="{note.name}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if wanted.partial:
        headers["Content-Range"] = wanted.content_range
    return headers


def recording_json(note: RecordingNote) -> Mapping[str, Any]:
    """What the desk is told of a recording."""
    return {
        "id": note.name,
        "call_id": note.call_id,
        "party": note.party,
        "media_type": note.media_type,
        "state": note.state.value,
        "started_at": datetime.fromtimestamp(note.started_at, UTC).isoformat(),
        "milliseconds": note.duration_ms,
        "bytes": note.content_bytes,
    }


async def _look(request: web.Request, action: str) -> Look:
    user = await signed_in(request, *DESK_ROLES)
    part = request.headers.get("Range", "")[:MOST_RANGE]
    return Look(user, request.app[LIMITS].address_of(request), action, part)
