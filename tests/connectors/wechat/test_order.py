"""What one user says is answered in its order, whatever fails in between."""

import asyncio
from datetime import timedelta

import pytest

from connectors.wechat.engine import ORDER_HOLDS
from connectors.wechat.replies import SUCCESS
from core.errors import Unavailable
from tests.connectors.wechat.engine_world import World
from tests.waiting import comes_true


@pytest.fixture
def world():
    return World()


async def test_messages_at_once_are_said_in_the_order_in_which_they_came(world):
    world.conversing.go.clear()
    first = asyncio.create_task(world.answers(world.says("一", 1), "n1"))
    await comes_true(lambda: world.conversing.heard == ["一"])
    second = asyncio.create_task(world.answers(world.says("二", 2), "n2"))
    await asyncio.gather(first, second)
    assert world.conversing.heard == ["一"]
    world.conversing.go.set()
    await world.engine.close()

    assert world.conversing.heard == ["一", "二"]


async def test_what_was_said_later_waits_for_what_failed(world):
    world.conversing.fails_for = {"一"}
    assert await world.answers(world.says("一", 1)) == SUCCESS
    world.clock.advance(timedelta(seconds=1))
    assert await world.answers(world.says("二", 2)) == SUCCESS
    world.clock.advance(timedelta(seconds=30))
    await world.engine.take_up_left()
    await world.engine.close()
    assert "二" not in world.conversing.heard
    world.conversing.fails_for.clear()
    world.clock.advance(timedelta(minutes=1))
    await world.engine.take_up_left()
    await world.engine.close()
    await world.sender.look()

    assert world.sent == ["答一\n\n答二"]


async def test_what_fails_for_long_is_given_up_for_what_was_said_later(world):
    world.conversing.fails_for = {"一"}
    await world.answers(world.says("一", 1))
    world.clock.advance(timedelta(seconds=1))
    await world.answers(world.says("二", 2))
    world.clock.advance(ORDER_HOLDS)
    await world.engine.take_up_left()
    await world.engine.close()
    await world.sender.look()

    [text] = world.sent
    assert text.startswith("您有一条消息没能处理，请再发一次。\n\n答二")
    assert await world.store.undone("city", world.clock()) == []


async def test_where_nothing_can_be_done_nothing_is_given_up_for_what_was_said_later(world):
    world.conversing.failure = Unavailable("away")
    await world.answers(world.says("一", 1))
    world.clock.advance(timedelta(seconds=1))
    await world.answers(world.says("二", 2))
    world.clock.advance(ORDER_HOLDS)
    await world.engine.take_up_left()
    await world.engine.close()
    world.conversing.failure = None
    world.clock.advance(timedelta(minutes=5))
    await world.engine.take_up_left()
    await world.engine.close()
    await world.sender.look()

    assert world.sent == ["答一\n\n答二"]
