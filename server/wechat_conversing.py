"""What WeChat's engine needs of conversations, done by our use cases."""

from collections.abc import Callable, Sequence

from core.messages import HandoverWish
from core.ports import ConversationEvent, ConversationStore
from core.statuses import HandoverMode
from server.conversations import Conversations

CHANNEL = "wechat"


class WeChatConversing:
    """Implements `connectors.wechat.acts.Conversing`.

    `check_message` raises TooManyRequests for who says too much, `token_of` makes a conversation's token.
    """

    def __init__(
        self,
        conversations: Conversations,
        store: ConversationStore,
        *,
        check_message: Callable[[str], None],
        token_of: Callable[[str], str],
    ) -> None:
        self._conversations = conversations
        self._store = store
        self._check_message = check_message
        self._token_of = token_of

    async def start(self) -> str:
        """A new conversation; its id."""
        return (await self._conversations.start(CHANNEL, token_of=self._token_of)).conversation_id

    async def exists(self, conversation_id: str) -> bool:
        """Whether it is still there."""
        return await self._store.get(conversation_id) is not None

    async def say(self, conversation_id: str, text: str, message_id: str) -> None:
        """Takes a message in and answers it."""
        self._check_message(conversation_id)
        await self._conversations.receive(conversation_id, text, f"wx:{message_id}")

    async def wish(self, conversation_id: str, mode: HandoverMode, message_id: str) -> None:
        """Takes up the wish for a person; who has one already is told how it stands."""
        self._check_message(conversation_id)
        ticket = await self._conversations.request_person(conversation_id, HandoverWish(mode, reason="asked"))
        if not ticket.is_new:
            text, key = ticket.notice.text, f"wx:{message_id}"
            await self._conversations.tell(conversation_id, text, key, wish=mode)

    async def note(self, conversation_id: str, text: str, message_id: str) -> None:
        """Says something that answers nothing."""
        await self._conversations.tell(conversation_id, text, f"wx:{message_id}")

    async def add_picture(self, conversation_id: str, media_id: str, message_id: str) -> None:
        """Takes in a picture."""
        raise NotImplementedError

    async def hear(self, media_id: str) -> str | None:
        """What a voice message says."""
        return None

    async def events_after(self, conversation_id: str, after: int) -> Sequence[ConversationEvent]:
        """The log from there on, or its next part."""
        return await self._store.events(conversation_id, after=after)
