"""Axe finds nothing serious, nothing needs sideways scrolling, everything works by keyboard."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_service import FakeService

pytestmark = pytest.mark.slow

SIZES = {"phone": (375, 667), "tablet": (768, 1024), "desktop": (1280, 800)}
LOOKS = {
    "light": {},
    "dark": {"theme": "dark"},
    "large print": {"print": "large"},
    "more contrast": {"contrast": "more"},
    "dark with more contrast": {"contrast": "more", "theme": "dark"},
}


def assert_axe_is_content(page: Page) -> None:
    is_there = page.evaluate("'axe' in window")
    violations = Axe("0" if is_there else AXE_SCRIPT).run(page).response["violations"]
    serious = [
        f"{v['id']} ({v['impact']}): {v['nodes'][0]['target']} {v['nodes'][0]['failureSummary']}"
        for v in violations
        if v["impact"] in {"serious", "critical"}
    ]

    assert serious == []


def wear(page: Page, look: str) -> None:
    for name, value in LOOKS[look].items():
        page.evaluate(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    page.reload()
    page.wait_for_selector("bb-chat:defined")


def talk(citizen: Citizen) -> None:
    """Everything the page can show: card, sources, choices open and settled, notices, trouble."""
    citizen.asks("身份证丢了怎么补办？要带什么？")
    citizen.sees("居民户口簿")
    citizen.page.locator(".more summary").first.click()
    citizen.page.locator(".sources summary").first.click()
    citizen.asks("居住证怎么办？")
    citizen.page.get_by_role("button", name="首次申领居住证").click()
    citizen.sees("居住证首次申领")
    citizen.asks("办居住证有什么条件？")
    citizen.sees("合法稳定住所")
    citizen.asks("居住证在哪里办？")
    citizen.sees("请问您在哪个区县")
    citizen.asks("家里着火了")
    citizen.sees("马上拨打")
    citizen.asks("没有的事")
    citizen.sees("没有找到这件事")
    citizen.page.get_by_text("评价这次服务").click()
    citizen.asks("居住证怎么办？")
    citizen.page.get_by_role("button", name="首次申领居住证").wait_for()


def fail_once(citizen: Citizen, service: FakeService) -> None:
    service.faults.statuses = [(400, 0)]
    citizen.asks("发不出去的话")
    citizen.sees("没有发出去")


@pytest.mark.parametrize(
    ("size", "look"),
    [*((size, "light") for size in SIZES), *(("phone", look) for look in LOOKS if look != "light")],
)
def test_axe_finds_nothing_serious(page: Page, citizen: Citizen, service: FakeService, size: str, look: str):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    wear(page, look)
    assert_axe_is_content(page)
    talk(citizen)
    assert_axe_is_content(page)
    fail_once(citizen, service)
    assert_axe_is_content(page)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_opens_over_the_page(page: Page, citizen: Citizen, look: str):
    wear(page, look)
    page.locator("summary", has_text="设置").click()
    assert_axe_is_content(page)
    page.keyboard.press("Escape")
    citizen.presses("找人工")
    assert_axe_is_content(page)
    page.keyboard.press("Escape")
    citizen.asks("谢谢")
    citizen.sees("不客气")
    citizen.chooses_setting("清空并重新开始")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_axe_is_content(page)


@pytest.mark.parametrize("look", ["light", "large print"])
@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_nothing_needs_sideways_scrolling(
    page: Page, citizen: Citizen, service: FakeService, width: int, look: str
):
    page.set_viewport_size({"width": width, "height": 640})
    wear(page, look)
    talk(citizen)
    fail_once(citizen, service)

    overflowing = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
             .filter(e => e.checkVisibility() && !e.closest('.visually-hidden, .skip-link, svg'))
             .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
             .map(e => `${e.tagName}.${e.className}`)"""
    )
    assert overflowing == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("look", ["light", "large print"])
def test_the_answer_has_most_of_a_phone(page: Page, citizen: Citizen, look: str):
    wear(page, look)
    talk(citizen)

    heights = page.locator(".masthead, .dock").evaluate_all("parts => parts.map(e => e.offsetHeight)")
    assert sum(heights) < 667 * 0.4


@pytest.mark.parametrize("look", ["light", "large print"])
def test_everything_to_press_is_large_enough_for_a_finger(page: Page, citizen: Citizen, look: str):
    wear(page, look)
    talk(citizen)

    too_small = page.evaluate(
        """() => [...document.querySelectorAll('button, summary, textarea, .hotline')]
             .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44 - 0.1)
             .map(e => `${e.textContent.trim()} ${e.getBoundingClientRect().height}`)"""
    )
    assert too_small == []


def test_all_controls_are_reached_by_keyboard_in_reading_order(page: Page, citizen: Citizen):
    citizen.asks("居住证怎么办？")
    page.get_by_role("button", name="首次申领居住证").wait_for()
    page.reload()
    page.wait_for_selector("bb-chat:defined")
    page.locator(
        ".messages bb-message button", has_text="首次申领居住证"
    ).wait_for()  # no longer the server's
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') || document.activeElement.id || "
            "document.activeElement.textContent).trim()"
        )
        if name in reached:
            break
        reached.append(name)

    order = ["跳到输入框", "大字", "居住证在哪里办？", "1首次申领居住证", "找人工", "text", "发送"]
    assert [name for name in reached if name in order] == order


def test_the_skip_link_leads_to_the_field(page: Page, citizen: Citizen):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到输入框")).to_be_focused()
    page.keyboard.press("Enter")

    expect(citizen.field).to_be_focused()


def test_what_takes_the_focus_is_not_hidden_behind_the_dock(page: Page, citizen: Citizen):
    talk(citizen)
    hidden = page.evaluate(
        """() => {
             const dock = document.querySelector('.dock').getBoundingClientRect().top
             const below = []
             for (const e of document.querySelectorAll('.messages button, .messages summary, .messages a')) {
               if (!e.checkVisibility()) continue
               e.focus()
               if (e.getBoundingClientRect().bottom > window.innerHeight) below.push(e.textContent)
               else if (e.getBoundingClientRect().top > dock) below.push(e.textContent)
             }
             return below
           }"""
    )
    assert hidden == []


def test_with_less_motion_wished_nothing_keeps_moving(page: Page, citizen: Citizen, service: FakeService):
    release = service.hold_replies()
    citizen.asks("谢谢")
    dots = page.locator(".typing i").first
    dots.wait_for()

    assert dots.evaluate("e => getComputedStyle(e).animationIterationCount") == "1"
    release()
