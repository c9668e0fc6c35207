"""Citizen and agent, each in their own page, on the real service with its database and media process.

Only the dialogue is a fake, which keeps the same contract as the real one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core import accounts
from core.ports import User
from core.settings import Settings
from core.statuses import Role
from server import keys
from server.app import create_app
from tests.browser.agent import Agent
from tests.browser.citizen import Citizen
from tests.browser.conftest import is_breach
from tests.browser.patience import PATIENCE_MS, comes_true
from tests.browser.real_service import browser_with_devices, calls, serving
from tests.browser.scripted_replies import reply_to
from tests.fakes import ScriptedEngine

pytestmark = pytest.mark.slow

browser = browser_with_devices

PASSWORD = "a password that is long enough"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"data": tmp_path / "var", "log_level": "error", "city": "示例市"})


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    """Where the service runs, in a loop and thread of its own."""
    engine = ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text))
    app = create_app(settings, engine=engine)

    async def prepare() -> None:
        await app[keys.USER_STORE].add(User("li.min", Role.AGENT, accounts.hash_password(PASSWORD)))

    with serving(app, prepare) as url:
        yield url


@pytest.fixture
def pages(browser: Browser, url: str) -> Iterator[tuple[Page, Page]]:
    """The citizen's page and the agent's, in browsers that know nothing of each other."""
    complaints: list[str] = []
    contexts = [
        browser.new_context(
            base_url=url, viewport=viewport, locale="zh-CN", permissions=["camera", "microphone"]
        )
        for viewport in ({"width": 375, "height": 667}, {"width": 1280, "height": 800})
    ]
    opened = [context.new_page() for context in contexts]
    for page in opened:
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    yield opened[0], opened[1]
    for context in contexts:
        context.close()

    assert complaints == []


def meet(citizen_page: Page, agent_page: Page) -> tuple[Citizen, Agent]:
    """The citizen asks for a person, and the agent takes the conversation."""
    citizen, agent = Citizen(citizen_page), Agent(agent_page)
    agent.opens()
    agent_page.get_by_label("账号").fill("li.min")
    agent_page.get_by_label("密码").fill(PASSWORD)
    agent.presses("登录")
    agent_page.get_by_role("radio", name="在线").click()  # it is checked when the service says so
    agent.sees("您现在在线")

    citizen_page.goto("/")
    citizen_page.wait_for_selector("bb-chat:defined")
    citizen.asks("身份证丢了怎么补办？要带什么？")
    citizen.sees("居民户口簿")
    citizen.presses("找人工")
    citizen_page.get_by_role("button", name="文字沟通").click()
    expect(citizen_page.get_by_role("dialog")).to_be_hidden()
    agent_page.locator(".waiting").wait_for()
    agent_page.keyboard.press("Alt+a")
    agent_page.locator(".own[aria-current]").wait_for()
    return citizen, agent


def test_citizen_and_agent_talk_and_the_agent_closes_with_a_summary(pages: tuple[Page, Page]):
    citizen, agent = meet(*pages)
    agent.sees("身份证丢了怎么补办")  # stored in one width, so without its marks
    agent.says("您好，我来帮您看看")
    citizen.sees("您好，我来帮您看看")
    citizen.asks("我户口在外地")
    agent.sees("我户口在外地")
    agent.page.keyboard.press("Alt+n")
    agent.says("要核对原籍")
    expect(agent.page.locator(".entry--note")).to_contain_text("要核对原籍")
    assert "要核对原籍" not in citizen.page.locator("body").inner_text()
    agent.page.get_by_label("加标签").fill("加急")
    agent.page.get_by_label("加标签").press("Enter")
    expect(agent.page.locator(".tag")).to_have_count(1)
    agent.presses("办结")
    agent.page.get_by_role("textbox", name="小结").fill("请带户口簿到南湖区政务服务中心。")
    agent.presses("办结并发送")

    agent.sees("已办结，小结已发送")
    citizen.sees("请带户口簿到南湖区政务服务中心。")
    expect(agent.page.locator(".own")).to_have_count(0)


def test_handing_back_lets_the_bot_answer_again(pages: tuple[Page, Page]):
    citizen, agent = meet(*pages)
    agent.presses("交回机器人")
    agent.sees("已交回机器人")
    citizen.asks("谢谢")

    citizen.sees("不客气")


def test_citizen_and_agent_see_each_other(pages: tuple[Page, Page]):
    citizen, agent = meet(*pages)
    calls(citizen, agent)
    citizen.presses("同意录制，进入通话")

    comes_to_see(agent.page, ".call__remote")
    comes_to_see(citizen.page, "video.remote")
    agent.sees("视频通话中")
    agent.sees("录音录像中")
    agent.presses("挂断")
    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()


def comes_to_see(page: Page, selector: str) -> None:
    """The other side's frames are decoded, ever more of them."""
    comes_true(page, lambda: frames(page, selector) > 10)


def frames(page: Page, selector: str) -> int:
    count = "video => video.getVideoPlaybackQuality().totalVideoFrames"
    return int(page.locator(selector).evaluate(count))
