"""The bus between replicas, in one process and in Redis."""

import asyncio

import pytest
from redis.asyncio import Redis

from core.errors import ConfigurationError
from core.redis_replicas import RedisReplicas
from tests import redis_server
from tests.contracts.replica_bus import PresenceContract, ReplicaBusContract
from tests.replica_fakes import ProcessBus, ReplicaHub
from tests.waiting import comes_true


class TestProcessBus(ReplicaBusContract, PresenceContract):
    @pytest.fixture(autouse=True)
    def _hub(self):
        self.hub = ReplicaHub()

    def make(self):
        return ProcessBus(self.hub)

    def cut(self):
        self.hub.cut()

    def mend(self):
        self.hub.mend()


@pytest.mark.slow
class TestRedisReplicas(ReplicaBusContract, PresenceContract):
    @pytest.fixture(autouse=True)
    def _server(self):
        with redis_server.running_server() as self.server:
            yield

    def make(self):
        return RedisReplicas(self.server.url, "test")

    def cut(self):
        self.server.stop()

    def mend(self):
        self.server.start()

    async def test_a_lost_message_is_noticed(self):
        async with self.joined(2) as (one, other):
            one.bus.publish({"number": 1})
            await comes_true(lambda: other.heard)
            missed = other.missed

            one.bus._sent += 1  # as one that never arrived
            one.bus.publish({"number": 3})
            await comes_true(lambda: len(other.heard) == 2)

            assert other.missed == missed + 1

    async def test_that_the_last_message_was_lost_is_noticed_without_another(self):
        async with self.joined(2) as (one, other):
            one.bus.publish({"number": 1})
            await comes_true(lambda: other.heard)
            missed = other.missed

            one.bus._sent += 1

            await comes_true(lambda: other.missed > missed)

    async def test_a_connection_that_is_killed_comes_back(self):
        async with self.joined(2) as (one, other):
            missed = one.missed, other.missed
            operator = Redis.from_url(self.server.url)
            await operator.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await comes_true(lambda: one.missed > missed[0] and other.missed > missed[1])
            await comes_true(lambda: one.bus.connected and other.bus.connected)
            one.bus.publish({"number": 1})
            await comes_true(lambda: other.heard)
            await operator.aclose()

    async def test_services_of_other_names_share_a_redis_and_nothing_else(self):
        apart = RedisReplicas(self.server.url, "another")
        heard = []
        async with self.joined(2) as (one, other), apart.joined(heard.append, lambda: None):
            await comes_true(lambda: apart.connected)
            one.bus.publish({"number": 1})
            await one.bus.note(["a"])
            await comes_true(lambda: other.heard)
            assert await apart.watched(["a"]) == frozenset()
            await asyncio.sleep(0.2)

        assert heard == []

    async def test_what_nobody_can_read_harms_nothing(self):
        async with self.joined(2) as (one, other):
            stranger = Redis.from_url(self.server.url)
            for written in ("no json", "[]", "{}", '{"from": "x", "number": "y"}'):
                await stranger.publish("bangban:test:news", written)
            one.bus.publish({"number": 1})
            await comes_true(lambda: other.heard)
            await stranger.aclose()

        assert other.heard == [{"number": 1}]


def test_an_address_that_cannot_be_read_is_refused_without_showing_it():
    with pytest.raises(ConfigurationError) as refused:
        RedisReplicas("http://secret@host", "test")
    assert "secret" not in str(refused.value)
