"""The media process: a narrow HTTP interface to the calls that it relays.

Only the service speaks to it, over loopback or a closed network, and proves itself with a secret.
Errors are written as everywhere: `{"error": {"code", "message"}}`.
"""

import asyncio
import contextlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import structlog
from aiohttp import web

from core.errors import BangbanError, InvalidInput, InvalidJson, NotFound, Unauthenticated
from video.rooms import Rooms
from video.seats import PARTIES
from video.session_description import MOST_BYTES
from video.vitals import LoopLag, read_system

CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # it becomes part of a file's name
ROOMS: Final = web.AppKey("rooms", Rooms)
LAG: Final = web.AppKey("lag", LoopLag)

log = structlog.get_logger(__name__)


def create_media_app(rooms: Rooms, *, secret: str) -> web.Application:
    """The application of a media process. Cleaning it up ends all calls."""
    app = web.Application(
        client_max_size=2 * MOST_BYTES,  # JSON escapes the line ends of a description
        middlewares=[_shape_errors, _require(secret)],
    )
    app[ROOMS] = rooms
    app[LAG] = LoopLag()
    rooms.refuse_new_while(app[LAG].is_strained)
    app.router.add_post("/calls/{call_id}/legs/{party}", _join)
    app.router.add_delete("/calls/{call_id}/legs/{party}", _leave)
    app.router.add_delete("/calls/{call_id}", _close)
    app.router.add_get("/calls/{call_id}/stats", _call_stats)
    app.router.add_post("/calls/{call_id}/record", _record)
    app.router.add_get("/stats", _stats)
    app.cleanup_ctx.append(_lifetime)
    return app


async def _lifetime(app: web.Application) -> AsyncIterator[None]:
    watching = asyncio.create_task(app[LAG].run(), name="loop-lag")
    yield
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    await app[ROOMS].close_all()


async def _join(request: web.Request) -> web.Response:
    body = await _read(request)
    sdp, record = body.get("sdp"), body.get("record", False)
    if not isinstance(sdp, str) or not isinstance(record, bool):
        raise InvalidInput("`sdp` must be a text and `record` true or false")
    answer = await request.app[ROOMS].join(_call_id(request), _party(request), sdp, record=record)
    return web.json_response({"sdp": answer})


async def _leave(request: web.Request) -> web.Response:
    await request.app[ROOMS].leave(_call_id(request), _party(request))
    return web.Response(status=204)


async def _close(request: web.Request) -> web.Response:
    await request.app[ROOMS].close(_call_id(request))
    return web.Response(status=204)


async def _record(request: web.Request) -> web.Response:
    on = (await _read(request)).get("on")
    if not isinstance(on, bool):
        raise InvalidInput("`on` must be true or false")
    await request.app[ROOMS].record(_call_id(request), on=on)
    return web.json_response({"on": on})


async def _call_stats(request: web.Request) -> web.Response:
    return web.json_response(request.app[ROOMS].call_stats(_call_id(request)))


async def _stats(request: web.Request) -> web.Response:
    lag = request.app[LAG]
    return web.json_response(
        {
            **request.app[ROOMS].stats(),
            **read_system(),
            "loop_lag_ms": lag.worst_ms,
            "long_pauses": lag.long_pauses,
            "dropped_datagrams": lag.dropped.total,
            "strained": lag.is_strained(),
        }
    )


def _call_id(request: web.Request) -> str:
    call_id = request.match_info["call_id"]
    if not CALL_ID.fullmatch(call_id):
        raise InvalidInput("a call's id is made of up to 64 letters, digits, - and _")
    return call_id


def _party(request: web.Request) -> str:
    party = request.match_info["party"]
    if party not in PARTIES:
        raise NotFound(f"the parties of a call are {', '.join(PARTIES)}")
    return party


async def _read(request: web.Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError):
        raise InvalidJson("the body is no JSON") from None
    if not isinstance(body, dict):
        raise InvalidJson("the body is no JSON object")
    return body


def _require(secret: str) -> Any:
    expected = f"Bearer {secret}".encode()

    @web.middleware
    async def require_secret(request: web.Request, handler: Any) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").encode(errors="replace")
        if not secret or not hmac.compare_digest(shown, expected):
            raise Unauthenticated("the secret of the media process is missing or wrong")
        answer: web.StreamResponse = await handler(request)
        return answer

    return require_secret


@web.middleware
async def _shape_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except BangbanError as error:
        return _error(error.status, error.code, str(error))
    except web.HTTPException as error:
        return _error(error.status, "http_error", error.reason)
    except Exception:
        log.exception("media_request_failed", path=request.path)
        return _error(500, BangbanError.code, "internal error")
    return answer


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
