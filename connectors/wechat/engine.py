"""Answers what WeChat delivers: once, in order, in time, and after whatever crash. Ports only, no HTTP.

A delivery is claimed in the database; each later attempt joins the first. What it asks for is done by a
task that outlives the request: whichever attempt is open when there is something to say carries it, and at
the deadline the rest is left to the sender (`connectors.wechat.sender`). What is done for a delivery is safe
to do again, so an attempt that finds the work of a process that ended begins it anew.
"""

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from connectors.wechat import outbox, rendering
from connectors.wechat.outbox import Link, Rules
from connectors.wechat.pushes import (
    AuthorizationChanged,
    Clicked,
    ImageMessage,
    LinkMessage,
    LocationMessage,
    Message,
    Push,
    Subscribed,
    TextMessage,
    Unsubscribed,
    VideoMessage,
    VoiceMessage,
)
from connectors.wechat.quota import grant_of
from connectors.wechat.replies import SUCCESS
from core.errors import BangbanError
from core.outbox_ports import ChannelUser, Delivery, Outbox, OutboxStep, OutboxStore
from core.ports import ConversationEvent
from core.statuses import HandoverMode

log = structlog.get_logger(__name__)

DEADLINE: Final = timedelta(seconds=4.2)
"""After so long a delivery is answered, whatever there is to say: WeChat cuts at five seconds."""

WELCOME = "您好，这里是{name}。直接说出您想办的事，比如“身份证丢了怎么补办”；需要工作人员，请回复“转人工”。"
NO_EARS = "抱歉，我还听不了语音。请您打字说，或者回复“视频”与工作人员视频沟通。"
NO_EYES = "视频我看不了。请您用文字说明，或者回复“视频”与工作人员视频沟通。"
LINKS = "链接我打不开。请您直接说想办的事。"
UNKNOWN = "这种消息我看不懂。请您用文字说。"
PLACE = "您在{label}。请说想办的事，我按您所在的区县查。"
_OUR_FAULT: Final = 500

ASK = "ask:"
PERSON = "person"
VIDEO = "video"


class Conversing(Protocol):
    """What the engine needs of conversations, for one channel. What fails raises a BangbanError."""

    async def start(self) -> str:
        """A new conversation; its id."""

    async def exists(self, conversation_id: str) -> bool:
        """Whether it is still there: old ones are deleted."""

    async def say(self, conversation_id: str, text: str, message_id: str) -> None:
        """Takes a citizen's message in and answers it; the same id is one message, however often."""

    async def wish(self, conversation_id: str, mode: HandoverMode, message_id: str) -> None:
        """Takes up the wish for a person."""

    async def note(self, conversation_id: str, text: str, message_id: str) -> None:
        """Says something to the citizen that answers nothing; the same id once."""

    async def add_picture(self, conversation_id: str, media_id: str, message_id: str) -> None:
        """Takes in a picture that the citizen sent."""

    async def hear(self, media_id: str) -> str | None:
        """What a voice message says, or None where nothing here can hear."""

    async def events_after(self, conversation_id: str, after: int) -> tuple[str, Sequence[ConversationEvent]]:
        """Who held the conversation there, and the log from there on."""


class Engine:
    """Serves the deliveries of one account."""

    def __init__(
        self,
        account: str,
        store: OutboxStore,
        conversing: Conversing,
        *,
        rules: Rules,
        link_for: Callable[[str], Link],
        shown: Callable[[str], str],
        bot_name: str,
        now: Callable[[], datetime],
        deadline: timedelta = DEADLINE,
        wake_sender: Callable[[], None] = lambda: None,
    ) -> None:
        self._account = account
        self._store = store
        self._conversing = conversing
        self._rules = rules
        self._link_for = link_for
        self._shown = shown
        self._bot_name = bot_name
        self._now = now
        self._deadline = deadline
        self._wake_sender = wake_sender
        self._working: dict[str, asyncio.Task[None]] = {}

    async def answer(self, push: Push, nonce: str) -> str:
        """The body of a reply as JSON (`connectors.wechat.outbox`), or `SUCCESS`; within the deadline.

        Raises Unavailable, or what else failed, when the delivery could not be taken in: WeChat tries again.
        """
        began = asyncio.get_running_loop().time()
        if isinstance(push, Unsubscribed | AuthorizationChanged):
            return await self._leave(push)
        claimed = await self._claim(push, nonce)
        if claimed.answer is not None:
            return claimed.answer
        work = self._working.get(push.key) or self._begin(push)
        left = self._deadline.total_seconds() - (asyncio.get_running_loop().time() - began)
        await asyncio.wait({work}, timeout=max(left, 0))
        if work.done() and (failure := work.exception()) is not None:
            raise failure  # nothing was taken in: WeChat tries again
        step = outbox.carry(self._rules, self._link_for(push.openid))
        made = await self._store.change(self._account, push.openid, step, delivery=push.key)
        if made.delivery is None:
            made = await self._store.change(self._account, push.openid, outbox.pass_by(), delivery=push.key)
        self._wake_sender()
        answered = made.delivery or await self._store.delivery(self._account, push.key)
        return (answered.answer if answered else None) or SUCCESS

    async def close(self) -> None:
        """Waits for what is being done."""
        await asyncio.gather(*self._working.values(), return_exceptions=True)

    async def catch_up(self, user: ChannelUser) -> None:
        """Takes up what the user's conversation says beyond what became items."""
        while True:
            held, events = await self._conversing.events_after(user.conversation_id, user.read_to)
            if not events:
                return
            bodies = self._bodies(events, held)
            step = outbox.take_up(bodies, self._rules, after=user.read_to, read_to=events[-1].sequence)
            user = (await self._store.change(self._account, user.user_id, step)).user

    # --- one delivery --------------------------------------------------------------------------------

    async def _claim(self, push: Push, nonce: str) -> Delivery:
        now = self._now()

        def step(box: Outbox) -> OutboxStep:
            ledger = self._rules.ledger(box.user)
            if (kind := grant_of(push)) is not None:
                ledger = ledger.grant(kind, now.timestamp(), push.created)
            user = replace(
                box.user, follows=True, ledger=ledger.as_json(), answering_until=now + self._deadline
            )
            return OutboxStep(user)

        delivery = Delivery(push.key, push.openid, nonce)
        return (await self._store.claim(self._account, delivery, step)).delivery

    def _begin(self, push: Push) -> asyncio.Task[None]:
        task = asyncio.create_task(self._work(push), name=f"wechat-{push.key[:40]}")
        self._working[push.key] = task
        task.add_done_callback(functools.partial(self._ended, push.key))
        return task

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._working.pop(key, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("wechat_delivery_not_taken", exc_info=failure)

    async def _work(self, push: Push) -> None:
        user = await self._with_conversation(push.openid)
        try:
            await self._act(push, user.conversation_id)
        except BangbanError as error:
            log.warning("wechat_delivery_failed", code=error.code, reason=str(error))
            if error.status >= _OUR_FAULT:
                raise
            await self._conversing.note(user.conversation_id, error.citizen_text, push.key)
        if (known := await self._store.user(self._account, push.openid)) is not None:
            await self.catch_up(known)
        self._wake_sender()

    async def _with_conversation(self, openid: str) -> ChannelUser:
        """The user with a conversation that is there; of several that were begun at once one is used."""
        user = await self._store.user(self._account, openid)
        if user and user.conversation_id and await self._conversing.exists(user.conversation_id):
            return user
        before, started = user.conversation_id if user else "", await self._conversing.start()

        def step(box: Outbox) -> OutboxStep:
            if box.user.conversation_id != before:
                return OutboxStep(box.user)
            return OutboxStep(replace(box.user, conversation_id=started, read_to=0))

        return (await self._store.change(self._account, openid, step)).user

    async def _act(self, push: Push, conversation_id: str) -> None:
        """Does what the delivery asks for."""
        talk = self._conversing
        match push:
            case TextMessage(text=text):
                await talk.say(conversation_id, text, push.key)
            case Clicked(menu_key=key):
                await self._pressed(conversation_id, key, push.key)
            case Subscribed():
                await talk.note(conversation_id, WELCOME.format(name=self._bot_name), push.key)
            case VoiceMessage():
                await self._heard(conversation_id, push)
            case ImageMessage(media_id=media_id):
                await talk.add_picture(conversation_id, media_id, push.key)
            case Message():
                await talk.note(conversation_id, _word_for(push), push.key)

    async def _pressed(self, conversation_id: str, key: str, message_id: str) -> None:
        if key in (PERSON, VIDEO):
            mode = HandoverMode.VIDEO if key == VIDEO else HandoverMode.TEXT
            await self._conversing.wish(conversation_id, mode, message_id)
        elif key.startswith(ASK):
            await self._conversing.say(conversation_id, key.removeprefix(ASK), message_id)
        else:
            log.warning("wechat_menu_key_unknown", key=key[:64])

    async def _heard(self, conversation_id: str, push: VoiceMessage) -> None:
        text = push.recognition or await self._conversing.hear(push.media_id)
        if text:
            await self._conversing.say(conversation_id, text, push.key)
        else:
            await self._conversing.note(conversation_id, NO_EARS, push.key)

    async def _leave(self, push: Unsubscribed | AuthorizationChanged) -> str:
        """The account can't write to the user any more, and what it knew of them by that name is deleted."""
        await self._store.forget_user(self._account, push.openid)
        return SUCCESS

    def _bodies(self, events: Sequence[ConversationEvent], held: str) -> Sequence[rendering.Item]:
        bodies: list[rendering.Item] = []
        for event in events:
            bodies += rendering.rendered(event, held_before=held, shown=self._shown)
            if event.kind == "holder":
                held = event.body.get("holder", held)
        return bodies


def _word_for(push: Push) -> str:
    match push:
        case LocationMessage(label=label):
            return PLACE.format(label=label or "地图上的位置")
        case VideoMessage():
            return NO_EYES
        case LinkMessage():
            return LINKS
        case _:
            return UNKNOWN
