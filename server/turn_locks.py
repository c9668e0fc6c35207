"""Serialises work by key, with memory bounded by what is under way.

In one process by itself; where there are several replicas, with the locks that they share as well.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from core.errors import TooManyRequests
from core.replica_ports import Locks

ELSEWHERE_SECONDS = 60.0
"""How long a turn waits for one at another replica; the engine takes less, however long it may."""


class _Turnstile:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class TurnLocks:
    """One lock a key. A key's lock exists only while somebody holds it or waits for it.

    `shared` are the locks of all replicas; there `kind` tells these keys from others.
    """

    def __init__(self, *, max_waiting: int = 8, kind: str = "turn", shared: Locks | None = None) -> None:
        self._kind = kind
        self._shared = shared
        self._turnstiles: dict[str, _Turnstile] = {}
        self._max_users = max_waiting + 1

    def __len__(self) -> int:
        return len(self._turnstiles)

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Holds the key; waits its turn, in this process in order of arrival.

        Raises TooManyRequests when too many wait for this key already, Unavailable when another
        replica doesn't let go of it.
        """
        turnstile = self._turnstiles.setdefault(key, _Turnstile())
        if turnstile.users >= self._max_users:
            raise TooManyRequests("too many messages of one conversation at once", retry_after=2)
        turnstile.users += 1
        try:
            async with turnstile.lock, self._everywhere(key):
                yield
        finally:
            turnstile.users -= 1
            if turnstile.users == 0:
                del self._turnstiles[key]

    def _everywhere(self, key: str) -> AbstractAsyncContextManager[None]:
        if self._shared is None:
            return nullcontext()
        return self._shared.hold(f"{self._kind} {key}", at_most=ELSEWHERE_SECONDS)
