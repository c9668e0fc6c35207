"""Citizen and agent fill in a form together and it is signed, each in their own page, on the real service.

The database, files and evidence are real; the dialogue and the media are fakes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from core import accounts
from core.ports import User
from core.settings import Settings
from core.statuses import Role
from server import keys
from server.__main__ import main
from server.app import create_app
from tests.browser.agent import Agent
from tests.browser.citizen import Citizen
from tests.browser.conftest import is_breach
from tests.browser.patience import PATIENCE_MS
from tests.browser.real_service import serving
from tests.browser.scripted_replies import reply_to
from tests.fakes import ScriptedEngine
from tests.server.desk_world import FakeMedia

pytestmark = pytest.mark.slow

PICTURES = os.environ.get("BANGBAN_TEST_PICTURES", "")
PASSWORD = "a password that is long enough"
ID_NUMBER = "11010519491231002X"  # the example of GB 11643
CALLS = """
async () => {
  const own = await (await fetch('/api/v1/staff/conversations')).json()
  const { conversation_id: id } = own.conversations[0]
  const body = { method: 'POST', body: '{"mode": "video"}', headers: { 'Content-Type': 'application/json' } }
  await fetch(`/api/v1/staff/conversations/${id}/calls`, body)
}
"""


@dataclass
class Pair:
    """A citizen and the agent who has accepted them."""

    citizen: Citizen
    agent: Agent
    data: Path

    def pictures(self, name: str) -> None:
        """What both see, to be looked at; the citizen's page at a kiosk as well."""
        if not PICTURES:
            return
        for side, page in (("citizen", self.citizen.page), ("agent", self.agent.page)):
            page.screenshot(path=f"{PICTURES}/{name}-{side}.png")
        size = self.citizen.page.viewport_size
        self.citizen.page.set_viewport_size({"width": 1080, "height": 1920})
        self.citizen.page.screenshot(path=f"{PICTURES}/{name}-kiosk.png")
        assert size is not None
        self.citizen.page.set_viewport_size(size)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def url(data: Path) -> Iterator[str]:
    """Where the service runs, in a loop and thread of its own."""
    engine = ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text))
    settings = Settings.load({"data": data, "log_level": "error", "city": "示例市"})
    app = create_app(settings, engine=engine, media=FakeMedia())

    async def prepare() -> None:
        await app[keys.USER_STORE].add(User("li.min", Role.AGENT, accounts.hash_password(PASSWORD)))

    with serving(app, prepare) as url:
        yield url


@pytest.fixture
def pair(browser: Browser, url: str, data: Path) -> Iterator[Pair]:
    """Both pages, in browsers that know nothing of each other. A complaint of one fails the test."""
    complaints: list[str] = []
    contexts = [
        browser.new_context(base_url=url, viewport=viewport, locale="zh-CN", reduced_motion="reduce")
        for viewport in ({"width": 375, "height": 812}, {"width": 1280, "height": 800})
    ]
    opened = [context.new_page() for context in contexts]
    for page in opened:
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    yield Pair(*meet(*opened), data)
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
    agent_page.locator(".states__state--available").click()
    agent.sees("您现在在线")
    citizen_page.goto("/")
    citizen_page.wait_for_selector("bb-chat:defined")
    citizen.asks("身份证丢了怎么补办？要带什么？")
    citizen.sees("居民户口簿")
    citizen.presses("找人工")
    citizen_page.get_by_role("button", name="文字沟通").click()
    agent_page.locator(".waiting").wait_for()
    agent_page.keyboard.press("Alt+a")
    agent_page.locator(".own[aria-current]").wait_for()
    return citizen, agent


def has_no_barriers(page: Page) -> None:
    found = Axe().run(page, context="dialog.paper")
    assert found.violations_count == 0, found.generate_report()


def sheet(page: Page) -> Locator:
    return page.locator("dialog.paper")


def begin_form(pair: Pair, title: str) -> None:
    """The agent begins the form; both have it open."""
    pair.agent.presses("表单")
    pair.agent.page.get_by_role("button", name=title).click()
    pair.citizen.presses("打开填写")
    for page in (pair.citizen.page, pair.agent.page):
        expect(sheet(page).get_by_role("heading", name=title)).to_be_visible()


def field(page: Page, label: str) -> Locator:
    return sheet(page).get_by_label(label)


def sign_by_hand(page: Page) -> None:
    box = page.locator("canvas.signing__sheet").bounding_box()
    assert box is not None
    for begin, end in (((0.1, 0.3), (0.4, 0.8)), ((0.5, 0.2), (0.9, 0.7))):
        page.mouse.move(box["x"] + box["width"] * begin[0], box["y"] + box["height"] * begin[1])
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * end[0], box["y"] + box["height"] * end[1], steps=8)
        page.mouse.up()


def test_both_fill_in_a_form_and_the_citizen_signs_it(pair: Pair):
    citizen, agent = pair.citizen.page, pair.agent.page
    begin_form(pair, "情况说明（承诺书）")
    field(citizen, "姓名").fill("张三")
    expect(field(agent, "姓名")).to_have_value("张三")
    expect(sheet(agent).get_by_text("对方正在填…")).to_be_visible()
    expect(field(agent, "姓名")).not_to_be_editable()
    pair.pictures("filling")
    field(citizen, "身份证号").fill("110105194912310021")
    expect(field(agent, "姓名")).to_be_editable()
    field(citizen, "联系电话").fill("138 0000 0000")
    expect(sheet(citizen).get_by_text("有一位不对")).to_be_visible()
    pair.pictures("wrong")
    for page in (citizen, agent):
        has_no_barriers(page)
    field(agent, "办理事项").fill("居住证补领")
    field(agent, "情况说明").fill("原居住证遗失。\n已登报。")
    expect(field(citizen, "情况说明")).to_have_value("原居住证遗失。\n已登报。")
    pair.agent.presses("定稿")
    expect(sheet(agent).get_by_role("alert")).to_contain_text("还有栏目没填好")
    pair.pictures("problem")
    field(agent, "身份证号").fill(ID_NUMBER)
    pair.citizen.presses("填好了")  # their cursor is in a field: nobody finishes while they may be typing
    expect(sheet(agent).get_by_text("对方正在填…")).to_have_count(0)
    pair.agent.presses("定稿")

    for page in (citizen, agent):
        expect(sheet(page).get_by_text("已定稿，内容不再改变")).to_be_visible()
        expect(sheet(page).get_by_text(ID_NUMBER)).to_be_visible()
    pair.pictures("finished")
    pair.agent.presses("请市民签名")
    expect(sheet(citizen).get_by_role("heading", name="请签名：情况说明（承诺书）")).to_be_visible()
    expect(sheet(citizen).get_by_text("以上说明属实")).to_be_visible()
    pair.citizen.presses("提交签名")
    expect(citizen.locator("bb-signing").get_by_role("alert")).to_contain_text("请先签名")
    citizen.locator("canvas.signing__sheet").scroll_into_view_if_needed()
    sign_by_hand(citizen)
    pair.pictures("signing")
    has_no_barriers(citizen)
    pair.citizen.presses("提交签名")
    for page in (citizen, agent):
        expect(sheet(page).get_by_role("img", name="手写签名")).to_be_visible()
    pair.pictures("signed")

    citizen.evaluate(
        "() => { window.print = () => { window.sheet = document.querySelector('.print-sheet').innerText } }"
    )
    citizen.emulate_media(media="print")
    pair.citizen.presses("打印")
    assert ID_NUMBER in citizen.evaluate("window.sheet")
    expect(sheet(citizen)).to_be_hidden()  # on paper is the form, and nothing of the page around it
    citizen.evaluate("document.documentElement.dataset.theme = 'dark'")
    ink = citizen.locator(".print-sheet dt").first.evaluate("dt => getComputedStyle(dt).color")
    assert ink == "rgb(51, 51, 51)", "paper is white in every theme"
    pair.pictures("printed")

    [chain] = (pair.data / "evidence").glob("signature-*.jsonl")
    assert main(["evidence", "verify", str(chain), "--files", str(pair.data / "files")]) == 0


def test_nothing_that_was_typed_is_lost_with_the_network(pair: Pair):
    citizen, agent = pair.citizen.page, pair.agent.page
    begin_form(pair, "预约登记")
    field(citizen, "需要的帮助").focus()
    citizen.context.set_offline(True)
    field(citizen, "需要的帮助").fill("轮椅")
    expect(sheet(citizen).get_by_text("网络断开，已记下")).to_be_visible()
    field(citizen, "姓名").fill("张三")
    field(agent, "姓名").fill("李四")  # meanwhile the agent's words are there first
    field(agent, "联系电话").focus()
    citizen.context.set_offline(False)

    expect(field(agent, "需要的帮助")).to_have_value("轮椅")
    expect(sheet(citizen).get_by_text("您写的是：「张三」")).to_be_visible()
    expect(field(citizen, "姓名")).to_have_value("李四")
    pair.pictures("late")
    pair.citizen.presses("改用我写的")
    expect(field(agent, "姓名")).to_have_value("张三")


def test_a_name_can_be_typed_instead_and_signing_can_be_declined(pair: Pair):
    citizen, agent = pair.citizen.page, pair.agent.page
    for answer in ("typed", "declined"):
        begin_form(pair, "预约登记")
        for label, value in (("姓名", "张三"), ("联系电话", "13800000000"), ("希望哪一天", "2026-12-01")):
            field(citizen, label).fill(value)
        field(citizen, "办理事项").fill("居住证")
        field(citizen, "上午还是下午").select_option("上午")
        pair.citizen.presses("填好了")
        expect(sheet(citizen).get_by_text("都填好了，请告诉工作人员")).to_be_visible()
        pair.agent.presses("定稿")
        pair.agent.presses("请市民签名")
        if answer == "typed":
            citizen.get_by_text("不方便手写？").click()
            citizen.get_by_label("您的姓名").fill("张三")
            pair.citizen.presses("以姓名确认")
            for page in (citizen, agent):
                expect(sheet(page).get_by_text("不是手写签名").first).to_be_visible()
            pair.pictures("typed")
        else:
            pair.citizen.presses("不签")
            expect(sheet(agent).get_by_text("市民没有签。")).to_be_visible()
        for page in (citizen, agent):
            sheet(page).get_by_role("button", name="关闭").click()
    expect(agent.locator("bb-desk-talk .log")).to_contain_text("市民不签：预约登记")


def test_on_the_call_page_a_form_opens_by_itself_and_a_page_loaded_anew_has_it_again(pair: Pair):
    citizen, agent = pair.citizen.page, pair.agent.page
    agent.evaluate(CALLS)  # the agent's part in the call itself is tested elsewhere, and needs a camera
    citizen.locator("a[href^='/call/']").first.click()
    citizen.wait_for_selector("bb-call:defined")
    citizen.get_by_role("heading").first.wait_for()
    pair.agent.presses("表单")
    agent.get_by_role("button", name="预约登记").click()

    expect(sheet(citizen).get_by_role("heading", name="预约登记")).to_be_visible()
    pair.pictures("call")
    field(citizen, "姓名").fill("张三")
    expect(field(agent, "姓名")).to_have_value("张三")

    # Loaded anew, the page has the form again.
    citizen.goto("/")
    citizen.wait_for_selector("bb-chat:defined")
    pair.citizen.presses("打开填写")
    expect(field(citizen, "姓名")).to_have_value("张三")
