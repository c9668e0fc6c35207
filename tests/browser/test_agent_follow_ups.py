"""Staff look after messages that were left and bad ratings, and look at conversations that ended."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agent import Agent
from tests.browser.fake_desk import FakeDeskService
from tests.browser.test_accessibility import LOOKS, SIZES, assert_axe_is_content

pytestmark = pytest.mark.slow


@pytest.fixture
def following(agent: Agent, desk: FakeDeskService) -> Agent:
    desk.role = "supervisor"
    chat = desk.another_has("护照换发", "wang.fang")
    desk.follow_ups.left("评分 1：等了太久，也没有说清要带什么", chat.id, "rating", "wang.fang")
    desk.follow_ups.left("请回电告诉我居住证什么时候能取", "c-left")
    desk.follow_ups.ended_here("新生儿落户", "c-left", "handed_back")
    desk.follow_ups.recorded(chat.id, "citizen")
    desk.follow_ups.recorded(chat.id, "agent", "interrupted")
    agent.opens_desk()
    agent.presses("跟进")
    agent.sees("等了太久")
    return agent


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
    film = page.get_by_label("录像：市民").first
    film.evaluate("video => { video.muted = true; video.play() }")
    for _ in range(50):
        if film.evaluate("video => video.videoWidth") == 160:
            break
        page.wait_for_timeout(100)

    assert film.evaluate("video => video.videoWidth") == 160
    assert set(desk.follow_ups.played) == {"call-1.citizen.1.webm"}


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
    expect(agent.page.locator(".follow", has_text="请回电").get_by_role("button", name="处理：")).to_be_visible()
    expect(agent.page.get_by_label("按对话编号查看")).to_be_hidden()
    agent.page.locator(".follow", has_text="已办结").get_by_role("button", name="看对话").click()

    expect(agent.page.get_by_role("heading", name="护照换发")).to_be_focused()
    expect(agent.page.locator(".follow__detail .entry").first).to_be_visible()
    expect(agent.field).to_be_hidden()


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
