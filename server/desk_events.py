"""The agents' screens: who has the desk open, which conversations each follows, what news they get.

A screen is one WebSocket. It follows its agent's conversations, and those that a supervisor listens
to; the inbox's news say only that something has changed. Nothing is stored here. An agent may ask
one replica while the screen is open at another: what concerns screens is passed on to all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from core.ports import ConversationEvent, Handover, User
from core.statuses import Role
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
        self.changes = 0
        """Counts what was followed or left, so that who looked at the store sees whether that still holds."""

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
        self._follow_here(name, conversation_id)
        self._pass_on("follow", name=name, conversation_id=conversation_id)

    def tell(self, name: str, body: Mapping[str, Any]) -> None:
        """Passing news to one agent's screens."""
        self._tell_here(name, body)
        self._pass_on("tell", name=name, body=body)

    def tell_all_here(self, body: Mapping[str, Any]) -> None:
        """Passing news to all screens of this replica."""
        for screen in self._screens:
            screen.subscription.offer(PassingNews("", body))

    def hear(self, message: Mapping[str, Any]) -> bool:
        """Takes in what another replica passed on; False if it is nothing of this kind."""
        match message.get("what"):
            case "follow":
                self._follow_here(message["name"], message["conversation_id"])
            case "tell":
                self._tell_here(message["name"], message["body"])
            case "left_agent":
                self._left_agent_here(message["conversation_id"], but=message["but"])
            case _:
                return False
        return True

    def follow_as_held(self, held: Sequence[Handover]) -> None:
        """Sets right what screens follow, by who holds what now: something may have been missed.

        A supervisor may listen to what others hold.
        """
        holder_of = {handover.conversation_id: handover.agent for handover in held}
        for screen in self._screens:
            for conversation_id in tuple(screen.following):
                holder = holder_of.get(conversation_id)
                if holder is None or (holder != screen.user.name and screen.user.role is Role.AGENT):
                    self.unfollow(screen, conversation_id)
            for conversation_id, holder in holder_of.items():
                if holder == screen.user.name and conversation_id not in screen.following:
                    self._follow(screen, conversation_id)

    def publish(self, event: ConversationEvent) -> None:
        """An event of a conversation, to everyone who watches it."""
        self._fan_out.publish(event)

    # --- what the desk observes --------------------------------------------------------------------

    def accepted(self, handover: Handover) -> None:
        """The agent's screens follow the citizen that the agent took."""
        self.follow(handover.agent, handover.conversation_id)

    def left_agent(self, conversation_id: str, *, but: str = "") -> None:
        """No screen, `but` that agent's, follows a conversation that is no longer with its agent."""
        self._left_agent_here(conversation_id, but=but)
        self._pass_on("left_agent", conversation_id=conversation_id, but=but)

    def unfollow(self, screen: Screen, conversation_id: str) -> None:
        """The screen gets nothing more of the conversation."""
        screen.following.discard(conversation_id)
        screen.sent.pop(conversation_id, None)
        self._fan_out.unfollow(screen.subscription, conversation_id)

    # --- here ------------------------------------------------------------------------------------

    def _pass_on(self, what: str, **message: Any) -> None:
        self._fan_out.pass_on({"what": what, **message})

    def _follow_here(self, name: str, conversation_id: str) -> None:
        self.changes += 1
        for screen in self._screens:
            if screen.user.name == name:
                self._follow(screen, conversation_id)

    def _tell_here(self, name: str, body: Mapping[str, Any]) -> None:
        for screen in self._screens:
            if screen.user.name == name:
                screen.subscription.offer(PassingNews("", body))

    def _left_agent_here(self, conversation_id: str, *, but: str) -> None:
        self.changes += 1
        for screen in self._screens:
            if conversation_id in screen.following and screen.user.name != but:
                self.unfollow(screen, conversation_id)

    def _follow(self, screen: Screen, conversation_id: str) -> None:
        screen.following.add(conversation_id)
        self._fan_out.follow(screen.subscription, conversation_id, staff=True)
