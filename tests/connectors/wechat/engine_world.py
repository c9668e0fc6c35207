"""An engine and a sender over stores in memory, with a bot that repeats what it hears."""

import asyncio
import json
from datetime import timedelta

from connectors.wechat.acts import Acts
from connectors.wechat.conversing import Listened
from connectors.wechat.engine import Engine
from connectors.wechat.outbox import Rules
from connectors.wechat.pushes import (
    TextMessage,
)
from connectors.wechat.sender import Sender
from connectors.wechat.surroundings import Surroundings
from core.errors import Unavailable
from core.ports import Conversation
from tests.fakes import InMemoryConversationStore, ManualClock
from tests.outbox_fakes import InMemoryOutboxStore

HEAD = {"account_id": "gh_1", "openid": "o1"}


class FakeConversing:
    """Conversations whose bot repeats what it hears, when it is let."""

    def __init__(self, conversations, clock):
        self.conversations, self.clock = conversations, clock
        self.go = asyncio.Event()
        self.go.set()
        self.heard, self.wishes, self.voices = [], [], {}
        self.failure = None
        self.fails_for = set()
        self.begun = 0

    async def start(self):
        self.begun += 1
        conversation_id = f"c{self.begun}"
        await self.conversations.create(Conversation(conversation_id, "wechat", "hash"))
        return conversation_id

    async def exists(self, conversation_id):
        return await self.conversations.get(conversation_id) is not None

    async def held_by(self, conversation_id):
        return (await self.conversations.get(conversation_id)).holder

    async def say(self, conversation_id, text, message_id, *, spoken=False, voice=None):
        self.heard.append(text)
        if self.failure:
            raise self.failure
        if text in self.fails_for:
            raise Unavailable("away")
        message, _ = await self.conversations.append(
            conversation_id, "citizen_message", {"text": text}, delivery_key=message_id
        )
        await self.go.wait()
        body = {"messages": [{"text": f"答{text}"}], "reply_to": message.sequence}
        await self.conversations.append(
            conversation_id, "bot_message", body, delivery_key=f"reply:{message.sequence}"
        )

    async def wish(self, conversation_id, mode, message_id):
        self.wishes.append(mode)
        await self.note(conversation_id, "已为您排队", message_id)

    async def note(self, conversation_id, text, message_id, **about):
        body = {"text": text, **about}
        noted, _ = await self.conversations.append(
            conversation_id, "notice", body, delivery_key=f"notice:{message_id}"
        )
        return noted.body

    async def read_back(self, conversation_id, message_id):
        return ""

    async def listen(self, conversation_id, voice, *, keep):
        return Listened(self.voices.get(voice.media_id))

    async def events_after(self, conversation_id, after):
        return await self.conversations.events(conversation_id, after=after)


class World:
    def __init__(self):
        self.clock = ManualClock()
        self.conversations = InMemoryConversationStore(now=self.clock)
        self.store = InMemoryOutboxStore(self.conversations)
        self.conversing = FakeConversing(self.conversations, self.clock)
        self.sent, self.ends = [], []
        self.engine = self.another()
        self.sender = Sender(
            "city", self.store, self.engine, self._send,
            rules=Rules(), link_for=lambda openid: self._link, now=self.clock,
        )  # fmt: skip

    async def answers(self, push, once="", engine=None):
        """What WeChat gets to a request that it waits for."""
        engine = engine or self.engine
        answer = await engine.answer(push, once)
        engine.ended(push, answer, arrived=True)
        await asyncio.gather(*engine._ending)
        return answer

    def another(self, deadline=timedelta(seconds=0.2)) -> Engine:
        around = Surroundings(
            rules=Rules(), link_for=lambda openid: self._link, now=self.clock, deadline=deadline
        )
        acts = Acts(self.conversing, bot_name="帮办")
        return Engine("city", self.store, self.conversing, acts, around)

    def _link(self, page):
        return f"https://here/{page}"

    async def _send(self, openid, body):
        if self.ends and (end := self.ends.pop(0)) is not None:
            raise end
        self.sent.append(body.get("text", body))

    def says(self, text, n=1):
        created = int(self.clock().timestamp())
        return TextMessage(**HEAD, created=created, msg_id=str(n), text=text)

    def event(self, kind, **more):
        return kind(**HEAD, created=int(self.clock().timestamp()), **more)

    async def agent_says(self, text, conversation_id="c1"):
        await self.conversations.append(conversation_id, "agent_message", {"text": text, "agent": "李敏"})
        self.sender.note(conversation_id)


def said(answer: str) -> str:
    return json.loads(answer)["text"]
