"""Takes pictures of what an agent shows, on the citizen's pages and at the desk, in several sizes.

Run it as `python -m tests.browser.showing_screenshots FOLDER`.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.agent import FAKE_DEVICES, Agent, sign_in
from tests.browser.citizen import Citizen
from tests.browser.conftest import launch
from tests.browser.fake_call import FakeDesk
from tests.browser.fake_desk import FakeDeskService
from tests.browser.test_call_page import enter, go_live
from tests.browser.test_showing import FEE, PHOTO, PICTURE, loaded, panel
from tests.browser.test_waiting import ask_for_person

SIZES = {"phone": (375, 812), "desktop": (1280, 800), "kiosk": (1080, 1920)}

TakePicture = Callable[[str], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=SIZES)
    parser.add_argument(
        "--pages", nargs="*", default=["chat", "call", "desk"], choices=["chat", "call", "desk"]
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        for size in arguments.sizes:
            for name in arguments.pages:
                take_pictures(browser, arguments.folder, size, name)
        browser.close()


def take_pictures(browser: Browser, folder: Path, size: str, name: str) -> None:
    service = FakeDeskService() if name == "desk" else FakeDesk()
    service.picture = PHOTO
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
    page = context.new_page()

    def picture(state: str) -> None:
        page.wait_for_timeout(250)
        page.screenshot(path=folder / f"{size}-{name}-{state}.png")

    if isinstance(service, FakeDeskService):
        sign_in(context, service)
        at_the_desk(page, service, picture, phone=size == "phone")
    elif name == "chat":
        in_the_chat(page, service, picture)
    else:
        in_a_call(page, service, picture)
    context.close()
    service.stop()


def in_the_chat(page: Page, service: FakeDesk, picture: TakePicture) -> None:
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    ask_for_person(Citizen(page), "文字沟通")
    service.agent_takes()
    service.log("file", PICTURE)
    loaded(page.get_by_role("button", name="放大查看：样表.jpg").locator("img"))
    picture("1-thumbnail")
    page.get_by_role("button", name="放大查看：样表.jpg").click()
    loaded(page.locator(".viewer img"))
    picture("2-viewer")
    page.keyboard.press("Escape")
    show_and_point(page, service, picture)


def in_a_call(page: Page, service: FakeDesk, picture: TakePicture) -> None:
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    ask_for_person(Citizen(page), "文字沟通")
    service.agent_takes()
    service.agent_rings()
    enter(page)
    go_live(page)
    show_and_point(page, service, picture)


def show_and_point(page: Page, service: FakeDesk, picture: TakePicture) -> None:
    show = service.agent_shows(what="file", **PICTURE)
    loaded(panel(page).locator("img"))
    service.agent_points(show, x=0.2, y=0.9)
    panel(page).get_by_text("对方指着左下角").wait_for()
    picture("3-picture")
    show = service.agent_shows(**FEE)
    service.agent_points(show, line=1)
    panel(page).get_by_text("对方指着：").wait_for()
    picture("4-lines")


def at_the_desk(page: Page, service: FakeDeskService, picture: TakePicture, *, phone: bool) -> None:
    chat = service.agent_has()
    service.log(chat, "file", {**PICTURE, "by": "citizen", "name": "租赁合同.jpg"}, quietly=True)
    agent = Agent(page)
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    loaded(page.locator(".said__picture"))
    picture("1-thumbnail")
    agent.presses("给对方看：租赁合同.jpg")
    loaded(page.locator(".shown img"))
    page.get_by_role("application").focus()
    page.keyboard.press("ArrowUp")
    point = {"type": "point", "by": "citizen", "show": chat.events[-1]["sequence"], "x": 0.9, "y": 0.1}
    service.news(conversation_id=chat.id, **point)
    page.locator(".finger--other").wait_for()
    picture("3-picture")
    if phone:
        agent.presses("指南")
        picture("5-guide")
    agent.presses("给对方看：材料")
    if phone:
        agent.presses("对话")
    page.locator(".lines__line").nth(1).click()
    picture("4-lines")


if __name__ == "__main__":
    main()
