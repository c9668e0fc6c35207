"""Files in a conversation over HTTP: send one, have it back.

A file comes as the one part `file` of a multipart body and is read with an eye on its size; it goes
out as a download that no browser runs or shows in our pages' name. Players may ask for any part of a voice:
some play nothing otherwise.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from core.errors import FileTooLarge, InvalidInput, UnsupportedMedia
from core.evidence_ports import StoredFile
from server.answers import private_json
from server.byte_range import wanted_range
from server.citizen_access import conversation_of
from server.desk_wire import full_event_json
from server.file_types import attachment
from server.keys import DESK, LIMITS, UPLOADS
from server.requests import path_text
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from server.uploads import Received, Upload
from server.voices import PLAYABLE_TYPE
from server.wire import event_json

ARRIVAL_SECONDS = 120
"""Ten megabytes over a weak mobile line; longer than other bodies may take."""

Piece = TypeVar("Piece")

SLOW_AFTER_SECONDS = 10
LEAST_BYTES_A_SECOND = 8 * 1024
"""From then on a file arrives at least so fast on average, or makes room for others."""

MOST_AROUND_FILE = 16 * 1024
"""Boundaries and heads of a multipart body, beside the file."""

_NONSENSE = (
    ValueError, AssertionError, LookupError, RuntimeError, TypeError, EOFError, HttpProcessingError,
    web.RequestPayloadError,
)  # fmt: skip
"""What aiohttp's readers raise on bodies that are no multipart, or end too early."""


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    citizen, staff = "/api/v1/conversations/{id}/files", "/api/v1/staff/conversations/{id}/files"
    return [
        web.post(citizen, send),
        web.get(citizen + "/{file_id}", fetch),
        web.post(staff, send_as_agent),
        web.get(staff + "/{file_id}", fetch_as_staff),
    ]


async def send(request: web.Request) -> web.Response:
    """Takes in a citizen's file."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_message(conversation.conversation_id)
    uploads = request.app[UPLOADS]
    address = request.app[LIMITS].address_of(request)
    async with uploads.admit(conversation.conversation_id, address):
        upload = await read_file(request, uploads.most_bytes)
        received = await uploads.from_citizen(conversation.conversation_id, upload)
    shown = event_json(received.event, request.app[DESK].name_for_citizens)
    return _received(received, shown)


async def send_as_agent(request: web.Request) -> web.Response:
    """Takes in a file of the agent who holds the conversation."""
    user = await signed_in(request, *DESK_ROLES)
    conversation_id = path_text(request, "id")
    uploads = request.app[UPLOADS]
    await request.app[DESK].check_holds(user.name, conversation_id)
    async with uploads.admit(conversation_id, request.app[LIMITS].address_of(request)):
        upload = await read_file(request, uploads.most_bytes)
        received = await uploads.from_agent(user, conversation_id, upload)
    return _received(received, full_event_json(received.event))


async def fetch(request: web.Request) -> web.Response:
    """Gives a citizen a file of the conversation."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_transcript(conversation.conversation_id)
    file, data = await request.app[UPLOADS].for_citizen(
        conversation.conversation_id, path_text(request, "file_id")
    )
    return _download(request, file, data)


async def fetch_as_staff(request: web.Request) -> web.Response:
    """Gives a file to staff who may see the conversation."""
    user = await signed_in(request, *DESK_ROLES)
    file, data = await request.app[UPLOADS].for_staff(
        user,
        path_text(request, "id"),
        path_text(request, "file_id"),
        client=request.app[LIMITS].address_of(request),
    )
    return _download(request, file, data)


async def read_file(request: web.Request, most_bytes: int) -> Upload:
    """The one file of the body. Raises UnsupportedMedia, InvalidInput, FileTooLarge."""
    if request.content_type != "multipart/form-data":
        raise UnsupportedMedia("multipart/form-data is needed")
    if (request.content_length or 0) > most_bytes + MOST_AROUND_FILE:
        raise FileTooLarge(f"more than {most_bytes} bytes")
    try:
        async with asyncio.timeout(ARRIVAL_SECONDS):
            return await _read_only_part(request, most_bytes)
    except TimeoutError:
        raise InvalidInput("the body took too long to arrive") from None
    except _NONSENSE as error:
        raise InvalidInput(f"no multipart body: {type(error).__name__}") from None


async def _read_only_part(request: web.Request, most_bytes: int) -> Upload:
    began = time.monotonic()
    parts = await request.multipart()
    part = await _before_too_slow(parts.next(), began, 0)
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise InvalidInput("file: one part of this name is needed, and no other")
    name, data = part.filename or "", bytearray()
    while chunk := await _before_too_slow(part.read_chunk(), began, len(data)):
        data += chunk
        if len(data) > most_bytes:
            raise FileTooLarge(f"more than {most_bytes} bytes")
    if await _before_too_slow(parts.next(), began, len(data)) is not None:
        raise InvalidInput("file: one part of this name is needed, and no other")
    return Upload(name, bytes(data))


async def _before_too_slow(piece: Awaitable[Piece], began: float, arrived: int) -> Piece:
    """The next piece, unless it is so late that the file arrives too slowly. Raises TimeoutError."""
    allowed = SLOW_AFTER_SECONDS + arrived / LEAST_BYTES_A_SECOND
    async with asyncio.timeout(began + allowed - time.monotonic()):
        return await piece


def _received(received: Received, event: dict[str, object]) -> web.Response:
    return private_json({"event": event, "advice": list(received.advice)}, status=201)


def _download(request: web.Request, file: StoredFile, data: bytes) -> web.Response:
    headers = {
        "Content-Disposition": attachment(file.name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    status = 200
    if file.media_type == PLAYABLE_TYPE:
        headers["Accept-Ranges"] = "bytes"
        wanted = wanted_range(request.headers.get("Range", ""), len(data))
        if wanted.partial:
            status, data = 206, data[wanted.start : wanted.stop]
            headers["Content-Range"] = wanted.content_range
    return web.Response(body=data, status=status, content_type=file.media_type, headers=headers)
