"""Takes up a citizen's wish for a person, once a conversation, with what is known so far.

While an agent who is the right one is on line, the conversation goes into the queue and the bot is
silent. Otherwise nobody would answer at all, so the bot keeps it and the wish is *registered*: it
waits outside the queue, keeps its time, and joins the queue when somebody can come (`desk_rounds`).
The citizen is told which of the two it is. A call-back or a message ends the wait the other way.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.desk_ports import DeskStore, FollowUp, HolderChange, LogEntry, Moved
from core.errors import Conflict, InvalidInput, NotFound
from core.messages import HandoverWish, ReplyMessage
from core.ports import Conversation, ConversationEvent, ConversationStore, Handover, KnowledgeStore
from core.statuses import HandoverMode, HandoverState, Holder, TurnStatus
from server import wording
from server.citizen_text import clean
from server.events import EventFanOut
from server.waiting_line import Line, Look, Place, is_registered
from video.holding import HoldingEvent, next_holder
from video.opening import OpeningHours
from video.queue import ELDERLY_OR_DISABLED, OTHERS

LONGEST_AHEAD = timedelta(days=30)
"""Nobody knows today who works in two months."""

MOST_TOPIC = 40
_ABOUT_A_MATTER = (TurnStatus.ANSWERED, TurnStatus.CLARIFYING, TurnStatus.NO_GUIDE)

_CONTACT = re.compile(r"\+?[0-9][0-9 -]{5,19}")
_TRIES = 3  # a step that lost against another is looked at anew; more often than this nothing is in step


@dataclass(frozen=True, slots=True)
class HandoverTicket:
    """The citizen's handover, how it stands, and what the citizen is told about it."""

    handover: Handover
    holder: Holder
    place: Place
    notice: ReplyMessage
    is_new: bool

    @property
    def position(self) -> int:
        """The place in the queue."""
        return self.place.position


@dataclass(frozen=True, slots=True)
class HandoverRules:
    """What a service is set to."""

    hotline: str
    opening: OpeningHours


class Handovers:
    """What a citizen can do about being served by a person.

    `mask` takes personal data out of what they say they want. `observe` is told of every change of
    the queue, `left` of every conversation that no agent holds any more, whoever ended it.
    """

    def __init__(
        self,
        store: ConversationStore,
        desk: DeskStore,
        fan_out: EventFanOut,
        *,
        look: Look,
        guides: KnowledgeStore,
        rules: HandoverRules,
        mask: Callable[[str], str],
        now: Callable[[], datetime],
        changed: Callable[[], None] = lambda: None,
        left: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._fan_out = fan_out
        self._look = look
        self._guides = guides
        self._rules = rules
        self._mask = mask
        self._now = now
        self.changed = changed
        self.left = left

    async def request(
        self, conversation: Conversation, wish: HandoverWish, last: ConversationEvent | None
    ) -> HandoverTicket:
        """The conversation's handover: a new one, or the one it has already.

        Who waits to write with a person and asks for video waits for video from then on, in the same place.
        """
        line = await self._look()
        if (known := await self.standing(conversation.conversation_id)) is not None:
            is_changed = False
            if wish.mode is HandoverMode.VIDEO and known.mode is not wish.mode:
                with suppress(Conflict):  # an agent has it, who can call by video at any time
                    known, is_changed = await self._desk.wish_video(known.handover_id), True
                    self.changed()
            return self._ticket(known, line, is_new=False, already=not is_changed)
        handover = line.reachable(await self._handover_for(conversation, wish, last))
        place = line.place_of(handover)
        body = {
            "handover_id": handover.handover_id,
            "mode": handover.mode.value,
            "topic": handover.topic,
            "position": place.position,
        }
        entry = LogEntry("handover", body)
        if line.someone_for(handover):
            moved = await self._desk.join(handover, step(Holder.BOT, HoldingEvent.ASK_FOR_PERSON, entry))
            if place.wait_seconds is not None and moved.is_new:
                await self._desk.record_estimate(handover.handover_id, place.wait_seconds)
        else:
            moved = await self._desk.register(handover, [entry])
        self.publish(moved)
        return self._ticket(moved.handover, line, is_new=moved.is_new, already=not moved.is_new)

    async def standing(self, conversation_id: str) -> Handover | None:
        """The handover that the citizen has now: waiting, taken, or registered until somebody can come."""
        if (handover := await self._desk.open_handover(conversation_id)) is not None:
            return handover
        return await self.registered(conversation_id)

    async def registered(self, conversation_id: str) -> Handover | None:
        """The conversation's wish that waits outside the queue, if any; a call-back is none."""
        callbacks = await self._desk.callbacks()
        return next((h for h in callbacks if h.conversation_id == conversation_id and is_registered(h)), None)

    async def send_home(self, handover: Handover, notice: str) -> Moved:
        """Gives the bot a waiting conversation back because nobody can come; the wish stays registered."""
        entry = LogEntry("notice", {"text": notice})
        moved = await self._desk.release(
            handover.conversation_id,
            step(Holder.QUEUE, HoldingEvent.EXPIRE, entry),
            HandoverState.CALLBACK,
        )
        self.publish(moved)
        return moved

    async def recall(self, handover: Handover, notice: str) -> Moved:
        """Puts a registered wish, or a call-back whose time has come, into the queue. Raises Conflict."""
        entry = LogEntry("notice", {"text": notice})
        change = step(Holder.BOT, HoldingEvent.ASK_FOR_PERSON, entry)
        moved = await self._desk.recall(handover.handover_id, change)
        self.publish(moved)
        return moved

    async def leave(self, conversation_id: str) -> None:
        """The citizen wants no person any more, waiting for one or talking to one."""
        for _ in range(_TRIES):
            handover = await self.standing(conversation_id)
            if handover is None:
                return
            with suppress(Conflict):  # an agent accepted, or somebody ended it, in the same moment
                if handover.state is HandoverState.TAKEN:
                    await self._leave_agent(conversation_id)
                else:
                    event, state = HoldingEvent.LEAVE, HandoverState.ABANDONED
                    await self._end_wait(handover, event, state, wording.LEFT_QUEUE)
                return

    async def close(self, handover_id: str) -> None:
        """Ends a wait on behalf of staff; one that has ended already stays as it is. Raises NotFound."""
        handover = await self._desk.handover(handover_id)
        if handover is None:
            raise NotFound("no such handover")
        if handover.state in {HandoverState.WAITING, HandoverState.CALLBACK}:
            text = wording.closed_by_staff(self._rules.hotline)
            with suppress(Conflict):  # somebody else was first
                await self._end_wait(handover, HoldingEvent.EXPIRE, HandoverState.CLOSED, text)

    async def expire(self, before: datetime) -> int:
        """Gives up those who wait since before that moment, and tells them; returns how many."""
        given_up = 0
        text = wording.waited_too_long(self._rules.hotline)
        waiting = [*await self._desk.waiting(), *await self._desk.callbacks()]
        for handover in waiting:
            since = max(filter(None, (handover.created_at, handover.due)), default=None)
            if since is None or since >= before:
                continue
            with suppress(NotFound, Conflict):  # deleted meanwhile, or no longer waiting
                await self._end_wait(handover, HoldingEvent.EXPIRE, HandoverState.ABANDONED, text)
                given_up += 1
        return given_up

    async def call_back(self, conversation: Conversation, at: datetime, contact: str) -> None:
        """The citizen is to be called at that time instead of waiting. Raises InvalidInput, Conflict."""
        now = self._now()
        if not _CONTACT.fullmatch(contact):
            raise InvalidInput("contact: a telephone number is needed")
        if not now < at <= now + LONGEST_AHEAD:
            raise InvalidInput("at: a time within the next 30 days is needed")
        if not self._rules.opening.is_open(at):
            raise InvalidInput("at: outside the opening hours")
        text = wording.call_back_promised(at)
        await self._bring_into_queue(conversation)
        moved = await self._desk.release(
            conversation.conversation_id,
            step(Holder.QUEUE, HoldingEvent.CALL_BACK, LogEntry("notice", {"text": text})),
            HandoverState.CALLBACK,
            due=at,
            contact=contact,
        )
        self.publish(moved)

    async def leave_message(self, conversation: Conversation, text: str, client_message_id: str = "") -> None:
        """The citizen leaves a message for staff instead of waiting; the bot doesn't answer it.

        The same `client_message_id` leaves one message, however often sent. Raises InvalidInput.
        """
        message = self._mask(clean(text).strip())
        if not message:
            raise InvalidInput("text: must not be empty")
        conversation_id = conversation.conversation_id
        message_id = client_message_id or secrets.token_urlsafe(12)
        event, is_new = await self._store.append(
            conversation_id,
            "citizen_message",
            {"text": message, "client_message_id": f"left-{message_id}", "for_staff": True},
            delivery_key=f"left:{message_id}",
        )
        if is_new:
            self._fan_out.publish(event)
        # Named after the event: a repetition makes good what a crash left out, and nothing twice.
        follow_up_id = hashlib.sha256(f"{conversation_id}/{event.sequence}".encode()).hexdigest()[:24]
        left = FollowUp(follow_up_id, conversation_id, "message", event.body["text"])
        await self._desk.add_follow_up(left)
        if is_new and not await self._stop_waiting_for_message(conversation_id):
            await self._note(conversation_id, wording.MESSAGE_LEFT)
        self.changed()

    async def place(self, handover: Handover) -> Place:
        """What the citizen is told about this wait now."""
        return (await self._look()).place_of(handover)

    def publish(self, moved: Moved) -> None:
        """Tells the watchers what a step of the holder has appended."""
        for event in moved.events:
            self._fan_out.publish(event)
        if any(each.kind == "holder" and each.body["holder"] != Holder.AGENT for each in moved.events[-1:]):
            self.left(moved.handover.conversation_id)
        self.changed()

    # --- steps ---------------------------------------------------------------------------------

    async def _bring_into_queue(self, conversation: Conversation) -> None:
        """Puts the conversation into the queue, from wherever it stands. Raises Conflict."""
        handover = await self.standing(conversation.conversation_id)
        if handover is None:
            last = await self._store.last_bot_message(conversation.conversation_id)
            wish = HandoverWish(HandoverMode.TEXT, reason="call_back")
            fresh = await self._handover_for(conversation, wish, last)
            entry = LogEntry("handover", {"handover_id": fresh.handover_id, "mode": fresh.mode.value})
            moved = await self._desk.join(fresh, step(Holder.BOT, HoldingEvent.ASK_FOR_PERSON, entry))
        elif handover.state is HandoverState.CALLBACK:
            moved = await self._desk.recall(
                handover.handover_id, step(Holder.BOT, HoldingEvent.ASK_FOR_PERSON)
            )
        elif handover.state is HandoverState.WAITING:
            return
        else:
            raise Conflict("an agent has the conversation")
        self.publish(moved)

    async def _stop_waiting_for_message(self, conversation_id: str) -> bool:
        """Ends the wait of who left a message; says whether there was one to end."""
        handover = await self.standing(conversation_id)
        if handover is None or handover.state is HandoverState.TAKEN:
            return False
        event, state = HoldingEvent.MESSAGE_LEFT, HandoverState.MESSAGE
        try:
            await self._end_wait(handover, event, state, wording.MESSAGE_LEFT)
        except Conflict:  # an agent accepted, or somebody ended it, in the same moment: the message stands
            return False
        return True

    async def _leave_agent(self, conversation_id: str) -> None:
        entry = LogEntry("notice", {"text": wording.CITIZEN_ENDED})
        change = step(Holder.AGENT, HoldingEvent.CITIZEN_GONE, entry)
        moved = await self._desk.release(
            conversation_id, change, HandoverState.CLOSED, outcome="citizen_left"
        )
        self.publish(moved)

    async def _end_wait(
        self, handover: Handover, event: HoldingEvent, state: HandoverState, text: str
    ) -> None:
        """Ends a wait, in the queue or outside. Raises Conflict if it waits no longer."""
        if handover.state is HandoverState.WAITING:
            change = step(Holder.QUEUE, event, LogEntry("notice", {"text": text}))
            self.publish(await self._desk.release(handover.conversation_id, change, state))
            return
        await self._desk.end_callback(handover.handover_id, state, event.value)
        await self._note(handover.conversation_id, text)
        self.changed()

    async def _note(self, conversation_id: str, text: str) -> None:
        event, _ = await self._store.append(conversation_id, "notice", {"text": text})
        self._fan_out.publish(event)

    async def _handover_for(
        self, conversation: Conversation, wish: HandoverWish, last: ConversationEvent | None
    ) -> Handover:
        known = known_so_far(conversation, last)
        return Handover(
            handover_id=secrets.token_urlsafe(12),
            conversation_id=conversation.conversation_id,
            mode=wish.mode,
            topic=self._mask(clean(wish.topic).strip()) or await self._topic_so_far(known, last),
            reason=self._mask(clean(wish.reason).strip()),
            known=known,
            department=await self._department_of(known),
            district=conversation.district or _only(known.get("districts", ())),
            language=wish.language,
            priority=ELDERLY_OR_DISABLED if wish.priority else OTHERS,
        )

    async def _topic_so_far(self, known: Mapping[str, Any], last: ConversationEvent | None) -> str:
        """What the bot answered last, else the question that it is still asking about or couldn't answer."""
        if titles := known.get("titles"):
            return str(titles[0])
        if last is None or last.body.get("status") not in _ABOUT_A_MATTER:
            return ""
        number = int(last.body.get("reply_to", 0))
        asked = await self._store.events(last.conversation_id, after=number - 1, limit=1)
        text = str(asked[0].body.get("text", "")) if asked and asked[0].kind == "citizen_message" else ""
        return text if len(text) <= MOST_TOPIC else text[: MOST_TOPIC - 1] + "…"

    async def _department_of(self, known: Mapping[str, Any]) -> str:
        """Whose matter it is, where the guides that were quoted agree on it."""
        guides = await self._guides.guides(known.get("guide_ids", ()))
        departments = {
            guide.body.get("owner_department") or guide.body.get("authority", "") for guide in guides.values()
        }
        return departments.pop() if len(departments) == 1 else ""

    def _ticket(self, handover: Handover, line: Line, *, is_new: bool, already: bool) -> HandoverTicket:
        place = line.place_of(handover)
        if handover.state is HandoverState.TAKEN:
            holder, text = Holder.AGENT, wording.ALREADY_WITH_AGENT
        elif handover.state is HandoverState.WAITING:
            holder = Holder.QUEUE
            text = wording.waiting_in_line(handover.mode, place.position, place.wait_seconds, already=already)
        else:
            holder = Holder.BOT
            why = wording.why_nobody(is_open=line.open, at_work=line.at_work, hours=line.hours)
            text = wording.nobody_on_line(
                handover.mode, place.position, why, self._rules.hotline, already=already
            )
        return HandoverTicket(handover, holder, place, ReplyMessage(text, type="notice"), is_new)


def _only(districts: Sequence[str]) -> str:
    """The district if there is one; an answer that holds in several doesn't tell whose the citizen is."""
    return districts[0] if len(districts) == 1 else ""


def step(holder: Holder, event: HoldingEvent, *log: LogEntry, agent: str = "") -> HolderChange:
    """The row of the table of `video.holding` as a change for the store. Raises IllegalMove."""
    return HolderChange(holder, next_holder(holder, event), event.value, agent, log)


def known_so_far(conversation: Conversation, last: ConversationEvent | None) -> Mapping[str, Any]:
    """What an agent need not ask again: the district, and what the bot's last reply was about."""
    known: dict[str, Any] = {"channel": conversation.channel, "district": conversation.district}
    if last is None:
        return known
    messages = last.body.get("messages", [])
    known["last_status"] = last.body.get("status", "")
    known["titles"] = [m["title"] for m in messages if m.get("title")]
    sources = [source for message in messages for source in message.get("sources", ())]
    known["guide_ids"] = sorted({source["guide_id"] for source in sources})
    known["districts"] = sorted({source["district"] for source in sources if source.get("district")})
    return known
