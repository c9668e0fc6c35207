"""What a delivery asks for: said, wished, shown or noted in the user's conversation.

Everything here is safe to do again with the same delivery: its key is the message's id.
"""

from collections.abc import Sequence
from typing import Protocol

import structlog

from connectors.wechat.pushes import (
    Clicked,
    ImageMessage,
    LinkMessage,
    LocationMessage,
    Message,
    Push,
    Subscribed,
    TextMessage,
    VideoMessage,
    VoiceMessage,
)
from core.outbox_ports import ChannelUser
from core.ports import ConversationEvent
from core.statuses import HandoverMode

log = structlog.get_logger(__name__)

WELCOME = "您好，这里是{name}。直接说出您想办的事，比如“身份证丢了怎么补办”；需要工作人员，请回复“转人工”。"
NO_EARS = "抱歉，我还听不了语音。请您打字说，或者回复“视频”与工作人员视频沟通。"
NO_EYES = "视频我看不了。请您用文字说明，或者回复“视频”与工作人员视频沟通。"
LINKS = "链接我打不开。请您直接说想办的事。"
UNKNOWN = "这种消息我看不懂。请您用文字说。"
PLACE = "您在{label}。请说想办的事，我按您所在的区县查。"

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

    async def events_after(self, conversation_id: str, after: int) -> Sequence[ConversationEvent]:
        """The log from there on, or its next part."""


class Acts:
    """Does what users ask for, for one account."""

    def __init__(self, conversing: Conversing, *, bot_name: str) -> None:
        self._conversing = conversing
        self._bot_name = bot_name

    async def do(self, push: Push, user: ChannelUser) -> None:
        """Does what the delivery asks for. Raises what the conversation raises."""
        talk, conversation_id = self._conversing, user.conversation_id
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
