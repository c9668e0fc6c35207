"""What several replicas of the service need of each other, as Protocols; see `core.ports`.

A replica is one process of the service behind an address that several share. Records are in the
database, which alone decides; nothing that goes over the bus may be missed for good if it is lost.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Hear = Callable[[Mapping[str, Any]], None]
"""Takes in what another replica published; never waits."""


class Locks(Protocol):
    """Locks by name that all replicas share; whoever ends, in whatever way, holds none any more.

    A connection can be lost and its locks with it, while their holder doesn't know yet. What is done
    under a lock must therefore be harmless when done twice: each step is checked by the database.
    """

    async def try_hold(self, name: str) -> bool:
        """Takes the lock if it is free, and says whether it was; it isn't for who holds it already.

        Raises Unavailable.
        """

    async def release(self, name: str) -> None:
        """Frees the lock, if this replica holds it; never raises."""

    async def holds(self, name: str) -> bool:
        """Whether this replica holds the lock now. Raises Unavailable."""

    def hold(self, name: str, *, at_most: float) -> AbstractAsyncContextManager[None]:
        """Holds the lock as long as the block lasts, after waiting for it `at_most` so many seconds.

        Raises Unavailable when it doesn't get free in that time.
        """


class ReplicaBus(Protocol):
    """Carries news from each replica to all others, in the order of who publishes them."""

    @property
    def connected(self) -> bool:
        """Whether what the others publish arrives here now."""

    def publish(self, message: Mapping[str, Any]) -> None:
        """Sends a JSON object to all other replicas; never waits, never raises.

        What can't be sent is lost, and the others learn that they missed something.
        """

    def joined(self, hear: Hear, missed: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """Takes part as long as the block lasts; may begin unconnected, and comes back by itself.

        `missed` is called when messages of others may have been lost, and once after each connecting.
        """


class Presence(Protocol):
    """Which conversations are open on a citizen's screen, at whichever replica."""

    async def note(self, conversation_ids: Collection[str]) -> None:
        """These are open here; forgotten after half a minute unless noted again. Raises Unavailable."""

    async def watched(self, conversation_ids: Collection[str]) -> frozenset[str]:
        """Those of them that are open somewhere. Raises Unavailable."""


__all__ = ["Hear", "Locks", "Presence", "ReplicaBus"]
