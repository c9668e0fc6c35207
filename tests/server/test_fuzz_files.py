"""Malformed uploads against a running service: each is refused by name, none is a failure of ours."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings import Settings
from server.app import create_app
from tests.desk_fakes import in_memory_stores
from tests.fakes import ScriptedEngine
from tests.server.conftest import CONVERSATIONS
from tests.server.picture_samples import PDF, encoded, page

PICTURE = encoded(page(32, 32), "PNG")
HEAD = b'Content-Disposition: form-data; name="file"; filename="a.pdf"'
PIECES = st.sampled_from(
    [
        b"--x", b"--x--", b"\r\n", b"\r\n\r\n", b"--", b"\n", b"%PDF-1.4", b"\xff\xd8\xff\xe0", b"\x00", HEAD,
        b"--x\r\n" + HEAD, PICTURE, PICTURE[:60], b"Content-Disposition: attachment",
        b"Content-Disposition: form-data; name*=utf-8''%ff; filename*=x''%00", b"Content-Length: -1",
        b"Content-Length: 5", b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: x",
        b"Content-Encoding: gzip", b"Content-Type: multipart/mixed", b": ", b"a" * 9000,
        b"Content-Type: multipart/mixed; boundary=x",
    ]
)  # fmt: skip
KINDS = st.sampled_from(
    [
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        'multipart/form-data; boundary="',
        "image/png",
        "",
    ]
)
UNSEEN = st.text(max_size=200).map(lambda name: name.encode("utf-8", "replace"))


class Running:
    """A service on an event loop of its own thread; `post` waits for its answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, session: ClientSession, url: str, token: str) -> None:
        self._loop, self._session, self._url, self._token = loop, session, url, token

    def post(self, body: bytes, kind: str) -> tuple[int, bytes]:
        return asyncio.run_coroutine_threadsafe(self._post(body, kind), self._loop).result(30)

    async def _post(self, body: bytes, kind: str) -> tuple[int, bytes]:
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self._token}"}
        async with self._session.post(self._url, data=body, headers=headers) as response:
            return response.status, await response.read()


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[TestServer, Running]:
        chosen = Settings.load({"data": tmp_path_factory.mktemp("files"), "log_level": "error"})
        chosen = chosen.model_copy(update={"rate_messages_per_minute": 10**9})
        app = create_app(chosen, stores=in_memory_stores(), engine=ScriptedEngine())
        server = TestServer(app)
        await server.start_server()
        session = ClientSession()
        async with session.post(server.make_url(CONVERSATIONS), json={}) as response:
            opened = await response.json()
        url = str(server.make_url(f"{CONVERSATIONS}/{opened['id']}/files"))
        return server, Running(loop, session, url, opened["token"])

    async def stop(server: TestServer, service: Running) -> None:
        await service._session.close()
        await server.close()

    server, service = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    yield service
    asyncio.run_coroutine_threadsafe(stop(server, service), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()


@settings(max_examples=400, deadline=None)
@given(body=st.lists(PIECES | st.binary(max_size=20), max_size=14).map(b"".join), kind=KINDS)
def test_no_body_whatever_is_a_failure_of_ours(running, body, kind):
    status, answer = running.post(body, kind)

    assert status in {201, 400, 409, 413, 415}, answer


@settings(max_examples=200, deadline=None)
@given(name=UNSEEN, data=st.sampled_from([PDF, PICTURE]) | st.binary(max_size=200))
def test_no_name_whatever_is_a_failure_of_ours(running, name, data):
    head = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"'
    status, answer = running.post(
        b"--x\r\n" + head + b"\r\n\r\n" + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"
    )

    assert status in {201, 400, 409, 413, 415}, answer
