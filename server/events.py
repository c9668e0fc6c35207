"""Fans a conversation's events, and passing news about it, out to whoever watches it in this process.

A watcher that reads too slowly is cut off instead of slowing down others or filling memory; it
comes back with the sequence number it saw last and gets the rest from the store. Nothing is
stored here; passing news (a place in the queue, the state of a call) is in no log and may be lost.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.ports import ConversationEvent


@dataclass(frozen=True, slots=True)
class PassingNews:
    """Something that only who watches now has to know. `body` goes over the wire as it is."""

    conversation_id: str
    body: Mapping[str, Any]


class Subscription:
    """What is published for this watcher since the subscription began, in order."""

    def __init__(self, capacity: int) -> None:
        self._queue: asyncio.Queue[ConversationEvent | PassingNews | None] = asyncio.Queue(capacity + 1)
        self._capacity = capacity
        self.overrun = False

    def offer(self, event: ConversationEvent | PassingNews) -> None:
        """Queues the event, or ends the subscription when its reader is too far behind."""
        if self.overrun:
            return
        if self._queue.qsize() >= self._capacity:
            self.overrun = True
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[ConversationEvent | PassingNews]:
        """Yields what was published; ends when the subscription was overrun (see `overrun`)."""
        while (event := await self._queue.get()) is not None:
            yield event


class EventFanOut:
    """Publishes events to the subscriptions of their conversation."""

    def __init__(self, *, capacity: int = 100) -> None:
        self._capacity = capacity
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._of_staff: set[Subscription] = set()

    @property
    def watchers(self) -> int:
        """How many subscriptions there are."""
        return sum(len(watching) for watching in self._subscriptions.values())

    def new_subscription(self) -> Subscription:
        """One that follows nothing yet, for staff; see `follow`."""
        return Subscription(self._capacity)

    def follow(self, subscription: Subscription, conversation_id: str, *, staff: bool = False) -> None:
        """From now on the subscription gets what happens in the conversation too."""
        self._subscriptions.setdefault(conversation_id, set()).add(subscription)
        if staff:
            self._of_staff.add(subscription)

    def unfollow(self, subscription: Subscription, conversation_id: str) -> None:
        """The subscription gets nothing more of the conversation; one that doesn't follow is no mistake."""
        watching = self._subscriptions.get(conversation_id, set())
        watching.discard(subscription)
        if not watching:
            self._subscriptions.pop(conversation_id, None)

    def forget(self, subscription: Subscription) -> None:
        """The subscription follows nothing any more."""
        for conversation_id in [each for each, s in self._subscriptions.items() if subscription in s]:
            self.unfollow(subscription, conversation_id)
        self._of_staff.discard(subscription)

    @contextmanager
    def subscribe(self, conversation_id: str) -> Iterator[Subscription]:
        """A citizen's subscription, which lasts as long as the `with` block."""
        subscription = self.new_subscription()
        self.follow(subscription, conversation_id)
        try:
            yield subscription
        finally:
            self.unfollow(subscription, conversation_id)

    def is_watched_by_citizen(self, conversation_id: str) -> bool:
        """Whether the conversation is open on a citizen's screen."""
        return bool(self._subscriptions.get(conversation_id, set()) - self._of_staff)

    def publish(self, event: ConversationEvent) -> None:
        """Offers the event to every watcher of its conversation; never waits."""
        for subscription in tuple(self._subscriptions.get(event.conversation_id, ())):
            subscription.offer(event)

    def announce(
        self,
        conversation_id: str,
        body: Mapping[str, Any],
        *,
        to_staff: bool = True,
        to_citizen: bool = True,
    ) -> None:
        """Offers passing news to the watchers of the conversation, on one side or on both."""
        for subscription in tuple(self._subscriptions.get(conversation_id, ())):
            if to_staff if subscription in self._of_staff else to_citizen:
                subscription.offer(PassingNews(conversation_id, body))
