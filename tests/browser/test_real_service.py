"""The page on the real service, whose stores and dialogue are fakes: both keep the same contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from server.app import create_app
from tests.browser.citizen import Citizen
from tests.browser.conftest import is_breach
from tests.browser.real_service import serving
from tests.browser.scripted_replies import reply_to
from tests.desk_fakes import in_memory_stores
from tests.fakes import ScriptedEngine

pytestmark = pytest.mark.slow

ID_CARD = "身份证丢了怎么补办？要带什么？"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where the service runs, in a loop and thread of its own."""
    engine = ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text))
    app = create_app(
        Settings.load({"data": tmp_path / "var", "log_level": "error", "city": "示例市"}),
        stores=in_memory_stores(),
        engine=engine,
    )

    with serving(app) as url:
        yield url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=url, viewport={"width": 375, "height": 667})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    yield page

    assert complaints == []
    context.close()


def test_asking_picking_and_small_talk(page: Page):
    citizen = Citizen(page)
    citizen.asks("居住证怎么办？")
    citizen.sees("请问您要办哪一种")
    citizen.asks("谢谢")
    citizen.sees("不客气")
    page.get_by_role("button", name="首次申领居住证").click()

    citizen.sees_turns(
        ("citizen", "居住证怎么办？"),
        ("bot", "居住证有几种情况"),
        ("citizen", "谢谢"),
        ("bot", "不客气"),
        ("citizen", "首次申领居住证"),
        ("bot", "居住证首次申领"),
    )


def test_a_reload_restores_the_conversation_and_watching_goes_on(page: Page):
    citizen = Citizen(page)
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    with page.expect_websocket() as watched:
        page.reload()
    citizen.sees_turns(("citizen", ID_CARD), ("bot", "居民身份证丢失补领"))
    with watched.value.expect_event("framereceived"):
        citizen.asks("谢谢")

    citizen.sees_turns(
        ("citizen", ID_CARD), ("bot", "居民身份证丢失补领"), ("citizen", "谢谢"), ("bot", "不客气")
    )


def test_a_person_and_a_rating(page: Page):
    citizen = Citizen(page)
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    for _ in range(2):
        citizen.presses("找人工")
        page.get_by_role("button", name="视频帮办").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
    citizen.sees("您的视频帮办需求已经登记过了")
    page.get_by_text("评价这次服务").click()
    page.get_by_label("基本满意").check()
    citizen.presses("提交评价")

    citizen.sees("您的评价：基本满意")


def test_starting_afresh_is_remembered(page: Page):
    citizen = Citizen(page)
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    citizen.chooses_setting("清空并重新开始")
    citizen.presses("清空")
    citizen.sees_turns()
    page.reload()
    page.wait_for_selector("bb-chat:defined")

    citizen.sees_turns()


def test_the_plain_form_works_on_the_service_as_well(browser: Browser, url: str):
    context = browser.new_context(base_url=url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("您的问题").fill("居住证怎么办？")
    page.get_by_role("button", name="发送").click()
    page.get_by_role("button", name="首次申领居住证").click()
    expect(page.get_by_role("heading", name="居住证首次申领")).to_be_visible()
    page.get_by_label("您的问题").evaluate("field => field.removeAttribute('maxlength')")
    page.get_by_label("您的问题").fill("字" * 3000)
    page.get_by_role("button", name="发送").click()

    expect(page.get_by_role("status")).to_contain_text("您发的内容太长了，请分几次说。")
    assert len(page.get_by_label("您的问题").input_value()) == 3000
    context.close()
