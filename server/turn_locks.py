"""Serialises work by key, in this process, with memory bounded by what is under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.errors import TooManyRequests


class _Turnstile:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class TurnLocks:
    """One lock a key. A key's lock exists only while somebody holds it or waits for it."""

    def __init__(self, *, max_waiting: int = 8) -> None:
        self._turnstiles: dict[str, _Turnstile] = {}
        self._max_users = max_waiting + 1

    def __len__(self) -> int:
        return len(self._turnstiles)

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Holds the key; waits its turn in order of arrival.

        Raises TooManyRequests when too many wait for this key already.
        """
        turnstile = self._turnstiles.setdefault(key, _Turnstile())
        if turnstile.users >= self._max_users:
            raise TooManyRequests("too many messages of one conversation at once", retry_after=2)
        turnstile.users += 1
        try:
            async with turnstile.lock:
                yield
        finally:
            turnstile.users -= 1
            if turnstile.users == 0:
                del self._turnstiles[key]
