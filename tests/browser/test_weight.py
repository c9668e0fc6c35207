"""The page is light: at most 60 KB come over the network before the first answer."""

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.citizen import Citizen
from tests.browser.fake_service import FakeService

pytestmark = pytest.mark.slow

LIMIT = 60 * 1024


def test_page_scripts_styles_and_icons_weigh_at_most_60_kb_gzipped(browser: Browser, service: FakeService):
    weights: dict[str, int] = {}
    context = browser.new_context(base_url=service.url)
    page = context.new_page()
    page.on("requestfinished", lambda request: weigh(request, weights))
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    page.wait_for_load_state("networkidle")
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")

    assert "/static/js/components/bb-chat.js" in weights, "the weight of the scripts is counted"
    assert sum(weights.values()) <= LIMIT, weights
    context.close()


def weigh(request, weights: dict[str, int]) -> None:
    path = urlsplit(request.url).path
    if path.startswith("/api/"):
        return
    weights[path] = len(gzip.compress(request.response().body()))


def test_everything_comes_from_the_service_itself(browser: Browser, service: FakeService):
    hosts: set[str] = set()
    context = browser.new_context(base_url=service.url)
    page = context.new_page()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")

    assert hosts == {urlsplit(service.url).netloc}
    context.close()


def test_every_module_is_preloaded(browser: Browser, service: FakeService):
    page = browser.new_page(base_url=service.url)
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")

    preloaded = page.locator("link[rel=modulepreload]").evaluate_all("all => all.map(e => e.href)")
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map(e => e.name).filter(name => name.endsWith('.js'))"
    )
    starts = {f"{service.url}static/js/pages/{name}.js" for name in ("appearance", "citizen")}
    assert sorted(preloaded) == sorted(set(loaded) - starts)
    page.close()


def test_what_calls_and_persons_need_comes_only_with_them(browser: Browser, service: FakeService):
    paths: set[str] = set()
    context = browser.new_context(base_url=service.url)
    page = context.new_page()
    page.on("request", lambda request: paths.add(urlsplit(request.url).path.rpartition("/")[2]))
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")

    assert not paths & {
        "bb-waiting.js",
        "desk-turns.js",
        "call_media.js",
        "bb-call.js",
        "person.css",
        "call.css",
    }
    context.close()
