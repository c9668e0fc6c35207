"""Staff look after messages that were left and bad ratings, and look at conversations that ended."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.agent import Agent
from tests.browser.fake_desk import FakeDeskService
from tests.browser.held_routes import into
from tests.browser.patience import comes_true
from tests.browser.test_accessibility import LOOKS, SIZES, assert_axe_is_content

pytestmark = pytest.mark.slow


@pytest.fixture
def following(agent: Agent, desk: FakeDeskService) -> Agent:
    desk.role = "supervisor"
    chat = desk.another_has("护照换发", "wang.fang")
    desk.follow_ups.left("评分 1：等了太久，也没有说清要带什么", chat.id, "rating", "wang.fang")
    desk.follow_ups.left("请回电告诉我居住证什么时候能取", "c-left")
    desk.follow_ups.ended_here("新生儿落户", "c-left", "handed_back")
    began = datetime.fromisoformat(chat.handover["created_at"])
    desk.follow_ups.recorded(chat.id, "citizen", began=began, seconds=6)
    desk.follow_ups.recorded(chat.id, "agent", "interrupted", began=began + timedelta(seconds=1), seconds=4)
    said = {"text": "户口簿带了吗", "agent": "wang.fang"}
    at = (began + timedelta(seconds=3)).isoformat()
    chat.events.append({"sequence": len(chat.events) + 1, "kind": "agent_message", "body": said, "at": at})
    agent.opens_desk()
    agent.presses("跟进")
    agent.sees("等了太久")
    return agent


@pytest.fixture
def films(following: Agent) -> Page:
    """The page with the films of a call, muted: a browser without a tap plays no sound."""
    press(following, "看对话", "等了太久")
    following.presses("查看录像")
    following.sees("录到一半中断")
    page = following.page
    page.locator("bb-desk-films video").evaluate_all("all => { for (const each of all) each.muted = true }")
    return page


def film(page: Page, party: str) -> dict[str, Any]:
    """Where that party's film is now."""
    found: dict[str, Any] = page.get_by_label(f"录像：{party}", exact=False).first.evaluate(
        "v => ({ time: v.currentTime, paused: v.paused, width: v.videoWidth })"
    )
    return found


def press(agent: Agent, words: str, about: str) -> None:
    agent.page.locator(".follow", has_text=about).get_by_role("button", name=words).click()


def test_a_follow_up_is_seen_to_with_what_came_of_it(following: Agent, desk: FakeDeskService):
    press(following, "处理", "请回电")
    following.presses("记为已处理")
    following.sees("请写下处理结果。")
    following.page.get_by_label("怎么处理的").fill("已回电，下周三可取")
    following.presses("记为已处理")

    following.told("已处理")
    expect(following.page.locator(".follow", has_text="请回电")).to_have_count(0)
    assert desk.follow_ups.done[0]["outcome"] == "已回电，下周三可取"
    following.page.get_by_label("看已处理的").check()
    following.sees("agent.li 已处理：已回电，下周三可取")
    expect(following.page.get_by_role("button", name="处理", exact=False)).to_have_count(0)


def test_a_conversation_is_read_without_a_way_to_write_and_its_recordings_play_when_asked_for(
    following: Agent, desk: FakeDeskService
):
    page = following.page
    press(following, "看对话", "等了太久")
    expect(page.get_by_role("heading", name="护照换发")).to_be_focused()
    expect(page.locator(".follow[aria-current]")).to_contain_text("等了太久")
    expect(page.locator(".follow__detail .entry").first).to_be_visible()
    expect(following.field).to_be_hidden()

    following.presses("查看录像")
    following.sees("录到一半中断")
    expect(page.get_by_role("heading", name="护照换发")).to_be_focused()
    assert desk.follow_ups.played == []
    following.presses("播放")
    comes_true(page, lambda: film(page, "市民")["width"] == 160)

    assert set(desk.follow_ups.played) >= {"call-1.citizen.1.webm"}


def test_the_films_of_both_parties_play_in_step(films: Page):
    films.get_by_role("button", name="播放").click()

    both = films.locator("bb-desk-films video")

    def are_in_step() -> bool:
        citizen, agent = both.evaluate_all("all => all.map((v) => (v.paused ? 0 : v.currentTime))")
        return agent > 1 and abs(citizen - (agent + 1)) < 0.3  # the agent's film began a second later

    comes_true(films, are_in_step)
    films.get_by_role("button", name="暂停").click()
    assert film(films, "市民")["paused"]
    assert film(films, "坐席")["paused"]


def test_what_was_said_leads_to_its_moment_and_is_marked_there(films: Page):
    moment = films.get_by_role("button", name="户口簿带了吗")
    moment.click()

    expect(films.locator(".films__moments [aria-current]")).to_contain_text("户口簿带了吗")
    expect(films.get_by_label("进度")).to_have_attribute("aria-valuetext", "00:03 / 00:06")
    comes_true(films, lambda: abs(film(films, "市民")["time"] - 3) < 0.1)
    comes_true(films, lambda: abs(film(films, "坐席")["time"] - 2) < 0.1)


def test_a_film_that_has_not_begun_or_is_over_stays_dark(films: Page):
    slider = films.get_by_label("进度")
    dark = films.locator(".films__screen--dark")
    slider.fill("0.5")
    expect(dark).to_have_count(1)
    expect(dark).to_contain_text("坐席")
    slider.fill("2")
    expect(dark).to_have_count(0)
    slider.fill("5.5")

    expect(dark).to_have_count(1)


def test_the_reel_ends_by_itself_and_begins_anew(films: Page):
    films.get_by_label("进度").fill("5.5")
    films.get_by_role("button", name="播放").click()
    expect(films.get_by_role("button", name="播放")).to_be_visible()
    expect(films.get_by_label("进度")).to_have_attribute("aria-valuetext", "00:06 / 00:06")

    films.get_by_role("button", name="播放").click()
    comes_true(films, lambda: 0 < film(films, "市民")["time"] < 5)


def test_a_conversation_is_found_by_its_number_and_one_that_is_not_there_is_said(following: Agent):
    page = following.page
    page.get_by_label("按对话编号查看").fill("nowhere")
    following.page.get_by_label("按对话编号查看").press("Enter")
    expect(page.locator(".follow__list [role=alert]")).not_to_be_empty()

    page.get_by_label("按对话编号查看").fill("c-other")
    page.get_by_label("按对话编号查看").press("Enter")
    expect(page.get_by_role("heading", name="护照换发")).to_be_visible()
    expect(page.locator(".follow__list [role=alert]")).to_be_empty()


def test_an_agent_sees_what_is_for_them_and_about_them_and_reads_what_ended_with_them(
    agent: Agent, desk: FakeDeskService
):
    chat = desk.another_has("护照换发", "agent.li")
    desk.follow_ups.left("请回电告诉我居住证什么时候能取", "c-left")
    desk.follow_ups.left("评分 2：有点慢", chat.id, "rating", "agent.li", may_finish=False)
    desk.follow_ups.ended_here("护照换发", chat.id)
    agent.opens_desk()
    agent.presses("跟进")

    about = agent.page.locator(".follow", has_text="有点慢")
    expect(about).to_contain_text("由主管跟进，您不用处理。")
    expect(about.get_by_role("button", name="处理：")).to_have_count(0)
    expect(
        agent.page.locator(".follow", has_text="请回电").get_by_role("button", name="处理：")
    ).to_be_visible()
    expect(agent.page.get_by_label("按对话编号查看")).to_be_hidden()
    agent.page.locator(".follow", has_text="已办结").get_by_role("button", name="看对话").click()

    expect(agent.page.get_by_role("heading", name="护照换发")).to_be_focused()
    expect(agent.page.locator(".follow__detail .entry").first).to_be_visible()
    expect(agent.field).to_be_hidden()


def test_a_paper_of_a_conversation_that_is_read_is_opened_from_there_and_only_to_be_read(
    agent: Agent, desk: FakeDeskService
):
    desk.role = "supervisor"
    desk.agent_has("居住证首次申领")
    chat = desk.another_has("护照换发", "wang.fang")
    desk.form_is_open(chat)
    desk.log(chat, "file", {"file_id": "f", "name": "户口簿.pdf", "by": "citizen"}, quietly=True)
    desk.follow_ups.left("评分 1：等了太久", chat.id, "rating", "wang.fang")
    agent.opens_desk()
    agent.looks_at("居住证首次申领")
    agent.presses("跟进")
    press(agent, "看对话", "等了太久")
    agent.sees("户口簿.pdf")
    expect(agent.page.get_by_role("button", name="请市民签名")).to_have_count(0)
    agent.presses("打开")

    sheet = agent.page.get_by_role("dialog", name="预约登记")
    expect(sheet.get_by_label("姓名")).to_have_value("张三")
    expect(sheet.get_by_label("姓名")).not_to_be_editable()
    expect(sheet).to_contain_text("您只能看")
    buttons = sheet.get_by_role("button").evaluate_all("all => all.map((each) => each.ariaLabel)")
    assert buttons == ["关闭"]


def test_a_paper_of_ones_own_conversation_is_worked_on_wherever_it_is_opened(
    agent: Agent, desk: FakeDeskService
):
    chat = desk.agent_has("居住证首次申领")
    desk.form_is_open(chat)
    desk.follow_ups.left("评分 2：有点慢", chat.id, "rating", "agent.li")
    agent.opens_desk()
    agent.presses("跟进")
    press(agent, "看对话", "有点慢")
    agent.presses("打开")

    sheet = agent.page.get_by_role("dialog", name="预约登记")
    expect(sheet.get_by_label("姓名")).to_be_editable()
    expect(sheet.get_by_role("button", name="定稿")).to_be_visible()


def test_a_conversation_that_comes_late_does_not_replace_what_was_asked_for_since(
    following: Agent, desk: FakeDeskService
):
    held: list[Route] = []
    desk.follow_ups.left("评分 2：有点慢", desk.agent_has("居住证首次申领").id, "rating")
    following.presses("跟进")
    following.page.route("**/conversations/c-other?*", into(held), times=1)
    press(following, "看对话", "等了太久")
    comes_true(following.page, lambda: held)
    press(following, "看对话", "有点慢")
    heading = following.page.locator(".follow__detail").get_by_role("heading", name="居住证首次申领")
    expect(heading).to_be_visible()
    with following.page.expect_response("**/conversations/c-other?*"):
        held[0].continue_()
    following.page.evaluate("() => new Promise((go) => setTimeout(go, 50))")

    expect(heading).to_be_visible()


def test_films_that_come_late_are_not_shown_beside_another_conversation(
    following: Agent, desk: FakeDeskService
):
    held: list[Route] = []
    desk.follow_ups.left("评分 2：有点慢", desk.agent_has("居住证首次申领").id, "rating")
    following.presses("跟进")
    press(following, "看对话", "等了太久")
    following.page.route("**/recordings?*", into(held), times=1)
    following.presses("查看录像")
    comes_true(following.page, lambda: held)
    press(following, "看对话", "有点慢")
    expect(
        following.page.locator(".follow__detail").get_by_role("heading", name="居住证首次申领")
    ).to_be_visible()
    with following.page.expect_response("**/recordings?*"):
        held[0].continue_()
    following.page.evaluate("() => new Promise((go) => setTimeout(go, 50))")

    expect(following.page.locator("bb-desk-films")).to_have_count(0)
    expect(following.page.get_by_role("button", name="查看录像")).to_be_visible()


def test_an_agent_to_whom_nothing_came_yet_is_told_so(agent: Agent):
    agent.opens_desk()
    agent.presses("跟进")

    agent.sees("没有要跟进的。")
    agent.sees("近 7 天没有在您这里结束的对话。")


@pytest.mark.parametrize(
    ("size", "look"),
    [*((size, "light") for size in SIZES), *(("desktop", look) for look in LOOKS if look != "light")],
)
def test_axe_finds_nothing_serious_among_the_follow_ups(
    agent_page: Page, following: Agent, size: str, look: str
):
    width, height = SIZES[size]
    agent_page.set_viewport_size({"width": width, "height": height})
    for name, value in LOOKS[look].items():
        agent_page.evaluate(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    agent_page.reload()
    following.presses("跟进")
    press(following, "看对话", "等了太久")
    following.presses("查看录像")
    following.sees("录到一半中断")

    assert_axe_is_content(agent_page)
    assert agent_page.evaluate("document.documentElement.scrollWidth") <= width
