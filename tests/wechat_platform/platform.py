"""The platform as one object: serves the API, holds accounts, and is told what goes wrong."""

import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType

import aiohttp
from aiohttp import web

from tests.wechat_platform.account import PlatformAccount
from tests.wechat_platform.api import Api, ApiCall
from tests.wechat_platform.faults import Faults
from tests.wechat_platform.rules import AccountSettings, Rules

MOST_BODY_BYTES = 32 * 1024 * 1024


class WeChatPlatform:
    """Runs as long as its `async with` block. `url` is what the service calls in place of api.weixin.qq.com.

    `now` is the platform's clock (Unix seconds) for tokens, windows and codes; requests are cut by real time.
    """

    def __init__(
        self,
        *accounts: AccountSettings,
        rules: Rules | None = None,
        faults: Faults | None = None,
        now: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
        port: int = 0,
        listening: socket.socket | None = None,
    ) -> None:
        self.rules = rules or Rules()
        self.faults = faults or Faults()
        self.url = ""
        self._settings = accounts or (AccountSettings(),)
        self._now = now
        self._host, self._port, self._listening = host, port, listening
        self._accounts: dict[str, PlatformAccount] = {}
        self._api = Api(self._accounts, self.rules, self.faults, now)

    async def __aenter__(self) -> "WeChatPlatform":
        # A connection each: what WeChat keeps open to a service isn't known, and a kill costs no more.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
        for settings in self._settings:
            self._accounts[settings.app_id] = PlatformAccount(
                self._session, settings, self.rules, self.faults, self._now
            )
        served = web.Application(client_max_size=MOST_BODY_BYTES)
        served.add_routes(self._api.routes())
        self._runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        if self._listening is None:
            await web.TCPSite(self._runner, self._host, self._port).start()
        else:
            await web.SockSite(self._runner, self._listening).start()
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for account in self._accounts.values():
            await account.close()
        await self._session.close()
        await self._runner.cleanup()

    @property
    def account(self) -> PlatformAccount:
        """The first account, mostly the only one."""
        return next(iter(self._accounts.values()))

    @property
    def accounts(self) -> Mapping[str, PlatformAccount]:
        """All accounts by AppID."""
        return self._accounts

    @property
    def calls(self) -> list[ApiCall]:
        """All calls of the API, in the order in which they were done."""
        return self._api.calls

    def calls_of(self, path: str) -> list[ApiCall]:
        return [call for call in self.calls if call.path == path]

    def limit_per_day(self, path: str, count: int) -> None:
        """More calls of that path than this, counted from the start, are refused with 45009."""
        self._api.daily_limits[path] = count
