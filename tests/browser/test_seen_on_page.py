"""How far a page has shown the log: what it tells the service, and when."""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_call import FakeDesk
from tests.browser.patience import PATIENCE_S

pytestmark = pytest.mark.slow

TELLER = """async () => {
  const { SeenTeller } = await import('/static/js/lib/seen_teller.js')
  window.sent = []
  window.live = new EventTarget()
  live.isOpen = true
  live.send = (message) => live.isOpen && Boolean(sent.push(message))
  window.opens = () => {
    live.isOpen = true
    live.dispatchEvent(new CustomEvent('state', { detail: 'open' }))
  }
  window.teller = new SeenTeller(live)
}"""
LOOKS = """(state) => {
  Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}"""


@pytest.fixture
def service() -> Iterator[FakeDesk]:
    service = FakeDesk()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def page(browser: Browser, service: FakeDesk) -> Iterator[Page]:
    """The citizen page on a phone, with a clock that can be put forward."""
    page = browser.new_page(base_url=service.url, viewport={"width": 375, "height": 667})
    page.clock.install(time=datetime(2026, 11, 26, 9, 0))
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    yield page
    page.close()


@pytest.fixture
def teller(page: Page) -> Page:
    """A page with a teller whose connection notes what is sent; its clock stands still until it is told."""
    page.evaluate(TELLER)
    page.clock.pause_at(datetime(2026, 11, 26, 10, 0))
    return page


def shows(page: Page, *sequences: int) -> None:
    for sequence in sequences:
        page.evaluate("(sequence) => teller.shows(sequence)", sequence)


def told(page: Page, ms: int = 1000) -> list[int]:
    """What was told by then."""
    page.clock.run_for(ms)
    messages = page.evaluate("() => sent.splice(0)")
    assert {message["type"] for message in messages} <= {"seen"}
    return [message["sequence"] for message in messages]


# --- the teller alone --------------------------------------------------------------------------------


def test_what_was_in_view_for_a_second_counts(teller: Page):
    shows(teller, 4)

    assert told(teller, 990) == []
    assert told(teller, 20) == [4]
    assert told(teller, 60_000) == []


def test_it_tells_once_a_second_and_the_last_one_at_the_end(teller: Page):
    shows(teller, 4)
    assert told(teller, 500) == []
    shows(teller, 5, 6, 7)

    assert told(teller, 600) == [4]
    assert told(teller, 1000) == [7]
    assert told(teller, 60_000) == []


def test_while_it_is_hidden_nothing_is_told_and_all_once_it_is_visible(teller: Page):
    teller.evaluate(LOOKS, "hidden")
    shows(teller, 4, 5)
    assert told(teller, 60_000) == []

    teller.evaluate(LOOKS, "visible")
    assert told(teller, 1100) == [5]


def test_what_comes_as_the_phone_is_put_away_was_not_seen(teller: Page):
    shows(teller, 4)
    assert told(teller, 500) == []
    teller.evaluate(LOOKS, "hidden")

    assert told(teller, 60_000) == []


def test_a_new_connection_is_told_anew(teller: Page):
    shows(teller, 4)
    assert told(teller, 1100) == [4]
    teller.evaluate("() => { live.isOpen = false }")
    shows(teller, 5)
    assert told(teller, 60_000) == []

    teller.evaluate("() => opens()")
    assert told(teller, 1100) == [5]
    teller.evaluate("() => opens()")
    assert told(teller, 1100) == [5]


def test_what_is_covered_again_before_it_could_be_read_was_not_seen(teller: Page):
    shows(teller, 4)
    assert told(teller, 500) == []
    shows(teller, 0)
    assert told(teller, 60_000) == []

    shows(teller, 4)
    assert told(teller, 1100) == [4]


def test_of_another_conversation_the_numbers_begin_anew(teller: Page):
    shows(teller, 9)
    assert told(teller, 1100) == [9]
    shows(teller, 0)
    teller.evaluate("() => opens()")
    shows(teller, 2)

    assert told(teller, 1100) == [2]


def test_what_is_loaded_late_counts_when_it_is_there(teller: Page):
    teller.evaluate("() => void teller.shows(4, new Promise((resolve) => { window.drawn = resolve }))")
    assert told(teller, 60_000) == []
    teller.evaluate("() => drawn()")
    assert told(teller, 1100) == [4]

    teller.evaluate("() => { teller.shows(9, new Promise(() => {})); teller.shows(5) }")
    assert told(teller, 1100) == [5]


# --- the pages ---------------------------------------------------------------------------------------


def numbers(service: FakeDesk) -> list[int]:
    return [message["sequence"] for message in service.desk.heard if message["type"] == "seen"]


def hears(service: FakeDesk, page: Page, sequence: int) -> None:
    """Waits until the service has heard that number, and no higher one."""
    until = time.monotonic() + PATIENCE_S
    while max(numbers(service), default=0) < sequence and time.monotonic() < until:
        page.clock.run_for(500)
    assert max(numbers(service), default=0) == sequence


def agent_says(service: FakeDesk, page: Page, text: str) -> int:
    """The number of the event, which the page has in its list."""
    service.log("agent_message", {"text": text, "agent": "李敏"})
    expect(page.locator(".messages").get_by_text(text)).to_have_count(1)
    return len(service.conversation.events)


def test_the_chat_tells_as_far_as_it_shows(page: Page, service: FakeDesk):
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")
    service.agent_takes("李敏")
    hears(service, page, agent_says(service, page, "请带户口簿"))

    page.evaluate(LOOKS, "hidden")
    before = numbers(service)
    last = agent_says(service, page, "和照片")
    page.clock.run_for(60_000)
    page.evaluate("() => fetch('/static/icons/mark.svg')")
    assert numbers(service) == before

    page.evaluate(LOOKS, "visible")
    hears(service, page, last)


def test_the_call_page_tells_only_while_its_chat_is_open(page: Page, service: FakeDesk):
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")
    service.agent_takes("李敏")
    service.agent_rings("c1")
    page.goto("/call/c1")
    page.wait_for_selector("bb-call:defined")
    expect(page.get_by_role("button", name="打开摄像头和麦克风")).to_be_visible()
    service.desk.heard.clear()
    last = agent_says(service, page, "请带户口簿")
    page.clock.run_for(60_000)
    page.evaluate("() => fetch('/static/icons/mark.svg')")
    assert numbers(service) == []

    page.get_by_role("button", name="只用文字").click()
    expect(page.locator(".messages").get_by_text("请带户口簿")).to_be_visible()
    hears(service, page, last)
