"""Memory that was let go of goes back to the system."""

import psutil

from server.native_memory import give_back, share_arenas


def test_both_calls_are_harmless_wherever_they_run():
    share_arenas()
    give_back()


def test_small_blocks_that_were_freed_leave_the_process():
    before = psutil.Process().memory_info().rss
    blocks = [bytes(600) for _ in range(200_000)]
    keeper = bytes(600)  # the last block keeps glibc from shrinking the heap by itself
    held = psutil.Process().memory_info().rss
    del blocks
    give_back()

    left = psutil.Process().memory_info().rss - before
    assert held - before > 100_000_000
    assert left < (held - before) / 2
    assert keeper
