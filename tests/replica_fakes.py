"""Replicas within one process, for tests with several of them.

A `ReplicaHub` stands for what connects the replicas. `cut` breaks the connections as a lost Redis
would; the locks, being the database's, go on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from core.errors import Unavailable
from core.replica_ports import Hear

_LOOKS_AGAIN_SECONDS = 0.01


class ReplicaHub:
    """Connects the replicas of one process."""

    def __init__(self) -> None:
        self.members: list[ProcessBus] = []
        self.lock_owners: dict[str, ProcessLocks] = {}
        self.watched: dict[ProcessBus, frozenset[str]] = {}
        self.is_cut = False

    def cut(self) -> None:
        """Nothing is carried from now on."""
        self.is_cut = True

    def mend(self) -> None:
        """Everything is carried again; what was published meanwhile is lost."""
        self.is_cut = False
        for member in tuple(self.members):
            member.missed()


class ProcessBus:
    """A ReplicaBus and Presence over a hub."""

    def __init__(self, hub: ReplicaHub) -> None:
        self._hub = hub
        self._hear: Hear = lambda _: None
        self.missed: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        """See `ReplicaBus`."""
        return self in self._hub.members and not self._hub.is_cut

    def publish(self, message: Mapping[str, Any]) -> None:
        """See `ReplicaBus`."""
        if self.connected:
            for member in tuple(self._hub.members):
                if member is not self:
                    member._hear(message)

    @asynccontextmanager
    async def joined(self, hear: Hear, missed: Callable[[], None]) -> AsyncIterator[None]:
        """See `ReplicaBus`."""
        self._hear, self.missed = hear, missed
        self._hub.members.append(self)
        if self.connected:
            missed()
        try:
            yield
        finally:
            self._hub.members.remove(self)
            self._hub.watched.pop(self, None)

    async def note(self, conversation_ids: Collection[str]) -> None:
        """See `Presence`."""
        self._check()
        self._hub.watched[self] = frozenset(conversation_ids)

    async def watched(self, conversation_ids: Collection[str]) -> frozenset[str]:
        """See `Presence`."""
        self._check()
        return frozenset(conversation_ids) & frozenset[str]().union(*self._hub.watched.values())

    def _check(self) -> None:
        if self._hub.is_cut:
            raise Unavailable("the hub is cut")


class ProcessLocks:
    """Locks over a hub."""

    def __init__(self, hub: ReplicaHub) -> None:
        self._owners = hub.lock_owners

    async def try_hold(self, name: str) -> bool:
        """See `Locks`."""
        if name in self._owners:
            return False
        self._owners[name] = self
        return True

    async def release(self, name: str) -> None:
        """See `Locks`."""
        if self._owners.get(name) is self:
            del self._owners[name]

    async def holds(self, name: str) -> bool:
        """See `Locks`."""
        return self._owners.get(name) is self

    @asynccontextmanager
    async def hold(self, name: str, *, at_most: float) -> AsyncIterator[None]:
        """See `Locks`."""
        try:
            async with asyncio.timeout(at_most):
                while not await self.try_hold(name):  # noqa: ASYNC110 - as over a network: nobody tells
                    await asyncio.sleep(_LOOKS_AGAIN_SECONDS)
        except TimeoutError:
            raise Unavailable("a lock isn't free") from None
        try:
            yield
        finally:
            await self.release(name)

    def end(self) -> None:
        """Frees all locks, as the end of a replica does."""
        for name in [each for each, owner in self._owners.items() if owner is self]:
            del self._owners[name]
