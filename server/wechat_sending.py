"""How an item of an outbox goes out as a message to a citizen in WeChat.

A picture is uploaded before the message is handed over: what fails until then sent nothing. One that WeChat
won't have goes as a line that opens it on the page, so that it is never lost.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import structlog

from connectors.wechat.error_codes import Busy, RequestRefused
from connectors.wechat.outbox import Link, as_text
from connectors.wechat.rendering import CARD, IMAGE
from core.errors import BangbanError, NotFound
from core.evidence_ports import StoredFile
from server.kept_files import KeptFiles

log = structlog.get_logger(__name__)

MOST_PICTURE_BYTES: Final = 10 * 1024 * 1024
"""Rule: 「上传临时素材」: an image has at most 10 MB, as PNG, JPEG, JPG or GIF."""

UPLOAD_WITHIN_S: Final = 15.0
"""A citizen waits for it, and a send must have an end: see `connectors.wechat.sender.LOST_AFTER`."""

_ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


class Messages(Protocol):
    """What `WeChatClient` sends and uploads; its methods say what they raise."""

    async def send_text(self, openid: str, text: str) -> None:
        """A text."""

    async def send_image(self, openid: str, media_id: str) -> None:
        """A picture that was uploaded."""

    async def send_news(
        self, openid: str, *, title: str, description: str, url: str, picture_url: str = ""
    ) -> None:
        """A card."""

    async def upload(self, kind: str, content: bytes, *, file_name: str, media_type: str) -> str:
        """Uploads a file; its media id."""


class WeChatSending:
    """Sends for one account; `link_for` makes a user's links."""

    def __init__(
        self,
        messages: Messages,
        kept: KeptFiles,
        link_for: Callable[[str], Link],
        *,
        upload_within_s: float = UPLOAD_WITHIN_S,
    ) -> None:
        self._messages = messages
        self._kept = kept
        self._link_for = link_for
        self._upload_within_s = upload_within_s

    async def send(self, openid: str, body: Mapping[str, Any]) -> None:
        """Sends an item's body. Raises as `WeChatClient.send_text`."""
        if body["type"] == CARD:
            await self._messages.send_news(
                openid, title=body["title"], description=body["description"], url=body["url"]
            )
        elif body["type"] == IMAGE:
            await self._send_picture(openid, body)
        else:
            await self._messages.send_text(openid, body["text"])

    async def _send_picture(self, openid: str, body: Mapping[str, Any]) -> None:
        media_id = await self._uploaded(body["file_id"])
        if media_id is not None:
            try:
                await self._messages.send_image(openid, media_id)
            except RequestRefused as error:  # nothing went out
                log.warning("wechat_picture_refused", code=error.errcode, reason=error.errmsg)
            else:
                return
        await self._messages.send_text(openid, as_text(body, self._link_for(openid)))

    async def _uploaded(self, file_id: str) -> str | None:
        """The media id, or None for a picture that has to go as a link."""
        try:
            async with asyncio.timeout(self._upload_within_s):
                file = await self._found(file_id)
                ending = _ENDINGS.get(file.media_type)
                if ending is None or file.size > MOST_PICTURE_BYTES:
                    return None
                # What the agent's file is called is no concern of WeChat's.
                return await self._messages.upload(
                    IMAGE,
                    await self._kept.read(file_id),
                    file_name=f"picture.{ending}",
                    media_type=file.media_type,
                )
        except Busy:
            raise  # WeChat asks to try again, and nothing was sent
        except BangbanError as error:
            log.warning("wechat_picture_not_uploaded", code=error.code, reason=str(error))
        except TimeoutError:
            log.warning("wechat_picture_not_uploaded", code="timeout")
        return None

    async def _found(self, file_id: str) -> StoredFile:
        file = await self._kept.files.get(file_id)
        if file is None:
            raise NotFound("the file is gone")
        return file
