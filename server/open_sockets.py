"""The WebSockets that are open: how many a client may have, and an orderly end for all of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import WSCloseCode, web

from core.errors import TooManyRequests

RETRY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """How many sockets may be open at once.

    A conversation needs one for each tab it is shown in. In a service hall hundreds of citizens
    share one address, so an address may have many, but never so many that nobody else gets one.
    """

    of_all: int = 2000
    of_address: int = 500
    of_conversation: int = 10


class OpenSockets:
    """The sockets of this process."""

    def __init__(self, limits: SocketLimits = SocketLimits()) -> None:
        self._limits = limits
        self._sockets: set[web.WebSocketResponse] = set()
        self._of_address: Counter[str] = Counter()
        self._of_conversation: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._sockets)

    @contextmanager
    def admit(
        self, socket: web.WebSocketResponse, *, address: str, conversation_id: str = ""
    ) -> Iterator[None]:
        """Keeps a place for the socket as long as the block lasts. Raises TooManyRequests if none is free.

        Without a conversation it is a socket that is only opened to be refused.
        """
        if (
            len(self._sockets) >= self._limits.of_all
            or self._of_address[address] >= self._limits.of_address
            or (conversation_id and self._of_conversation[conversation_id] >= self._limits.of_conversation)
        ):
            raise TooManyRequests("too many watchers", retry_after=RETRY_SECONDS)
        self._sockets.add(socket)
        self._of_address[address] += 1
        self._of_conversation[conversation_id] += 1
        try:
            yield
        finally:
            self._sockets.discard(socket)
            _take_off(self._of_address, address)
            _take_off(self._of_conversation, conversation_id)

    async def say_goodbye(self) -> None:
        """Tells every client to come back, instead of letting it find a broken connection."""
        closing = (s.close(code=WSCloseCode.GOING_AWAY, message=b"restarting") for s in set(self._sockets))
        await asyncio.gather(*closing, return_exceptions=True)


def _take_off(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]  # or every client that ever came would stay in memory
