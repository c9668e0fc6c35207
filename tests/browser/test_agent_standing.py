"""The desk with a citizen in WeChat: what may still be sent, and what will become of what is written."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.agent import Agent
from tests.browser.fake_desk import FakeChat, FakeDeskService
from tests.browser.fake_service import FakeService

pytestmark = pytest.mark.slow

NOW = "2026-11-26T06:00:00Z"
LATER = "2026-11-28T06:05:00Z"
FULL = {
    "reachable": True,
    "left": 5,
    "until": LATER,
    "waiting": 0,
    "sending": 0,
    "unclear": False,
    "waiting_events": [],
    "reminded": False,
}


# --- the words -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words_page(browser: Browser) -> Iterator[Page]:
    service = FakeService()
    service.start()
    page = browser.new_page(base_url=service.url, locale="zh-CN", timezone_id="Asia/Shanghai")
    page.goto("/")
    yield page
    page.close()
    service.stop()


def said_of(page: Page, standing: dict | None, *, now: str = NOW, present: bool = False) -> dict | None:
    return page.evaluate(
        """async ([standing, now, present]) => {
          const { standingWords } = await import('/static/js/lib/standing_words.js')
          return standingWords(standing, { now: new Date(now), present })
        }""",
        [standing, now, present],
    )


@pytest.mark.parametrize(
    ("changed", "level", "text"),
    [
        ({}, "quiet", "微信：还能发 5 条，至 11月28日 14:05。"),
        ({"left": 3, "sending": 1}, "quiet", "微信：还能发 3 条，至 11月28日 14:05；1 条正在发。"),
        ({"left": 2}, "quiet", "微信：还能发 2 条，至 11月28日 14:05。几句话合并成一条发更省。"),
        ({"left": 1}, "warning", "微信：还能发 1 条，至 11月28日 14:05。请把要说的合并成一条发。"),
        ({"left": 0, "until": None}, "warning", "微信：额度用完，您的消息会在对方下次说话时送达。"),
        (
            {"left": 0, "until": None, "waiting": 2},
            "warning",
            "微信：额度用完，您的消息会在对方下次说话时送达（2 条在等）。",
        ),
        (
            {"left": 0, "until": None, "waiting": 1, "reminded": True},
            "warning",
            "微信：额度用完，您的消息会在对方下次说话时送达（1 条在等）。已发订阅通知提醒对方。",
        ),
        (
            {"unclear": True},
            "warning",
            "微信：还能发 5 条，至 11月28日 14:05。有一条可能没送到。",
        ),
        ({"reachable": False, "left": 0}, "warning", "对方已取消关注，在微信里收不到您的消息。"),
    ],
)
def test_the_line_says_what_will_happen(words_page: Page, changed: dict, level: str, text: str):
    assert said_of(words_page, {**FULL, **changed}) == {"text": text, "level": level}


def test_a_citizen_who_has_the_page_open_reads_it_there(words_page: Page):
    said = said_of(words_page, {**FULL, "left": 0}, present=True)

    assert said == {"text": "微信：对方正开着网页，您的消息直接显示在那里。", "level": "quiet"}


def test_what_is_left_runs_out_without_any_news_of_it(words_page: Page):
    assert "额度用完" in said_of(words_page, FULL, now=LATER)["text"]


def test_where_nothing_limits_the_channel_nothing_is_said(words_page: Page):
    assert said_of(words_page, None) is None


# --- the page ------------------------------------------------------------------------------------------


@pytest.fixture
def chat(agent: Agent, desk: FakeDeskService) -> FakeChat:
    """A conversation in WeChat, open at the desk."""
    chat = desk.agent_has()
    desk.stands(chat)
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    return chat


def line(agent: Agent) -> Locator:
    return agent.page.locator(".reply__standing")


def test_who_writes_sees_what_may_still_be_sent_at_once_and_after_each_change(
    agent: Agent, chat: FakeChat, desk: FakeDeskService
):
    expect(line(agent)).to_contain_text("微信：还能发 5 条")

    desk.stands(chat, left=3)

    expect(line(agent)).to_contain_text("微信：还能发 3 条")
    expect(line(agent)).to_have_attribute("aria-live", "polite")


def test_little_left_is_a_warning_with_a_sign(agent: Agent, chat: FakeChat, desk: FakeDeskService):
    expect(line(agent).locator("svg")).to_have_count(0)

    desk.stands(chat, left=1)

    expect(line(agent)).to_contain_text("请把要说的合并成一条发")
    expect(line(agent)).to_have_class("reply__standing reply__standing--warning")
    expect(line(agent).locator("svg")).to_have_count(1)


def test_a_change_moves_nothing(agent: Agent, chat: FakeChat, desk: FakeDeskService):
    agent.field.fill("写到一半")
    expect(line(agent)).to_contain_text("还能发 5 条")
    before = agent.field.bounding_box()

    desk.stands(chat, left=0, until=None)

    expect(line(agent)).to_contain_text("额度用完")
    assert agent.field.bounding_box() == before
    expect(agent.field).to_have_value("写到一半")
    expect(agent.field).to_be_focused()


def test_a_message_that_waits_says_so_until_it_went(agent: Agent, chat: FakeChat, desk: FakeDeskService):
    agent.says("请带户口簿")
    agent.sees("请带户口簿")
    expect(agent.page.get_by_text("发送中…")).to_have_count(0)  # the log has it
    mine = agent.page.locator(".entry--agent", has_text="请带户口簿").last
    expect(mine).not_to_contain_text("等对方")

    desk.stands(chat, left=0, until=None, waiting=1, waiting_events=[len(chat.events)])

    expect(mine.locator(".entry__meta")).to_contain_text("等对方下次说话时送达")
    expect(agent.page.locator(".entry__held")).to_have_count(1)

    desk.stands(chat, left=5, until=LATER, waiting=0, waiting_events=[])

    expect(agent.page.locator(".entry__held")).to_have_count(0)


def test_the_head_names_the_channel_and_not_a_page_that_was_never_open(
    agent: Agent, chat: FakeChat, desk: FakeDeskService
):
    facts = agent.page.locator(".talk__facts")

    expect(facts).to_contain_text("微信 · 南湖区")
    expect(facts).not_to_contain_text("离开页面")


def test_on_the_web_there_is_no_such_line(agent: Agent, desk: FakeDeskService):
    desk.agent_has()
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")

    expect(agent.page.locator(".talk__facts")).to_contain_text("对方在线")
    expect(line(agent)).to_be_hidden()
