"""A citizen's voice from WeChat, as the agent and the citizen hear it in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.speech_ports import Heard
from tests.browser.agent import Agent
from tests.browser.real_service import browser_with_devices
from tests.browser.test_accessibility import assert_axe_is_content
from tests.browser.wechat_phone import InWeChat, WeChat, desk, phone, wechat_service
from tests.speech_fakes import ScriptedSpeech
from tests.voice_samples import narrow_band

pytestmark = pytest.mark.slow

browser = browser_with_devices

WRITTEN_DOWN, NOT_UNDERSTOOD = narrow_band(1), narrow_band(2, pitch=300)


@pytest.fixture
def wechat(tmp_path: Path) -> Iterator[WeChat]:
    speech = ScriptedSpeech({WRITTEN_DOWN: Heard("要带照片吗", 0.6)})
    with wechat_service(tmp_path / "var", speech=speech) as running:
        yield running


@pytest.fixture
def citizen(wechat: WeChat) -> InWeChat:
    return wechat.citizen_with_an_answer()


@pytest.fixture
def agent(browser: Browser, wechat: WeChat, citizen: InWeChat) -> Iterator[Agent]:
    """Who has taken the citizen."""
    with desk(browser, wechat) as agent:
        citizen.taps_menu("person")
        agent.takes_the_next()
        citizen.reads("已接入")
        yield agent


def assert_plays(player: Locator, seconds: float) -> None:
    """It can be played, and is as long as what was spoken."""
    player.evaluate("player => player.play()")
    player.page.wait_for_function("player => player.currentTime > 0.2", arg=player.element_handle())
    assert player.evaluate("player => player.duration") == pytest.approx(seconds, abs=0.3)


def test_an_agent_plays_what_the_citizen_said(citizen: InWeChat, agent: Agent):
    citizen.speaks(NOT_UNDERSTOOD)
    turn = agent.page.locator(".entry--citizen", has_text="市民 · 语音").last
    expect(turn).to_contain_text("2 秒")
    expect(turn.locator("audio")).to_have_accessible_name("市民的语音，2 秒")
    assert turn.locator("audio").bounding_box()["width"] > 200, "its buttons are to be seen"
    expect(agent.page.locator(".own__preview")).to_have_text("[语音]")

    assert_plays(turn.locator("audio"), 2)
    assert_axe_is_content(agent.page)


def test_an_agent_reads_and_hears_what_was_written_down(citizen: InWeChat, agent: Agent):
    citizen.speaks(WRITTEN_DOWN)
    turn = agent.page.locator(".entry--citizen", has_text="市民 · 语音转文字")
    expect(turn).to_contain_text("要带照片吗")

    assert_plays(turn.locator("audio"), 1)


def test_nothing_is_fetched_before_the_agent_plays_it(citizen: InWeChat, agent: Agent):
    fetched: list[str] = []
    agent.page.on(
        "request", lambda request: fetched.append(request.url) if "/files/" in request.url else None
    )
    citizen.speaks(NOT_UNDERSTOOD)
    player = agent.page.locator("audio")
    expect(player).to_be_visible()
    assert fetched == []

    assert_plays(player, 2)
    assert len(set(fetched)) == 1


def test_what_cant_be_played_any_more_says_so_and_can_be_saved(citizen: InWeChat, agent: Agent):
    agent.page.route("**/files/*", lambda route: route.abort())
    citizen.speaks(NOT_UNDERSTOOD)
    agent.page.locator("audio").evaluate("player => player.play().catch(() => {})")

    turn = agent.page.locator(".entry--citizen", has_text="市民 · 语音").last
    expect(turn).to_contain_text("这条语音放不出来。")
    expect(turn.get_by_role("link", name="存下来听")).to_be_visible()


@pytest.fixture
def page(browser: Browser, wechat: WeChat, citizen: InWeChat, agent: Agent) -> Iterator[Page]:
    """The citizen's page, with both voices."""
    citizen.speaks(WRITTEN_DOWN)
    citizen.reads("要带照片吗")
    citizen.speaks(NOT_UNDERSTOOD)
    expect(agent.page.locator("audio")).to_have_count(2)
    with phone(browser, wechat) as page:
        citizen.opens(page, citizen.card("居民身份证丢失补领"))
        yield page


@pytest.mark.parametrize(("place", "seconds"), [(0, 1), (1, 2)], ids=["written down", "not understood"])
def test_the_citizens_page_plays_the_same(page: Page, place: int, seconds: int):
    buttons = page.get_by_role("button", name="您的语音")
    expect(buttons).to_have_count(2)
    expect(buttons.nth(place)).to_contain_text(f"点击播放 · {seconds} 秒")
    buttons.nth(place).tap()

    player = page.locator("audio")
    expect(player).to_have_accessible_name(f"您的语音，{seconds} 秒")
    expect(player).to_be_focused()
    assert_plays(player, seconds)
    assert_axe_is_content(page)


def test_a_voice_that_isnt_to_be_had_leaves_its_button(page: Page):
    page.route("**/files/*", lambda route: route.abort())
    button = page.get_by_role("button", name="您的语音").first
    button.tap()

    expect(page.get_by_role("status").filter(has_text="没有打开").first).to_be_attached()
    expect(button).to_be_visible()
