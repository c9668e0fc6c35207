"""Whether a media process stays as it began: calls opened and closed, and a long run of several calls.

    .venv/bin/python -m bench.relay_endurance churn [--calls 200]
    .venv/bin/python -m bench.relay_endurance soak [--calls 8] [--minutes 30] [--size 480p] [--record]

`churn` opens and closes so many calls, eight at a time, and prints memory and descriptors of the server
every 20. `soak` lets calls run, and prints every minute what the server takes, what was lost, the
longest pause of its event loop and what was dropped at its sockets.
"""

import argparse
import asyncio
import itertools
import os
import time

from bench.relay import percentile
from bench.relay_clips import SIZES, make_clip
from bench.relay_peers import Party
from bench.relay_running import running, usable_address
from video.relay.leg import offering

AT_ONCE = 8
PRINT_EVERY = 20
ENOUGH_PICTURES = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    churning = kinds.add_parser("churn")
    churning.add_argument("--calls", type=int, default=200)
    churning.set_defaults(run=churn)
    soaking = kinds.add_parser("soak")
    soaking.add_argument("--calls", type=int, default=8)
    soaking.add_argument("--minutes", type=float, default=30)
    soaking.add_argument("--size", choices=SIZES, default="480p")
    soaking.add_argument("--record", action="store_true")
    soaking.set_defaults(run=soak)
    arguments = parser.parse_args()
    address = usable_address()
    with offering((address,)):
        asyncio.run(arguments.run(arguments, address))


async def churn(arguments, address):
    clip = await asyncio.to_thread(make_clip, "480p")
    numbers, done = itertools.count(), itertools.count(1)
    async with running("relay", address) as server:

        async def caller():
            while (number := next(numbers)) < arguments.calls:
                await one_call(server, f"c{number}", clip)
                if (closed := next(done)) % PRINT_EVERY == 0 or closed == 1:
                    print(
                        f"  after {closed:3} calls: {server.memory():.1f} MB, {server.descriptors()}"
                        f" descriptors, {server.threads()} threads, {(await server.stats())['calls']} open",
                        flush=True,
                    )

        await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


async def one_call(server, name, clip):
    """Returns when both have seen each other, and the call is closed."""
    parties = [Party(clip), Party(clip)]
    await server.connect(name, *parties)
    while min(party.pictures for party in parties) < ENOUGH_PICTURES:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.02)
    await server.close_call(name)
    await asyncio.gather(*(party.close() for party in parties))


async def soak(arguments, address):
    clip = await asyncio.to_thread(make_clip, arguments.size)
    async with running("recording" if arguments.record else "relay", address) as server:
        parties = []
        for number in range(arguments.calls):
            parties += [Party(clip), Party(clip)]
            await server.connect(f"c{number}", *parties[-2:])
        await asyncio.sleep(5)
        began = time.monotonic()
        cpu, at, pictures = server.cpu(), began, sum(party.pictures for party in parties)
        lost = sum(party.lost for party in parties)
        for minute in range(1, max(1, round(arguments.minutes)) + 1):
            for party in parties:
                party.delays.clear()
                party.late_s = 0.0
            await asyncio.sleep(began + 60 * min(minute, arguments.minutes) - time.monotonic())
            now, was, stats = time.monotonic(), cpu, await server.stats()
            cpu, before, pictures = server.cpu(), pictures, sum(party.pictures for party in parties)
            delays = sorted(delay for party in parties for delay in party.delays)
            cost = (cpu - was) / (now - at) / arguments.calls
            print(
                f"  {minute:2} min: {server.memory():.1f} MB, {cost:.4f} CPU s a call-second,"
                f" {(pictures - before) / (now - at) / len(parties):.2f} pictures/s,"
                f" {sum(party.lost for party in parties) - lost} lost,"
                f" longest pause of the last 10 s {stats['loop_lag_ms']} ms,"
                f" {stats['long_pauses']} over 100 ms in all,"
                f" {stats['dropped_datagrams']} datagrams dropped at its sockets,"
                f" delay {percentile(delays, 0.5)}/{percentile(delays, 0.99)} ms,"
                f" load {os.getloadavg()[0]:.1f}"
                f" (generator late {max(party.late_s for party in parties) * 1000:.0f} ms)",
                flush=True,
            )
            at = now
        await asyncio.gather(*(party.close() for party in parties))


if __name__ == "__main__":
    main()
