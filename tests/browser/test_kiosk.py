"""At a kiosk: what is pressed can be reached by who stands or sits before it, and is large."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_call import FakeDesk
from tests.browser.test_accessibility import wear
from tests.browser.test_call_page import browser, context, enter, go_live, press
from tests.browser.test_showing import FEE, PICTURE, loaded, panel, service
from tests.browser.test_waiting import ask_for_person

pytestmark = pytest.mark.slow

__all__ = ["browser", "context", "service"]  # fixtures

WIDE, HIGH = 1080, 1920
REACH = 0.3
"""Above that part of an upright screen nobody in a wheelchair gets."""

FINGER = 60
"""Pixels."""

PRESSED = ":is(button, summary, select, textarea, a.button):visible"


@pytest.fixture(params=["light", "large print"])
def kiosk(page: Page, request: pytest.FixtureRequest) -> Page:
    """The chat page on an upright screen."""
    page.set_viewport_size({"width": WIDE, "height": HIGH})
    wear(page, request.param)
    return page


def everything_is_within_reach(page: Page) -> None:
    boxes = page.locator(PRESSED).evaluate_all(
        """all => all.map(e => [
             e.textContent.trim() || e.ariaLabel || e.name, e.getBoundingClientRect().toJSON()
           ])"""
    )
    assert boxes
    assert [name for name, box in boxes if box["top"] < HIGH * REACH] == []
    assert [name for name, box in boxes if box["bottom"] > HIGH or box["right"] > WIDE] == []
    assert [name for name, box in boxes if box["height"] < FINGER] == []


def test_the_chat_begins_and_is_set_within_reach(kiosk: Page):
    everything_is_within_reach(kiosk)
    top = kiosk.locator(".about").bounding_box()
    assert top is not None
    assert top["y"] < HIGH * 0.3, "the upper part says what can be asked"

    kiosk.get_by_label("更多设置").click()
    everything_is_within_reach(kiosk)


def test_an_answer_takes_the_whole_width_and_is_rated_within_reach(kiosk: Page):
    citizen = Citizen(kiosk)
    citizen.asks("身份证丢了怎么补办？要带什么？")
    citizen.sees("居民户口簿")
    card = kiosk.locator(".card").first.bounding_box()
    assert card is not None
    assert card["width"] > WIDE * 0.85
    kiosk.get_by_text("评价这次服务").click()

    expect(kiosk.get_by_role("button", name="提交评价")).to_be_in_viewport(ratio=1)
    grades = kiosk.locator(".grade").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert len(grades) == 5
    assert min(grades) >= FINGER


def test_a_call_is_begun_held_and_ended_within_reach(kiosk: Page, service: FakeDesk):
    ask_for_person(Citizen(kiosk), "视频帮办")
    service.agent_takes()
    service.agent_rings()
    expect(kiosk.get_by_role("link", name="进入视频通话")).to_be_in_viewport(ratio=1)
    enter(kiosk)
    expect(kiosk.get_by_role("button", name="打开摄像头和麦克风")).to_be_visible()
    everything_is_within_reach(kiosk)
    press(kiosk, "打开摄像头和麦克风")
    expect(kiosk.get_by_role("heading", name="检查结果")).to_be_visible()
    everything_is_within_reach(kiosk)
    press(kiosk, "看得到、听得到，下一步")
    expect(kiosk.get_by_role("heading", name="是否同意录音录像")).to_be_visible()
    everything_is_within_reach(kiosk)
    press(kiosk, "同意录制，进入通话")
    expect(kiosk.locator("bb-call-room[data-step=live]")).to_be_visible()
    expect(kiosk.get_by_role("button", name="停止录制")).to_be_visible()
    everything_is_within_reach(kiosk)
    press(kiosk, "挂断")
    press(kiosk, "结束")
    expect(kiosk.get_by_role("heading", name="通话已结束")).to_be_visible()
    everything_is_within_reach(kiosk)


def test_what_is_shown_is_closed_within_reach(kiosk: Page, service: FakeDesk):
    ask_for_person(Citizen(kiosk), "视频帮办")
    service.agent_takes()
    service.log("file", PICTURE)
    kiosk.get_by_role("button", name="放大查看：样表.jpg").click()
    loaded(kiosk.locator(".viewer img"))
    is_low(kiosk.locator(".viewer").get_by_role("button", name="关闭"))
    kiosk.keyboard.press("Escape")
    service.agent_rings()
    enter(kiosk)
    go_live(kiosk)
    service.agent_shows(what="file", **PICTURE)
    loaded(panel(kiosk).locator("img"))
    everything_is_within_reach(kiosk)
    service.agent_shows(**FEE)
    expect(panel(kiosk)).to_contain_text("住房租赁合同")

    is_low(panel(kiosk).get_by_role("button", name="关闭"))


def is_low(button: Locator) -> None:
    box = button.bounding_box()
    assert HIGH * REACH < box["y"] < HIGH - FINGER
