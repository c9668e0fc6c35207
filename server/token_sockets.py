"""WebSockets of pages that prove by a token what they may watch: citizens', and those of a call's guests.

A browser can set no header on a WebSocket, and addresses end up in logs, so the token comes as the
subprotocol `bearer.TOKEN`.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiohttp import web

from core.errors import Unauthenticated
from server.keys import LIMITS, SOCKETS
from server.requests import bearer_token
from video.signalling import MAX_FRAME_BYTES

PROTOCOL: Final = "bangban.v1"
TOKEN_PROTOCOL: Final = "bearer."  # noqa: S105 - the prefix of a token, not one
TOKEN_REFUSED: Final = 4401  # a browser sees close codes, never the status of a refused handshake
HEARTBEAT_SECONDS: Final = 25
RESUME: Final = b"resume with after"

Found = TypeVar("Found")


def new_socket() -> web.WebSocketResponse:
    """A socket for such a page, not opened yet."""
    return web.WebSocketResponse(
        protocols=(PROTOCOL,), heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_FRAME_BYTES
    )


async def found_by_token(
    request: web.Request, socket: web.WebSocketResponse, find: Callable[[str], Awaitable[Found]]
) -> Found | None:
    """What `find` has for the token; None: the socket was opened, and closed to say that it is refused.

    Raises Unauthenticated where the token came in a header, or not at all, and what else `find` raises.
    """
    offered = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    token = next((p.removeprefix(TOKEN_PROTOCOL) for p in offered if p.startswith(TOKEN_PROTOCOL)), "")
    try:
        return await find(token or bearer_token(request))
    except Unauthenticated:
        if not token:
            raise
        with request.app[SOCKETS].admit(socket, address=request.app[LIMITS].address_of(request)):
            await socket.prepare(request)
            await socket.close(code=TOKEN_REFUSED, message=b"token refused")
        return None
