"""The page's connection to the service, tried in the browser that runs it, with sockets made here."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.fake_service import FakeService

pytestmark = pytest.mark.slow

WATCH = """async () => {
  const { LiveEvents } = await import('/static/js/lib/live_events.js')
  window.sockets = []
  class Socket extends EventTarget {
    readyState = 0
    constructor(url) {
      super()
      this.url = url
      sockets.push(this)
    }
    opens() {
      this.readyState = 1
      this.dispatchEvent(new Event('open'))
    }
    close() {
      if (this.readyState === 3) return
      this.readyState = 3
      this.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
    }
  }
  window.states = []
  window.live = new LiveEvents(() => ({ url: 'ws://here/', protocols: [] }), { WebSocket: Socket })
  live.addEventListener('state', ({ detail }) => states.push(detail))
  live.start()
}"""
STANDS = "() => [sockets.map(({ readyState }) => readyState), states]"
CONNECTING, OPEN, CLOSED = 0, 1, 3


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    service = FakeService()
    service.start()
    page = browser.new_page(base_url=service.url)
    page.clock.install(time=datetime(2026, 11, 26, 9, 0))
    page.goto("/")
    page.clock.pause_at(datetime(2026, 11, 26, 10, 0))  # no pause of the machine counts as one of the network
    page.evaluate(WATCH)
    yield page
    page.close()
    service.stop()


def test_a_connection_in_doubt_is_replaced_at_once(page: Page):
    page.evaluate("() => { sockets[0].opens(); live.renew() }")

    assert page.evaluate(STANDS) == [[CLOSED, CONNECTING], ["open", "lost"]]

    page.evaluate("() => sockets[1].opens()")
    assert page.evaluate(STANDS) == [[CLOSED, OPEN], ["open", "lost", "open"]]


def test_one_that_is_being_made_is_waited_for(page: Page):
    page.evaluate("() => { live.renew(); live.renew() }")

    assert page.evaluate(STANDS) == [[CONNECTING], []]


def test_a_network_that_is_back_may_be_another_one(page: Page):
    page.evaluate("() => { sockets[0].opens(); window.dispatchEvent(new Event('online')) }")

    assert page.evaluate(STANDS) == [[CLOSED, CONNECTING], ["open", "lost"]]


def test_one_that_doesnt_come_about_is_tried_anew(page: Page):
    page.clock.run_for(10_000)

    sockets, _ = page.evaluate(STANDS)
    assert sockets[0] == CLOSED
    assert len(sockets) > 1


def test_after_the_end_no_doubt_makes_another(page: Page):
    page.evaluate("() => { sockets[0].opens(); live.stop(); live.renew() }")

    assert page.evaluate(STANDS) == [[CLOSED], ["open"]]


OPENED = """(ms) => {
  window.told = ''
  live.opened(ms).then(() => (told = 'there'), ({ name }) => (told = name))
}"""


def test_who_needs_the_connection_waits_for_it(page: Page):
    page.evaluate(OPENED, 4000)
    page.clock.run_for(1000)
    assert page.evaluate("() => told") == ""

    page.evaluate("() => sockets[0].opens()")
    assert page.evaluate("() => told") == "there"
    page.evaluate(OPENED, 0)
    assert page.evaluate("() => told") == "there"


def test_who_needs_the_connection_is_told_that_none_came(page: Page):
    page.evaluate(OPENED, 2000)
    page.clock.run_for(2000)

    assert page.evaluate("() => told") == "ConnectionError"


def test_who_needs_the_connection_ends_the_pause_before_the_next_attempt(page: Page):
    page.evaluate("() => sockets[0].close()")
    assert page.evaluate(STANDS)[0] == [CLOSED]

    page.evaluate(OPENED, 2000)
    assert page.evaluate(STANDS)[0] == [CLOSED, CONNECTING]
