"""Takes pictures of the citizen page in its states and sizes.

Run it as `python -m tests.browser.screenshots FOLDER`.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import launch
from tests.browser.fake_service import FakeService

SIZES = {"phone": (375, 667), "tablet": (768, 1024), "desktop": (1280, 800), "kiosk": (1080, 1920)}
LOOKS = {
    "light": {},
    "dark": {"theme": "dark"},
    "large": {"print": "large"},
    "large-dark": {"print": "large", "theme": "dark"},
    "contrast": {"contrast": "more"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--looks", nargs="*", default=list(LOOKS), choices=LOOKS)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=SIZES)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for size in arguments.sizes:
            for look in arguments.looks:
                take_pictures(browser, arguments.folder, size, look)
        browser.close()


def take_pictures(browser: Browser, folder: Path, size: str, look: str) -> None:
    service = FakeService()
    service.start()
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=service.url,
        viewport={"width": width, "height": height},
        device_scale_factor=1,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    for name, value in LOOKS[look].items():
        context.add_init_script(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")

    def picture(state: str, *, whole: bool = False) -> None:
        page.screenshot(path=folder / f"{size}-{look}-{state}.png", full_page=whole)

    picture("1-start")
    ask(page, "身份证丢了怎么补办？要带什么？", "居民户口簿")
    picture("2-answer")
    page.locator(".more summary").first.click()
    page.locator(".sources summary").first.click()
    picture("3-answer-whole", whole=True)
    ask(page, "居住证怎么办？", "请问您要办哪一种")
    picture("4-choices")
    page.get_by_role("button", name="首次申领居住证").click()
    page.get_by_role("heading", name="居住证首次申领").wait_for()
    ask(page, "办居住证有什么条件？", "合法稳定住所")
    ask(page, "居住证在哪里办？", "请问您在哪个区县")
    ask(page, "火星签证怎么办", "没有找到这件事")
    picture("5-talk-whole", whole=True)
    page.get_by_role("button", name="找人工").click()
    picture("6-handover")
    page.keyboard.press("Escape")
    page.get_by_text("设置").click()
    picture("7-menu")
    page.keyboard.press("Escape")
    page.get_by_text("评价这次服务").click()
    picture("8-rating")
    service.faults.statuses = [(400, 0)]
    page.get_by_label("您的问题").fill("这一条发不出去")
    page.keyboard.press("Enter")
    page.get_by_text("没有发出去").first.wait_for()
    release = service.hold_replies()
    page.get_by_label("您的问题").fill("社保卡丢了")
    page.keyboard.press("Enter")
    page.locator(".typing").wait_for()
    picture("9-trouble")
    release()
    context.close()
    service.stop()


def ask(page: Page, question: str, answer: str) -> None:
    page.get_by_label("您的问题").fill(question)
    page.keyboard.press("Enter")
    page.get_by_text(answer).first.wait_for()


if __name__ == "__main__":
    main()
