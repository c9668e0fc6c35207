"""Listens for HTTP, and answers even what is no HTTP in the one shape of errors.

aiohttp answers a request that its parser refuses before any middleware sees it, in plain text, and
logs the bytes it couldn't parse, which may be a citizen's. Both are replaced here.
"""

import asyncio
import secrets
import socket

import structlog
from aiohttp import web

from core.errors import BangbanError, InvalidInput
from server.middlewares import SECURITY_HEADERS, canonical_error

log = structlog.get_logger(__name__)

KEEPALIVE_SECONDS = 75.0

FIRST_REQUEST_SECONDS = 30.0
"""A connection that hasn't brought a whole request head by then is closed; aiohttp would wait for ever."""


class _Handler(web.RequestHandler):
    """A connection of a client."""

    __slots__ = ("_giving_up", "_hotline")

    def __init__(self, manager: web.Server, *, loop: asyncio.AbstractEventLoop, hotline: str) -> None:
        super().__init__(manager, loop=loop, keepalive_timeout=KEEPALIVE_SECONDS, access_log=None)  # type: ignore[arg-type] # AppRunner does so too
        self._hotline = hotline
        self._giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._giving_up = self._loop.call_later(FIRST_REQUEST_SECONDS, self._close_if_silent)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stops waiting."""
        if self._giving_up is not None:
            self._giving_up.cancel()
        super().connection_lost(exc)

    def _close_if_silent(self) -> None:
        if self._request_count == 0:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The error in the one shape; closes the connection, whose bytes can't be trusted any more."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of another response is sent already")
        request_id = secrets.token_hex(8)
        error = InvalidInput() if status < 500 else BangbanError()
        log.info("unreadable_request", status=status, error=type(exc).__name__, request_id=request_id)
        response = canonical_error(error, request_id, self._hotline)
        for name, value in {**SECURITY_HEADERS, "X-Request-ID": request_id}.items():
            response.headers[name] = value
        response.force_close()
        return response


class HttpSite(web.BaseSite):
    """Serves the runner's application on a socket that is bound already."""

    def __init__(self, runner: web.AppRunner, listening: socket.socket, *, hotline: str) -> None:
        super().__init__(runner)
        self._listening = listening
        self._hotline = hotline

    @property
    def name(self) -> str:
        """The address, as a URL."""
        host, port = self._listening.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def start(self) -> None:
        """Begins to accept connections."""
        await super().start()
        loop = asyncio.get_running_loop()
        manager = self._runner.server
        assert manager is not None
        self._server = await loop.create_server(
            lambda: _Handler(manager, loop=loop, hotline=self._hotline),
            sock=self._listening,
            backlog=self._backlog,
        )
