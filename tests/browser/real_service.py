"""The real service, in a loop and thread of its own, and what two people do to meet in a call."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from playwright.sync_api import Browser, sync_playwright

from tests.browser.agent import FAKE_DEVICES, Agent
from tests.browser.citizen import Citizen
from tests.browser.conftest import launch
from tests.ports import ReservedPort


async def nothing() -> None:
    """What is prepared where nothing has to be."""


@contextmanager
def serving(
    app: web.Application,
    prepare: Callable[[], Awaitable[None]] = nothing,
    *,
    port: ReservedPort | None = None,
) -> Iterator[str]:
    """Where the service runs; `prepare` is done in its loop before it answers."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="real-service", daemon=True)
    thread.start()
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> str:
        await runner.setup()
        await prepare()
        reserved = port or ReservedPort()
        await web.SockSite(runner, reserved.socket).start()
        return f"{reserved.url}/"

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(timeout=60)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def browser_with_devices() -> Iterator[Browser]:
    """Chromium with a made camera and microphone; a module that names it `browser` uses it for all pages."""
    with sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        yield browser
        browser.close()


def calls(citizen: Citizen, agent: Agent) -> None:
    """The agent calls by video, and the citizen comes as far as the question about recording."""
    agent.presses("视频")
    agent.sees("正在呼叫对方…")
    citizen.page.locator("a[href^='/call/']").first.click()
    citizen.page.wait_for_selector("bb-call:defined")
    citizen.presses("打开摄像头和麦克风")
    citizen.presses("看得到、听得到，下一步")
