"""The agent shows the citizen a file or an element of the guide, and points at it."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.agent import Agent
from tests.browser.fake_desk import FakeChat, FakeDeskService
from tests.browser.held_routes import into
from tests.browser.patience import comes_true
from tests.browser.test_accessibility import SIZES, assert_axe_is_content
from tests.browser.test_showing import PHOTO, PICTURE, loaded, share_of

pytestmark = pytest.mark.slow

FROM_CITIZEN = {**PICTURE, "by": "citizen", "name": "租赁合同.jpg"}


@pytest.fixture
def chat(desk: FakeDeskService) -> FakeChat:
    """A conversation in which the citizen has sent a photo."""
    desk.picture = PHOTO
    chat = desk.agent_has()
    desk.log(chat, "file", FROM_CITIZEN, quietly=True)
    return chat


@pytest.fixture
def at_desk(agent: Agent, desk: FakeDeskService, chat: FakeChat) -> Agent:
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    return agent


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="正在给对方看")


def shows_photo(agent: Agent) -> Locator:
    agent.presses("给对方看：租赁合同.jpg")
    loaded(panel(agent.page).locator("img"))
    return panel(agent.page)


def points(desk: FakeDeskService, count: int, page: Page) -> list[dict]:
    """What the page has sent, once so many points have come."""

    def sent() -> list[dict]:
        return [signal for signal in desk.done.signals if signal["type"] == "point"]

    comes_true(page, lambda: len(sent()) >= count)
    return sent()


def test_a_citizens_picture_is_a_thumbnail_that_opens_large(at_desk: Agent):
    thumbnail = at_desk.page.get_by_role("button", name="放大查看：租赁合同.jpg")
    loaded(thumbnail.locator("img"))
    thumbnail.click()

    viewer = at_desk.page.get_by_role("dialog", name="租赁合同.jpg")
    loaded(viewer.locator("img"))
    at_desk.page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(thumbnail).to_be_focused()


def test_a_file_is_shown_and_taken_away(at_desk: Agent, desk: FakeDeskService):
    shown = shows_photo(at_desk)
    at_desk.sees("给对方看：租赁合同.jpg")
    shown.get_by_role("button", name="收起").click()
    expect(shown).to_have_count(0)

    assert desk.done.of("shows") == [{"file_id": "f9"}]
    assert len(desk.done.of("close-show")) == 1
    at_desk.sees("收起了展示")


def test_it_closes_when_the_citizen_has_seen_enough(at_desk: Agent, desk: FakeDeskService, chat: FakeChat):
    shown = shows_photo(at_desk)
    desk.log(chat, "show_ended", {"show": chat.events[-1]["sequence"], "by": "citizen"})

    expect(shown).to_have_count(0)
    at_desk.sees("对方关上了展示")


def test_elements_of_the_guide_are_shown_in_the_situation_that_is_chosen(
    at_desk: Agent, desk: FakeDeskService
):
    at_desk.page.get_by_label("情形").select_option(label="他人代为领取")
    at_desk.presses("给对方看：材料")
    expect(panel(at_desk.page)).to_contain_text("居民身份证丢失补领 所需材料")
    at_desk.presses("给对方看：收费")
    expect(panel(at_desk.page)).to_contain_text("40元/证")

    assert [(body["element"], body["situation"]) for body in desk.done.of("shows")] == [
        ("materials", "他人代为领取"),
        ("fee", "他人代为领取"),
    ]


def test_what_cannot_be_shown_is_said(at_desk: Agent, desk: FakeDeskService):
    desk.refusals = [(409, "conflict", "内容已有变化，请刷新后再试。")]
    at_desk.presses("给对方看：收费")

    at_desk.sees("内容已有变化")
    expect(panel(at_desk.page)).to_have_count(0)


def test_a_press_on_the_picture_points_at_that_spot_of_the_picture_as_it_is(
    at_desk: Agent, desk: FakeDeskService, chat: FakeChat
):
    shown = shows_photo(at_desk)
    shown.get_by_role("button", name="旋转").click()
    room = shown.locator(".picture__room").bounding_box()
    at_desk.page.mouse.click(room["x"] + room["width"] * 0.25, room["y"] + room["height"] * 0.8)
    [sent] = points(desk, 1, at_desk.page)

    assert (sent["conversation_id"], sent["show"]) == (chat.id, chat.events[-1]["sequence"])
    assert (sent["x"], sent["y"]) == (pytest.approx(0.8, abs=0.02), pytest.approx(0.75, abs=0.02))
    assert share_of(at_desk.page, ".finger--own") == pytest.approx((0.25, 0.8), abs=0.02)


def test_arrow_keys_move_the_marker_and_escape_takes_it_away(at_desk: Agent, desk: FakeDeskService):
    shown = shows_photo(at_desk)
    shown.get_by_role("application").focus()
    at_desk.page.keyboard.press("ArrowDown")
    points(desk, 1, at_desk.page)
    at_desk.page.keyboard.press("ArrowDown")
    points(desk, 2, at_desk.page)
    at_desk.page.keyboard.press("Escape")

    *_, last, away = points(desk, 3, at_desk.page)
    assert (last["x"], last["y"]) == (0.5, 0.52)
    assert away["away"] is True
    expect(shown).to_be_visible()


def test_a_moving_finger_sends_few_points_and_always_the_last(at_desk: Agent, desk: FakeDeskService):
    shown = shows_photo(at_desk)
    shown.get_by_role("application").focus()
    at_desk.page.evaluate(  # at once, whatever the pace of the machine
        """() => {
             const key = () => new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true })
             for (let n = 0; n < 20; n += 1) document.activeElement.dispatchEvent(key())
           }"""
    )

    sent = points(desk, 2, at_desk.page)
    assert sent[-1]["x"] == pytest.approx(0.88)
    assert len(sent) == 2


def test_the_citizens_finger_is_seen_and_told(at_desk: Agent, desk: FakeDeskService, chat: FakeChat):
    shown = shows_photo(at_desk)
    point = {"type": "point", "by": "citizen", "show": chat.events[-1]["sequence"], "x": 0.9, "y": 0.1}
    desk.news(conversation_id="another", **{**point, "x": 0.1})
    desk.news(conversation_id=chat.id, **point)

    expect(shown).to_contain_text("对方指着右上角")
    assert share_of(at_desk.page, ".finger--other") == pytest.approx((0.9, 0.1), abs=0.02)
    at_desk.told("对方指着右上角")


def test_where_the_citizen_points_while_the_panel_is_being_loaded_is_seen_once_it_is_there(
    at_desk: Agent, desk: FakeDeskService, chat: FakeChat
):
    held: list[Route] = []
    at_desk.page.route("**/bb-shown.js", into(held))
    desk.log(chat, "show", {"what": "file", **FROM_CITIZEN})
    comes_true(at_desk.page, lambda: held)
    point = {"type": "point", "by": "citizen", "show": chat.events[-1]["sequence"], "x": 0.9, "y": 0.1}
    desk.news(conversation_id=chat.id, **point)
    desk.citizen_says(chat, "这里")
    at_desk.sees("这里")  # comes after the finger
    held[0].continue_()

    expect(panel(at_desk.page)).to_contain_text("对方指着右上角")


def test_a_line_is_pointed_at_by_press_and_keys(at_desk: Agent, desk: FakeDeskService):
    at_desk.presses("给对方看：材料")
    panel(at_desk.page).get_by_role("button", name="居民户口簿").click()
    points(desk, 1, at_desk.page)
    at_desk.page.keyboard.press("ArrowDown")

    assert [sent["line"] for sent in points(desk, 2, at_desk.page)] == [0, 1]


def test_another_conversation_has_nothing_of_it(at_desk: Agent, desk: FakeDeskService):
    shown = shows_photo(at_desk)
    desk.agent_has("新生儿落户")
    at_desk.page.reload()
    at_desk.page.locator(".own").first.wait_for()
    at_desk.looks_at("新生儿落户")
    expect(shown).to_have_count(0)
    at_desk.looks_at("居民身份证丢失补领")

    loaded(panel(at_desk.page).locator("img"))


def test_who_holds_the_conversation_asks_for_a_signature(at_desk: Agent, desk: FakeDeskService):
    desk.refusals = [(409, "conflict", "这份文件不能签。")]
    at_desk.presses("请市民签名")

    at_desk.sees("这份文件不能签。")


def test_who_only_listens_shows_nothing_and_asks_for_no_signature(agent: Agent, desk: FakeDeskService):
    desk.role = "supervisor"
    other = desk.another_has("护照换发", "wang.fang")
    desk.log(other, "file", FROM_CITIZEN, quietly=True)
    desk.log(other, "show", {"what": "file", **FROM_CITIZEN}, quietly=True)
    desk.wall = {"conversations": [other.handover]}
    agent.opens_desk()
    agent.presses("值班总览")
    agent.page.get_by_role("button", name="旁听").click()
    agent.sees("给对方看：租赁合同.jpg")

    expect(agent.page.get_by_role("button", name="给对方看：租赁合同.jpg")).to_have_count(0)
    expect(agent.page.get_by_role("button", name="请市民签名")).to_have_count(0)
    expect(panel(agent.page)).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious_in_what_is_shown(
    agent_page: Page, agent: Agent, desk: FakeDeskService, chat: FakeChat, size: str
):
    width, height = SIZES[size]
    agent_page.set_viewport_size({"width": width, "height": height})
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    shown = shows_photo(agent)
    point = {"type": "point", "by": "citizen", "show": chat.events[-1]["sequence"], "x": 0.9, "y": 0.1}
    desk.news(conversation_id=chat.id, **point)
    expect(shown).to_contain_text("对方指着右上角")
    assert_axe_is_content(agent_page)

    expect(agent.field).to_be_in_viewport()
    assert agent_page.evaluate("document.documentElement.scrollWidth") <= width
