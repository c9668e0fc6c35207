"""Even what is no HTTP gets an error of the usual shape, and nothing of it is logged."""

import asyncio
import json
import socket

import pytest
from aiohttp import web

from server import http_site
from server.http_site import HttpSite
from tests.waiting import PATIENCE_S


@pytest.fixture
async def address():
    async def hello(_request: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await HttpSite(runner, listening, hotline="12345").start()
    yield listening.getsockname()
    await runner.cleanup()


async def exchange(address, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address[:2])
    writer.write(raw)
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "raw",
    [
        b"BREW /tea HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    ],
    ids=["method", "version", "tls", "length", "header", "long line", "long header"],
)
async def test_what_the_parser_refuses(address, raw, capsys):
    head, _, body = (await exchange(address, raw)).partition(b"\r\n\r\n")

    assert b" 400 " in head.splitlines()[0]
    assert b"aiohttp" not in head
    error = json.loads(body)["error"]
    assert error["code"] == "invalid_input"
    assert error["request_id"].encode() in head
    assert "aaaa" not in capsys.readouterr().out


async def test_a_connection_that_never_finishes_its_first_request_is_closed(address, monkeypatch):
    monkeypatch.setattr(http_site, "FIRST_REQUEST_SECONDS", 0.05)

    assert await exchange(address, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""


async def test_a_connection_that_brought_a_request_is_left_open(address, monkeypatch):
    opened, connection_made = [], http_site._Handler.connection_made

    def is_opened(handler, transport):
        opened.append(handler)
        connection_made(handler, transport)

    monkeypatch.setattr(http_site._Handler, "connection_made", is_opened)
    reader, writer = await asyncio.open_connection(*address[:2])
    for _ in range(2):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
        opened[0]._close_if_silent()  # as when the time for the first request is up
    writer.close()


async def test_a_whole_request_after_a_broken_connection_is_served(address):
    await exchange(address, b"nonsense\r\n\r\n")

    answer = await exchange(address, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
