"""Puts WeChat's official accounts together. Part of the wiring of `create_app`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from aiohttp import web

from connectors.wechat.acts import Acts
from connectors.wechat.api import WeChatApi, create_session
from connectors.wechat.client import WeChatClient, open_client
from connectors.wechat.engine import Engine
from connectors.wechat.outbox import Rules
from connectors.wechat.reminder import Remind, Reminding, nobody_reminds
from connectors.wechat.reminding import Template
from connectors.wechat.sender import Sender
from connectors.wechat.surroundings import Surroundings
from connectors.wechat.views import CALLBACKS, Callback
from core.clock import utc_now
from core.replica_ports import Locks
from core.stores.locks import PostgresqlLocks
from core.wechat_settings import WeChatAccountSettings
from server import keys
from server.background import BackgroundTasks
from server.channel_standing import ChannelStandings
from server.seen_on_page import SeenOnPage
from server.wechat_conversing import WeChatConversing
from server.wechat_links import WeChatLinks, page_token
from server.wechat_sending import WeChatSending
from server.wechat_values import account_of, keys_of, rules_of

TAKE_UP_EVERY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    """An account as the service has it open."""

    name: str
    settings: WeChatAccountSettings
    client: WeChatClient
    engine: Engine
    sender: Sender
    links: WeChatLinks
    rules: Rules


@asynccontextmanager
async def opened(app: web.Application, *, mask: Callable[[str], str]) -> AsyncIterator[None]:
    """Opens all accounts of the settings under `keys.WECHAT`. Raises ConfigurationError."""
    settings = app[keys.SETTINGS]
    async with AsyncExitStack() as stack:
        accounts: dict[str, WeChatAccount] = {}
        if settings.wechat:
            session = await stack.enter_async_context(create_session())
            locks = _token_locks(app, stack)
            for name, own in settings.wechat.items():
                client = open_client(
                    WeChatApi(session, base_url=own.api_url),
                    account_of(name, own),
                    app[keys.STORES].tokens,
                    locks,
                )
                accounts[name] = _open(app, client, name, own, mask)
                stack.push_async_callback(_close, accounts[name])
        app[keys.WECHAT] = accounts
        app[CALLBACKS] = {name: _callback(account) for name, account in accounts.items()}
        app[keys.STANDINGS] = _standings(app, accounts)
        app[keys.SEEN_ON_PAGE] = _seen_on_page(app, accounts)
        app[keys.FAN_OUT].grown.extend(account.sender.note for account in accounts.values())
        yield


def start(app: web.Application, tasks: BackgroundTasks) -> None:
    """Starts what goes on by itself for each account."""
    for name, account in app[keys.WECHAT].items():
        tasks.start(f"wechat-sender-{name}", account.sender.go_on())
        tasks.repeat(f"wechat-left-{name}", TAKE_UP_EVERY_SECONDS, account.engine.take_up_left)
    tasks.start("channel-standings", app[keys.STANDINGS].go_on())
    tasks.start("seen-on-page", app[keys.SEEN_ON_PAGE].go_on())


def _token_locks(app: web.Application, stack: AsyncExitStack) -> Locks | None:
    """What keeps processes from renewing a token at once, also those that are no replicas."""
    shared, url = app[keys.REPLICAS].shared_locks, app[keys.SETTINGS].effective_database_url
    if shared is not None or not url.startswith("postgres"):
        return shared
    own = PostgresqlLocks(url)
    stack.push_async_callback(own.close)
    return own


def _open(
    app: web.Application,
    client: WeChatClient,
    name: str,
    own: WeChatAccountSettings,
    mask: Callable[[str], str],
) -> WeChatAccount:
    settings, stores, secrets = app[keys.SETTINGS], app[keys.STORES], app[keys.SECRETS]
    conversing = WeChatConversing(
        app[keys.CONVERSATIONS],
        stores.conversations,
        client=client,
        uploads=app[keys.UPLOADS],
        speech=app[keys.SPEECH],
        guides=stores.knowledge,
        find_district=app[keys.FIND_DISTRICT],
        check_message=app[keys.LIMITS].check_message,
        token_of=partial(page_token, secrets.pages),
        mask=mask,
        now=utc_now,
    )
    rules = rules_of(own)
    links = WeChatLinks(name, settings.public_url.rstrip("/"), secrets.links, utc_now)
    engine = Engine(
        name,
        stores.outbox,
        conversing,
        Acts(conversing, bot_name=settings.bot_name, sure_from=settings.asr_sure_from),
        Surroundings(
            rules=rules,
            link_for=links.link_for,
            now=utc_now,
            shown=app[keys.DESK].name_for_citizens,
            mask=mask,
            deadline=timedelta(seconds=own.answer_within_s),
        ),
    )
    sender = Sender(
        name,
        stores.outbox,
        engine,
        WeChatSending(client, app[keys.KEPT_FILES], links.link_for).send,
        rules=rules,
        link_for=links.link_for,
        now=utc_now,
        watched=app[keys.REPLICAS].watched,
        remind=_remind(app, name, own, client, links),
    )
    engine.wake_sender = sender.wake
    return WeChatAccount(name, own, client, engine, sender, links, rules)


def _standings(app: web.Application, accounts: Mapping[str, WeChatAccount]) -> ChannelStandings:
    """What agents are told; each account tells of its changes."""
    rules = {name: account.rules for name, account in accounts.items()}
    standings = ChannelStandings(
        app[keys.STORES].outbox, rules, announce=app[keys.FAN_OUT].announce, now=utc_now
    )
    for account in accounts.values():
        account.engine.changed = account.sender.changed = standings.changed
    return standings


def _seen_on_page(app: web.Application, accounts: Mapping[str, WeChatAccount]) -> SeenOnPage:
    return SeenOnPage(
        app[keys.STORES].outbox,
        {name: account.engine.catch_up for name, account in accounts.items()},
        changed=app[keys.STANDINGS].changed,
        hotline=app[keys.SETTINGS].hotline,
        now=utc_now,
    )


def _remind(
    app: web.Application, name: str, own: WeChatAccountSettings, client: WeChatClient, links: WeChatLinks
) -> Remind:
    """What tells users of waiting messages, if the account has a subscription message for it."""
    if own.subscription is None:
        return nobody_reminds
    template = Template(own.subscription.template_id, own.subscription.fields, own.subscription.long_term)
    return Reminding(
        name,
        app[keys.STORES].outbox,
        template,
        client.send_subscription,
        rules=rules_of(own),
        link_for=links.link_for,
        city=app[keys.SETTINGS].city,
        now=utc_now,
    ).remind


async def _close(account: WeChatAccount) -> None:
    await account.engine.close()
    await account.client.close()


def _callback(account: WeChatAccount) -> Callback:
    own = account.settings
    return Callback(
        account.name,
        keys_of(own),
        account.engine,
        utc_now,
        original_id=own.original_id,
        window=own.clock_window_s,
    )


__all__ = ["WeChatAccount", "opened", "start"]
