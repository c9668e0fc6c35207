"""The way from WeChat to the page: there and back by OAuth, and which page it leads to. Knows no HTTP.

A browser comes with a link's ticket, or from the menu with the name of a page, and is sent to WeChat. What
it came with waits in a cookie of the browser's, together with a secret; the state that WeChat gives back is
signed for both (`connectors.wechat.oauth`). Who it is, WeChat says, never an address.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import structlog

from connectors.wechat import oauth
from connectors.wechat.oauth import StateRefused
from connectors.wechat.rendering import CALL_PAGE, CHAT_PAGE, VIDEO_PAGE
from connectors.wechat.tickets import is_ticket
from core.desk_ports import CallStore
from core.errors import Forbidden, InvalidInput
from server.wechat_part import WeChatAccount

log = structlog.get_logger(__name__)

WAY_HOLDS: Final = timedelta(minutes=10)
"""So long a browser may take to WeChat and back; its code is good for five."""

MENU_PAGES: Final = (CHAT_PAGE, VIDEO_PAGE)
"""Pages that an entry of the menu may lead to."""

OTHERS_LINK: Final = "other-link"
"""What `/?told=` says to who opened somebody else's link."""

CHAT: Final = "/#latest"
VIDEO: Final = "/#video"
"""Addresses have an end of their own; else browsers keep that of WeChat's address, `#wechat_redirect`."""

COOKIE: Final = "bangban_wechat_"

_IN_WECHAT: Final = "MicroMessenger"
_NAME_DIGITS: Final = 16
_FIRST, _SECOND = "1", "2"


class NotInWeChat(Forbidden):
    """WeChat tells who somebody is in its own browser only."""

    code = "wechat_only"
    citizen_text = "这个链接要在微信里打开：请回到微信，在公众号的对话里点开它。"


class WeChatDenied(Forbidden):
    """The browser came back from WeChat without a word on who it is."""

    code = "wechat_denied"
    citizen_text = "微信没有确认您的身份，所以没有打开您的对话。"


class NoSuchLink(InvalidInput):
    """What stands in a link is no ticket: it was cut short, or mistyped."""

    code = "wechat_no_such_link"
    citizen_text = "这个链接不完整，可能没有复制全。您可以直接打开自己的对话。"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a browser came with: a ticket, or a page of the menu.

    `again`: it is on the way for a second time. `browser` is its secret, "" before it has one.
    """

    aim: str = field(repr=False)
    again: bool = False
    browser: str = field(default="", repr=False)

    @classmethod
    def by_ticket(cls, ticket: str) -> "Entry":
        """By a link in a message. Raises NoSuchLink."""
        if not is_ticket(ticket):
            raise NoSuchLink("no ticket")
        return cls(ticket)

    @classmethod
    def by_menu(cls, page: str) -> "Entry":
        """By an entry of the menu; one that names no page leads to the conversation."""
        return cls(page if page in MENU_PAGES else CHAT_PAGE)

    @property
    def hashed(self) -> str:
        """By what the state knows it."""
        return oauth.ticket_hash(self._text)

    @property
    def path(self) -> str:
        """The end of the address at which it begins."""
        return f"enter/{self.aim}" if is_ticket(self.aim) else f"enter?to={self.aim}"

    @property
    def kept(self) -> str:
        """What the cookie holds."""
        return f"{self.browser}.{self._text}"

    @property
    def _text(self) -> str:
        return f"{_SECOND if self.again else _FIRST}{self.aim}"


@dataclass(frozen=True, slots=True)
class Way:
    """Where the browser is sent, and the cookie that it has to bring back."""

    url: str = field(repr=False)
    cookie: str
    kept: str = field(repr=False)


def way_to_wechat(
    account: WeChatAccount, entry: Entry, cookies: Mapping[str, str], *, key: bytes, back: str, now: float
) -> Way:
    """The way there. A browser that is on the same way already keeps its secret: a tap may come twice.

    `back` is the address that WeChat leads back to.
    """
    cookie = cookie_of(entry.hashed)
    known = entry.browser or _read(cookies.get(cookie, "")).browser
    entry = replace(entry, browser=known or secrets.token_urlsafe(24))
    state = oauth.sign_state(
        key,
        account=account.name,
        hashed_ticket=entry.hashed,
        browser=entry.browser,
        expires_at=int(now + WAY_HOLDS.total_seconds()),
    )
    own = account.settings
    url = oauth.authorize_url(own.app_id, back, state, base=own.authorize_url)
    return Way(url, cookie, entry.kept)


def come_back(
    account: WeChatAccount, state: str, cookies: Mapping[str, str], *, key: bytes, now: float
) -> Entry:
    """What the browser came with, if it is the one that was sent. Raises StateRefused."""
    entry = _read(cookies.get(cookie_of(state), ""))
    hashed = oauth.open_state(key, state, account=account.name, browser=entry.browser, now=now)
    if hashed != entry.hashed:
        raise StateRefused("the state is of another entry")
    return entry


def second_way(entry: Entry) -> Entry | None:
    """What to try with another code, once: WeChat's browser may ask for the page twice with the same."""
    return None if entry.again else replace(entry, again=True)


def check_browser(account: WeChatAccount, user_agent: str) -> None:
    """Raises NotInWeChat where WeChat itself would only say so; another's way to WeChat decides by itself."""
    if account.settings.authorize_url == oauth.AUTHORIZE_URL and _IN_WECHAT not in user_agent:
        raise NotInWeChat("not WeChat's browser")


def cookie_of(state: str) -> str:
    """The cookie of a state, or of its hash: each way has its own, so that several can be gone at once."""
    return COOKIE + "".join(c for c in state[:_NAME_DIGITS] if c in "0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whose page is opened, by their conversation, and where."""

    conversation_id: str
    address: str


async def arrive(account: WeChatAccount, entry: Entry, openid: str, calls: CallStore) -> Arrival:
    """Where whoever WeChat has named may go: always to their own conversation.

    A ticket's page is opened once, in time, by whom it was made for; a browser that loads it twice on its
    way, as WeChat's does, has opened it once. Raises NoSuchLink, Unavailable.
    """
    if not is_ticket(entry.aim):
        conversation_id, _ = await account.engine.enter(openid)
        _note(account, "menu", entry.aim)
        return Arrival(conversation_id, VIDEO if entry.aim == VIDEO_PAGE else CHAT)
    try:
        ticket = account.links.open(entry.aim, openid)
    except InvalidInput:
        raise NoSuchLink("written as a ticket, and none") from None
    if not ticket.is_theirs:  # it isn't used up by them, either
        conversation_id, _ = await account.engine.enter(openid)
        _note(account, "others", CHAT_PAGE)
        return Arrival(conversation_id, f"/?told={OTHERS_LINK}#latest")
    use, by = (oauth.ticket_hash(text) for text in (entry.aim, entry.browser))
    conversation_id, is_first = await account.engine.enter(openid, f"t:{use}", by)
    if ticket.is_expired or not is_first:
        _note(account, "expired" if ticket.is_expired else "used", CHAT_PAGE)
        return Arrival(conversation_id, CHAT)
    _note(account, "first", ticket.page)
    return Arrival(conversation_id, await _page(ticket.page, conversation_id, calls))


async def _page(page: str, conversation_id: str, calls: CallStore) -> str:
    if page == VIDEO_PAGE:
        return VIDEO
    if page == CALL_PAGE and (call := await calls.open_call_of(conversation_id)) is not None:
        return f"/call/{call.call_id}{'?mode=audio' if call.mode == 'audio' else ''}#"
    return CHAT


def _note(account: WeChatAccount, how: str, page: str) -> None:
    log.info("wechat_page_opened", account=account.name, how=how, page=page)


def _read(kept: str) -> Entry:
    """The entry that a cookie holds; without a secret if it can't be one of ours."""
    browser, _, text = kept.partition(".")
    again, aim = text[:1], text[1:]
    if again not in (_FIRST, _SECOND) or not (is_ticket(aim) or aim in MENU_PAGES):
        return Entry("")
    return Entry(aim, again == _SECOND, browser)
