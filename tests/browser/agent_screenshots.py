"""Takes pictures of the agents' desk in its states and sizes.

Run it as `python -m tests.browser.agent_screenshots FOLDER`.
"""

import argparse
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.agent import FAKE_DEVICES, Agent, sign_in
from tests.browser.conftest import launch
from tests.browser.fake_desk import FakeDeskService

SIZES = {"phone": (375, 667), "desktop": (1280, 800), "wide": (1440, 900)}
LOOKS = {
    "light": {},
    "dark": {"theme": "dark"},
    "contrast": {"contrast": "more"},
    "large": {"print": "large"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--looks", nargs="*", default=["light"], choices=LOOKS)
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
    service = FakeDeskService(role="supervisor")
    service.start()
    fill(service)
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
    agent = Agent(page)
    phone = size == "phone"

    def picture(state: str) -> None:
        page.wait_for_timeout(150)
        page.screenshot(path=folder / f"{size}-{look}-{state}.png")

    agent.opens()
    picture("0-sign-in")
    sign_in(context, service)
    agent.opens_desk()
    page.locator(".own").first.wait_for()
    picture("1-inbox")
    agent.looks_at("居民身份证丢失补领")
    service.citizen_says(service.chats["c4"], "您好，在吗？")
    page.locator(".trace summary").last.click()
    agent.says("在的，您户口在外地也可以在南湖区补领，我们来核对一下材料。")
    picture("2-talk")
    if phone:
        agent.presses("指南")
    page.get_by_label("居民户口簿").check()
    page.get_by_label("查指南").fill("居住证")
    page.get_by_label("查指南").press("Enter")
    agent.sees("找到 2 份")
    picture("3-guide")
    if phone:
        agent.presses("对话")
    page.keyboard.press("Alt+y")
    picture("4-canned")
    page.keyboard.press("Escape")
    agent.presses("视频")
    page.get_by_text("视频通话中").wait_for()
    wait_for_picture(page)
    page.wait_for_timeout(4500)
    picture("5-call")
    agent.presses("挂断")
    agent.presses("办结")
    agent.sees("小结会发给对方")
    page.wait_for_timeout(200)
    picture("6-close")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+t")
    picture("7-transfer")
    page.keyboard.press("Escape")
    page.locator(".talk__title").focus()
    page.keyboard.press("?")
    picture("8-keys")
    page.keyboard.press("Escape")
    agent.presses("值班总览")
    agent.sees("线路")
    picture("9-wall")
    agent.presses("跟进")
    page.get_by_role("button", name="看对话").first.click()
    agent.presses("查看录像")
    agent.sees("录到一半中断")
    picture("10-follow")
    agent.presses("报表")
    agent.sees("找人工 40 次")
    picture("11-reports")
    context.close()
    service.stop()


def wait_for_picture(page: Page) -> None:
    # Not by `wait_for_function`: the page's content policy forbids it to evaluate text.
    for _ in range(100):
        if page.locator(".call__remote").evaluate("video => video.videoWidth > 0"):
            return
        page.wait_for_timeout(100)


def fill(service: FakeDeskService) -> None:
    service.someone_waits("居住证首次申领", minutes=6, mode="video", priority=2)
    service.someone_waits("灵活就业参保登记", minutes=2.5, district="东岭区")
    service.someone_waits("", minutes=0.2)
    service.agent_has()
    service.agent_has("新生儿落户", mode="video")
    other = service.another_has("护照换发", "wang.fang")
    service.follow_ups.left("评分 1：等了太久，也没有说清要带什么", other.id, "rating", "wang.fang")
    service.follow_ups.left("请回电告诉我居住证什么时候能取，138 开头的那个号码。", "c-left")
    service.follow_ups.ended_here("新生儿落户", other.id, "handed_back")
    began = datetime.fromisoformat(other.handover["created_at"])
    service.follow_ups.recorded(other.id, "citizen", began=began, seconds=6)
    service.follow_ups.recorded(
        other.id, "agent", "interrupted", began=began + timedelta(seconds=1), seconds=4
    )
    service.wall = {
        "estimate_error": {"count": 36, "held": 0.72, "median_absolute": 48.0},
        "agents": [
            {
                "name": "agent.li",
                "display_name": "李敏",
                "state": "available",
                "chats": 2,
                "calls": 1,
                "max_chats": 3,
            },
            {
                "name": "wang.fang",
                "display_name": "王芳",
                "state": "break",
                "chats": 1,
                "calls": 0,
                "max_chats": 3,
            },
            {
                "name": "zhao.lei",
                "display_name": "赵磊",
                "state": "offline",
                "chats": 0,
                "calls": 0,
                "max_chats": 3,
            },
        ],
        "conversations": [other.handover, *(chat.handover for chat in service.chats.values())],
        "calls": [
            {
                "call_id": "call-9",
                "agent": "李敏",
                "state": "live",
                "mode": "video",
                "recording": True,
                "started_at": other.handover["created_at"],
                "quality": {"level": "poor"},
            }
        ],
        "follow_ups": 2,
        "alarms": [{"code": "bad_call", "text": "有 1 路通话线路质量较差"}],
    }


if __name__ == "__main__":
    main()
