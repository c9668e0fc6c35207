"""From WeChat to the page, over HTTP: the link in a message, the entry of the menu, and the way back.

Whatever goes wrong is said on a page: who taps a link in WeChat can do nothing with JSON. Tickets stand in
paths and codes in queries, so neither is logged (`middlewares.log_requests` logs routes).
"""

import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from connectors.wechat.error_codes import CodeUsed
from connectors.wechat.jssdk import page_config as signed_page
from connectors.wechat.oauth import StateRefused
from core.clock import utc_now
from core.errors import BangbanError, InvalidInput, NotFound, TooManyRequests
from server import wording
from server.answers import private_json
from server.conversation_cookie import remember_conversation
from server.conversations import StartedConversation
from server.keys import LIMITS, SECRETS, SETTINGS, STORES, WECHAT
from server.middlewares import named_error
from server.pages.wechat.page import WeChatView, wechat_page
from server.routes_pages import ASSETS
from server.wechat_entry import (
    COOKIE,
    WAY_HOLDS,
    Entry,
    NoSuchLink,
    NotInWeChat,
    WeChatDenied,
    arrive,
    check_browser,
    come_back,
    cookie_of,
    second_way,
    way_to_wechat,
)
from server.wechat_links import page_token
from server.wechat_part import WeChatAccount

JS_FUNCTIONS: Final = (
    "closeWindow",
    "getNetworkType",
    "chooseImage",
    "getLocation",
    "openLocation",
    "scanQRCode",
)
"""What of the JS-SDK a page of ours may use."""

_LONGEST_URL: Final = 2000
_TITLES: Final[dict[type[BangbanError], str]] = {
    NotInWeChat: "请在微信里打开",
    WeChatDenied: "没有打开您的对话",
    NoSuchLink: "链接不完整",
    StateRefused: "链接已失效",
    NotFound: "没有这个公众号",
    TooManyRequests: "请稍等一会儿",
}
_UNKNOWN_ACCOUNT: Final = "这个链接的公众号不在这里。请回到微信，重新进入公众号。"
_TOO_OFTEN: Final = "打开得太频繁了，请稍等一会儿再试。"


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/wechat/{account}"
    return [
        web.get(base + "/enter", enter_by_menu),
        web.get(base + "/enter/{ticket}", enter_by_link),
        web.get(base + "/entered", entered, allow_head=False),  # it uses up a code
        web.get(base + "/page-config", page_config),
    ]


async def enter_by_menu(request: web.Request) -> web.Response:
    """Sends who tapped an entry of the menu to WeChat, and from there to `?to=chat` or `video`."""
    entry = Entry.by_menu(request.query.get("to", ""))
    try:
        return _send(request, _account(request), entry)
    except Exception as raised:
        return _failed(request, raised, entry)


async def enter_by_link(request: web.Request) -> web.Response:
    """Sends who tapped a link in a message to WeChat."""
    entry = None
    try:
        account = _account(request)
        entry = Entry.by_ticket(request.match_info["ticket"])
        return _send(request, account, entry)
    except Exception as raised:
        return _failed(request, raised, entry)


async def entered(request: web.Request) -> web.Response:
    """Opens the page for whom WeChat says that it is."""
    entry = None
    try:
        account = _account(request)
        request.app[LIMITS].check_entry(request)
        state, code = request.query.get("state", ""), request.query.get("code", "")
        key, now = request.app[SECRETS].links, utc_now().timestamp()
        entry = come_back(account, state, request.cookies, key=key, now=now)
        if not code:
            raise WeChatDenied("no code")
        try:
            openid = await account.client.openid_of_code(code)
        except CodeUsed:
            if (second := second_way(entry)) is None:
                raise StateRefused("a second code was used, too") from None
            return _forgotten(request, _sent(request, account, second), state)
        arrival = await arrive(account, entry, openid, request.app[STORES].calls)
        response = _see(arrival.address)
        token = page_token(request.app[SECRETS].pages, arrival.conversation_id)
        remember_conversation(request, response, StartedConversation(arrival.conversation_id, token))
        return _forgotten(request, response, state)
    except Exception as raised:
        return _failed(request, raised, entry)


async def page_config(request: web.Request) -> web.Response:
    """What a page of ours gives to `wx.config`. Raises NotFound, InvalidInput, and what WeChat raises."""
    account = _account(request)
    request.app[LIMITS].check_entry(request)
    url = request.query.get("url", "")
    if not is_own_page(url, request.app[SETTINGS].public_url):
        raise InvalidInput("url: a page of this service")
    return private_json(
        signed_page(
            account.settings.app_id,
            await account.client.jsapi_ticket(),
            nonce=secrets.token_hex(8),
            timestamp=int(utc_now().timestamp()),
            url=url,
            functions=JS_FUNCTIONS,
        )
    )


def is_own_page(url: str, public_url: str) -> bool:
    """Whether that is the address of a page below the service's own; pure."""
    own = urlsplit(public_url.rstrip("/"))
    try:
        asked = urlsplit(url)
    except ValueError:
        return False
    return (
        len(url) <= _LONGEST_URL
        and url.isprintable()
        and asked.scheme in ("http", "https")
        and (asked.scheme, asked.netloc) == (own.scheme, own.netloc)
        and (asked.path == own.path or asked.path.startswith(f"{own.path}/"))
    )


def _account(request: web.Request) -> WeChatAccount:
    account = request.app[WECHAT].get(request.match_info["account"])
    if account is None:
        raise NotFound("no such official account")
    return account


def _send(request: web.Request, account: WeChatAccount, entry: Entry) -> web.Response:
    request.app[LIMITS].check_entry(request)
    check_browser(account, request.headers.get("User-Agent", ""))
    return _sent(request, account, entry)


def _sent(request: web.Request, account: WeChatAccount, entry: Entry) -> web.Response:
    settings = request.app[SETTINGS]
    way = way_to_wechat(
        account,
        entry,
        request.cookies,
        key=request.app[SECRETS].links,
        back=f"{settings.public_url.rstrip('/')}/wechat/{account.name}/entered",
        now=utc_now().timestamp(),
    )
    response = _see(way.url)
    response.set_cookie(
        way.cookie,
        way.kept,
        max_age=int(WAY_HOLDS.total_seconds()),
        path=_cookie_path(request),
        httponly=True,
        samesite="Lax",  # Strict would not be sent when WeChat leads back
        secure=request.secure or settings.public_url.startswith("https:"),
    )
    return response


def _forgotten(request: web.Request, response: web.Response, state: str) -> web.Response:
    """The way is at its end; the second of two has a cookie of its own."""
    response.del_cookie(cookie_of(state), path=_cookie_path(request))
    return response


def _failed(request: web.Request, raised: Exception, entry: Entry | None) -> web.Response:
    """The page that says what went wrong, and where to try again."""
    settings, error = request.app[SETTINGS], named_error(raised)
    text = wording.what_failed(error, settings.hotline)
    if isinstance(error, NotFound):
        text = _UNKNOWN_ACCOUNT
    elif isinstance(error, TooManyRequests):
        text = _TOO_OFTEN
    view = WeChatView(
        title=_TITLES.get(type(error), "没有打开"),
        text=text,
        bot_name=settings.bot_name,
        city=settings.city,
        hotline=settings.hotline,
        assets=ASSETS,
        retry="" if isinstance(error, NotFound | NotInWeChat) else _again(request, entry),
        retry_label="再试一次" if entry else "打开我的对话",
    )
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    return web.Response(
        text=wechat_page(view), content_type="text/html", status=error.status, headers=headers
    )


def _again(request: web.Request, entry: Entry | None) -> str:
    own = request.app[WECHAT].get(request.match_info["account"])
    return f"/wechat/{own.name}/{(entry or Entry.by_menu('')).path}" if own else ""


def _cookie_path(request: web.Request) -> str:
    return f"/wechat/{request.match_info['account']}"


def _see(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


__all__ = ["COOKIE", "JS_FUNCTIONS", "is_own_page", "routes"]
