"""A Chromium, the fake service, and a page that fails its test when the browser complains."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.agent import Agent, sign_in
from tests.browser.citizen import Citizen
from tests.browser.fake_desk import FakeDeskService
from tests.browser.fake_service import FakeService
from tests.browser.patience import PATIENCE_MS

CHROMIUM = os.environ.get("BANGBAN_TEST_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright, more: Sequence[str] = ()) -> Browser:
    """Chromium without anything that calls home; root needs it without its sandbox."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *as_root, *more])


expect.set_options(timeout=PATIENCE_MS)


# Of a module, not of the session: while Playwright's synchronous interface is open, an event loop
# counts as running in this thread, and no asynchronous test of another folder could run one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def context(browser: Browser, service: FakeService) -> Iterator[BrowserContext]:
    """A browser of its own: nothing is remembered from another test."""
    context = browser.new_context(
        base_url=service.url,
        viewport={"width": 375, "height": 667},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """The citizen page, opened. A script error or a breach of the content policy fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    yield page

    assert complaints == []


def is_breach(message) -> bool:
    """Whether a message of the console says that the content policy was broken."""
    return message.type == "error" and bool(re.search("Content Security Policy|Refused to", message.text))


@pytest.fixture
def citizen(page: Page) -> Citizen:
    return Citizen(page)


@pytest.fixture
def desk() -> Iterator[FakeDeskService]:
    desk = FakeDeskService()
    desk.start()
    yield desk
    desk.stop()


@pytest.fixture
def agent_page(browser: Browser, desk: FakeDeskService) -> Iterator[Page]:
    """An empty page of a signed-in agent. A script error or a breach of the content policy fails the test."""
    context = browser.new_context(
        base_url=desk.url,
        viewport={"width": 1280, "height": 800},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    sign_in(context, desk)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    yield page
    context.close()

    assert complaints == []


@pytest.fixture
def agent(agent_page: Page) -> Agent:
    return Agent(agent_page)
