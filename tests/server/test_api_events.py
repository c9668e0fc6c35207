"""Watching a conversation: every event once, in order, whatever happens to the connection."""

import asyncio

import aiohttp
import pytest

from server.keys import FAN_OUT
from tests.server.conftest import CONVERSATIONS, assert_canonical_error


def watching(service, started, after: int = 0, **more):
    conversation_id, token = started
    return service.client.ws_connect(
        f"{CONVERSATIONS}/{conversation_id}/events?after={after}",
        protocols=("bangban.v1", f"bearer.{token}"),
        **more,
    )


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for raises no event
            await asyncio.sleep(0.005)


async def sequences(socket, count: int) -> list[int]:
    async with asyncio.timeout(10):
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
        await until(lambda: service.app[FAN_OUT].watchers == 1)
        await service.said(started, "一")
        await service.said(started, "二")
        reading.set()
        async with asyncio.timeout(10):
            seen = [message.json()["sequence"] async for message in socket]
        assert socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER

    async with watching(service, started, after=seen[-1] if seen else 0) as socket:
        seen += await sequences(socket, 4 - len(seen))
    assert seen == [1, 2, 3, 4]


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


async def test_whatever_a_watcher_sends_changes_nothing(service):
    started = await service.started()
    async with watching(service, started) as socket:
        await socket.send_str("nonsense")
        await socket.send_bytes(b"\x00" * 100)
        await service.said(started, "一")

        assert await sequences(socket, 2) == [1, 2]


async def test_a_watcher_that_left_is_forgotten(service):
    started = await service.started()
    async with watching(service, started):
        pass

    await until(lambda: service.app[FAN_OUT].watchers == 0)
