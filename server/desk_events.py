"""The agents' screens: who has the desk open, which conversations each follows, what news they get.

A screen is one WebSocket. It follows its agent's conversations, and those that a supervisor listens
to; the inbox's news say only that something has changed. Nothing is stored here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from core.ports import ConversationEvent, Handover, User
from server.events import EventFanOut, PassingNews, Subscription


@dataclass(eq=False, slots=True)
class Screen:
    """An open desk. `sent` is the last sequence number it has of each conversation, as far as known."""

    user: User
    subscription: Subscription
    sent: dict[str, int] = field(default_factory=dict)
    following: set[str] = field(default_factory=set)

    def wants(self, event: ConversationEvent) -> bool:
        """Whether the event is the next one of its conversation for this screen, or the first."""
        last = self.sent.get(event.conversation_id)
        return last is None or event.sequence == last + 1

    def has(self, event: ConversationEvent) -> bool:
        """Whether the screen got the event already."""
        return event.sequence <= self.sent.get(event.conversation_id, -1)


class DeskEvents:
    """All screens of this process."""

    def __init__(self, fan_out: EventFanOut) -> None:
        self._fan_out = fan_out
        self._screens: set[Screen] = set()

    @contextmanager
    def open(self, user: User, after: Mapping[str, int]) -> Iterator[Screen]:
        """A screen that follows these conversations, as long as the `with` block lasts.

        `after` gives the conversations and, where it is not negative, the last number known of each.
        """
        subscription = self._fan_out.new_subscription()
        screen = Screen(user, subscription, {each: number for each, number in after.items() if number >= 0})
        self._screens.add(screen)
        for conversation_id in after:
            self._follow(screen, conversation_id)
        try:
            yield screen
        finally:
            self._screens.discard(screen)
            self._fan_out.forget(subscription)

    def is_open(self, name: str) -> bool:
        """Whether that agent has the desk open here."""
        return any(screen.user.name == name for screen in self._screens)

    def follow(self, name: str, conversation_id: str) -> None:
        """That agent's screens follow the conversation from now on."""
        for screen in self._screens:
            if screen.user.name == name:
                self._follow(screen, conversation_id)

    def tell(self, name: str, body: Mapping[str, Any]) -> None:
        """Passing news to one agent's screens."""
        for screen in self._screens:
            if screen.user.name == name:
                screen.subscription.offer(PassingNews("", body))

    def tell_all(self, body: Mapping[str, Any]) -> None:
        """Passing news to all screens."""
        for screen in self._screens:
            screen.subscription.offer(PassingNews("", body))

    def publish(self, event: ConversationEvent) -> None:
        """An event of a conversation, to everyone who watches it."""
        self._fan_out.publish(event)

    # --- what the desk observes --------------------------------------------------------------------

    def accepted(self, handover: Handover) -> None:
        """The agent's screens follow the citizen that the agent took."""
        self.follow(handover.agent, handover.conversation_id)

    def left_agent(self, conversation_id: str, *, but: str = "") -> None:
        """No screen, `but` that agent's, follows a conversation that is no longer with its agent."""
        for screen in self._screens:
            if conversation_id in screen.following and screen.user.name != but:
                self.unfollow(screen, conversation_id)

    def unfollow(self, screen: Screen, conversation_id: str) -> None:
        """The screen gets nothing more of the conversation."""
        screen.following.discard(conversation_id)
        screen.sent.pop(conversation_id, None)
        self._fan_out.unfollow(screen.subscription, conversation_id)

    def _follow(self, screen: Screen, conversation_id: str) -> None:
        screen.following.add(conversation_id)
        self._fan_out.follow(screen.subscription, conversation_id, staff=True)
