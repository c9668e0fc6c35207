"""A call from browser to browser: two real pages, the real service, which passes on words and no media."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.settings import Settings
from tests.browser.agent import Agent
from tests.browser.citizen import Citizen
from tests.browser.cut_network import CutNetwork, cut_network
from tests.browser.patience import comes_true
from tests.browser.real_service import calls
from tests.browser.test_agent_real_service import browser, comes_to_see, meet, pages, url

pytestmark = pytest.mark.slow

__all__ = ["browser", "pages", "url"]  # fixtures


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    wanted = {"data": tmp_path / "var", "log_level": "error", "city": "示例市", "call_media": "direct"}
    return Settings.load(wanted)


@pytest.fixture
def network() -> Iterator[CutNetwork]:
    with cut_network() as network:
        yield network


@pytest.fixture
def talk(pages: tuple[Page, Page], network: CutNetwork) -> tuple[Citizen, Agent]:
    """Citizen and agent in a call."""
    for page in pages:
        network.stand_between(page)
    citizen, agent = meet(*pages)
    calls(citizen, agent)
    expect(citizen.page.get_by_role("heading", name="这次通话不录音录像")).to_be_visible()
    expect(citizen.page.get_by_role("button", name="同意录制")).to_have_count(0)
    citizen.presses("知道了，进入通话")
    comes_to_see(agent.page, ".call__remote")
    comes_to_see(citizen.page, "video.remote")
    return citizen, agent


def inbound(page: Page) -> dict[str, float]:
    """What the newest connection of a page has taken in."""
    return page.evaluate(
        """async () => {
          const report = await window.connections.at(-1).getStats()
          const found = { frames: 0, sound: 0, energy: 0 }
          for (const entry of report.values()) {
            if (entry.type !== 'inbound-rtp') continue
            found.frames += entry.framesDecoded ?? 0
            found.sound += entry.kind === 'audio' ? entry.packetsReceived : 0
            found.energy += entry.totalAudioEnergy ?? 0
          }
          return found
        }"""
    )


def sees_and_hears_more(page: Page) -> None:
    before = inbound(page)

    def more_came() -> bool:
        now = inbound(page)
        return now["frames"] > before["frames"] + 10 and now["energy"] > before["energy"]

    comes_true(page, more_came)


def hears_more(page: Page) -> None:
    before = inbound(page)["energy"]
    comes_true(page, lambda: inbound(page)["energy"] > before)


def test_both_see_and_hear_each_other_and_nothing_is_recorded(
    talk: tuple[Citizen, Agent], settings: Settings
):
    citizen, agent = talk

    for page in (citizen.page, agent.page):
        sees_and_hears_more(page)
    agent.sees("视频通话中")
    agent.sees("网络良好")
    expect(agent.page.get_by_text("录音录像中")).to_be_hidden()
    expect(citizen.page.get_by_text("正在录制")).to_be_hidden()
    expect(citizen.page.locator(".room__quality")).to_contain_text("网络良好")
    assert (
        not list((settings.data / "recordings").glob("*"))
        if (settings.data / "recordings").exists()
        else True
    )
    agent.presses("挂断")
    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()
    expect(citizen.page.locator("bb-call")).to_have_attribute("data-step", "ended")


@pytest.fixture
def rounds(pages: tuple[Page, Page]) -> list[set[str]]:
    """The rounds in which each page described itself: one, unless the machine is slow."""

    def note(page: Page) -> set[str]:
        found: set[str] = set()

        def sent(frame: str | bytes) -> None:
            told = json.loads(frame)
            if told["type"] in {"peer.offer", "peer.answer"}:
                found.add(told["round"])

        page.on("websocket", lambda socket: socket.on("framesent", sent))
        return found

    return [note(page) for page in pages]


def test_how_to_reach_the_other_side_is_asked_for_once_a_round(
    rounds: list[set[str]], talk: tuple[Citizen, Agent]
):
    asked = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/ice')).length"

    def are_equal() -> bool:
        return [each.page.evaluate(asked) for each in talk] == [len(found) for found in rounds]

    comes_true(talk[0].page, are_equal)


def connections(page: Page) -> list[str]:
    """The states of all connections that the page has made."""
    states: list[str] = page.evaluate("window.connections.map(({ connectionState }) => connectionState)")
    return states


def waits_for(page: Page, selector: str, attribute: str, value: str) -> None:
    expect(page.locator(selector)).to_have_attribute(attribute, value)


def test_a_network_that_was_gone_comes_back_into_the_same_connection(
    talk: tuple[Citizen, Agent], network: CutNetwork
):
    citizen, agent = talk
    sees_and_hears_more(citizen.page)
    network.is_cut = True
    citizen.page.context.set_offline(True)
    waits_for(citizen.page, "bb-call", "data-step", "away")
    agent.sees("网络中断")
    citizen.page.wait_for_timeout(8000)
    network.is_cut = False
    citizen.page.context.set_offline(False)

    waits_for(citizen.page, "bb-call", "data-step", "live")
    for page in (citizen.page, agent.page):
        sees_and_hears_more(page)
        assert connections(page) == ["connected"], "the path was looked for anew, in the connection that was"
    agent.sees("视频通话中")


def test_a_page_that_is_loaded_anew_comes_back_into_the_call(talk: tuple[Citizen, Agent]):
    citizen, agent = talk
    citizen.page.reload()
    citizen.presses("回到通话")

    comes_to_see(citizen.page, "video.remote")
    sees_and_hears_more(agent.page)
    agent.sees("视频通话中")


def test_sound_alone_and_the_picture_again_need_no_new_connection(talk: tuple[Citizen, Agent]):
    citizen, agent = talk
    citizen.presses("关摄像头")
    hears_more(agent.page)
    citizen.presses("开摄像头")
    sees_and_hears_more(agent.page)
    assert connections(agent.page) == ["connected"]
