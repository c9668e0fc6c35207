"""Watching a conversation: every event once, in order, whatever happens to the connection."""

import asyncio
import contextlib

import aiohttp
import pytest
from aiohttp import web

from core.errors import Unavailable
from server.keys import FAN_OUT, SOCKETS
from server.open_sockets import OpenSockets, SocketLimits
from tests.server.conftest import CONVERSATIONS, assert_canonical_error
from tests.waiting import PATIENCE_S, comes_true


def watching(service, started, after: int = 0, **more):
    conversation_id, token = started
    return service.client.ws_connect(
        f"{CONVERSATIONS}/{conversation_id}/events?after={after}",
        protocols=("bangban.v1", f"bearer.{token}"),
        **more,
    )


async def sequences(socket, count: int) -> list[int]:
    async with asyncio.timeout(PATIENCE_S):
        return [(await socket.receive_json())["sequence"] for _ in range(count)]


async def test_what_happened_before_and_what_happens_then_arrive_in_order(service):
    started = await service.started()
    await service.said(started, "一")

    async with watching(service, started) as socket:
        await service.said(started, "二")
        events = [await socket.receive_json() for _ in range(4)]

    assert [event["sequence"] for event in events] == [1, 2, 3, 4]
    assert [event["kind"] for event in events] == ["citizen_message", "bot_message"] * 2
    assert events[0]["body"] == {"text": "一", "client_message_id": ""}
    assert events[1]["body"]["messages"][0]["text"] == "您说的是：一"


async def test_a_watcher_that_comes_back_gets_exactly_what_it_missed(service):
    started = await service.started()
    async with watching(service, started) as socket:
        await service.said(started, "一")
        assert await sequences(socket, 2) == [1, 2]
    await service.said(started, "二")

    async with watching(service, started, after=2) as socket:
        await service.said(started, "三")

        assert await sequences(socket, 4) == [3, 4, 5, 6]


async def test_events_while_the_store_is_read_are_neither_lost_nor_doubled(service):
    started = await service.started()
    for number in range(20):
        await service.conversations.append(started[0], "notice", {"text": str(number)})

    async with watching(service, started) as socket:
        talking = [asyncio.create_task(service.said(started, str(n))) for n in range(5)]
        received = await sequences(socket, 30)
        await asyncio.gather(*talking)

    assert received == list(range(1, 31))


async def test_events_that_another_process_stored_are_not_skipped(service):
    started = await service.started()
    async with watching(service, started) as socket:
        await service.conversations.append(started[0], "notice", {"text": "from elsewhere"})
        await service.said(started, "一")

        assert await sequences(socket, 3) == [1, 2, 3]


async def test_a_watcher_that_cannot_keep_up_is_sent_away_and_loses_nothing_by_coming_back(
    service, monkeypatch
):
    service.app[FAN_OUT]._capacity = 1
    started = await service.started()
    reading = asyncio.Event()
    transcript = service.conversations.events

    async def slow_events(*args, **kwargs):
        await reading.wait()
        return await transcript(*args, **kwargs)

    async with watching(service, started) as socket:
        monkeypatch.setattr(service.conversations, "events", slow_events)
        await comes_true(lambda: service.app[FAN_OUT].watchers == 1)
        await service.said(started, "一")
        await service.said(started, "二")
        reading.set()
        async with asyncio.timeout(PATIENCE_S):
            seen = [message.json()["sequence"] async for message in socket]
        assert socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER

    async with watching(service, started, after=seen[-1] if seen else 0) as socket:
        seen += await sequences(socket, 4 - len(seen))
    assert seen == [1, 2, 3, 4]


@pytest.fixture(
    params=[
        (Unavailable("the database is away"), aiohttp.WSCloseCode.TRY_AGAIN_LATER),
        (RuntimeError("a bug"), aiohttp.WSCloseCode.INTERNAL_ERROR),
    ],
    ids=["the database is away", "a bug"],
)
def trouble(request, service, monkeypatch):
    """Reading events fails inside the `with` block; the code that it gives is to be expected."""
    failure, code = request.param

    @contextlib.contextmanager
    def reading_fails():
        async def broken(*_args, **_kwargs):
            raise failure

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(service.conversations, "events", broken)
            yield code

    return reading_fails


async def received(socket) -> list[int]:
    """All that still comes, until the service closes the socket."""
    async with asyncio.timeout(PATIENCE_S):
        return [message.json()["sequence"] async for message in socket]


async def test_a_watcher_whose_events_cannot_be_read_is_told_to_come_back(service, trouble):
    started = await service.started()
    await service.said(started, "一")

    with trouble() as code:
        async with watching(service, started) as socket:
            assert await received(socket) == []
            assert socket.close_code == code

    async with watching(service, started) as socket:
        assert await sequences(socket, 2) == [1, 2]


async def test_a_watcher_whose_gap_cannot_be_filled_is_told_to_come_back_and_loses_nothing(service, trouble):
    started = await service.started()

    async with watching(service, started) as socket:
        await service.said(started, "一")
        assert await sequences(socket, 2) == [1, 2]
        await service.conversations.append(started[0], "notice", {"text": "from another process"})
        with trouble() as code:
            await service.said(started, "二")
            assert await received(socket) == []
            assert socket.close_code == code

    async with watching(service, started, after=2) as socket:
        assert await sequences(socket, 3) == [3, 4, 5]


async def test_one_conversation_is_not_shown_to_another(service):
    started, other = await service.started(), await service.started()
    async with watching(service, started) as socket:
        await service.said(other, "not for you")
        await service.said(started, "for you")

        assert (await socket.receive_json())["body"]["text"] == "for you"


async def test_programs_may_send_the_token_as_a_header(service):
    conversation_id, token = await service.started()
    await service.said((conversation_id, token), "一")

    async with service.client.ws_connect(
        f"{CONVERSATIONS}/{conversation_id}/events", headers={"Authorization": f"Bearer {token}"}
    ) as socket:
        assert await sequences(socket, 2) == [1, 2]


async def test_a_browser_whose_token_is_refused_learns_it_by_the_close_code(service):
    conversation_id, _ = await service.started()

    async with watching(service, (conversation_id, "wrong")) as socket:
        await socket.receive()

        assert socket.close_code == 4401


async def test_without_a_token_there_is_no_handshake(service):
    conversation_id, _ = await service.started()

    response, data = await service.call("GET", f"{CONVERSATIONS}/{conversation_id}/events")

    assert_canonical_error(response, data, 401, "unauthenticated")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_sites_page_cannot_watch(service, origin):
    started = await service.started()

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with watching(service, started, origin=origin):
            pass

    assert refused.value.status == 403


async def test_a_request_that_is_no_handshake_is_an_error_of_the_usual_shape(service):
    conversation_id, token = await service.started()

    response, data = await service.call("GET", f"{CONVERSATIONS}/{conversation_id}/events", token=token)

    assert_canonical_error(response, data, 400, "invalid_input")


async def test_nonsense_that_a_watcher_sends_is_refused_and_changes_nothing(service):
    started = await service.started()
    async with watching(service, started) as socket:
        await socket.send_str("nonsense")
        await socket.send_bytes(b"\x00" * 100)
        refused = await socket.receive_json()
        await service.said(started, "一")

        assert (refused["type"], refused["code"]) == ("error", "invalid_json")
        assert await sequences(socket, 2) == [1, 2]


async def test_a_watcher_that_left_is_forgotten(service):
    started = await service.started()
    async with watching(service, started):
        pass

    await comes_true(lambda: service.app[FAN_OUT].watchers == 0)


async def refused(service, started) -> int:
    """The status with which a further watcher is refused."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        async with watching(service, started):
            pass
    return error.value.status


@pytest.mark.parametrize(
    "limits", [SocketLimits(of_conversation=2), SocketLimits(of_address=2), SocketLimits(of_all=2)]
)
async def test_only_so_many_may_watch_at_once_and_a_place_given_back_is_free_again(
    start_service, monkeypatch, limits
):
    service = await start_service()
    monkeypatch.setattr(service.app[SOCKETS], "_limits", limits)
    started = await service.started()

    async with watching(service, started):
        async with watching(service, started):
            assert await refused(service, started) == 429
        await comes_true(lambda: len(service.app[SOCKETS]) == 1)
        async with watching(service, started) as socket:
            assert not socket.closed


async def test_who_takes_all_places_of_one_conversation_takes_none_of_another(service, monkeypatch):
    monkeypatch.setattr(service.app[SOCKETS], "_limits", SocketLimits(of_conversation=1))
    started, other = await service.started(), await service.started()

    async with watching(service, started), watching(service, other) as socket:
        assert await refused(service, started) == 429
        assert not socket.closed


async def test_opening_sockets_again_and_again_is_slowed_down(start_service):
    service = await start_service(rate_reads_per_minute=2)
    started = await service.started()
    for _ in range(2):
        async with watching(service, started):
            pass

    assert await refused(service, started) == 429


def test_clients_that_left_stay_in_no_count():
    sockets = OpenSockets()

    with sockets.admit(web.WebSocketResponse(), address="203.0.113.7", conversation_id="c1"):
        assert len(sockets) == 1

    assert (len(sockets), len(sockets._of_address), len(sockets._of_conversation)) == (0, 0, 0)
