"""What an answer brought to nobody goes another way; what nobody knows of is never told twice."""

import asyncio
from datetime import timedelta

import pytest

from connectors.wechat.pushes import (
    Clicked,
)
from connectors.wechat.replies import SUCCESS
from core.errors import Unavailable
from core.outbox_ports import ItemState
from tests.connectors.wechat.engine_world import World, said


@pytest.fixture
def world():
    return World()


async def test_an_answer_that_reached_nobody_is_sent(world):
    push = world.says("居住证")
    for _ in range(3):
        answer = await world.engine.answer(push)
        await world.sender.look()
        assert (said(answer), world.sent) == ("答居住证", []), "the connection may be there still"
        world.engine.ended(push, answer, arrived=False)
        await asyncio.gather(*world.engine._ending)
    await world.sender.look()

    assert world.sent == ["答居住证"]
    assert await world.engine.answer(push) == SUCCESS, "a retry that comes late gets it no more"


async def test_of_two_attempts_with_the_answer_one_that_reached_somebody_is_enough(world):
    push, other = world.says("居住证"), world.another()
    first, second = await asyncio.gather(world.engine.answer(push, "n1"), other.answer(push, "n2"))
    world.engine.ended(push, first, arrived=False)
    await asyncio.gather(*world.engine._ending)
    await world.sender.look()
    assert world.sent == [], "the other process gives it just now"
    other.ended(push, second, arrived=True)
    await asyncio.gather(*other._ending)
    world.clock.advance(timedelta(minutes=2))
    await world.sender.look()

    assert world.sent == []
    assert [i.state for i in await world.store.items("city", "o1", all_states=True)] == [ItemState.CARRIED]


async def test_what_arrived_and_was_asked_for_again_in_vain_is_unclear(world):
    push = world.says("居住证")
    await world.answers(push)
    world.engine.ended(push, await world.engine.answer(push), arrived=False)
    await asyncio.gather(*world.engine._ending)
    await world.sender.look()
    assert world.sent == []

    assert "看完整对话" in said(await world.answers(world.says("在吗", 2)))


async def test_an_answer_that_the_database_gives_too_late_is_sent(world, monkeypatch):
    change, go = world.store.change, asyncio.Event()

    async def slow(*args, **more):
        made = await change(*args, **more)
        await go.wait()
        return made

    await world.answers(world.says("你好", 1))
    monkeypatch.setattr(world.store, "change", slow)
    monkeypatch.setattr("connectors.wechat.engine.CUT_SECONDS", 0.01)
    with pytest.raises(Unavailable):
        await world.engine.answer(world.says("居住证", 2))
    go.set()
    await world.engine.close()
    await world.sender.look()

    assert world.sent == ["答居住证"]


async def test_what_may_be_the_last_attempt_is_trusted_with_what_cant_be_sent_alone(world):
    push, nothing_more = world.says("居住证"), world.event(Clicked, menu_key="ask:预约")
    world.clock.advance(timedelta(seconds=9))
    assert await world.answers(push) == SUCCESS
    await world.sender.look()
    assert world.sent == ["答居住证"]
    world.clock.advance(timedelta(days=3))
    await world.answers(nothing_more)

    assert [i.state for i in await world.store.items("city", "o1", all_states=True)] == [
        ItemState.SENT,
        ItemState.CARRIED,
    ]


async def test_an_answer_with_which_its_process_ended_is_given_to_the_retry(world):
    push = world.says("居住证")
    await world.another().answer(push, "n1")
    world.clock.advance(timedelta(seconds=5))

    assert said(await world.answers(push, "n2")) == "答居住证"
    world.clock.advance(timedelta(minutes=2))
    await world.sender.look()
    assert [i.state for i in await world.store.items("city", "o1", all_states=True)] == [ItemState.CARRIED]


async def test_an_answer_with_which_its_process_ended_and_that_nobody_asks_for_is_unclear(world):
    await world.another().answer(world.says("居住证"), "n1")
    world.clock.advance(timedelta(minutes=2))
    await world.sender.look()

    assert world.sent == []
    assert "看完整对话" in said(await world.answers(world.says("在吗", 2)))
