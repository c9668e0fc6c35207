"""Fans a conversation's events, and passing news about it, out to whoever watches it.

A watcher that reads too slowly is cut off instead of slowing down others or filling memory; it
comes back with the sequence number it saw last and gets the rest from the store. Nothing is
stored here; passing news (a place in the queue, the state of a call) is in no log and may be lost.
Those who watch at other replicas get it through `pass_on` and `hear` (see `server.replicas`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.ports import ConversationEvent


@dataclass(frozen=True, slots=True)
class PassingNews:
    """Something that only who watches now has to know. `body` goes over the wire as it is."""

    conversation_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Something may have been missed: what the store has beyond what the watcher got is due."""

    conversation_id: str


News = ConversationEvent | PassingNews | CatchUp


class Subscription:
    """What is published for this watcher since the subscription began, in order."""

    def __init__(self, capacity: int) -> None:
        self._queue: asyncio.Queue[News | None] = asyncio.Queue(capacity + 1)
        self._capacity = capacity
        self.overrun = False

    def offer(self, event: News) -> None:
        """Queues the event, or ends the subscription when its reader is too far behind."""
        if self.overrun:
            return
        if self._queue.qsize() >= self._capacity:
            self.overrun = True
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[News]:
        """Yields what was published; ends when the subscription was overrun (see `overrun`)."""
        while (event := await self._queue.get()) is not None:
            yield event


class EventFanOut:
    """Publishes events to the subscriptions of their conversation, here and at other replicas.

    `pass_on` takes what the others must hear of, `grown` are told whose log has an event more.
    """

    def __init__(self, *, capacity: int = 100) -> None:
        self._capacity = capacity
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._of_staff: set[Subscription] = set()
        self.pass_on: Callable[[Mapping[str, Any]], None] = lambda _: None
        self.grown: list[Callable[[str], None]] = []

    @property
    def watchers(self) -> int:
        """How many subscriptions there are."""
        return sum(len(watching) for watching in self._subscriptions.values())

    @property
    def watched(self) -> Collection[str]:
        """The conversations that somebody follows here."""
        return tuple(self._subscriptions)

    @property
    def watched_by_citizens(self) -> Collection[str]:
        """The conversations that are open on a citizen's screen here."""
        return tuple(each for each in self._subscriptions if self.is_watched_by_citizen(each))

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
        """Whether the conversation is open on a citizen's screen here; see `Replicas.watched`."""
        return bool(self._subscriptions.get(conversation_id, set()) - self._of_staff)

    def publish(self, event: ConversationEvent) -> None:
        """Offers the event to every watcher of its conversation; never waits."""
        self._offer(event)
        self.pass_on({"what": "event", **_event_as_json(event)})

    def announce(
        self,
        conversation_id: str,
        body: Mapping[str, Any],
        *,
        to_staff: bool = True,
        to_citizen: bool = True,
        everywhere: bool = True,
    ) -> None:
        """Offers passing news to the watchers of the conversation, on one side or on both.

        Where each replica finds out the same by itself, it isn't told `everywhere`.
        """
        for subscription in tuple(self._subscriptions.get(conversation_id, ())):
            if to_staff if subscription in self._of_staff else to_citizen:
                subscription.offer(PassingNews(conversation_id, body))
        if everywhere:
            self.pass_on(
                {
                    "what": "news",
                    "conversation_id": conversation_id,
                    "body": body,
                    "to_staff": to_staff,
                    "to_citizen": to_citizen,
                }
            )

    def let_catch_up(self, conversation_ids: Collection[str]) -> None:
        """Sends those who watch these conversations to the store."""
        for conversation_id in conversation_ids:
            for subscription in tuple(self._subscriptions.get(conversation_id, ())):
                subscription.offer(CatchUp(conversation_id))

    def hear(self, message: Mapping[str, Any]) -> bool:
        """Takes in what another replica passed on; False if it is nothing of this kind."""
        match message.get("what"):
            case "event":
                self._offer(_event_of_json(message))
            case "news":
                self.announce(
                    message["conversation_id"],
                    message["body"],
                    to_staff=message["to_staff"],
                    to_citizen=message["to_citizen"],
                    everywhere=False,
                )
            case _:
                return False
        return True

    def _offer(self, event: ConversationEvent) -> None:
        for tell in self.grown:
            tell(event.conversation_id)
        for subscription in tuple(self._subscriptions.get(event.conversation_id, ())):
            subscription.offer(event)


def _event_as_json(event: ConversationEvent) -> Mapping[str, Any]:
    return {
        "conversation_id": event.conversation_id,
        "sequence": event.sequence,
        "kind": event.kind,
        "body": event.body,
        "at": event.at.isoformat(),
    }


def _event_of_json(message: Mapping[str, Any]) -> ConversationEvent:
    return ConversationEvent(
        message["conversation_id"],
        message["sequence"],
        message["kind"],
        message["body"],
        datetime.fromisoformat(message["at"]),
    )
