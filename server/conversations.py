"""What can be done with a conversation: start it, say something, read it, rate it, ask for a person.

Owns the path of a turn: normalise, mask, store, one turn at a time, ask the dialogue engine, store
the reply, tell the watchers. Every message is stored before it is answered, every answer before it
is sent, and a message that is sent again, or that a crash left without an answer, is answered once.
It knows no HTTP and no channel.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from core.choices import match_choice
from core.errors import BangbanError, Conflict, InvalidInput, NotFound, Unavailable, UnknownDistrict
from core.messages import BotReply, Choice, HandoverWish, ReplyMessage
from core.ports import Conversation, ConversationEvent, ConversationStore, DialogueEngine
from core.replica_ports import Locks
from core.statuses import HandoverMode, Holder, TurnStatus
from server import wording
from server.access import token_hash
from server.citizen_text import CitizenText, clean, take_in
from server.events import EventFanOut
from server.handover import Handovers, HandoverTicket
from server.turn import Turn, open_choices_of
from server.turn_locks import TurnLocks

log = structlog.get_logger(__name__)

Mask = Callable[[str], str]

FindDistrict = Callable[[str], Awaitable[str]]
"""The known district that a name means, or empty."""

KEEPS_OFFER = frozenset(
    {TurnStatus.SMALL_TALK, TurnStatus.ERROR, TurnStatus.SAFETY, TurnStatus.WAITING_FOR_AGENT}
)
"""After a reply of these kinds the choices offered before can still be picked."""

_STATUS_OF_HOLDER = {Holder.QUEUE: TurnStatus.WAITING_FOR_AGENT, Holder.AGENT: TurnStatus.WITH_AGENT}


@dataclass(frozen=True, slots=True)
class StartedConversation:
    """A new conversation, and the token that is nowhere else: only its hash is stored."""

    conversation_id: str
    token: str


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """How much goes on at once: turns in the engine, turns that wait, messages of one conversation."""

    concurrent: int = 16
    waiting: int = 500
    waiting_of_one: int = 8


class Conversations:
    """The use case around a citizen's conversation.

    `observe` is told of every finished turn, for the metrics; `shared_locks` are those of all replicas.
    """

    def __init__(
        self,
        store: ConversationStore,
        engine: DialogueEngine,
        handovers: Handovers,
        fan_out: EventFanOut,
        *,
        find_district: FindDistrict,
        mask: Mask,
        hotline: str,
        limits: TurnLimits = TurnLimits(),
        observe: Callable[[Turn], None] = lambda turn: None,
        shared_locks: Locks | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._handovers = handovers
        self._fan_out = fan_out
        self._find_district = find_district
        self._mask = mask
        self._hotline = hotline
        self._limits = limits
        self._observe = observe
        self._locks = TurnLocks(max_waiting=limits.waiting_of_one, shared=shared_locks)
        self._slots = asyncio.Semaphore(limits.concurrent)
        self._under_way = 0

    @property
    def under_way(self) -> int:
        """How many turns are being answered or wait to be."""
        return self._under_way

    async def start(
        self, channel: str, district: str = "", *, token_of: Callable[[str], str] | None = None
    ) -> StartedConversation:
        """Starts a conversation held by the bot, of a citizen in that district if one is given.

        Its token is random, or what `token_of` makes of its id.
        Raises UnknownDistrict if the guides have none of that name.
        """
        known = await self._find_district(district) if district else ""
        if district and not known:
            raise UnknownDistrict("the guides have no such district")
        conversation_id = secrets.token_urlsafe(16)
        token = token_of(conversation_id) if token_of else secrets.token_urlsafe(32)
        started = StartedConversation(conversation_id, token)
        await self._store.create(
            Conversation(
                conversation_id=started.conversation_id,
                channel=channel,
                token_hash=token_hash(started.token),
                district=known,
            )
        )
        return started

    async def receive(
        self,
        conversation_id: str,
        text: str,
        client_message_id: str = "",
        *,
        spoken: bool = False,
        voice: Mapping[str, Any] | None = None,
    ) -> Turn:
        """The reply to what the citizen says, stored. Staff see of what was `spoken` that it was.

        `voice` names the file to hear it by, as the event `file` would.

        The same `client_message_id` gives the same reply and one turn, also while the first is
        still being answered and also after a restart.
        Raises InvalidInput, TextTooLong, TooManyRequests, Unavailable, NotFound; a failure of the
        engine is no exception but a turn with status `error`.
        """
        said = take_in(text)
        began = time.perf_counter()
        async with self._turn_of(conversation_id):
            conversation = await self._existing(conversation_id)
            last = await self._store.last_bot_message(conversation_id)
            choice = self._picked_choice(text.strip(), said.read, last)
            shown = choice.title if choice and text.strip() == choice.value else said.full
            body: dict[str, Any] = {"text": self._mask(shown), "client_message_id": client_message_id}
            if choice:
                body["picked"] = choice.value
            if spoken:
                body["spoken"] = True
            if voice is not None:
                body["voice"] = dict(voice)
            key = f"citizen:{client_message_id}" if client_message_id else ""
            message, is_new = await self._store.append(
                conversation_id, "citizen_message", body, delivery_key=key
            )
            if is_new:
                self._fan_out.publish(message)
            elif (first := await self._store.reply_to(conversation_id, message.sequence)) is not None:
                return Turn.of_event(first)
            if not await self._store.awaits_reply(conversation_id, message.sequence):
                return _silent_turn(message, conversation.holder)
            return await self._answer(conversation, message, last, began)

    async def recover(self, before: datetime | None = None) -> int:
        """Answers the messages that a crash left without a reply; returns how many.

        Messages since `before` may still be under way, here or in another process, and are left alone.
        A message whose conversation is busy or gone is left for the next time.
        """
        answered = 0
        for message in await self._store.unanswered(before):
            try:
                answered += await self._answer_late(message)
            except BangbanError as error:
                log.info("message_left_unanswered", code=error.code)
        return answered

    async def transcript(self, conversation_id: str, after: int = 0) -> Sequence[ConversationEvent]:
        """All events with a sequence number over `after`, in order."""
        events: list[ConversationEvent] = []
        while page := await self._store.events(conversation_id, after=after):
            events += page
            after = page[-1].sequence
        return events

    async def request_person(
        self, conversation_id: str, wish: HandoverWish, *, key: str = ""
    ) -> HandoverTicket:
        """Takes up the wish for a person; once, however often asked. `key` is that of `tell`."""
        async with self._turn_of(conversation_id):
            conversation = await self._existing(conversation_id)
            last = await self._store.last_bot_message(conversation_id)
            ticket = await self._handovers.request(conversation, wish, last)
            if ticket.is_new:
                body = {"text": ticket.notice.text, **wish_in(ticket, wish.mode)}
                await self._once(conversation_id, "notice", body, _notice_key(key) if key else "")
            return ticket

    async def tell(
        self, conversation_id: str, text: str, key: str, about: Mapping[str, Any] | None = None
    ) -> ConversationEvent:
        """Tells the citizen something that is no reply; with the same key once. Raises NotFound.

        `about` is noted with it. Returns what was told, which is what was told first.
        """
        body = {"text": text, **(about or {})}
        return await self._once(conversation_id, "notice", body, _notice_key(key))

    async def tell_staff(self, conversation_id: str, text: str, by: str, key: str) -> None:
        """Leaves a note that the citizen doesn't see; with the same key once. Raises NotFound."""
        await self._once(conversation_id, "note", {"text": text, "by": by}, f"note:{key}")

    async def rate(
        self, conversation_id: str, score: int, comment: str = "", *, about: Mapping[str, Any] | None = None
    ) -> ConversationEvent:
        """Stores the citizen's rating, 1 to 5; a second one replaces the first. Raises InvalidInput.

        The log notes for staff what it is `about` (see `server.ratings`).
        """
        if not 1 <= score <= 5:
            raise InvalidInput("a score is 1 to 5")
        masked = self._mask(clean(comment).strip())
        await self._store.rate(conversation_id, score, masked)
        return await self._note(
            conversation_id, "rating", {"score": score, "comment": masked, **(about or {})}
        )

    # --- one turn ------------------------------------------------------------------------------

    @asynccontextmanager
    async def _turn_of(self, conversation_id: str) -> AsyncIterator[None]:
        """One turn at a time in a conversation, and a bounded number of turns overall."""
        if self._under_way >= self._limits.concurrent + self._limits.waiting:
            raise Unavailable("too many turns are waiting")
        self._under_way += 1
        try:
            async with self._locks.hold(conversation_id), self._slots:
                yield
        finally:
            self._under_way -= 1

    async def _answer_late(self, message: ConversationEvent) -> bool:
        async with self._turn_of(message.conversation_id):
            conversation = await self._existing(message.conversation_id)
            if not await self._store.awaits_reply(message.conversation_id, message.sequence):
                return False
            last = await self._store.last_bot_message(message.conversation_id)
            await self._answer(conversation, message, last, time.perf_counter())
            return True

    async def _existing(self, conversation_id: str) -> Conversation:
        conversation = await self._store.get(conversation_id)
        if conversation is None:
            raise NotFound("no such conversation")
        return conversation

    def _picked_choice(self, raw: str, read: str, last: ConversationEvent | None) -> Choice | None:
        """The offered choice that the text picks. A value is compared as sent: NFKC may change it."""
        offered = open_choices_of(last) if last else ()
        exact = next((choice for choice in offered if choice.value == raw), None)
        return exact or match_choice(read, offered)

    async def _answer(
        self,
        conversation: Conversation,
        message: ConversationEvent,
        last: ConversationEvent | None,
        began: float,
    ) -> Turn:
        reply = await self._reply(conversation, message)
        now_held = (await self._existing(conversation.conversation_id)).holder
        if now_held is not Holder.BOT:
            # Somebody took the conversation while the bot was thinking; it doesn't talk in between.
            return _silent_turn(message, now_held)
        holder, about_wish = Holder.BOT, dict[str, Any]()
        if reply.handover is not None:
            ticket = await self._handovers.request(conversation, reply.handover, last)
            holder, about_wish = ticket.holder, wish_in(ticket, reply.handover.mode)
            status = _STATUS_OF_HOLDER.get(ticket.holder, TurnStatus.WAITING_FOR_AGENT)
            reply = replace(reply, status=status, messages=(ticket.notice,))
        messages = reply.messages
        if CitizenText(message.body["text"]).shortened:
            messages = (ReplyMessage(wording.READ_PARTLY, type="notice"), *messages)
        try:
            stored, _ = await self._store.append(
                conversation.conversation_id,
                "bot_message",
                {
                    "status": reply.status.value,
                    "messages": [m.as_json() for m in messages],
                    "reply_to": message.sequence,
                    "open_choices": _choices_left_open(reply.status, messages, last),
                    **about_wish,
                    "trace": dict(reply.trace),
                    "timings_ms": _rounded(
                        {**reply.timings_ms, "total": (time.perf_counter() - began) * 1000}
                    ),
                },
                # Should two processes answer the same message, only the first answer counts.
                delivery_key=f"reply:{message.sequence}",
                only_if_holder=holder,
            )
        except Conflict:  # taken between the look above and now
            return _silent_turn(message, (await self._existing(conversation.conversation_id)).holder)
        self._fan_out.publish(stored)
        turn = Turn.of_event(stored)
        self._observe(turn)
        return turn

    async def _reply(self, conversation: Conversation, message: ConversationEvent) -> BotReply:
        try:
            return await self._engine.reply(
                conversation.conversation_id,
                CitizenText(message.body["text"]).read,
                picked=message.body.get("picked", ""),
                metadata={"district": conversation.district, "channel": conversation.channel},
            )
        except BangbanError as error:
            log.warning("engine_failed", code=error.code, reason=str(error))
        except Exception:
            # The citizen's message is stored and must get a reply, whatever went wrong.
            log.exception("engine_failed_unexpectedly")
        return BotReply(TurnStatus.ERROR, (wording.engine_failed(self._hotline),))

    async def _note(self, conversation_id: str, kind: str, body: Mapping[str, Any]) -> ConversationEvent:
        return await self._once(conversation_id, kind, body, "")

    async def _once(
        self, conversation_id: str, kind: str, body: Mapping[str, Any], key: str
    ) -> ConversationEvent:
        event, is_new = await self._store.append(conversation_id, kind, body, delivery_key=key)
        if is_new:
            self._fan_out.publish(event)
        return event


def wish_in(ticket: HandoverTicket, mode: HandoverMode) -> dict[str, Any]:
    """What is noted with the answer to a wish for a person: what was wished, and whether it has to wait."""
    return {"wish": mode.value, "waits": ticket.holder is not Holder.AGENT}


def _notice_key(key: str) -> str:
    return f"notice:{key}"


def _silent_turn(message: ConversationEvent, holder: Holder) -> Turn:
    """The turn of a message that isn't the bot's to answer, also if the bot has the conversation again."""
    status = _STATUS_OF_HOLDER.get(holder, TurnStatus.WITH_AGENT)
    return Turn(message.sequence, message.sequence, status, ())


def _choices_left_open(
    status: TurnStatus, messages: Sequence[ReplyMessage], last: ConversationEvent | None
) -> list[dict[str, str]]:
    """What the citizen can pick after this reply: its own choices, or those it doesn't put aside."""
    own = [choice for message in messages for choice in message.choices]
    if not own and last and status in KEEPS_OFFER:
        own = list(open_choices_of(last))
    return [{"title": choice.title, "value": choice.value} for choice in own]


def _rounded(timings: Mapping[str, float]) -> dict[str, float]:
    return {phase: round(ms, 2) for phase, ms in timings.items()}
