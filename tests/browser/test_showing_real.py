"""An agent shows a citizen a photo and points at it, and the citizen points back: on the real service."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import test_agent_real_service as real
from tests.browser.test_agent_real_service import meet
from tests.browser.test_showing import PHOTO, loaded, panel, share_of

pytestmark = pytest.mark.slow

settings, url, browser, pages = real.settings, real.url, real.browser, real.pages


def test_a_photo_is_sent_shown_pointed_at_from_both_sides_and_closed(pages: tuple[Page, Page]):
    citizen, agent = meet(*pages)
    with citizen.page.expect_file_chooser() as chooser:
        citizen.presses("发照片或文件")
    chooser.value.set_files({"name": "租赁合同.jpg", "mimeType": "image/jpeg", "buffer": PHOTO})
    loaded(citizen.page.get_by_role("button", name="放大查看：租赁合同.jpg").locator("img"))
    loaded(agent.page.get_by_role("button", name="放大查看：租赁合同.jpg").locator("img"))

    agent.presses("给对方看：租赁合同.jpg")
    at_desk = agent.page.get_by_role("region", name="正在给对方看")
    loaded(panel(citizen.page).locator("img"))
    loaded(at_desk.locator("img"))
    at_desk.get_by_role("button", name="旋转").click()
    room = at_desk.locator(".picture__room").bounding_box()
    agent.page.mouse.click(room["x"] + room["width"] * 0.2, room["y"] + room["height"] * 0.1)

    expect(panel(citizen.page)).to_contain_text("对方指着左下角")
    assert share_of(citizen.page, ".finger--other") == pytest.approx((0.1, 0.8), abs=0.03)
    citizen.page.locator(".picture__stage").focus()
    citizen.page.keyboard.press("ArrowUp")
    expect(at_desk).to_contain_text("对方指着正中间")
    panel(citizen.page).get_by_role("button", name="关闭").click()
    expect(at_desk).to_have_count(0)
    agent.sees("对方关上了展示")
    citizen.sees("工作人员请您看：租赁合同.jpg")
