"""What every DialogueEngine promises. Subclasses override `engine` and `silent_engine`."""

import asyncio

import pytest

from core.errors import DialogueUnavailable
from core.messages import BotReply, ReplyMessage
from core.statuses import TurnStatus


class DialogueEngineContract:
    """Inherit, and override `engine`, which understands 「你好」, and `silent_engine`, which can't reply."""

    @pytest.fixture
    async def engine(self):
        raise NotImplementedError

    @pytest.fixture
    async def silent_engine(self):
        raise NotImplementedError

    async def test_a_reply_has_a_status_and_something_to_read(self, engine):
        reply = await engine.reply("c1", "你好")

        assert isinstance(reply, BotReply)
        assert isinstance(reply.status, TurnStatus)
        assert reply.messages
        assert all(message.text for message in reply.messages)

    async def test_a_reply_can_be_stored_and_read_again(self, engine):
        reply = await engine.reply("c1", "你好", metadata={"district": "朝阳区"})

        assert (
            tuple(ReplyMessage.from_json(message.as_json()) for message in reply.messages) == reply.messages
        )

    async def test_a_pick_is_replied_to(self, engine):
        assert (await engine.reply("c1", "第二个", picked="item:2")).messages

    async def test_conversations_go_on_at_the_same_time(self, engine):
        replies = await asyncio.gather(*(engine.reply(f"c{n}", "你好") for n in range(5)))

        assert all(reply.messages for reply in replies)

    async def test_an_engine_that_replies_is_ready(self, engine):
        assert await engine.ready() is True

    async def test_an_engine_that_says_nothing_is_unavailable(self, silent_engine):
        with pytest.raises(DialogueUnavailable):
            await silent_engine.reply("c1", "你好")
