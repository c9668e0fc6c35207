"""What the bus between replicas, and what tells who is watching, promise."""

import contextlib
from dataclasses import dataclass, field

import pytest

from core.errors import Unavailable
from tests.waiting import comes_true


@dataclass
class Joined:
    """A replica on the bus: what it heard, and how often it was told that it missed something."""

    bus: object
    heard: list = field(default_factory=list)
    missed: int = 0

    def on_missed(self):
        self.missed += 1


class ReplicaBusContract:
    """Override `make`, which gives the bus of one more replica, and `cut` and `mend`."""

    def make(self):
        raise NotImplementedError

    def cut(self):
        """Breaks what connects the replicas."""
        raise NotImplementedError

    def mend(self):
        """Brings it back."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def joined(self, count):
        """So many replicas, connected."""
        async with contextlib.AsyncExitStack() as stack:
            replicas = [Joined(self.make()) for _ in range(count)]
            for replica in replicas:
                await stack.enter_async_context(replica.bus.joined(replica.heard.append, replica.on_missed))
            await comes_true(lambda: all(each.bus.connected for each in replicas))
            yield replicas

    async def test_the_others_hear_what_one_publishes_in_order_and_once(self):
        async with self.joined(3) as (one, other, third):
            for number in range(300):
                one.bus.publish({"number": number, "text": "您好"})

            await comes_true(lambda: len(other.heard) >= 300 and len(third.heard) >= 300)

        assert other.heard == third.heard == [{"number": n, "text": "您好"} for n in range(300)]
        assert one.heard == []

    async def test_all_publish_and_hear_at_once(self):
        async with self.joined(2) as (one, other):
            for number in range(50):
                one.bus.publish({"number": number})
                other.bus.publish({"number": -number})

            await comes_true(lambda: len(one.heard) == len(other.heard) == 50)

        assert other.heard == [{"number": n} for n in range(50)]
        assert one.heard == [{"number": -n} for n in range(50)]

    async def test_each_is_told_on_connecting_that_it_may_have_missed_something(self):
        async with self.joined(2) as replicas:
            assert all(replica.missed >= 1 for replica in replicas)

    async def test_nothing_is_heard_after_the_end(self):
        async with self.joined(2) as (one, third):
            async with self.joined(1) as [other]:
                one.bus.publish({"number": 1})
                await comes_true(lambda: other.heard)
            one.bus.publish({"number": 2})
            await comes_true(lambda: len(third.heard) == 2)

            assert other.heard == [{"number": 1}]
            assert not other.bus.connected

    async def test_what_connects_them_breaks_and_they_come_back_by_themselves(self):
        async with self.joined(2) as (one, other):
            self.cut()
            await comes_true(lambda: not one.bus.connected and not other.bus.connected)
            missed = one.missed, other.missed
            one.bus.publish({"number": 1})  # neither waits nor raises

            self.mend()
            await comes_true(lambda: one.bus.connected and other.bus.connected)
            await comes_true(lambda: one.missed > missed[0] and other.missed > missed[1])
            one.bus.publish({"number": 2})
            await comes_true(lambda: other.heard)

        assert other.heard == [{"number": 2}]

    async def test_a_replica_may_begin_while_nothing_connects_it(self):
        self.cut()
        replica = Joined(self.make())
        async with replica.bus.joined(replica.heard.append, replica.on_missed):
            assert not replica.bus.connected
            self.mend()
            await comes_true(lambda: replica.bus.connected)


class PresenceContract:
    """Override `make`, which gives the Presence of one more replica, and `cut`."""

    async def test_what_is_watched_at_one_replica_is_known_at_the_other(self):
        async with self.joined(2) as (one, other):
            await one.bus.note(["a", "b"])
            await other.bus.note(["c"])

            assert await other.bus.watched(["a", "b", "c", "d"]) == {"a", "b", "c"}

    async def test_nothing_asked_is_nothing_found(self):
        async with self.joined(1) as (one,):
            await one.bus.note([])

            assert await one.bus.watched([]) == frozenset()

    async def test_who_cannot_tell_says_so(self):
        async with self.joined(1) as (one,):
            self.cut()
            with pytest.raises(Unavailable):
                await one.bus.watched(["a"])
            with pytest.raises(Unavailable):
                await one.bus.note(["a"])
            self.mend()
