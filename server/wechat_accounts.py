"""An official account as a command works with it, without the service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from connectors.wechat.api import WeChatApi, create_session
from connectors.wechat.client import WeChatClient, open_client
from core.errors import ConfigurationError, NotFound
from core.settings import Settings
from core.wechat_ports import AccessToken, TokenStore
from core.wechat_settings import WeChatAccountSettings
from server.stores_part import open_stores
from server.wechat_values import account_of


class OwnTokens:
    """A TokenStore for this process alone.

    That is enough where `stable_token` gives everybody the same token, and asks WeChat, so that a wrong
    AppSecret shows at once.
    """

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], AccessToken] = {}

    async def get(self, account: str, kind: str) -> AccessToken | None:
        """The token that was put, if any."""
        return self._tokens.get((account, kind))

    async def put(self, account: str, kind: str, token: AccessToken, *, instead_of: str) -> AccessToken:
        """Keeps it: there is nobody else."""
        self._tokens[account, kind] = token
        return token


def chosen(settings: Settings, name: str) -> tuple[str, WeChatAccountSettings]:
    """The account of that name, or the only one. Raises ConfigurationError, NotFound."""
    accounts: Mapping[str, WeChatAccountSettings] = settings.wechat
    if not accounts:
        raise ConfigurationError(
            "设置里没有公众号账号；在 bangban.toml 里加 [wechat.名字]，见 docs/howto/wechat.md"
        )
    known = "、".join(accounts)
    if name and name not in accounts:
        raise NotFound(f"没有账号 {name}，设置里有：{known}")
    if not name and len(accounts) > 1:
        raise NotFound(f"有 {len(accounts)} 个账号，请写明哪一个：{known}")
    name = name or next(iter(accounts))
    return name, accounts[name]


@asynccontextmanager
async def opened(
    settings: Settings, name: str, account: WeChatAccountSettings
) -> AsyncIterator[tuple[WeChatClient, aiohttp.ClientSession]]:
    """A client of WeChat's API for the account, and the session below it. Raises Unavailable.

    Where each new token ends the one before, the service's own is used, from its database.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(create_session())
        tokens: TokenStore = OwnTokens()
        if not account.stable_token:
            tokens = (await stack.enter_async_context(open_stores(settings))).tokens
        api = WeChatApi(session, base_url=account.api_url)
        client = open_client(api, account_of(name, account), tokens, None)
        stack.push_async_callback(client.close)
        yield client, session
