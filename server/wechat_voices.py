"""Voice messages from WeChat: fetched once, given to a recogniser, kept while staff has the conversation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from connectors.wechat.client import Media, WeChatClient
from connectors.wechat.conversing import Listened
from connectors.wechat.pushes import VoiceMessage
from core.errors import BangbanError
from core.speech_ports import Heard, SpeechRecogniser
from server.uploads import Uploads

log = structlog.get_logger(__name__)


class WeChatVoices:
    """Serves one account. `mask` takes personal data out of what was understood."""

    def __init__(
        self, client: WeChatClient, uploads: Uploads, speech: SpeechRecogniser, *, mask: Callable[[str], str]
    ) -> None:
        self._client = client
        self._uploads = uploads
        self._speech = speech
        self._mask = mask

    async def listen(
        self, conversation_id: str, voice: VoiceMessage, message_id: str, *, keep: bool
    ) -> Listened:
        """What it says, and where it is kept, if it is to be. The better sound is tried first."""
        heard = Heard(self._mask(voice.recognition), 1.0) if voice.recognition else None
        is_to_be_heard = heard is None and self._speech.hears
        kept: Mapping[str, Any] | None = None
        for media_id in filter(None, (voice.media_id_16k, voice.media_id)):
            if not is_to_be_heard and (kept is not None or not keep):
                break
            if (media := await self._fetched(media_id)) is None:
                continue
            if is_to_be_heard:
                is_to_be_heard = False
                found = await self._speech.recognise(media.content, media.media_type)
                heard = replace(found, text=self._mask(found.text)) if found else None
            if keep and kept is None:
                kept = await self._kept(conversation_id, media, message_id)
        return Listened(heard, kept)

    async def _fetched(self, media_id: str) -> Media | None:
        try:
            return await self._client.download(media_id)
        except BangbanError as error:
            log.warning("wechat_voice_not_fetched", code=error.code)
            return None

    async def _kept(self, conversation_id: str, media: Media, message_id: str) -> Mapping[str, Any] | None:
        try:
            return await self._uploads.keep_voice(conversation_id, media.content, message_id)
        except BangbanError as error:
            log.warning("wechat_voice_not_kept", code=error.code, reason=str(error))
            return None
