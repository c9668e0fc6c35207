"""Events reach those who watch; who can't keep up is cut off and told so."""

import asyncio
from datetime import UTC, datetime

from core.ports import ConversationEvent
from server.events import EventFanOut
from tests.waiting import PATIENCE_S


def event(sequence: int, conversation_id: str = "c") -> ConversationEvent:
    return ConversationEvent(conversation_id, sequence, "notice", {}, datetime(2026, 1, 1, tzinfo=UTC))


async def test_every_watcher_of_the_conversation_gets_every_event_in_order():
    fan_out = EventFanOut()
    with fan_out.subscribe("c") as one, fan_out.subscribe("c") as other:
        for number in (1, 2):
            fan_out.publish(event(number))

        assert [await anext(aiter(one)) for _ in range(2)] == [event(1), event(2)]
        assert [await anext(aiter(other)) for _ in range(2)] == [event(1), event(2)]


async def test_events_of_other_conversations_stay_there():
    fan_out = EventFanOut()
    with fan_out.subscribe("c") as watching:
        fan_out.publish(event(1, "other"))
        fan_out.publish(event(1))

        assert await anext(aiter(watching)) == event(1)


async def test_a_slow_watcher_gets_what_fitted_and_then_the_end():
    fan_out = EventFanOut(capacity=2)
    with fan_out.subscribe("c") as watching:
        for number in range(1, 5):
            fan_out.publish(event(number))

        async with asyncio.timeout(PATIENCE_S):
            received = [e.sequence async for e in watching]

    assert received == [1, 2]
    assert watching.overrun


async def test_nothing_is_kept_when_the_last_watcher_is_gone():
    fan_out = EventFanOut()
    with fan_out.subscribe("c"):
        assert fan_out.watchers == 1

    fan_out.publish(event(1))
    assert fan_out.watchers == 0
