"""The agents' desk: axe finds nothing serious, nothing needs sideways scrolling, keys are enough."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agent import Agent
from tests.browser.fake_desk import FakeDeskService
from tests.browser.test_accessibility import LOOKS, SIZES, assert_axe_is_content

pytestmark = pytest.mark.slow


def fill(desk: FakeDeskService) -> None:
    desk.role = "supervisor"
    desk.someone_waits(minutes=6, mode="video", priority=2)
    desk.callbacks.append({**desk.waiting[0], "id": "later", "topic": "护照换发"})
    chat = desk.agent_has()
    desk.log(chat, "note", {"text": "情绪有些急", "by": "agent.li"})
    desk.log(chat, "agent_message", {"text": "您好", "agent": "agent.li", "client_message_id": "a"})
    desk.stands(chat, left=0, until=None, waiting=1, waiting_events=[chat.events[-1]["sequence"]])
    desk.log(chat, "file", {"file_id": "f", "name": "户口簿.jpg", "size": 120_000, "by": "citizen"})
    desk.log(chat, "tags", {"tags": ["加急"]})
    desk.wall = {
        "agents": [{"name": "li", "state": "break", "chats": 1, "calls": 0, "max_chats": 3}],
        "conversations": [{**chat.handover, "agent": "wang"}],
        "calls": [{"agent": "li", "state": "live", "recording": True, "quality": {"level": "poor"}}],
        "alarms": [{"code": "long_wait", "text": "有 1 人等了 10 分钟以上"}],
    }


def wear(page: Page, look: str) -> None:
    for name, value in LOOKS[look].items():
        page.evaluate(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    page.reload()
    page.locator(".own").first.wait_for()


@pytest.mark.parametrize(
    ("size", "look"),
    [*((size, "light") for size in SIZES), *(("desktop", look) for look in LOOKS if look != "light")],
)
def test_axe_finds_nothing_serious_at_the_desk(
    agent_page: Page, agent: Agent, desk: FakeDeskService, size: str, look: str
):
    width, height = SIZES[size]
    agent_page.set_viewport_size({"width": width, "height": height})
    fill(desk)
    agent.opens_desk()
    wear(agent_page, look)
    assert_axe_is_content(agent_page)

    agent.looks_at("居民身份证丢失补领")
    agent_page.get_by_text("怎么理解的").first.click()
    agent_page.locator(".folded-card summary").first.click()
    if size != "desktop":
        agent.presses("指南")
    agent_page.get_by_label("居民户口簿").check()
    agent_page.get_by_label("查指南").fill("居住证")
    agent_page.get_by_label("查指南").press("Enter")
    agent.sees("找到 2 份")
    assert_axe_is_content(agent_page)

    if size != "desktop":
        agent.presses("对话")
    agent_page.keyboard.press("Alt+n")
    agent_page.keyboard.press("Alt+y")
    assert_axe_is_content(agent_page)
    agent_page.keyboard.press("Escape")

    agent.presses("值班总览")
    agent.sees("有 1 人等了 10 分钟以上")
    assert_axe_is_content(agent_page)


@pytest.mark.parametrize("key", ["Alt+e", "Alt+t", "?"])
def test_axe_finds_nothing_serious_in_what_opens_over_the_desk(
    agent_page: Page, agent: Agent, desk: FakeDeskService, key: str
):
    fill(desk)
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    agent_page.keyboard.press(key)
    expect(agent_page.get_by_role("dialog")).to_be_visible()

    assert_axe_is_content(agent_page)


def test_axe_finds_nothing_serious_at_the_door(agent_page: Page, agent: Agent):
    agent_page.context.clear_cookies()
    agent.opens()
    agent_page.get_by_label("账号").wait_for()

    assert_axe_is_content(agent_page)


@pytest.mark.parametrize("print_size", ["normal", "large"])
@pytest.mark.parametrize("pane", ["收件箱", "对话", "指南"])
def test_nothing_needs_sideways_scrolling_on_a_phone(
    agent_page: Page, agent: Agent, desk: FakeDeskService, pane: str, print_size: str
):
    agent_page.set_viewport_size({"width": 375, "height": 667})
    fill(desk)
    agent.opens_desk()
    agent_page.evaluate(f"localStorage.setItem('bangban.print', JSON.stringify('{print_size}'))")
    agent_page.reload()
    agent.looks_at("居民身份证丢失补领")
    agent.presses(pane) if pane != "收件箱" else agent_page.locator(".panes button").first.click()

    widest = agent_page.evaluate(
        """Math.max(document.documentElement.scrollWidth, ...['.inbox', '.middle', '.aside', '.bar', '.panes',
           'bb-desk-transcript', 'bb-desk-composer', '.talk__header'].map(name => {
             const element = document.querySelector(name)
             return element.getBoundingClientRect().left + element.scrollWidth
           }))"""
    )
    assert widest <= 375


def test_a_citizen_is_taken_answered_and_handed_back_by_keys_alone(
    agent_page: Page, agent: Agent, desk: FakeDeskService
):
    desk.someone_waits("居住证首次申领")
    agent.opens_desk()
    agent_page.locator(".waiting").wait_for()
    keys = agent_page.keyboard
    keys.press("Alt+a")
    agent.sees_heading("居住证首次申领")
    keys.press("Alt+r")
    keys.type("您好")
    keys.press("Enter")
    expect(agent_page.locator(".entry--agent", has_text="您好")).to_have_count(1)
    expect(agent_page.get_by_text("发送中…")).to_have_count(0)
    keys.press("Alt+b")

    agent.sees("已交回机器人")
    assert [what for _, what, _ in desk.done.acts] == ["messages", "hand-back"]


def test_what_a_citizen_says_is_announced_once_and_politely(
    agent_page: Page, agent: Agent, desk: FakeDeskService
):
    chat = desk.agent_has()
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    desk.citizen_says(chat, "我到窗口了")

    agent.told("居民身份证丢失补领：我到窗口了")
