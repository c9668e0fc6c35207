"""Fans a conversation's events out to whoever watches it in this process.

A watcher that reads too slowly is cut off instead of slowing down others or filling memory; it
comes back with the sequence number it saw last and gets the rest from the store. Nothing is
stored here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from core.ports import ConversationEvent


class Subscription:
    """The events of one conversation since the subscription began, in order of publishing."""

    def __init__(self, capacity: int) -> None:
        self._queue: asyncio.Queue[ConversationEvent | None] = asyncio.Queue(capacity + 1)
        self._capacity = capacity
        self.overrun = False

    def offer(self, event: ConversationEvent) -> None:
        """Queues the event, or ends the subscription when its reader is too far behind."""
        if self.overrun:
            return
        if self._queue.qsize() >= self._capacity:
            self.overrun = True
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[ConversationEvent]:
        """Yields events; ends when the subscription was overrun (see `overrun`)."""
        while (event := await self._queue.get()) is not None:
            yield event


class EventFanOut:
    """Publishes events to the subscriptions of their conversation."""

    def __init__(self, *, capacity: int = 100) -> None:
        self._capacity = capacity
        self._subscriptions: dict[str, set[Subscription]] = {}

    @property
    def watchers(self) -> int:
        """How many subscriptions there are."""
        return sum(len(watching) for watching in self._subscriptions.values())

    @contextmanager
    def subscribe(self, conversation_id: str) -> Iterator[Subscription]:
        """A subscription that lasts as long as the `with` block."""
        subscription = Subscription(self._capacity)
        watching = self._subscriptions.setdefault(conversation_id, set())
        watching.add(subscription)
        try:
            yield subscription
        finally:
            watching.discard(subscription)
            if not watching:
                self._subscriptions.pop(conversation_id, None)

    def publish(self, event: ConversationEvent) -> None:
        """Offers the event to every watcher of its conversation; never waits."""
        for subscription in tuple(self._subscriptions.get(event.conversation_id, ())):
            subscription.offer(event)
