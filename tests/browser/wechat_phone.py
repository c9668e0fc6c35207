"""A citizen's WeChat: the chat with the official account, and the browser that opens its links.

The service is the real one, with its database and media process; only the dialogue is scripted, and WeChat is
`tests.wechat_platform`.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from playwright.sync_api import Browser, BrowserContext, Page

from core import accounts
from core.ports import User
from core.settings import Settings
from core.statuses import Role
from server import keys
from server.app import create_app
from tests.browser.agent import Agent
from tests.browser.conftest import is_breach
from tests.browser.patience import PATIENCE_MS, PATIENCE_S
from tests.browser.real_service import serving
from tests.browser.scripted_replies import reply_to
from tests.fakes import ScriptedEngine
from tests.ports import ReservedPort
from tests.server.wechat_world import ACCOUNT, wechat_table
from tests.wechat_platform import AccountSettings, PlatformUser, WeChatPlatform
from tests.wechat_platform.users import Seen

ON_ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; V2304A Build/UP1A.231005.007) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20231202 MMWEBID/2247 "
    "MicroMessenger/8.0.47.2560(0x28002F36) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)
ON_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 MicroMessenger/8.0.50(0x18003237) NetType/WIFI Language/zh_CN"
)
PASSWORD = "a password that is long enough"
ID_CARD = "身份证丢了怎么补办？要带什么？"

Result = TypeVar("Result")


@dataclass
class WeChat:
    """What both sides of a test hold: WeChat's platform, and the service behind it."""

    url: str
    platform: WeChatPlatform
    loop: asyncio.AbstractEventLoop

    def citizen(self) -> "InWeChat":
        return InWeChat(self, self.within(self.platform.account.user))

    def citizen_with_an_answer(self) -> "InWeChat":
        """Who has asked, and got an answer with a card."""
        citizen = self.citizen()
        citizen.says(ID_CARD)
        citizen.reads("居民户口簿")
        return citizen

    def within(self, act: Callable[[], Result]) -> Result:
        """Does something in the loop of service and platform."""

        async def run() -> Result:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE_S)


@dataclass
class InWeChat:
    """A citizen's chat with the official account."""

    wechat: WeChat
    user: PlatformUser

    def says(self, text: str) -> None:
        self.wechat.within(lambda: self.user.says(text))

    def speaks(self, recording: bytes) -> None:
        self.wechat.within(lambda: self.user.sends_voice(recording))

    def taps_menu(self, key: str) -> None:
        self.wechat.within(lambda: self.user.clicks(key))

    def reads(self, text: str) -> None:
        """Waits for a message with this text."""
        self._sees(lambda seen: seen.kind == "text" and text in seen.text)

    def card(self, title: str) -> str:
        """Waits for a card with this in its title; the link that it opens."""
        return self._sees(lambda seen: seen.kind == "news" and title in seen.title).url

    def link(self, words: str) -> str:
        """Waits for a card or, where little may be sent, a link in a text; what it opens."""
        written = re.compile(rf'<a href="([^"]+)">[^<]*{re.escape(words)}')
        seen = self._sees(lambda seen: words in seen.title or bool(written.search(seen.text)))
        found = written.search(seen.text)
        return found[1] if found else seen.url

    def _sees(self, wanted: Callable[[Seen], bool]) -> Seen:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if found := [seen for seen in self.user.seen if wanted(seen)]:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"not among {self.user.seen}")

    def opens(self, page: Page, url: str) -> None:
        """Taps a link: WeChat's browser knows who its user is."""
        page.context.add_cookies(
            [{"name": "wechat_user", "value": self.user.openid, "url": self.wechat.platform.url}]
        )
        page.goto(url)
        page.wait_for_function("Boolean(customElements.get('bb-chat') ?? customElements.get('bb-call'))")


@contextmanager
def wechat_service(folder: Path, **parts: object) -> Iterator[WeChat]:
    """A service with one agent, and an official account; `parts` are those of `create_app`."""
    port, of_platform = ReservedPort(), ReservedPort()
    url = port.url
    own = AccountSettings(callback=f"{url}/wechat/{ACCOUNT}")
    platform = WeChatPlatform(own, listening=of_platform.socket)
    wechat = wechat_table(own, of_platform.url)
    app = create_app(
        Settings.load(
            {
                "data": folder,
                "log_level": "error",
                "city": "示例市",
                "public_url": url,
                "wechat": {ACCOUNT: wechat},
            }
        ),
        engine=ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text)),
        **parts,
    )
    loops: list[asyncio.AbstractEventLoop] = []

    async def run_platform(_: web.Application) -> AsyncIterator[None]:
        async with platform:
            yield

    async def prepare() -> None:
        loops.append(asyncio.get_running_loop())
        await app[keys.USER_STORE].add(User("li.min", Role.AGENT, accounts.hash_password(PASSWORD)))

    app.cleanup_ctx.append(run_platform)
    with serving(app, prepare, port=port):
        yield WeChat(url, platform, loops[0])


@contextmanager
def phone(browser: Browser, wechat: WeChat, agent: str = ON_ANDROID, **more: object) -> Iterator[Page]:
    """The browser in a WeChat. A script error or a breach of the content policy fails the test."""
    with watched_page(
        browser,
        base_url=wechat.url,
        viewport={"width": 375, "height": 667},
        user_agent=agent,
        is_mobile=True,
        has_touch=True,
        **{"permissions": ["camera", "microphone"], **more},
    ) as page:
        yield page


@contextmanager
def desk(browser: Browser, wechat: WeChat) -> Iterator[Agent]:
    """An agent who is on line."""
    with watched_page(
        browser,
        base_url=wechat.url,
        viewport={"width": 1280, "height": 800},
        permissions=["camera", "microphone"],
    ) as page:
        agent = Agent(page)
        agent.opens()
        page.get_by_label("账号").fill("li.min")
        page.get_by_label("密码").fill(PASSWORD)
        agent.presses("登录")
        page.get_by_role("radio", name="在线").click()
        agent.sees("您现在在线")
        yield agent


@contextmanager
def watched_page(browser: Browser, **wanted: object) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce", **wanted
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    yield page
    context.close()

    assert complaints == []
