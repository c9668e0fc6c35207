"""One at a time for a key, in order, and nothing left behind."""

import asyncio

import pytest

from core.errors import TooManyRequests
from server.turn_locks import TurnLocks
from tests.replica_fakes import ProcessLocks, ReplicaHub
from tests.waiting import PATIENCE_S


async def test_work_of_one_key_is_done_one_after_another_in_order_of_arrival():
    locks = TurnLocks()
    done: list[str] = []

    async def work(name: str) -> None:
        async with locks.hold("key"):
            done.append(f"{name} begins")
            await asyncio.sleep(0)
            done.append(f"{name} ends")

    await asyncio.gather(work("first"), work("second"))

    assert done == ["first begins", "first ends", "second begins", "second ends"]


async def test_other_keys_do_not_wait():
    locks = TurnLocks()

    async with locks.hold("a"), asyncio.timeout(PATIENCE_S), locks.hold("b"):
        pass


async def test_no_lock_outlives_its_use_even_when_the_work_fails():
    locks = TurnLocks()

    with pytest.raises(ValueError, match="failed"):
        async with locks.hold("key"):
            raise ValueError("failed")

    assert len(locks) == 0


async def test_who_gives_up_waiting_leaves_nothing_behind():
    locks = TurnLocks()
    async with locks.hold("key"):
        waiting = asyncio.create_task(_hold_once(locks))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    assert len(locks) == 0


async def test_too_many_waiting_for_one_key_are_refused():
    locks = TurnLocks(max_waiting=1)
    async with locks.hold("key"):
        waiting = asyncio.create_task(_hold_once(locks))
        await asyncio.sleep(0)

        with pytest.raises(TooManyRequests):
            await _hold_once(locks)

    await waiting


async def _hold_once(locks: TurnLocks) -> None:
    async with locks.hold("key"):
        pass


async def test_replicas_that_share_locks_work_on_one_key_one_at_a_time():
    hub = ReplicaHub()
    one, other = (TurnLocks(shared=ProcessLocks(hub)) for _ in range(2))
    inside = most = 0

    async def work(locks):
        nonlocal inside, most
        async with locks.hold("c"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(work(locks) for locks in (one, other) * 4))

    assert most == 1
    assert hub.lock_owners == {}


async def test_a_file_and_a_message_of_one_conversation_do_not_wait_for_each_other():
    hub = ReplicaHub()
    turns, uploads = TurnLocks(shared=ProcessLocks(hub)), TurnLocks(kind="upload", shared=ProcessLocks(hub))

    async with asyncio.timeout(PATIENCE_S), turns.hold("c"), uploads.hold("c"):
        pass
