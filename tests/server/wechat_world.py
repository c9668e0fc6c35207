"""The service with an official account, and WeChat's platform around it, in one process."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient

from connectors.wechat.views import CALLBACKS
from core.outbox_ports import ChannelUser
from core.ports import ConversationEvent
from core.settings import Settings
from server import keys
from server.app import create_app
from server.wechat_part import WeChatAccount
from tests.desk_fakes import in_memory_stores
from tests.fakes import ScriptedEngine
from tests.ports import ReservedPort
from tests.server.conftest import Service, find_district
from tests.waiting import comes_true
from tests.wechat_platform import AccountSettings, PlatformUser, WeChatPlatform

ACCOUNT = "hall"


def wechat_table(account: AccountSettings, api_url: str, **changed: Any) -> dict[str, Any]:
    """What the settings of the service say about that account of the platform."""
    return {
        "app_id": account.app_id,
        "app_secret": account.app_secret,
        "token": account.token,
        "aes_key": account.aes_key,
        "mode": account.mode,
        "original_id": account.original_id,
        "api_url": api_url,
        "authorize_url": f"{api_url}/connect/oauth2/authorize",
        **changed,
    }


@dataclass
class WeChatWorld:
    """A citizen's WeChat on one side, the service on the other."""

    platform: WeChatPlatform
    service: Service

    @property
    def account(self) -> WeChatAccount:
        return self.service.app[keys.WECHAT][ACCOUNT]

    def citizen(self) -> PlatformUser:
        return self.platform.account.user()

    async def known(self, citizen: PlatformUser) -> ChannelUser:
        user = await self.service.stores.outbox.user(ACCOUNT, citizen.openid)
        assert user is not None
        return user

    async def log_of(self, citizen: PlatformUser) -> list[ConversationEvent]:
        conversation_id = (await self.known(citizen)).conversation_id
        return list(await self.service.stores.conversations.events(conversation_id))

    async def sees(self, citizen: PlatformUser, *texts: str) -> None:
        """Comes back when WeChat has shown all of these texts, each as a part of a message, in order."""

        def shown() -> bool:
            rest = iter(citizen.texts)
            return all(any(text in each for each in rest) for text in texts)

        with contextlib.suppress(TimeoutError):
            await comes_true(shown)
        assert shown(), citizen.texts


@asynccontextmanager
async def wechat_world(
    settings: Settings,
    *,
    engine: ScriptedEngine | None = None,
    account: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
    wechat: Mapping[str, Any] | None = None,
    platform: Mapping[str, Any] | None = None,
    **changed: Any,
) -> AsyncIterator[WeChatWorld]:
    """A world; `account` is how the platform has it set up, `wechat` what the service's settings say."""
    port = ReservedPort()
    public_url = port.url
    own = AccountSettings(callback=f"{public_url}/wechat/{ACCOUNT}", **(account or {}))
    async with WeChatPlatform(own, **(platform or {})) as running:
        told = (
            settings.model_dump()
            | changed
            | {
                "public_url": public_url,
                "wechat": {ACCOUNT: wechat_table(own, running.url, **(wechat or {}))},
            }
        )
        all_parts: dict[str, Any] = {
            "stores": in_memory_stores(),
            "engine": engine or ScriptedEngine(),
            "find_district": find_district,
            **(parts or {}),
        }
        app = create_app(Settings.load(told), **all_parts)
        client = TestClient(port.server(app))
        await client.start_server()
        try:
            assert ACCOUNT in app[CALLBACKS]
            yield WeChatWorld(running, Service(app, client, all_parts))
        finally:
            await client.close()
