"""The page without its scripts: switched off, or failing to load."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_service import FakeService
from tests.browser.patience import PATIENCE_MS

pytestmark = pytest.mark.slow

ID_CARD = "身份证丢了怎么补办？要带什么？"


@pytest.fixture(params=["scripts are off", "scripts fail to load"])
def page(request: pytest.FixtureRequest, browser: Browser, service: FakeService) -> Iterator[Page]:
    context = browser.new_context(
        base_url=service.url,
        viewport={"width": 375, "height": 667},
        java_script_enabled=request.param != "scripts are off",
    )
    context.route("**/*.js", lambda route: route.abort())
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def send(page: Page, question: str) -> None:
    page.get_by_label("您的问题").fill(question)
    page.get_by_role("button", name="发送").click()


def test_a_question_is_sent_and_the_answer_read(page: Page):
    send(page, ID_CARD)

    expect(page.get_by_role("heading", name="居民身份证丢失补领")).to_be_visible()
    expect(page.get_by_text("收费，40元/证")).to_be_visible()
    page.get_by_text("查看出处").click()
    expect(page.locator(".sources li")).to_contain_text(["南湖区 · 办事指南第 3 版"])


def test_a_suggested_question_is_asked_by_a_click(page: Page, service: FakeService):
    page.get_by_role("button", name=ID_CARD).click()

    expect(page.get_by_role("heading", name="居民身份证丢失补领")).to_be_visible()
    assert service.conversation.of_kind("citizen_message")[0]["text"] == ID_CARD


def test_choices_are_buttons_and_only_the_open_ones(page: Page):
    send(page, "居住证怎么办？")
    expect(page.locator(".turn--bot .bubble").last).to_have_text("居住证有几种情况，请问您要办哪一种？")
    page.get_by_role("button", name="首次申领居住证").click()

    expect(page.get_by_role("heading", name="居住证首次申领")).to_be_visible()
    expect(page.get_by_role("button", name="居住证签注（每年一次）")).to_have_count(0)


def test_a_person_is_asked_for_in_words(page: Page, service: FakeService):
    page.get_by_role("button", name="找人工").click()

    expect(page.locator(".turn--citizen")).to_contain_text("转人工")
    assert service.conversation.of_kind("citizen_message")[0]["text"] == "转人工"


def test_controls_that_need_the_script_are_not_shown(page: Page):
    expect(page.get_by_role("button", name="大字")).to_have_count(0)
    expect(page.get_by_text("评价这次服务")).to_have_count(0)


def test_the_conversation_can_be_left(page: Page):
    send(page, "谢谢")
    expect(page.locator(".messages")).to_contain_text("不客气")
    page.locator("summary", has_text="设置").click()
    page.get_by_role("button", name="清空并重新开始").click()

    expect(page.locator(".messages .turn")).to_have_count(0)


def test_markup_in_what_is_said_stays_text(page: Page):
    send(page, "<b>粗</b>")

    expect(page.locator(".turn--citizen .bubble")).to_have_text("<b>粗</b>")


def test_the_script_goes_on_with_the_conversation_that_the_form_began(browser: Browser, service: FakeService):
    context = browser.new_context(base_url=service.url)
    context.route("**/*.js", lambda route: route.abort())
    page = context.new_page()
    page.goto("/")
    send(page, "居住证怎么办？")
    expect(page.get_by_role("button", name="首次申领居住证")).to_be_visible()
    context.unroute("**/*.js")
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    citizen = Citizen(page)
    page.get_by_role("button", name="首次申领居住证").click()

    citizen.sees_turns(
        ("citizen", "居住证怎么办？"),
        ("bot", "居住证有几种情况"),
        ("citizen", "首次申领居住证"),
        ("bot", "居住证首次申领"),
    )
    assert len(service.conversations) == 1
    context.close()


def test_the_form_goes_on_with_the_conversation_that_the_script_began(browser: Browser, service: FakeService):
    context = browser.new_context(base_url=service.url)
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")
    context.route("**/*.js", lambda route: route.abort())
    page.goto("/")
    send(page, ID_CARD)

    expect(page.locator(".turn--citizen .bubble")).to_have_text(["谢谢", ID_CARD])
    assert len(service.conversations) == 1
    context.close()
