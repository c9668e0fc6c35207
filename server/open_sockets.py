"""The WebSockets that are open, so that they can be closed in an orderly way."""

import asyncio

from aiohttp import WSCloseCode, web


class OpenSockets:
    """The sockets of this process."""

    def __init__(self) -> None:
        self._sockets: set[web.WebSocketResponse] = set()

    def __len__(self) -> int:
        return len(self._sockets)

    def add(self, socket: web.WebSocketResponse) -> None:
        """Notes an open socket; `discard` it when it's done."""
        self._sockets.add(socket)

    def discard(self, socket: web.WebSocketResponse) -> None:
        """Forgets the socket."""
        self._sockets.discard(socket)

    async def say_goodbye(self) -> None:
        """Tells every client to come back, instead of letting it find a broken connection."""
        closing = (s.close(code=WSCloseCode.GOING_AWAY, message=b"restarting") for s in set(self._sockets))
        await asyncio.gather(*closing, return_exceptions=True)
