"""What agents are told of a channel's limits: whom it concerns, and through whatever failure."""

import asyncio

import pytest

from connectors.wechat.outbox import Rules
from connectors.wechat.standing import UNREACHABLE
from core.errors import Unavailable
from core.outbox_ports import ChannelUser, Delivery, OutboxStep
from core.ports import Conversation
from core.statuses import Holder
from server.channel_standing import ChannelStandings
from tests.fakes import InMemoryConversationStore, ManualClock
from tests.outbox_fakes import InMemoryOutboxStore
from tests.waiting import PATIENCE_S, comes_true

HELD = ChannelUser("hall", "o1", "c1", held=Holder.AGENT)


class FailingOnce(InMemoryOutboxStore):
    """Fails the first time that it is asked for users."""

    failure: Exception | None = None

    async def users_of(self, conversation_ids):
        if (failure := self.failure) is not None:
            self.failure = None
            raise failure
        return await super().users_of(conversation_ids)


class World:
    def __init__(self) -> None:
        clock = ManualClock()
        self.store = FailingOnce(InMemoryConversationStore(now=clock))
        self.told: asyncio.Queue[tuple] = asyncio.Queue()
        self.standings = ChannelStandings(self.store, {"hall": Rules()}, announce=self._announce, now=clock)

    def _announce(self, conversation_id, body, /, *, to_citizen=True):
        self.told.put_nowait((conversation_id, body, to_citizen))

    async def knows(self, user: ChannelUser) -> None:
        await self.store.claim(
            user.account, Delivery(f"m:{user.user_id}", user.user_id), lambda _: OutboxStep(user)
        )


@pytest.fixture
async def world():
    world = World()
    await world.knows(HELD)
    going = asyncio.create_task(world.standings.go_on())
    yield world
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)


async def next_told(world) -> tuple:
    async with asyncio.timeout(PATIENCE_S):
        return await world.told.get()


async def test_only_of_what_an_agent_holds_anything_is_told_and_only_to_staff(world):
    for holder in (Holder.BOT, Holder.QUEUE):
        world.standings.changed(ChannelUser("hall", "o2", "c2", held=holder))
    world.standings.changed(ChannelUser("hall", "o3", "", held=Holder.AGENT))
    world.standings.changed(HELD)

    conversation_id, body, to_citizen = await next_told(world)
    assert (conversation_id, to_citizen) == ("c1", False)
    assert (body["type"], body["standing"]["reachable"]) == ("standing", True)
    assert world.told.empty()


async def test_changes_that_come_together_are_told_as_one(world):
    for _ in range(5):
        world.standings.changed(HELD)

    await next_told(world)
    world.standings.changed(HELD)
    await next_told(world)
    assert world.told.empty()


@pytest.mark.parametrize("failure", [Unavailable("the database is away"), ZeroDivisionError()])
async def test_a_failure_ends_nothing(world, failure):
    world.store.failure = failure
    world.standings.changed(HELD)
    await comes_true(lambda: world.store.failure is None)
    world.standings.changed(HELD)

    assert (await next_told(world))[0] == "c1"


async def test_who_isnt_known_any_more_cant_be_reached(world):
    await world.store.forget_user("hall", "o1")
    world.standings.changed(HELD)

    assert not (await next_told(world))[1]["standing"]["reachable"]
    assert await world.standings.of(Conversation("c1", "wechat", "hash")) == UNREACHABLE


async def test_other_channels_are_never_looked_up(world):
    world.store.failure = AssertionError("looked up")

    assert await world.standings.of(Conversation("c1", "web", "hash")) is None
