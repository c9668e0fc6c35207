"""Speaks the conversations API as a client does: for the command line, evaluation and measurements."""

import secrets
from asyncio import sleep  # by itself, so that a test can wait for this program alone
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from core.errors import InvalidInput, Unavailable

PATIENCE = 30
"""How often a request is sent again when the service says that it's too early."""


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A conversation and the token that opens it."""

    conversation_id: str
    token: str


class ApiClient:
    """One service, over one session that the caller opens and closes."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._base = base_url.rstrip("/") + "/api/v1/conversations"

    async def start(self, *, district: str = "") -> OpenConversation:
        """Starts a conversation. Raises Unavailable; InvalidInput with the service's words."""
        body = {"channel": "web"} | ({"district": district} if district else {})
        data = await self._post(self._base, body, {})
        return OpenConversation(data["id"], data["token"])

    async def say(
        self, conversation: OpenConversation, text: str, client_message_id: str = ""
    ) -> dict[str, Any]:
        """The reply to the text. Raises Unavailable; InvalidInput with the service's words."""
        body = {"text": text, "client_message_id": client_message_id or secrets.token_hex(8)}
        return await self._post(
            f"{self._base}/{conversation.conversation_id}/messages",
            body,
            {"Authorization": f"Bearer {conversation.token}"},
        )

    async def _post(self, url: str, body: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        for _ in range(PATIENCE):
            try:
                async with self._session.post(url, json=body, headers=headers) as response:
                    data = await response.json(content_type=None)
                    if response.status < 400:
                        return dict(data)
                    if response.status == 400:
                        raise InvalidInput(data["error"]["message"])
                    if response.status != 429:
                        raise Unavailable(f"服务不能应答：{response.status} {data['error']['code']}")
                    wait = int(response.headers.get("Retry-After", "1"))
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
                raise Unavailable(f"{url} 没有应答：{type(error).__name__}") from error
            await sleep(min(wait, 60))
        raise Unavailable("服务一再要求稍后再试")
