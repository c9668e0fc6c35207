"""What WeChat's engine needs of conversations, done by our use cases."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.wechat.client import WeChatClient
from connectors.wechat.conversing import Listened
from connectors.wechat.error_codes import RequestRefused
from connectors.wechat.pushes import VoiceMessage
from core.errors import ExpiredFile, NotFound
from core.messages import HandoverWish
from core.ports import ConversationEvent, ConversationStore, KnowledgeStore
from core.speech_ports import SpeechRecogniser
from core.statuses import HandoverMode, Holder
from knowledge.guide import Guide
from server.conversations import Conversations, wish_in
from server.turn import open_choices_of
from server.uploads import Upload, Uploads
from server.wechat_voices import WeChatVoices

CHANNEL = "wechat"
STAFF_READ = "微信"
"""Who notes for staff what WeChat told us."""

READ_BACK_HOLDS: Final = timedelta(minutes=10)
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{2,63}")
_LOOKS_BACK: Final = 20
"""So many events there may be between what was read back and its answer, none of them the citizen's."""


class WeChatConversing:
    """Implements `connectors.wechat.conversing.Conversing` for one account.

    `check_message` raises TooManyRequests for who says too much, `token_of` makes a conversation's token,
    `mask` takes personal data out of what is kept.
    """

    def __init__(
        self,
        conversations: Conversations,
        store: ConversationStore,
        *,
        client: WeChatClient,
        uploads: Uploads,
        speech: SpeechRecogniser,
        guides: KnowledgeStore,
        find_district: Callable[[str], Awaitable[str]],
        check_message: Callable[[str], None],
        token_of: Callable[[str], str],
        mask: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        self._conversations = conversations
        self._store = store
        self._client = client
        self._uploads = uploads
        self._voices = WeChatVoices(client, uploads, speech, mask=mask)
        self._guides = guides
        self._find_district = find_district
        self._check_message = check_message
        self._token_of = token_of
        self._mask = mask
        self._now = now

    async def start(self) -> str:
        """A new conversation; its id."""
        return (await self._conversations.start(CHANNEL, token_of=self._token_of)).conversation_id

    async def exists(self, conversation_id: str) -> bool:
        """Whether it is still there."""
        return await self._store.get(conversation_id) is not None

    async def held_by(self, conversation_id: str) -> Holder:
        """Who has it. Raises NotFound."""
        if (conversation := await self._store.get(conversation_id)) is None:
            raise NotFound("no such conversation")
        return conversation.holder

    async def events_after(self, conversation_id: str, after: int) -> Sequence[ConversationEvent]:
        """The log from there on, or its next part."""
        return await self._store.events(conversation_id, after=after)

    # --- saying ------------------------------------------------------------------------------------

    async def say(
        self,
        conversation_id: str,
        text: str,
        message_id: str,
        *,
        spoken: bool = False,
        voice: Mapping[str, Any] | None = None,
    ) -> bool:
        """Takes a message in and answers it; one that is spoken was counted when it was heard."""
        if not spoken:
            self._check_message(conversation_id)
        turn = await self._conversations.receive(
            conversation_id, text, _named(message_id), spoken=spoken, voice=voice
        )
        return bool(turn.messages)

    async def wish(self, conversation_id: str, mode: HandoverMode, message_id: str) -> None:
        """Takes up the wish for a person; who has one already is told how it stands."""
        self._check_message(conversation_id)
        wish, key = HandoverWish(mode, reason="asked"), _named(message_id)
        ticket = await self._conversations.request_person(conversation_id, wish, key=key)
        if not ticket.is_new:
            await self._conversations.tell(conversation_id, ticket.notice.text, key, wish_in(ticket, mode))

    async def note(self, conversation_id: str, text: str, message_id: str, **about: str) -> Mapping[str, Any]:
        """Says something that answers nothing; what was said first holds."""
        told = await self._conversations.tell(conversation_id, text, _named(message_id), about)
        return told.body

    async def tell_staff(self, conversation_id: str, text: str, message_id: str) -> None:
        """Notes something that only staff see."""
        await self._conversations.tell_staff(
            conversation_id, self._mask(text), STAFF_READ, _named(message_id)
        )

    # --- voice -------------------------------------------------------------------------------------

    async def listen(self, conversation_id: str, voice: VoiceMessage, *, keep: bool) -> Listened:
        """What a voice message says, and where it is kept if it is to be."""
        self._check_message(conversation_id)
        return await self._voices.listen(conversation_id, voice, _named(voice.key), keep=keep)

    async def show_voice(self, conversation_id: str, voice: Mapping[str, Any]) -> None:
        """Puts a voice that was kept into the log."""
        await self._uploads.show_voice(conversation_id, voice)

    async def read_back(self, conversation_id: str, message_id: str) -> str:
        """What was read back and waits for an answer."""
        last = (await self._store.last_sequences([conversation_id])).get(conversation_id, 0)
        events = await self._store.events(conversation_id, after=max(0, last - _LOOKS_BACK))
        for event in reversed(events):
            if event.kind == "citizen_message" and event.body.get("client_message_id") != _named(message_id):
                return ""
            if event.kind == "notice" and event.body.get("reads_back"):
                is_recent = self._now() - event.at <= READ_BACK_HOLDS
                return str(event.body["reads_back"]) if is_recent else ""
            if event.kind == "notice" and event.body.get("takes_back", message_id) != message_id:
                return ""
        return ""

    # --- pictures and places -----------------------------------------------------------------------

    async def add_picture(self, conversation_id: str, media_id: str, message_id: str) -> Sequence[str]:
        """Takes in a picture; the same one is taken in once, by its bytes."""
        self._check_message(conversation_id)
        async with self._uploads.admit(conversation_id, f"{CHANNEL}:{conversation_id}"):
            try:
                media = await self._client.download(media_id)
            except RequestRefused as error:
                raise ExpiredFile(f"WeChat has no such file: {error.errcode}") from None
            upload = Upload(media.file_name, media.content)
            received = await self._uploads.from_citizen(conversation_id, upload)
        return received.advice

    async def assume_district(self, conversation_id: str, names: Sequence[str]) -> str:
        """Takes the citizen to be in the first of these districts that guides are for."""
        for name in names:
            if district := await self._find_district(name):
                await self._store.set_district(conversation_id, district)
                return district
        return ""

    async def offers(self, conversation_id: str, title: str) -> bool:
        """Whether the bot has just offered that choice."""
        last = await self._store.last_bot_message(conversation_id)
        return last is not None and any(choice.title == title for choice in open_choices_of(last))

    async def question_about(self, code: str) -> str:
        """A question about the item that bears a code; in the district, if its guides are for one."""
        if not _CODE.fullmatch(code):  # looking for codes takes long, and anybody can scan anything
            return ""
        guide = await self._guides.guide(code)
        found = await self._guides.guides_of_code(code) if guide is None else (guide,)
        if not found:
            return ""
        districts = {record.district for record in found}
        title = Guide.from_json(found[0].body).title
        return f"{districts.pop()}{title}" if len(districts) == 1 else title


def _named(message_id: str) -> str:
    return f"wx:{message_id}"
