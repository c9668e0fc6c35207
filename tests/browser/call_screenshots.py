"""Takes pictures of waiting and of the call page in their states and sizes.

Run it as `python -m tests.browser.call_screenshots FOLDER`.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import launch
from tests.browser.fake_call import CHECKLIST, GUIDE_CARD, FakeDesk
from tests.browser.screenshots import LOOKS
from tests.browser.test_call_page import FAKE_DEVICES, enter, press

SIZES = {"phone": (375, 667), "tablet": (768, 1024), "desktop": (1280, 800), "kiosk": (1080, 1920)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--looks", nargs="*", default=["light", "large"], choices=LOOKS)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=SIZES)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        for size in arguments.sizes:
            for look in arguments.looks:
                take_pictures(browser, arguments.folder, size, look)
        browser.close()


def take_pictures(browser: Browser, folder: Path, size: str, look: str) -> None:
    service = FakeDesk()
    service.start()
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=service.url,
        viewport={"width": width, "height": height},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        permissions=["camera", "microphone"],
    )
    for name, value in LOOKS[look].items():
        context.add_init_script(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    page = context.new_page()

    def picture(state: str, *, whole: bool = False) -> None:
        page.screenshot(path=folder / f"{size}-{look}-{state}.png", full_page=whole)

    wait_and_talk(page, service, picture)
    call(page, service, picture)
    context.close()
    service.stop()


def wait_and_talk(page: Page, service: FakeDesk, picture) -> None:
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    service.queue = {
        "type": "queue",
        "position": 3,
        "wait_seconds": 280,
        "agents": 2,
        "open": True,
        "hours": "周一至周五 9:00–17:00",
    }
    page.get_by_role("button", name="找人工").click()
    page.wait_for_timeout(200)
    picture("01-wish")
    page.get_by_role("button", name="视频帮办").click()
    page.locator("bb-waiting section").wait_for()
    page.wait_for_timeout(300)
    picture("02-queue")
    service.queues(position=1, wait_seconds=None, agents=0, open=False, hours="周一至周五 9:00–17:00")
    page.wait_for_timeout(300)
    picture("03-nobody", whole=True)
    service.agent_takes("李敏")
    service.log(
        "agent_message", {"text": "您好，请问是首次办居住证吗？", "agent": "李敏", "client_message_id": "a"}
    )
    service.log("guide_card", GUIDE_CARD)
    service.log("checklist", CHECKLIST)
    file = {
        "file_id": "f9",
        "name": "填写样表.pdf",
        "media_type": "application/pdf",
        "size": 182_000,
        "by": "a",
    }
    service.log("file", file)
    page.get_by_role("button", name="填写样表").wait_for()
    picture("04-agent", whole=True)
    service.agent_rings("c1")
    page.get_by_role("link", name="进入视频通话").wait_for()
    page.get_by_role("link", name="进入视频通话").scroll_into_view_if_needed()
    picture("05-invitation")


def call(page: Page, service: FakeDesk, picture) -> None:
    enter(page)
    page.get_by_role("button", name="打开摄像头和麦克风").wait_for()
    picture("06-start")
    press(page, "打开摄像头和麦克风")
    page.get_by_text("网络良好").wait_for()
    page.wait_for_timeout(1200)
    picture("07-checks", whole=True)
    press(page, "看得到、听得到，下一步")
    page.wait_for_timeout(300)
    picture("08-consent", whole=True)
    press(page, "同意录制，进入通话")
    page.locator("bb-call-room[data-picture]").wait_for()
    page.wait_for_timeout(2600)
    picture("09-live")
    service.log("agent_message", {"text": "请把租赁合同对准镜头", "agent": "李敏", "client_message_id": "b"})
    page.evaluate("""() => {
        const room = document.querySelector('bb-call-room')
        for (let i = 0; i < 3; i += 1) room.showQuality({ level: 'poor', words: '网络较差' })
    }""")
    picture("10-poor")
    if page.locator(".control--chat").is_visible():
        page.locator(".control--chat").click()
        page.wait_for_timeout(200)
        picture("11-chat")
        page.keyboard.press("Escape")
    page.locator(".room__box").get_by_role("button", name="改用文字").click()
    page.wait_for_timeout(300)
    picture("12-text")
    page.keyboard.press("Escape")
    press(page, "挂断")
    page.wait_for_timeout(200)
    picture("13-hangup")
    press(page, "结束")
    page.wait_for_timeout(200)
    picture("14-end")


if __name__ == "__main__":
    main()
