"""The media process's HTTP interface and the client that speaks to it, without media."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from core.errors import (
    ConfigurationError,
    InvalidInput,
    MediaFull,
    MediaUnavailable,
    NotFound,
    RecordingUnavailable,
)
from tests.video.test_rooms import Surroundings
from video.client import MediaAddress, MediaClient, create_session, shard_of
from video.worker import LAG, create_media_app

SECRET = "s3cret-of-the-test"


@pytest.fixture
def here():
    return Surroundings(max_calls=1)


@pytest.fixture
async def server(here):
    server = TestServer(create_media_app(here.rooms, secret=SECRET))
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def session():
    async with create_session() as session:
        yield session


@pytest.fixture
def address(server):
    return MediaAddress(str(server.make_url("")).rstrip("/"), SECRET)


@pytest.fixture
def client(session, address):
    return MediaClient(session, [address])


async def test_a_call_from_joining_to_its_end(client, here):
    assert await client.join("c1", "citizen", "mine", record=True) == "answer to mine"
    assert await client.join("c1", "agent", "yours", record=True) == "answer to yours"
    assert (await client.call_stats("c1"))["recording"] == {"bytes": 1}
    await client.record("c1", on=False)
    await client.leave("c1", "agent")
    await client.close("c1")

    assert here.recorders[0].closed == 1
    assert all(leg.closed for leg in here.legs)


async def test_what_is_gone_already_may_be_ended_again(client):
    await client.leave("c1", "agent")
    await client.close("c1")


async def test_refusals_arrive_as_what_they_are(client):
    with pytest.raises(InvalidInput):
        await client.join("c1", "citizen", "nonsense")
    await client.join("c1", "citizen", "mine")
    with pytest.raises(MediaFull):
        await client.join("c2", "citizen", "mine")
    with pytest.raises(NotFound):
        await client.call_stats("c2")
    with pytest.raises(NotFound):
        await client.record("c2", on=True)
    with pytest.raises(NotFound):
        await client.join("c1", "stranger", "mine")


async def test_a_wish_to_record_that_cant_be_met_is_told(session):
    here = Surroundings(with_recorder=False)
    server = TestServer(create_media_app(here.rooms, secret=SECRET))
    await server.start_server()
    client = MediaClient(session, [MediaAddress(str(server.make_url("")).rstrip("/"), SECRET)])

    with pytest.raises(RecordingUnavailable):
        await client.join("c1", "citizen", "mine", record=True)
    await server.close()


async def test_the_figures_of_a_process_tell_how_it_keeps_up(client):
    await client.join("c1", "citizen", "mine")

    (figures,) = await client.stats()

    assert (figures["calls"], figures["legs"], figures["max_calls"]) == (1, 1, 1)
    assert figures["loop_lag_ms"] >= 0
    assert figures["udp_receive_buffer_errors"] >= 0
    assert figures["rss_bytes"] > 1_000_000


async def test_a_process_that_cannot_keep_up_refuses_new_calls_and_keeps_those_it_has(session):
    here = Surroundings()
    app = create_media_app(here.rooms, secret=SECRET)
    server = TestServer(app)
    await server.start_server()
    client = MediaClient(session, [MediaAddress(str(server.make_url("")).rstrip("/"), SECRET)])
    await client.join("c1", "citizen", "mine")
    app[LAG].note(60.0, asyncio.get_running_loop().time() + 4)

    await client.leave("c1", "citizen")
    await client.join("c1", "citizen", "mine")
    with pytest.raises(MediaFull):
        await client.join("c2", "citizen", "mine")

    (figures,) = await client.stats()
    assert (figures["strained"], figures["refused"], figures["calls"]) == (True, 1, 1)
    await server.close()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": SECRET}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/stats"), ("POST", "/calls/c1/legs/citizen"), ("GET", "/x")]
)
async def test_nothing_is_told_without_the_secret(session, server, headers, method, path):
    async with session.request(method, server.make_url(path), headers=headers, json={"sdp": "o"}) as response:
        assert response.status == 401
        assert (await response.json())["error"]["code"] == "unauthenticated"


async def test_an_empty_secret_opens_nothing(here, session):
    server = TestServer(create_media_app(here.rooms, secret=""))
    await server.start_server()
    async with session.get(server.make_url("/stats"), headers={"Authorization": "Bearer "}) as response:
        assert response.status == 401
    await server.close()


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/calls/c1/legs/citizen", b"{", 400, "invalid_json"),
        ("/calls/c1/legs/citizen", b"[" * 100_000, 400, "invalid_json"),
        ("/calls/c1/legs/citizen", b"[]", 400, "invalid_json"),
        ("/calls/c1/legs/citizen", b"{}", 400, "invalid_input"),
        ("/calls/c1/legs/citizen", b'{"sdp": "o", "record": 1}', 400, "invalid_input"),
        ("/calls/c1/legs/citizen", b'{"sdp": "' + b"o" * 200_000 + b'"}', 413, "http_error"),
        ("/calls/..%2Fc1/legs/citizen", b'{"sdp": "o"}', 400, "invalid_input"),
        (f"/calls/{'c' * 65}/legs/citizen", b'{"sdp": "o"}', 400, "invalid_input"),
        ("/calls/c1/legs/supervisor", b'{"sdp": "o"}', 404, "not_found"),
        ("/calls/c1/record", b'{"on": "yes"}', 400, "invalid_input"),
        ("/nothing", b"{}", 404, "http_error"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_one_form(session, address, path, body, status, code):
    url = URL(address.url + path, encoded=True)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with session.post(url, data=body, headers=headers) as response:
        assert response.status == status
        assert (await response.json())["error"]["code"] == code


async def test_a_process_that_is_away_makes_calls_unavailable(session):
    client = MediaClient(session, [MediaAddress("http://127.0.0.1:1", SECRET)])

    with pytest.raises(MediaUnavailable):
        await client.join("c1", "citizen", "mine")
    with pytest.raises(MediaUnavailable):
        await client.close("c1")
    assert await client.stats() == [{}]


async def test_another_secret_is_the_operators_matter(session, address):
    with pytest.raises(ConfigurationError):
        await MediaClient(session, [MediaAddress(address.url, "wrong")]).call_stats("c1")


@pytest.mark.parametrize(("status", "text"), [(200, "hello"), (200, "[1]"), (200, ""), (502, "{}")])
async def test_nonsense_from_a_process_makes_calls_unavailable(session, status, text):
    async def say(request):
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    server = TestServer(app)
    await server.start_server()
    client = MediaClient(session, [MediaAddress(str(server.make_url("")).rstrip("/"), SECRET)])

    with pytest.raises(MediaUnavailable):
        await client.call_stats("c1")
    await server.close()


def test_a_call_is_always_in_the_same_process_and_all_processes_are_used():
    shards = [shard_of(f"call-{n}", 4) for n in range(400)]

    assert shards == [shard_of(f"call-{n}", 4) for n in range(400)]
    assert all(60 < shards.count(shard) < 140 for shard in range(4))


async def test_without_processes_there_is_no_client(session):
    with pytest.raises(ConfigurationError):
        MediaClient(session, [])


def test_secrets_are_not_shown_by_accident():
    assert SECRET not in repr(MediaAddress("http://127.0.0.1:1", SECRET))
