"""What a delivery asks for: said, wished, shown or noted in the user's conversation.

Everything here is safe to do again with the same delivery: its key is the message's id. Where what is done
depends on something that may turn out otherwise the next time, as hearing does, it is noted first, and what
was noted first is what is done.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

import structlog

from connectors.wechat import act_words as words
from connectors.wechat.conversing import Conversing, Listened
from connectors.wechat.places import names_in
from connectors.wechat.pushes import (
    Clicked,
    ImageMessage,
    LinkMessage,
    LocationMessage,
    MenuUsed,
    Message,
    Push,
    Scanned,
    Subscribed,
    TextMessage,
    VideoMessage,
    VoiceMessage,
)
from connectors.wechat.rendering import CHAT_PAGE, VIDEO_PAGE
from connectors.wechat.scenes import Ask, AskItem, At, CallPerson, Request, Unknown, read_scanned, read_scene
from connectors.wechat.voice import Confirmation, is_sure, read_confirmation
from core.errors import ScannerUnavailable, StorageUnavailable
from core.outbox_ports import ChannelUser
from core.speech_ports import Heard
from core.statuses import HandoverMode, Holder

log = structlog.get_logger(__name__)

SURE_FROM: Final = 0.8

_OPENS_BY_ITSELF: Final = "scancode_push"
_TO_PAGE: Final = {"page": CHAT_PAGE, "link": words.TO_PAGE}
_TO_VIDEO: Final = {"page": VIDEO_PAGE, "link": words.TO_PAGE_FOR_VIDEO}

# What our own sentences ask for in words. The bot takes it up; who waits is told how long.
_WISHES: Final[Mapping[str, HandoverMode]] = {
    **dict.fromkeys(("人工", "转人工", "人工服务"), HandoverMode.TEXT),
    **dict.fromkeys(("视频", "视频咨询", "视频通话"), HandoverMode.VIDEO),
}


class Acts:
    """Does what users ask for, for one account. `sure_from` is the confidence that needs no reading back."""

    def __init__(self, conversing: Conversing, *, bot_name: str, sure_from: float = SURE_FROM) -> None:
        self._talk = conversing
        self._bot_name = bot_name
        self._sure_from = sure_from

    async def do(self, push: Push, user: ChannelUser) -> None:
        """Does what the delivery asks for. Raises what the conversation raises."""
        conversation_id = user.conversation_id
        match push:
            case TextMessage():
                await self._said(conversation_id, push)
            case VoiceMessage():
                await self._spoken(conversation_id, push)
            case ImageMessage():
                await self._pictured(conversation_id, push)
            case LocationMessage():
                await self._placed(conversation_id, push)
            case Message():
                await self._unreadable(conversation_id, push)
            case Subscribed(scene=scene):
                await self._welcome(conversation_id, push.key)
                await self._requested(conversation_id, read_scene(scene), push.key)
            case Scanned(scene=scene):
                if not await self._requested(conversation_id, read_scene(scene), push.key):
                    log.warning("wechat_scene_unknown", scene=scene[:64])
                    await self._welcome(conversation_id, push.key)
            case Clicked(menu_key=key):
                if not await self._requested(conversation_id, read_scene(key), push.key):
                    log.warning("wechat_menu_key_unknown", key=key[:64])
                    await self._talk.note(conversation_id, words.NO_SUCH_ENTRY, push.key)
            case MenuUsed(scanned=scanned, event=event):
                is_known = await self._requested(conversation_id, read_scanned(scanned), push.key)
                # What that button scans WeChat shows or opens by itself.
                if not is_known and event.lower() != _OPENS_BY_ITSELF:
                    await self._talk.note(conversation_id, words.NO_SUCH_CODE, push.key)

    # --- what is asked for by codes and buttons ------------------------------------------------------

    async def _welcome(self, conversation_id: str, message_id: str) -> None:
        text = words.WELCOME.format(name=self._bot_name)
        await self._talk.note(conversation_id, text, f"{message_id}:welcome")

    async def _requested(self, conversation_id: str, request: Request, message_id: str) -> bool:
        """Does what is asked for; says whether it is known."""
        match request:
            case Ask(question=question):
                await self._talk.say(conversation_id, question, message_id)
            case AskItem(code=code):
                if not (question := await self._talk.question_about(code)):
                    return False
                await self._talk.say(conversation_id, question, message_id)
            case At(place=place):
                about = words.AT_FOR_STAFF.format(place=place)
                await self._talk.tell_staff(conversation_id, about, message_id)
                await self._talk.note(conversation_id, words.AT.format(place=place), message_id)
            case CallPerson(mode=mode):
                await self._talk.wish(conversation_id, mode, message_id)
            case Unknown():
                return False
        return True

    # --- words ---------------------------------------------------------------------------------------

    async def _said(self, conversation_id: str, push: TextMessage) -> None:
        text = push.text.strip()
        if text in words.PLACEHOLDERS:
            await self._unreadable(conversation_id, push)
            return
        answer = read_confirmation(text)
        if answer is not Confirmation.NEITHER and (
            heard := await self._talk.read_back(conversation_id, push.key)
        ):
            await self._confirmed(conversation_id, push.key, heard, answer)
            return
        wish = _WISHES.get("".join(c for c in text if unicodedata.category(c)[0] not in "PZ"))
        is_answered = await self._talk.say(conversation_id, push.text, push.key)
        if wish is None or is_answered:
            return
        if await self._talk.held_by(conversation_id) is Holder.QUEUE:
            await self._talk.wish(conversation_id, wish, push.key)

    async def _confirmed(
        self, conversation_id: str, message_id: str, heard: str, answer: Confirmation
    ) -> None:
        if answer is Confirmation.YES:
            await self._talk.say(conversation_id, heard, message_id, spoken=True)
        else:
            await self._talk.note(conversation_id, words.SAY_AGAIN, message_id, takes_back=message_id)

    async def _spoken(self, conversation_id: str, push: VoiceMessage) -> None:
        # What is said to the bot alone is kept by nobody.
        is_for_staff = await self._talk.held_by(conversation_id) is not Holder.BOT
        listened = await self._talk.listen(conversation_id, push, keep=is_for_staff)
        holder = await self._talk.held_by(conversation_id)
        if holder is Holder.BOT:
            text, about = self._told_about(listened.heard)
        else:
            text, about = _told_about_for_staff(listened, holder)
        noted = await self._talk.note(conversation_id, text, push.key, **about)
        if said := noted.get("heard"):
            await self._talk.say(conversation_id, said, push.key, spoken=True, voice=listened.voice)
            if is_for_staff and listened.voice is None:
                await self._talk.tell_staff(conversation_id, words.NO_SOUND_FOR_STAFF, push.key)
        elif listened.voice is not None:
            await self._talk.show_voice(conversation_id, listened.voice)

    def _told_about(self, heard: Heard | None) -> tuple[str, Mapping[str, str]]:
        """What the citizen is told about what the bot heard, and what is noted with it."""
        if heard is None:
            return words.NO_EARS, _TO_PAGE
        if not _says_something(heard.text):
            return words.NOT_UNDERSTOOD, _TO_PAGE
        if is_sure(heard, self._sure_from):
            return words.HEARD.format(text=_quoted(heard.text)), {"heard": heard.text}
        return words.READ_BACK.format(text=_quoted(heard.text)), {"reads_back": heard.text}

    # --- the rest --------------------------------------------------------------------------------------

    async def _pictured(self, conversation_id: str, push: ImageMessage) -> None:
        try:
            advice = await self._talk.add_picture(conversation_id, push.media_id, push.key)
        except (ScannerUnavailable, StorageUnavailable) as error:
            # It may last, and who isn't told waits in vain.
            await self._talk.note(conversation_id, error.citizen_text, push.key)
            return
        received = {
            Holder.BOT: words.PICTURE_FOR_BOT,
            Holder.QUEUE: words.PICTURE_FOR_QUEUE,
            Holder.AGENT: words.PICTURE_FOR_AGENT,
        }[await self._talk.held_by(conversation_id)]
        await self._talk.note(conversation_id, "\n".join([received, *advice]), push.key)

    async def _placed(self, conversation_id: str, push: LocationMessage) -> None:
        district = await self._talk.assume_district(conversation_id, names_in(push.label))
        if await self._talk.held_by(conversation_id) is not Holder.BOT:
            if push.label:
                said = words.PLACE_SAID.format(label=push.label)
                await self._talk.say(conversation_id, said, push.key)
            else:
                await self._unreadable(conversation_id, push)
        elif not district:
            await self._talk.note(conversation_id, words.PLACE_UNKNOWN, push.key)
        else:
            noted = words.PLACE
            is_asked_for = await self._talk.offers(conversation_id, district)
            if is_asked_for:
                noted = words.PLACE_ASKED_FOR
            await self._talk.note(conversation_id, noted.format(district=district), push.key)
            if is_asked_for:
                await self._talk.say(conversation_id, district, push.key)

    async def _unreadable(self, conversation_id: str, push: Message) -> None:
        is_bots = await self._talk.held_by(conversation_id) is Holder.BOT
        match push:
            case LinkMessage(title=title, url=url) if not is_bots and (title or url):
                said = words.LINK_SAID.format(title=title, url=url).strip()
                await self._talk.say(conversation_id, said, push.key)
            case LinkMessage():
                await self._talk.note(conversation_id, words.LINK, push.key)
            case VideoMessage():
                text = words.NO_EYES if is_bots else words.NO_EYES_FOR_STAFF
                await self._talk.note(conversation_id, text, push.key, **_TO_VIDEO)
            case _:
                text = words.UNKNOWN if is_bots else words.UNKNOWN_FOR_STAFF
                await self._talk.note(conversation_id, text, push.key)


def _told_about_for_staff(listened: Listened, holder: Holder) -> tuple[str, Mapping[str, str]]:
    """The same while staff has the conversation, or will: they judge for themselves what was meant."""
    heard = listened.heard if listened.heard and _says_something(listened.heard.text) else None
    about = {"heard": heard.text} if heard else {}
    if listened.voice is not None:
        text = words.VOICE_FOR_AGENT if holder is Holder.AGENT else words.VOICE_FOR_QUEUE
        return text + (words.VOICE_SAYS.format(text=_quoted(heard.text)) if heard else ""), about
    if heard is None:
        return words.NO_EARS_FOR_STAFF, _TO_VIDEO
    return words.HEARD_FOR_STAFF.format(text=_quoted(heard.text)), about


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _quoted(text: str) -> str:
    """Without the stop that would stand before the quotation mark and again after it."""
    return text.rstrip("。.")
