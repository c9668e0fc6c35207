"""Ratings (好差评), bound to what was rated, and what follows a bad one.

A rating says in the log whom and what it is about: the agent who was last with the citizen, the
guide versions that were cited, the answers. A score of 2 or less is for staff to see to. Knows no HTTP.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.desk_ports import DeskStore, FollowUp
from core.errors import Forbidden, NotFound
from core.ports import ConversationEvent, User
from core.statuses import Holder, Role
from server.citizen_text import clean
from server.conversations import Conversations

BAD = 2
MOST_CITED = 50
MESSAGE, RATING = "message", "rating"


@dataclass(frozen=True, slots=True)
class RatedService:
    """What a rating is about. `answers` are sequence numbers of the bot's answers from guides."""

    agent: str = ""
    guides: tuple[tuple[str, int], ...] = ()
    answers: tuple[int, ...] = ()
    began: int = 0  # where in the log the agent came, or 0

    def as_body(self) -> dict[str, Any]:
        """The fields that the event in the log has besides score and comment; for staff."""
        return {
            "agent": self.agent,
            "guides": [{"guide_id": guide_id, "version": version} for guide_id, version in self.guides],
            "answers": list(self.answers),
        }


def rated_service(events: Sequence[ConversationEvent]) -> RatedService:
    """What a rating is about that comes after these events. Pure."""
    with_agent = [e for e in events if e.kind == "holder" and e.body.get("holder") == Holder.AGENT]
    answers = [e for e in events if e.kind == "bot_message" and e.body.get("status") == "answered"]
    last = with_agent[-1] if with_agent else None
    return RatedService(
        agent=last.body.get("agent", "") if last else "",
        guides=tuple(dict.fromkeys(_cited(events)))[-MOST_CITED:],
        answers=tuple(event.sequence for event in answers[-MOST_CITED:]),
        began=last.sequence if last else 0,
    )


def _cited(events: Sequence[ConversationEvent]) -> Iterator[tuple[str, int]]:
    """Guide versions in the order in which the citizen saw them."""
    for event in events:
        found: list[Mapping[str, Any]] = []
        if event.kind in {"guide_card", "checklist"}:
            found = [event.body]
        elif event.kind == "bot_message":
            found = [source for m in event.body.get("messages", ()) for source in m.get("sources", ())]
        for each in found:
            if each.get("guide_id") and each.get("version"):
                yield each["guide_id"], each["version"]


class Ratings:
    """The use case of ratings and of what staff must see to."""

    def __init__(self, conversations: Conversations, desk_store: DeskStore) -> None:
        self._conversations = conversations
        self._desk_store = desk_store

    async def rate(self, conversation_id: str, score: int, comment: str = "") -> None:
        """Stores the citizen's rating, 1 to 5; a bad one is to be followed up. Raises InvalidInput.

        Rated again, it is still one thing to follow up: one for each time with an agent.
        """
        about = rated_service(await self._conversations.transcript(conversation_id))
        event = await self._conversations.rate(conversation_id, score, comment, about=about.as_body())
        if score <= BAD:
            text = f"评分 {score}" + (f"：{event.body['comment']}" if event.body["comment"] else "")
            await self._desk_store.add_follow_up(
                FollowUp(
                    f"rating-{conversation_id}-{about.began}", conversation_id, RATING, text, about.agent
                )
            )

    async def follow_ups(self, user: User, *, done: bool = False) -> Sequence[FollowUp]:
        """What there is to see to, or was seen to, as far as it is this user's business."""
        found = await self._desk_store.follow_ups(done=done)
        return [each for each in found if concerns(user, each)]

    async def finish(self, user: User, follow_up_id: str, outcome: str) -> FollowUp:
        """It is seen to; the first to say so stands. Raises NotFound."""
        everything = [*await self.follow_ups(user), *await self.follow_ups(user, done=True)]
        found = next((each for each in everything if each.follow_up_id == follow_up_id), None)
        if found is None:
            raise NotFound("no such follow-up")
        if not may_finish(user, found):
            raise Forbidden("a bad rating is seen to by somebody else than who got it")
        return await self._desk_store.finish_follow_up(follow_up_id, user.name, clean(outcome).strip())


def may_finish(user: User, follow_up: FollowUp) -> bool:
    """Whether it is this user's to see to: a bad rating is seen to by somebody else than who got it."""
    return user.role is not Role.AGENT or follow_up.kind == MESSAGE


def concerns(user: User, follow_up: FollowUp) -> bool:
    """Agents see messages that citizens left for them or for anybody, and the bad ratings they got."""
    if user.role is not Role.AGENT:
        return True
    return follow_up.agent == user.name or (follow_up.kind == MESSAGE and not follow_up.agent)
