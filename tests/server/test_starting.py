"""From its first moment the service answers that it is starting; it is announced when it can more."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web

from core.errors import ConfigurationError
from server import keys
from server.cli import serve as serving
from tests.server.conftest import assert_canonical_error
from tests.waiting import PATIENCE_S, comes_true


class StartingService:
    """`bangban serve` with an application whose parts open, and whose index catches up, when told to."""

    def __init__(self, settings) -> None:
        self.settings = settings
        self.said: list[str] = []
        self.parts_open = asyncio.Event()
        self.caught_up = asyncio.Event()
        self.failure: Exception | None = None
        self.closed = False
        self.url = ""
        self.task: asyncio.Task[None] | None = None

    def app(self, _settings) -> web.Application:
        app = web.Application()
        app[keys.KNOWLEDGE] = SimpleNamespace(
            synchroniser=SimpleNamespace(wait_until_caught_up=self.caught_up.wait)
        )
        app.router.add_get("/", self._answer)
        app.router.add_get("/healthz", self._answer)
        app.cleanup_ctx.append(self._parts)
        return app

    async def get(self, path: str, method: str = "GET") -> tuple[aiohttp.ClientResponse, str]:
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path) as response:
            return response, await response.text()

    async def says(self, words: str) -> None:
        await comes_true(lambda: any(words in line for line in self.said))

    async def serves(self) -> None:
        """Returns when the application itself answers."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                # What came in as the one gave way to the other may be cut off.
                with contextlib.suppress(aiohttp.ServerDisconnectedError):
                    if (await self.get("/"))[1] == "the application":
                        return
                await asyncio.sleep(0.01)

    def announced(self) -> bool:
        return any("帮办已启动" in line for line in self.said)

    async def _parts(self, _app: web.Application) -> AsyncIterator[None]:
        await self.parts_open.wait()
        if self.failure:
            raise self.failure
        yield
        self.closed = True

    @staticmethod
    async def _answer(_request: web.Request) -> web.Response:
        return web.Response(text="the application")


@pytest.fixture
async def service(settings, monkeypatch, unused_tcp_port):
    service = StartingService(settings.model_copy(update={"port": unused_tcp_port, "hotline": "0431-12345"}))
    service.url = f"http://127.0.0.1:{unused_tcp_port}"
    monkeypatch.setattr(serving, "create_app", service.app)
    monkeypatch.setattr(serving, "say", service.said.append)
    service.task = asyncio.create_task(serving.serve(service.settings))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectorError):
                await service.get("/healthz")
                break
            await asyncio.sleep(0.01)
    yield service
    service.task.cancel()
    await asyncio.gather(service.task, return_exceptions=True)


async def test_while_it_starts_it_lives_but_is_not_ready(service):
    alive, _ = await service.get("/healthz")
    ready, body = await service.get("/readyz")

    assert alive.status == 200
    assert (ready.status, json.loads(body)) == (503, {"status": "not_ready", "checks": {}})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/conversations"), ("GET", "/api/v1/guides"), ("GET", "/metrics"), ("DELETE", "/x/y")],
)
async def test_while_it_starts_programs_are_told_so_in_the_usual_shape(service, method, path):
    response, body = await service.get(path, method)

    assert_canonical_error(response, json.loads(body), 503, "starting_up")
    assert "0431-12345" in body
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_while_it_starts_a_browser_gets_a_page_that_asks_again(service, method):
    response, page = await service.get("/", method)

    assert response.status == 503
    assert response.content_type == "text/html"
    assert "正在启动" in page
    assert 'http-equiv="refresh"' in page


async def test_it_is_announced_when_the_index_holds_what_is_published(service, monkeypatch):
    monkeypatch.setattr(serving, "SILENT_SECONDS", 0.0)
    service.parts_open.set()
    await service.serves()
    await service.says("正在为办事指南建立索引")
    assert not service.announced()

    service.caught_up.set()
    await service.says("帮办已启动")


async def test_a_connection_from_the_start_is_no_way_to_miss_the_service(service):
    async with aiohttp.ClientSession() as session:
        async with session.get(service.url + "/") as response:
            assert response.status == 503
        service.parts_open.set()
        await service.serves()

        async with session.get(service.url + "/") as response:
            assert await response.text() == "the application"


@pytest.mark.parametrize("moment", ["starting", "indexing", "serving"])
async def test_it_ends_in_an_orderly_way_at_any_moment(service, moment):
    if moment != "starting":
        service.parts_open.set()
        await service.serves()
    if moment == "serving":
        service.caught_up.set()
        await service.says("帮办已启动")

    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        await service.task

    assert service.closed == (moment != "starting")
    with pytest.raises(aiohttp.ClientConnectorError):
        await service.get("/healthz")


async def test_what_cannot_be_opened_ends_it(service):
    service.failure = ConfigurationError("没有对话模型")
    service.parts_open.set()

    with pytest.raises(ConfigurationError, match="没有对话模型"):
        async with asyncio.timeout(PATIENCE_S):
            await service.task
