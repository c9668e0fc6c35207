"""What the Locks that replicas share promise."""

import asyncio

import pytest

from core.errors import Unavailable
from tests.waiting import PATIENCE_S


class LocksContract:
    """Override `one` and `other`, the locks of two replicas, and `end`."""

    @pytest.fixture
    async def one(self):
        raise NotImplementedError

    @pytest.fixture
    async def other(self):
        raise NotImplementedError

    async def end(self, locks):
        """Ends that replica as a crash would."""
        raise NotImplementedError

    async def test_a_lock_is_held_by_one_replica(self, one, other):
        assert await one.try_hold("rounds")
        assert not await other.try_hold("rounds")
        assert await one.holds("rounds")
        assert not await other.holds("rounds")

    async def test_who_holds_it_already_does_not_get_it_again(self, one):
        assert await one.try_hold("rounds")
        assert not await one.try_hold("rounds")

    async def test_a_released_lock_is_free(self, one, other):
        await one.try_hold("rounds")
        await one.release("rounds")

        assert not await one.holds("rounds")
        assert await other.try_hold("rounds")

    async def test_nobody_releases_the_lock_of_another(self, one, other):
        await one.try_hold("rounds")
        await other.release("rounds")

        assert not await other.try_hold("rounds")

    async def test_locks_of_other_names_are_apart(self, one, other):
        assert await one.try_hold("turn 1")
        assert await other.try_hold("turn 2")

    async def test_the_end_of_a_replica_frees_its_locks(self, one, other):
        await one.try_hold("rounds")
        await one.try_hold("turn 1")

        await self.end(one)

        async with other.hold("rounds", at_most=PATIENCE_S), other.hold("turn 1", at_most=PATIENCE_S):
            pass

    async def test_a_replica_waits_until_the_lock_is_free(self, one, other):
        said = []

        async def second():
            async with other.hold("turn", at_most=PATIENCE_S):
                said.append("second")

        async with one.hold("turn", at_most=PATIENCE_S):
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0.1)
            said.append("first")
        await waiting

        assert said == ["first", "second"]

    async def test_who_waits_in_vain_is_told(self, one, other):
        async with one.hold("turn", at_most=PATIENCE_S):
            with pytest.raises(Unavailable):
                async with other.hold("turn", at_most=0.1):
                    raise AssertionError("held twice")

    async def test_who_gives_up_waiting_takes_no_lock_along(self, one, other):
        async def wait_for_it():
            async with other.hold("turn", at_most=PATIENCE_S):
                await asyncio.sleep(60)

        async with one.hold("turn", at_most=PATIENCE_S):
            waiting = asyncio.create_task(wait_for_it())
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

        async with one.hold("turn", at_most=PATIENCE_S):
            pass

    async def test_many_who_want_it_get_it_one_at_a_time(self, one, other):
        inside = most = 0

        async def work(locks):
            nonlocal inside, most
            async with locks.hold("turn", at_most=PATIENCE_S):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(work(locks) for locks in [one, other] * 10))

        assert most == 1
