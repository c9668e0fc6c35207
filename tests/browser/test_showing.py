"""What an agent shows on the citizen's page, pointing at it, and pictures seen large."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_call import FakeDesk
from tests.browser.patience import comes_true
from tests.browser.test_accessibility import LOOKS, assert_axe_is_content, wear
from tests.browser.test_waiting import ask_for_person
from tests.server.picture_samples import encoded
from tests.server.picture_samples import page as sheet_of_paper

pytestmark = pytest.mark.slow

PHOTO = encoded(sheet_of_paper(600, 900))
PICTURE = {"file_id": "f9", "name": "样表.jpg", "media_type": "image/jpeg", "size": len(PHOTO), "by": "agent"}
FEE = {
    "what": "element",
    "guide_id": "g7",
    "version": 3,
    "title": "居住证首次申领",
    "district": "南湖区",
    "situation": "",
    "element": "materials",
    "label": "所需材料",
    "lines": ["1. 居民身份证（原件）", "2. 住房租赁合同", "3. 近期证件照"],
}


@pytest.fixture
def service() -> Iterator[FakeDesk]:
    service = FakeDesk()
    service.picture = PHOTO
    service.start()
    yield service
    service.stop()


@pytest.fixture
def served(citizen: Citizen, service: FakeDesk) -> Citizen:
    """The citizen is with an agent."""
    ask_for_person(citizen, "文字沟通")
    service.agent_takes()
    citizen.sees("李敏")
    return citizen


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="工作人员请您看")


def loaded(image: Locator) -> None:
    """The picture is there. Not by `wait_for_function`: the content policy forbids it to evaluate text."""
    comes_true(image.page, lambda: image.evaluate("image => image.naturalWidth") > 1)


def share_of(page: Page, finger: str) -> tuple[float, float]:
    """Where the middle of a marker is, from 0 to 1 of the picture as it lies there."""
    x, y = page.locator(finger).evaluate(
        """finger => {
             const box = finger.getBoundingClientRect()
             const room = finger.closest('.picture__room').getBoundingClientRect()
             return [
               (box.x + box.width / 2 - room.x) / room.width, (box.y + box.height / 2 - room.y) / room.height
             ]
           }"""
    )
    return x, y


def points(service: FakeDesk) -> list[dict]:
    return [message for message in service.desk.heard if message["type"] == "point"]


# --- thumbnails and the viewer ---------------------------------------------------------------------


def test_a_picture_of_the_agent_is_a_thumbnail_that_opens_large(
    served: Citizen, page: Page, service: FakeDesk
):
    service.log("file", PICTURE)
    thumbnail = page.get_by_role("button", name="放大查看：样表.jpg")
    loaded(thumbnail.locator("img"))
    assert thumbnail.bounding_box()["height"] <= 260
    thumbnail.click()

    viewer = page.get_by_role("dialog", name="样表.jpg")
    expect(viewer.get_by_role("region", name="样表.jpg")).to_be_focused()
    loaded(viewer.locator("img"))
    assert viewer.locator(".picture__room").bounding_box()["height"] > 350
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(thumbnail).to_be_focused()


def test_a_file_that_cannot_be_had_is_said_when_it_is_wanted_and_nothing_else_is_lost(
    served: Citizen, page: Page, service: FakeDesk
):
    gone = {"code": "not_found", "message": "", "request_id": "r"}
    page.route("**/files/*", lambda route: route.fulfill(status=404, json={"error": gone}))
    with page.expect_response("**/files/*"):
        service.log("file", PICTURE)  # the page would have liked to show it small
    button = page.get_by_role("button", name="图片，点开查看")
    expect(button).to_be_visible()
    expect(served.status).not_to_contain_text("没有打开")
    button.click()

    expect(served.status).to_contain_text("没有打开，请稍后再点一次")
    assert len(service.conversations) == 1
    page.unroute("**/files/*")
    button.click()
    loaded(page.get_by_role("dialog", name="样表.jpg").locator("img"))


def test_a_picture_is_zoomed_and_turned_by_buttons_and_keys(served: Citizen, page: Page, service: FakeDesk):
    service.log("file", PICTURE)
    page.get_by_role("button", name="放大查看：样表.jpg").click()
    room = page.locator(".picture__room")
    loaded(page.locator(".viewer img"))
    whole = room.bounding_box()
    served.presses("放大")
    larger = room.bounding_box()
    assert larger["width"] == pytest.approx(whole["width"] * 1.5, abs=3)
    page.get_by_role("region", name="样表.jpg").focus()
    page.keyboard.press("0")
    page.keyboard.press("r")
    turned = room.bounding_box()
    assert turned["width"] / turned["height"] == pytest.approx(1.5, abs=0.02)
    served.presses("旋转")

    assert room.bounding_box()["height"] == pytest.approx(whole["height"], abs=3)


def test_a_large_picture_is_fetched_when_it_is_wanted(served: Citizen, page: Page, service: FakeDesk):
    service.log("file", {**PICTURE, "size": 5_000_000})
    page.get_by_role("button", name="图片，点开查看").click()

    loaded(page.get_by_role("dialog", name="样表.jpg").locator("img"))


# --- what is shown ---------------------------------------------------------------------------------


def test_a_shown_picture_opens_beside_the_conversation_and_takes_no_focus(
    served: Citizen, page: Page, service: FakeDesk
):
    served.field.fill("我正在写")
    service.agent_shows(what="file", **PICTURE)
    expect(panel(page)).to_be_visible()
    loaded(panel(page).locator("img"))

    expect(panel(page)).to_be_in_viewport(ratio=1)
    expect(served.field).to_be_focused()
    expect(served.field).to_be_in_viewport()
    expect(served.status).to_contain_text("工作人员请您看：样表.jpg")
    served.sees("工作人员请您看：样表.jpg")


def test_the_citizen_closes_it_by_button_or_escape_and_the_agent_learns_of_it(
    served: Citizen, page: Page, service: FakeDesk
):
    first = service.agent_shows(what="file", **PICTURE)
    panel(page).get_by_role("button", name="关闭").click()
    expect(panel(page)).to_have_count(0)
    comes_true(page, lambda: service.desk.closed)
    second = service.agent_shows(**FEE)
    panel(page).get_by_role("button", name="关闭").focus()
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(served.field).to_be_focused()

    comes_true(page, lambda: len(service.desk.closed) == 2)
    assert service.desk.closed == [first, second]


def test_it_closes_when_the_agent_takes_it_away_or_leaves(served: Citizen, page: Page, service: FakeDesk):
    show = service.agent_shows(what="file", **PICTURE)
    expect(panel(page)).to_be_visible()
    service.log("show_ended", {"show": show, "by": "agent"})
    expect(panel(page)).to_have_count(0)
    service.agent_shows(**FEE)
    expect(panel(page)).to_be_visible()
    service.agent_hands_back()

    expect(panel(page)).to_have_count(0)


def test_a_reload_opens_what_is_still_shown_and_nothing_else(served: Citizen, page: Page, service: FakeDesk):
    service.agent_shows(what="file", **PICTURE)
    show = service.agent_shows(**FEE)
    expect(panel(page)).to_contain_text("居住证首次申领 所需材料")
    page.reload()
    expect(panel(page)).to_contain_text("2. 住房租赁合同")
    service.log("show_ended", {"show": show, "by": "agent"})
    expect(panel(page)).to_have_count(0)
    page.reload()
    served.sees("工作人员请您看：居住证首次申领 所需材料")

    expect(panel(page)).to_have_count(0)


def test_a_pdf_is_opened_by_a_button(served: Citizen, page: Page, service: FakeDesk):
    pdf = {**PICTURE, "name": "申请表.pdf", "media_type": "application/pdf"}
    service.agent_shows(what="file", **pdf)
    with page.expect_download() as download:
        panel(page).get_by_role("button", name="打开文件").click()

    assert download.value.suggested_filename == "申请表.pdf"


# --- pointing --------------------------------------------------------------------------------------


def test_the_agents_finger_is_seen_at_the_same_spot_and_told_in_words(
    served: Citizen, page: Page, service: FakeDesk
):
    show = service.agent_shows(what="file", **PICTURE)
    loaded(panel(page).locator("img"))
    service.agent_points(show, x=0.2, y=0.9)

    expect(panel(page)).to_contain_text("对方指着左下角")
    assert share_of(page, ".finger--other") == pytest.approx((0.2, 0.9), abs=0.02)
    expect(served.status).to_contain_text("对方指着左下角")
    panel(page).get_by_role("button", name="旋转").click()
    assert share_of(page, ".finger--other") == pytest.approx((0.1, 0.2), abs=0.02)
    service.agent_points(show, away=True)
    expect(page.locator(".finger--other")).to_be_hidden()


def test_a_finger_outside_of_what_is_seen_is_brought_into_view(
    served: Citizen, page: Page, service: FakeDesk
):
    show = service.agent_shows(what="file", **PICTURE)
    loaded(panel(page).locator("img"))
    for _ in range(4):
        panel(page).get_by_role("button", name="放大").click()
    service.agent_points(show, x=0.95, y=0.95)
    expect(page.locator(".finger--other")).to_be_visible()

    expect(page.locator(".finger--other")).to_be_in_viewport()
    finger, stage = page.locator(".finger--other").evaluate(
        """finger => [finger, finger.closest('.picture__stage')]
             .map((each) => each.getBoundingClientRect().toJSON())"""
    )
    assert stage["left"] <= finger["left"] + 1
    assert finger["right"] <= stage["right"] + 1
    assert finger["bottom"] <= stage["bottom"] + 1


def test_a_finger_at_something_else_is_nothing_here(served: Citizen, page: Page, service: FakeDesk):
    show = service.agent_shows(what="file", **PICTURE)
    loaded(panel(page).locator("img"))
    service.agent_points(show, x=0.5, y=0.5)
    expect(panel(page)).to_contain_text("对方指着正中间")
    service.agent_points(show + 7, x=0.2, y=0.9)
    service.log("agent_message", {"text": "就是这里", "agent": "李敏"})  # comes after the finger
    served.sees("就是这里")

    expect(panel(page)).to_contain_text("对方指着正中间")


def test_the_citizen_points_back_by_press_whatever_way_the_picture_is_turned(
    served: Citizen, page: Page, service: FakeDesk
):
    show = service.agent_shows(what="file", **PICTURE)
    loaded(panel(page).locator("img"))
    panel(page).get_by_role("button", name="旋转").click()
    room = page.locator(".picture__room").bounding_box()
    page.mouse.click(room["x"] + room["width"] * 0.9, room["y"] + room["height"] * 0.2)
    page.locator(".finger--own").wait_for()
    wait_for_points(page, service, 1)

    [sent] = points(service)
    assert sent["show"] == show
    assert (sent["x"], sent["y"]) == (pytest.approx(0.2, abs=0.02), pytest.approx(0.1, abs=0.02))


def test_the_citizen_points_back_by_keys(served: Citizen, page: Page, service: FakeDesk):
    service.agent_shows(what="file", **PICTURE)
    loaded(panel(page).locator("img"))
    page.locator(".picture__stage").focus()
    page.keyboard.press("ArrowRight")
    wait_for_points(page, service, 1)
    page.keyboard.press("Shift+ArrowRight")
    wait_for_points(page, service, 2)
    page.keyboard.press("Escape")
    wait_for_points(page, service, 3)

    assert [{k: v for k, v in sent.items() if k not in {"type", "show"}} for sent in points(service)] == [
        {"x": 0.5, "y": 0.5},
        {"x": 0.6, "y": 0.5},
        {"away": True},
    ]
    expect(panel(page)).to_be_visible()  # Escape took the finger away, not the picture


def test_lines_of_a_guide_are_pointed_at_from_both_sides(served: Citizen, page: Page, service: FakeDesk):
    show = service.agent_shows(**FEE)
    service.agent_points(show, line=1)
    line = panel(page).get_by_role("button", name="2. 住房租赁合同")
    expect(line).to_contain_text("对方指着")
    expect(served.status).to_contain_text("对方指着：2. 住房租赁合同")
    panel(page).get_by_role("button", name="1. 居民身份证").click()
    wait_for_points(page, service, 1)
    page.keyboard.press("ArrowDown")
    wait_for_points(page, service, 2)

    assert [sent["line"] for sent in points(service)] == [0, 1]
    expect(line).to_have_attribute("aria-pressed", "true")


def wait_for_points(page: Page, service: FakeDesk, count: int) -> None:
    comes_true(page, lambda: len(points(service)) >= count)


# --- for everybody ---------------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_in_what_is_shown(
    served: Citizen, page: Page, service: FakeDesk, look: str
):
    service.log("file", PICTURE)
    show = service.agent_shows(what="file", **PICTURE)
    wear(page, look)
    loaded(panel(page).locator("img"))
    service.agent_points(show, x=0.2, y=0.9)
    expect(panel(page)).to_contain_text("对方指着左下角")
    assert_axe_is_content(page)
    show = service.agent_shows(**FEE)
    service.agent_points(show, line=1)
    expect(panel(page)).to_contain_text("对方指着：")
    assert_axe_is_content(page)
    panel(page).get_by_role("button", name="关闭").click()
    page.get_by_role("button", name="放大查看：样表.jpg").click()
    loaded(page.get_by_role("dialog").locator("img"))

    assert_axe_is_content(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]
