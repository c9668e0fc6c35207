"""In-memory implementations of the ports, which pass the same contract tests as the real ones.

Use these in place of mocks: they remember, number and refuse as the real stores do.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.errors import Conflict, DialogueUnavailable, NotFound, Unavailable
from core.messages import BotReply, ReplyMessage
from core.ports import (
    Change,
    Conversation,
    ConversationEvent,
    DocumentRecord,
    GuideRecord,
    Handover,
    PutCounts,
    User,
)
from core.statuses import GuideStatus, HandoverState, Holder, TurnStatus

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def advance(self, delta) -> None:
        self.time += delta


class InMemoryKnowledgeStore:
    """A KnowledgeStore in dictionaries."""

    def __init__(self, now: Clock = utc_now) -> None:
        self._now = now
        self._versions: dict[str, list[GuideRecord]] = {}
        self._documents: dict[str, DocumentRecord] = {}
        self._changes: dict[tuple[str, str], int] = {}
        self._last_change = 0
        self._identity = secrets.token_hex(16)

    async def identity(self) -> str:
        return self._identity

    async def publish_guides(self, records: Sequence[GuideRecord]) -> PutCounts:
        added = changed = unchanged = 0
        for record in records:
            public = self._published(record.guide_id)
            if public is not None and public.content_hash == record.content_hash:
                unchanged += 1
                continue
            added += public is None
            changed += public is not None
            self._withdraw_published(record.guide_id)
            self._append(record, GuideStatus.PUBLISHED, change=self._next_change("guide", record.guide_id))
        return PutCounts(added=added, changed=changed, unchanged=unchanged)

    async def save_draft(self, record: GuideRecord) -> GuideRecord:
        return self._append(record, GuideStatus.DRAFT, change=0)

    async def set_status(self, guide_id: str, version: int, status: GuideStatus) -> GuideRecord:
        versions = self._versions.get(guide_id, [])
        found = next((n for n, record in enumerate(versions) if record.version == version), None)
        if found is None:
            raise NotFound(f"there is no version {version} of that guide")
        if versions[found].status is status:
            return versions[found]
        change = versions[found].change
        if GuideStatus.PUBLISHED in (status, versions[found].status):
            change = self._next_change("guide", guide_id)
        if status is GuideStatus.PUBLISHED:
            self._withdraw_published(guide_id)
        versions[found] = replace(versions[found], status=status, updated_at=self._now(), change=change)
        return versions[found]

    async def guide(self, guide_id: str, version: int | None = None) -> GuideRecord | None:
        if version is None:
            return self._published(guide_id)
        return next((r for r in self._versions.get(guide_id, []) if r.version == version), None)

    async def guides(self, guide_ids: Sequence[str]) -> Mapping[str, GuideRecord]:
        found = {guide_id: self._published(guide_id) for guide_id in guide_ids}
        return {guide_id: record for guide_id, record in found.items() if record is not None}

    async def published_versions(self, guide_ids: Sequence[str]) -> Mapping[str, int]:
        found = {guide_id: self._published(guide_id) for guide_id in guide_ids}
        return {guide_id: record.version for guide_id, record in found.items() if record is not None}

    async def versions(self, guide_id: str) -> Sequence[GuideRecord]:
        return tuple(reversed(self._versions.get(guide_id, [])))

    async def published_guides(self) -> AsyncIterator[GuideRecord]:
        for guide_id in sorted(self._versions):
            record = self._published(guide_id)
            if record is not None:
                yield record

    async def guides_of_code(self, code: str, limit: int = 50) -> Sequence[GuideRecord]:
        names = ("basic_code", "implementation_code", "business_code")
        every = [record async for record in self.published_guides() if code]
        return tuple(record for record in every if code in map(record.body.get, names))[:limit]

    async def list_guides(
        self, *, text: str = "", district: str = "", offset: int = 0, limit: int = 20
    ) -> tuple[Sequence[GuideRecord], int]:
        wanted = text.lower()
        found = [
            record
            async for record in self.published_guides()
            if (wanted in record.main_item.lower() or wanted in record.business_item.lower())
            and district in ("", record.district)
        ]
        return tuple(found[offset : offset + limit]), len(found)

    async def put_documents(self, records: Sequence[DocumentRecord]) -> PutCounts:
        added = changed = unchanged = 0
        for record in records:
            stored = self._documents.get(record.document_id)
            if stored is not None and replace(stored, change=0) == replace(record, change=0):
                unchanged += 1
                continue
            added += stored is None
            changed += stored is not None
            change = self._next_change(record.kind, record.document_id)
            if stored is not None and stored.kind != record.kind:
                self._next_change(stored.kind, record.document_id)
            self._documents[record.document_id] = replace(record, change=change)
        return PutCounts(added=added, changed=changed, unchanged=unchanged)

    async def document(self, document_id: str) -> DocumentRecord | None:
        return self._documents.get(document_id)

    async def documents(self) -> AsyncIterator[DocumentRecord]:
        for document_id in sorted(self._documents):
            if not self._documents[document_id].withdrawn:
                yield self._documents[document_id]

    async def changes_after(self, number: int, limit: int = 1000) -> Sequence[Change]:
        later = sorted((n, kind, record_id) for (kind, record_id), n in self._changes.items() if n > number)
        return tuple(Change(n, kind, record_id) for n, kind, record_id in later[:limit])

    async def last_change(self) -> int:
        return self._last_change

    def _published(self, guide_id: str) -> GuideRecord | None:
        versions = self._versions.get(guide_id, [])
        return next((record for record in versions if record.status is GuideStatus.PUBLISHED), None)

    def _withdraw_published(self, guide_id: str) -> None:
        versions = self._versions.get(guide_id, [])
        for n, record in enumerate(versions):
            if record.status is GuideStatus.PUBLISHED:
                versions[n] = replace(record, status=GuideStatus.WITHDRAWN, updated_at=self._now())

    def _append(self, record: GuideRecord, status: GuideStatus, *, change: int) -> GuideRecord:
        versions = self._versions.setdefault(record.guide_id, [])
        stored = replace(
            record, version=len(versions) + 1, status=status, updated_at=self._now(), change=change
        )
        versions.append(stored)
        return stored

    def _next_change(self, kind: str, record_id: str) -> int:
        self._last_change += 1
        self._changes[kind, record_id] = self._last_change
        return self._last_change


class InMemoryConversationStore:
    """A ConversationStore in dictionaries. Set `writable` to False to break it."""

    def __init__(self, now: Clock = utc_now) -> None:
        self._now = now
        self._conversations: dict[str, Conversation] = {}
        self._events: dict[str, list[ConversationEvent]] = {}
        self._deliveries: dict[tuple[str, str], ConversationEvent] = {}
        self._unanswered: dict[tuple[str, int], ConversationEvent] = {}
        self._handovers: list[Handover] = []
        self.ratings: dict[str, tuple[int, str]] = {}
        self.writable = True

    async def create(self, conversation: Conversation) -> Conversation:
        if conversation.conversation_id in self._conversations:
            raise Conflict("that conversation id is taken")
        now = self._now()
        stored = replace(conversation, created_at=conversation.created_at or now, last_at=now)
        self._conversations[conversation.conversation_id] = stored
        self._events[conversation.conversation_id] = []
        return stored

    async def get(self, conversation_id: str) -> Conversation | None:
        return self._conversations.get(conversation_id)

    async def append(
        self,
        conversation_id: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        delivery_key: str = "",
        only_if_holder: Holder | None = None,
    ) -> tuple[ConversationEvent, bool]:
        conversation = self._existing(conversation_id)
        if delivery_key and (conversation_id, delivery_key) in self._deliveries:
            return self._deliveries[conversation_id, delivery_key], False
        if only_if_holder not in (None, conversation.holder):
            raise Conflict("another holds the conversation")
        events = self._events[conversation_id]
        event = ConversationEvent(conversation_id, len(events) + 1, kind, dict(body), self._now())
        events.append(event)
        self._conversations[conversation_id] = replace(conversation, last_at=event.at)
        if delivery_key:
            self._deliveries[conversation_id, delivery_key] = event
        for_bot = kind == "citizen_message" and not body.get("for_staff", False)
        if for_bot and conversation.holder is Holder.BOT:
            self._unanswered[conversation_id, event.sequence] = event
        if kind == "bot_message":
            self._unanswered.pop((conversation_id, body.get("reply_to")), None)
        return event, True

    async def reply_to(self, conversation_id: str, sequence: int) -> ConversationEvent | None:
        return next(
            (
                event
                for event in self._events.get(conversation_id, [])
                if event.kind == "bot_message" and event.body.get("reply_to") == sequence
            ),
            None,
        )

    async def awaits_reply(self, conversation_id: str, sequence: int) -> bool:
        return (conversation_id, sequence) in self._unanswered

    async def unanswered(self, before: datetime | None = None) -> Sequence[ConversationEvent]:
        found = [event for event in self._unanswered.values() if before is None or event.at < before]
        return tuple(sorted(found, key=lambda event: (event.at, event.conversation_id, event.sequence)))

    async def events(
        self, conversation_id: str, after: int = 0, limit: int = 500
    ) -> Sequence[ConversationEvent]:
        return tuple(self._events.get(conversation_id, [])[max(after, 0) :][:limit])

    async def last_sequences(self, conversation_ids):
        known = [each for each in conversation_ids if each in self._conversations]
        return {each: len(self._events.get(each, [])) for each in known}

    async def channels(self, conversation_ids):
        known = [each for each in conversation_ids if each in self._conversations]
        return {each: self._conversations[each].channel for each in known}

    async def last_bot_message(self, conversation_id: str) -> ConversationEvent | None:
        events = reversed(self._events.get(conversation_id, []))
        return next((event for event in events if event.kind == "bot_message"), None)

    async def set_holder(self, conversation_id: str, holder: Holder, *, expected: Holder) -> bool:
        conversation = self._existing(conversation_id)
        if conversation.holder is not expected:
            return False
        self._conversations[conversation_id] = replace(conversation, holder=holder)
        if holder is not Holder.BOT:
            for key in [key for key in self._unanswered if key[0] == conversation_id]:
                del self._unanswered[key]
        return True

    async def set_district(self, conversation_id: str, district: str) -> None:
        conversation = self._existing(conversation_id)
        self._conversations[conversation_id] = replace(conversation, district=district)

    async def add_handover(self, handover: Handover) -> tuple[Handover, bool]:
        self._existing(handover.conversation_id)
        waiting = await self.handover_of(handover.conversation_id)
        if waiting is not None:
            return waiting, False
        if any(stored.handover_id == handover.handover_id for stored in self._handovers):
            raise Conflict("that handover id is taken")
        stored = replace(handover, state=HandoverState.WAITING, created_at=handover.created_at or self._now())
        self._handovers.append(stored)
        return stored, True

    async def handover_of(self, conversation_id: str) -> Handover | None:
        return next((h for h in self._waiting() if h.conversation_id == conversation_id), None)

    async def queue_position(self, handover_id: str) -> int:
        waiting = [handover.handover_id for handover in self._waiting()]
        if handover_id not in waiting:
            raise NotFound("no such handover is waiting")
        return waiting.index(handover_id) + 1

    async def waiting_handovers(self, limit: int = 100) -> Sequence[Handover]:
        return tuple(self._waiting()[:limit])

    async def end_handover(self, handover_id: str, state: HandoverState) -> Handover | None:
        if all(handover.handover_id != handover_id for handover in self._handovers):
            raise NotFound("no such handover")
        waiting = [handover for handover in self._waiting() if handover.handover_id == handover_id]
        return self._end(waiting[0], state) if waiting else None

    async def abandon_handovers(self, before: datetime) -> Sequence[Handover]:
        expired = [handover for handover in self._waiting() if handover.created_at < before]
        return tuple(self._end(handover, HandoverState.ABANDONED) for handover in expired)

    async def rate(self, conversation_id: str, score: int, comment: str) -> None:
        self._existing(conversation_id)
        self.ratings[conversation_id] = (score, comment)

    async def purge_before(self, moment: datetime) -> int:
        silent = [c.conversation_id for c in self._conversations.values() if c.last_at < moment]
        for conversation_id in silent:
            del self._conversations[conversation_id], self._events[conversation_id]
            self.ratings.pop(conversation_id, None)
        for keyed in (self._deliveries, self._unanswered):
            for key in [key for key in keyed if key[0] in silent]:
                del keyed[key]
        self._handovers = [h for h in self._handovers if h.conversation_id not in silent]
        return len(silent)

    async def check_writable(self) -> None:
        if not self.writable:
            raise Unavailable("the store was broken on purpose")

    def _waiting(self) -> list[Handover]:
        return [handover for handover in self._handovers if handover.state is HandoverState.WAITING]

    def _end(self, handover: Handover, state: HandoverState) -> Handover:
        ended = replace(handover, state=state, closed_at=self._now())
        self._handovers[self._handovers.index(handover)] = ended
        return ended

    def _existing(self, conversation_id: str) -> Conversation:
        if conversation_id not in self._conversations:
            raise NotFound("no such conversation")
        return self._conversations[conversation_id]


class InMemoryUserStore:
    """A UserStore in a dictionary."""

    def __init__(self, now: Clock = utc_now) -> None:
        self._now = now
        self._users: dict[str, User] = {}

    async def add(self, user: User) -> None:
        if user.name in self._users:
            raise Conflict("that name is taken")
        self._users[user.name] = replace(user, created_at=user.created_at or self._now())

    async def set_password(self, name: str, password_hash: str) -> None:
        if name not in self._users:
            raise NotFound("no such account")
        self._users[name] = replace(self._users[name], password_hash=password_hash)

    async def get(self, name: str) -> User | None:
        return self._users.get(name)

    async def all(self) -> Sequence[User]:
        return tuple(self._users[name] for name in sorted(self._users))


Answer = BotReply | Exception | Callable[[str, str], BotReply]


def say(text: str, status: TurnStatus = TurnStatus.ANSWERED, **more: Any) -> BotReply:
    """A reply of one message, for scripting a `ScriptedEngine`."""
    return BotReply(status=status, messages=(ReplyMessage(text=text, **more),))


class ScriptedEngine:
    """A DialogueEngine that answers by a table of texts (or picked values) and remembers the turns.

    A value of the table may be a reply, an exception to raise, or a function of text and pick.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None, otherwise: Answer | None = None) -> None:
        self.answers = dict(answers or {})
        self.otherwise = otherwise or (lambda text, _picked: say(f"您说的是：{text}"))
        self.turns: list[tuple[str, str, str, dict[str, Any]]] = []
        self.is_ready = True

    async def reply(
        self, sender_id: str, text: str, *, picked: str = "", metadata: Mapping[str, Any] | None = None
    ) -> BotReply:
        self.turns.append((sender_id, text, picked, dict(metadata or {})))
        answer = self.answers.get(picked or text, self.otherwise)
        if isinstance(answer, Exception):
            raise answer
        reply = answer(text, picked) if callable(answer) else answer
        if not reply.messages:
            raise DialogueUnavailable("the engine said nothing")
        return reply

    async def ready(self) -> bool:
        return self.is_ready
