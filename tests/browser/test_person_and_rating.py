"""Asking for a person, and rating the service."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_service import NOTICE, FakeService

pytestmark = pytest.mark.slow

ID_CARD = "身份证丢了怎么补办？要带什么？"


def test_a_person_can_be_asked_for_at_every_moment(citizen: Citizen, page: Page):
    button = page.get_by_role("button", name="找人工", exact=True)
    expect(button).to_be_in_viewport()

    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    expect(button).to_be_in_viewport()


@pytest.mark.parametrize(("button", "mode"), [("文字沟通", "text"), ("视频帮办", "video")])
def test_the_wish_goes_out_with_mode_and_topic_and_the_notice_is_shown(
    citizen: Citizen, page: Page, service: FakeService, button: str, mode: str
):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    citizen.presses("找人工")
    dialog = page.get_by_role("dialog", name="找工作人员")
    expect(dialog.get_by_label("想办什么事")).to_have_value("南湖区·居民身份证丢失补领")
    dialog.get_by_role("button", name=button).click()

    citizen.sees(NOTICE[:20])
    expect(dialog).to_be_hidden()
    assert service.conversation.of_kind("handover") == [
        {"mode": mode, "topic": "南湖区·居民身份证丢失补领", "position": 2}
    ]


def test_a_person_can_be_asked_for_before_anything_else(citizen: Citizen, page: Page, service: FakeService):
    citizen.presses("找人工")
    page.get_by_role("button", name="文字沟通").click()

    citizen.sees_turns(("line", "已登记人工服务"), ("line", NOTICE[:12]))


def test_asking_again_is_answered_although_nothing_changes(citizen: Citizen, page: Page):
    for _ in range(2):
        citizen.presses("找人工")
        page.get_by_role("button", name="文字沟通").click()
        expect(page.get_by_role("dialog")).to_be_hidden()

    citizen.sees_turns(("line", "已登记人工服务"), ("line", NOTICE[:12]), ("line", NOTICE[:12]))


def test_a_failure_is_told_inside_the_dialog_and_can_be_tried_again(
    citizen: Citizen, page: Page, service: FakeService
):
    service.faults.statuses = [(503, 0)] * 4
    citizen.presses("找人工")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="文字沟通").click()
    expect(dialog).to_contain_text("系统正忙，请稍后重试，或拨打热线 12345")

    dialog.get_by_role("button", name="文字沟通").click()
    expect(dialog).to_be_hidden()
    citizen.sees(NOTICE[:20])


def test_escape_closes_the_dialog_and_gives_the_focus_back(citizen: Citizen, page: Page):
    button = page.get_by_role("button", name="找人工", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_the_service_is_rated_after_an_answer_in_the_official_grades(
    citizen: Citizen, page: Page, service: FakeService
):
    expect(page.get_by_text("评价这次服务")).to_be_hidden()
    citizen.asks(ID_CARD)
    page.get_by_text("评价这次服务").click()
    page.get_by_label("非常满意", exact=True).check()
    page.get_by_label("想说的话").fill("说得很清楚")
    citizen.presses("提交评价")

    citizen.sees("您的评价：非常满意")
    expect(citizen.status).to_contain_text("谢谢您的评价")
    assert service.conversation.of_kind("rating") == [{"score": 5, "comment": "说得很清楚"}]


def test_a_rating_without_a_grade_is_asked_for(citizen: Citizen, page: Page, service: FakeService):
    citizen.asks(ID_CARD)
    page.get_by_text("评价这次服务").click()
    citizen.presses("提交评价")

    expect(citizen.status).to_contain_text("请先选择满意程度")
    assert service.conversation.of_kind("rating") == []
