"""Takes pictures of the way from WeChat to a call, as WeChat's browser shows it on a small phone.

Run it as `python -m tests.browser.wechat_screenshots FOLDER`.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.agent import FAKE_DEVICES
from tests.browser.citizen import Citizen
from tests.browser.conftest import launch
from tests.browser.test_agent_real_service import comes_to_see
from tests.browser.test_wechat_real import ID_CARD, REFUSE, WITHOUT_DEVICES, asks_for_video, takes
from tests.browser.wechat_phone import ON_IPHONE, InWeChat, WeChat, desk, phone, wechat_service
from tests.server.wechat_world import ACCOUNT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        for take in (from_card_to_call, with_refused_devices, where_no_link_leads_on):
            with tempfile.TemporaryDirectory() as data, wechat_service(Path(data) / "var") as wechat:
                take(browser, wechat, folder)
        browser.close()


def asking(wechat: WeChat) -> InWeChat:
    citizen = wechat.citizen()
    citizen.says(ID_CARD)
    citizen.reads("居民户口簿")
    return citizen


def from_card_to_call(browser: Browser, wechat: WeChat, folder: Path) -> None:
    citizen = asking(wechat)
    with phone(browser, wechat, device_scale_factor=2) as page, desk(browser, wechat) as agent:
        citizen.opens(page, citizen.card("居民身份证丢失补领"))
        Citizen(page).sees("居民户口簿")
        picture(page, folder, "01-the-same-conversation")
        Citizen(page).asks("那要多少钱？")
        Citizen(page).sees("40元/证")
        picture(page, folder, "02-asked-on")
        citizen.opens(page, f"{wechat.url}/wechat/{ACCOUNT}/enter?to=video")
        page.get_by_role("dialog").wait_for()
        picture(page, folder, "03-one-tap-from-video")
        asks_for_video(citizen, page, wechat)
        expect(page.locator("bb-waiting")).to_contain_text("您排在")
        picture(page, folder, "04-waiting")
        takes(agent)
        page.get_by_role("link", name="进入视频通话").wait_for()
        picture(page, folder, "05-invited")
        page.get_by_role("link", name="进入视频通话").tap()
        page.get_by_role("button", name="打开摄像头和麦克风").wait_for()
        picture(page, folder, "06-before-the-tap")
        page.get_by_role("button", name="打开摄像头和麦克风").tap()
        page.get_by_role("heading", name="检查结果").wait_for()
        picture(page, folder, "07-checked")
        page.get_by_role("button", name="看得到、听得到，下一步").tap()
        picture(page, folder, "08-consent")
        page.get_by_role("button", name="同意录制，进入通话").tap()
        comes_to_see(page, "video.remote")
        picture(page, folder, "09-call")
        agent.presses("挂断")
        expect(page.locator("bb-call")).to_have_attribute("data-step", "ended")
        picture(page, folder, "10-ended")


def with_refused_devices(browser: Browser, wechat: WeChat, folder: Path) -> None:
    citizen = asking(wechat)
    with desk(browser, wechat) as agent:
        citizen.taps_menu("video")
        takes(agent)
        url = citizen.link("视频通话准备好了")
        scripts = {
            "11-camera-refused": REFUSE % "video",
            "12-microphone-refused": REFUSE % "audio",
            "13-both-refused": REFUSE % "audio || true",
            "14-no-camera-for-pages": WITHOUT_DEVICES,
        }
        for name, script in scripts.items():
            with phone(browser, wechat, ON_IPHONE, device_scale_factor=2) as page:
                page.add_init_script(script)
                citizen.opens(page, url)
                if "/call/" not in page.url:
                    page.get_by_role("link", name="进入视频通话").tap()
                page.get_by_role("button", name="打开摄像头和麦克风").tap()
                page.locator(".advice").wait_for()
                picture(page, folder, name, whole=True)


def where_no_link_leads_on(browser: Browser, wechat: WeChat, folder: Path) -> None:
    citizen, other = asking(wechat), wechat.citizen()
    other.says("居住证怎么办？")
    other.reads("请问您要办哪一种")
    with phone(browser, wechat, device_scale_factor=2) as page:
        other.opens(page, citizen.card("居民身份证丢失补领"))
        Citizen(page).sees("请问您要办哪一种")
        picture(page, folder, "15-somebody-elses-link")
        for name, path in {
            "16-link-cut-short": "enter/AbCdEf",
            "17-state-refused": "entered?code=c&state=s",
        }.items():
            page.goto(f"{wechat.url}/wechat/{ACCOUNT}/{path}")
            picture(page, folder, name)


def picture(page: Page, folder: Path, name: str, *, whole: bool = False) -> None:
    page.wait_for_timeout(500)  # what scrolls has come to rest
    page.screenshot(path=folder / f"{name}.png", full_page=whole)


if __name__ == "__main__":
    main()
