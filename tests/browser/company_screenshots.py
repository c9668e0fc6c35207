"""Takes pictures of calls with a third party and a listening supervisor, from each side, in several sizes.

Run it as `python -m tests.browser.company_screenshots FOLDER`. The service and its media process are real.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.agent import FAKE_DEVICES
from tests.browser.citizen import Citizen
from tests.browser.conftest import launch
from tests.browser.test_agent_real_service import comes_to_see
from tests.browser.test_call_of_three_real import DESKTOP, PHONE, in_call, signed_in, staffed

SIZES = {"phone": (375, 812), "desktop": (1280, 800), "kiosk": (1080, 1920)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=SIZES)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, staffed(Path(data)) as url, sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        take_pictures(browser, url, arguments.folder, arguments.sizes)
        browser.close()


def take_pictures(browser: Browser, url: str, folder: Path, sizes: list[str]) -> None:
    def page_of(viewport: dict) -> Page:
        context = browser.new_context(
            base_url=url,
            viewport=viewport,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            permissions=["camera", "microphone"],
        )
        return context.new_page()

    def picture(page: Page, state: str) -> None:
        before = page.viewport_size
        for size in sizes:
            width, height = SIZES[size]
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{size}-{state}.png")
        page.set_viewport_size(before)

    citizen, agent = in_call(page_of(PHONE), page_of(DESKTOP))
    agent.presses("邀请第三方")
    picture(agent.page, "01-agent-invites")
    agent.page.get_by_role("radio", name="群众的同伴").check()
    agent.page.get_by_label("怎么称呼").fill("女儿")
    picture(agent.page, "02-agent-names-companion")
    agent.page.get_by_role("dialog").get_by_role("button", name="邀请", exact=True).click()
    link = agent.page.get_by_label("把链接发给对方").input_value()
    picture(agent.page, "03-agent-has-link")
    agent.page.get_by_role("button", name="关闭").last.click()

    page = page_of(PHONE)
    page.goto(link)
    page.wait_for_selector("bb-call:defined")
    companion = Citizen(page)
    picture(page, "04-companion-check")
    companion.presses("打开摄像头和麦克风")
    companion.presses("看得到、听得到，下一步")
    picture(page, "05-companion-consent")
    companion.presses("同意录制，进入通话")
    comes_to_see(page, "video.second__video")
    comes_to_see(citizen.page, "video.second__video")
    comes_to_see(agent.page, ".call__other:not([hidden]) video")
    picture(page, "06-companion-in-call")
    picture(citizen.page, "07-citizen-with-companion")
    picture(agent.page, "08-agent-with-companion")
    agent.presses("请第三方离开")
    picture(agent.page, "09-agent-has-companion-leave")
    agent.presses("请对方离开")
    expect(page.locator("bb-call-end")).to_contain_text("通话已结束")
    picture(page, "10-companion-end")
    stranger = page_of(PHONE)
    stranger.goto(link)
    expect(stranger.locator("bb-call-end")).to_contain_text("链接打不开了")
    picture(stranger, "10-link-used-up")

    other = signed_in(page_of(DESKTOP), "chen.jie")
    agent.presses("邀请第三方")
    agent.page.get_by_label("在线坐席").select_option("chen.jie")
    agent.page.get_by_role("dialog").get_by_role("button", name="邀请", exact=True).click()
    other.sees("邀请您加入通话")
    picture(other.page, "11-invited-agent")
    other.presses("同意录制并加入")
    comes_to_see(other.page, ".call__remote")
    picture(other.page, "12-invited-agent-in-call")

    chief = signed_in(page_of(DESKTOP), "zhao")
    chief.page.locator("[data-desk=wall]").click()
    chief.page.get_by_role("button", name="旁听通话").wait_for()
    picture(chief.page, "13-wall")
    chief.presses("旁听通话")
    chief.sees("旁听中，对方听不到也看不到您")
    comes_to_see(chief.page, ".call__remote")
    picture(chief.page, "14-listening")
    picture(citizen.page, "15-citizen-is-told")
    picture(agent.page, "16-agent-is-told")


if __name__ == "__main__":
    main()
