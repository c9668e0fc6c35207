"""Three and four pages in one call on the real service with its database and media process.

A companion comes by a link, another agent is invited, a supervisor listens and takes over.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tests.browser.test_accessibility import assert_axe_is_content
from tests.browser.test_agent_real_service import PASSWORD, comes_to_see, meet
from tests.fakes import ScriptedEngine

pytestmark = pytest.mark.slow

browser = browser_with_devices

PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1280, "height": 800}
STAFF = {"li.min": Role.AGENT, "chen.jie": Role.AGENT, "zhao": Role.SUPERVISOR}


@contextmanager
def staffed(data: Path, call_media: str = "relay") -> Iterator[str]:
    """Where the service runs, in a loop and thread of its own."""
    engine = ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text))
    wanted = {"data": data, "log_level": "error", "city": "示例市", "call_media": call_media}
    settings = Settings.load(wanted)
    app = create_app(settings, engine=engine)

    async def prepare() -> None:
        for name, role in STAFF.items():
            await app[keys.USER_STORE].add(User(name, role, accounts.hash_password(PASSWORD)))

    with serving(app, prepare) as url:
        yield url


@pytest.fixture
def call_media() -> str:
    return "relay"


@pytest.fixture
def url(tmp_path: Path, call_media: str) -> Iterator[str]:
    with staffed(tmp_path / "var", call_media) as url:
        yield url


@pytest.fixture
def page_of(browser: Browser, url: str) -> Iterator[Callable[[dict], Page]]:
    """Opens pages in browsers that know nothing of each other."""
    complaints: list[str] = []
    contexts = []

    def open_page(viewport: dict) -> Page:
        context = browser.new_context(
            base_url=url, viewport=viewport, locale="zh-CN", permissions=["camera", "microphone"]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
        return page

    yield open_page
    for context in contexts:
        context.close()

    assert complaints == []


@pytest.fixture
def call(page_of) -> tuple[Citizen, Agent]:
    """Citizen and agent in a call that is recorded."""
    return in_call(page_of(PHONE), page_of(DESKTOP))


def in_call(
    citizen_page: Page, agent_page: Page, answer: str = "同意录制，进入通话"
) -> tuple[Citizen, Agent]:
    """Citizen and agent in a call; the citizen gives this answer to the text on recording."""
    citizen, agent = meet(citizen_page, agent_page)
    calls(citizen, agent)
    citizen.presses(answer)
    comes_to_see(citizen.page, "video.remote")
    agent.sees("视频通话中")
    return citizen, agent


def reads(page: Page, text: str) -> None:
    """It stands in the conversation, which a phone shows when it is asked for."""
    expect(page.locator(".messages").get_by_text(text)).to_be_attached()


def signed_in(page: Page, name: str) -> Agent:
    agent = Agent(page)
    agent.opens()
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    agent.presses("登录")
    page.get_by_role("radio", name="在线").click()
    agent.sees("您现在在线")
    return agent


def test_a_companion_comes_by_a_link_and_all_three_see_each_other(page_of, call):
    citizen, agent = call
    agent.presses("邀请第三方")
    agent.page.get_by_role("radio", name="群众的同伴").check()
    agent.page.get_by_label("怎么称呼").fill("女儿")
    assert_axe_is_content(agent.page)
    agent.page.get_by_role("dialog").get_by_role("button", name="邀请", exact=True).click()
    link = agent.page.get_by_label("把链接发给对方").input_value()
    assert_axe_is_content(agent.page)
    agent.presses("复制链接")
    expect(agent.page.get_by_role("button", name="已复制")).to_be_visible()
    agent.page.get_by_role("button", name="关闭").last.click()

    page = page_of(PHONE)
    page.goto(link)
    page.wait_for_selector("bb-call:defined")
    assert "#t=" not in page.url
    companion = Citizen(page)
    companion.presses("打开摄像头和麦克风")
    companion.presses("看得到、听得到，下一步")
    companion.sees("不同意，不加入通话")
    assert_axe_is_content(page)
    companion.presses("同意录制，进入通话")

    comes_to_see(page, "video.remote")
    comes_to_see(page, "video.second__video")
    comes_to_see(citizen.page, "video.second__video")
    comes_to_see(agent.page, ".call__other:not([hidden]) video")
    reads(citizen.page, "女儿（群众同伴）已加入通话。")
    expect(citizen.page.locator(".second__name")).to_have_text("女儿（群众同伴）")
    expect(page.get_by_role("button", name="文字")).to_be_hidden()
    for each in (page, citizen.page, agent.page):
        assert_axe_is_content(each)

    stranger = page_of(PHONE)
    stranger.goto(link)
    expect(stranger.locator("bb-call-end")).to_contain_text("没有加入通话")
    expect(stranger.locator("bb-call-end")).to_contain_text("链接打不开了")
    assert_axe_is_content(stranger)

    companion.presses("挂断")
    page.get_by_role("button", name="离开", exact=True).click()
    expect(page.locator("bb-call-end")).to_contain_text("通话已结束")
    expect(citizen.page.locator(".room__second")).to_be_hidden()
    comes_to_see(citizen.page, "video.remote")


def test_an_invited_agent_agrees_and_a_supervisor_hears_all_and_takes_over(page_of, call):
    citizen, agent = call
    other = signed_in(page_of(DESKTOP), "chen.jie")
    agent.presses("邀请第三方")
    agent.page.get_by_label("在线坐席").select_option("chen.jie")
    agent.page.get_by_role("dialog").get_by_role("button", name="邀请", exact=True).click()
    other.sees("邀请您加入通话")
    assert_axe_is_content(other.page)
    other.presses("同意录制并加入")
    comes_to_see(other.page, ".call__remote")
    comes_to_see(citizen.page, "video.second__video")
    reads(citizen.page, "chen.jie已加入通话。")

    chief = signed_in(page_of(DESKTOP), "zhao")
    chief.page.locator("[data-desk=wall]").click()
    chief.presses("旁听通话")
    chief.sees("旁听中，对方听不到也看不到您")
    comes_to_see(chief.page, ".call__remote")
    tiles = chief.page.locator(".call__other:not([hidden]) video")
    tracks = "all => all.map((video) => video.srcObject?.getTracks().length)"
    comes_true(chief.page, lambda: tiles.evaluate_all(tracks) == [2, 2])
    expect(chief.page.get_by_role("button", name="静音")).to_be_hidden()
    assert_axe_is_content(chief.page)
    citizen.sees("主管旁听中")

    chief.page.locator("[data-desk=wall]").click()
    chief.page.locator("bb-desk-wall").get_by_role("button", name="接管").click()
    chief.sees("视频通话中")
    comes_to_see(chief.page, ".call__remote")
    comes_to_see(citizen.page, "video.remote")
    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()
    reads(citizen.page, "接下来由另一位工作人员为您服务。")


@pytest.mark.parametrize("call_media", ["direct"])
def test_between_browsers_there_is_no_third_and_who_takes_over_is_seen_instead_of_the_agent(page_of):
    citizen, agent = in_call(page_of(PHONE), page_of(DESKTOP), "知道了，进入通话")
    expect(agent.page.get_by_role("button", name="邀请第三方")).to_be_hidden()

    chief = signed_in(page_of(DESKTOP), "zhao")
    chief.page.locator("[data-desk=wall]").click()
    chief.sees("浏览器直连")
    expect(chief.page.get_by_role("button", name="旁听通话")).to_have_count(0)
    chief.page.locator("bb-desk-wall").get_by_role("button", name="接管").click()

    chief.sees("视频通话中")
    comes_to_see(chief.page, ".call__remote")
    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()
    comes_to_see(citizen.page, "video.remote")
    expect(citizen.page.locator("bb-call")).to_have_attribute("data-step", "live")
    chief.presses("挂断")
    expect(citizen.page.locator("bb-call")).to_have_attribute("data-step", "ended")
