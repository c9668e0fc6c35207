"""What relaying a call costs, beside aiortc's MediaRelay in the same run.

    nice .venv/bin/python -m bench.relay [--calls 1 8] [--sizes 480p 720p] [--seconds 15] [--rounds 3]
    nice .venv/bin/python -m bench.relay --churn 200

CPU is user plus system time of the server process per second and call; one call is both parties with
sound and picture (25 a second, 0.6 Mb/s at 480p, 1.5 Mb/s at 720p) both ways. Rounds take the servers
in turn, so that whatever else the machine does falls on all of them; figures are medians. A figure is
worth something only if all pictures came, and a line says so where they didn't. Only one
call goes through MediaRelay, which has no room for more. `--churn` opens and closes so many calls and
prints the memory and descriptors of the server as it goes.
"""

import argparse
import asyncio
import statistics
import sys
import time

import psutil

from bench.relay_peers import RATE, SIZES, Party, decode_nothing, make_clip
from bench.relay_servers import LOOPBACK, SECRET
from video.client import MediaAddress, MediaClient, create_session, request
from video.relay.leg import offering

PORT = 18990
WARM_S = 3.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--churn", type=int, default=0)
    arguments = parser.parse_args()
    decode_nothing()
    with offering(LOOPBACK):
        asyncio.run(churn(arguments.churn) if arguments.churn else compare(arguments))


async def compare(arguments):
    for size in arguments.sizes:
        clip = await asyncio.to_thread(make_clip, size)
        rate = sum(len(data) for data, _ in clip["video"]) * 8 * RATE / len(clip["video"])
        print(f"{size}, {rate / 1e6:.2f} Mb/s")
        for calls in arguments.calls:
            kinds = ["relay", "recording"] + (["mediarelay"] if calls == 1 else [])
            figures = {kind: [] for kind in kinds}
            for _ in range(arguments.rounds):
                for kind in kinds:
                    figures[kind].append(await measure(kind, clip, calls, arguments.seconds))
            for kind in kinds:
                report(kind, calls, figures[kind], figures["relay"])


def report(kind, calls, figures, relayed):
    cpu = statistics.median(cpu for cpu, _, _ in figures)
    ratios = [mine / base for (mine, _, _), (base, _, _) in zip(figures, relayed, strict=True)]
    pictures = min(pictures for _, pictures, _ in figures)
    print(
        f"  {calls:2} calls, {kind:10} {cpu:.4f} CPU s a call-second"
        f" ({' '.join(f'{c:.4f}' for c, _, _ in figures)}), {statistics.median(ratios):5.2f} of the relay's,"
        f" {pictures:.1f} pictures/s, {figures[-1][2]:.0f} MB"
        f"{'' if pictures > 0.95 * RATE else '  WORTH NOTHING: pictures are missing'}",
        flush=True,
    )


async def measure(kind, clip, calls, seconds):
    """CPU seconds per call-second, pictures a second that the worst party got, megabytes."""
    async with server(kind) as (client, process):
        parties = []
        for number in range(calls):
            for name in ("citizen", "agent"):
                parties.append(Party(clip))
                await parties[-1].join(client, f"c{number}", name, record=kind == "recording")
        await asyncio.sleep(WARM_S)
        before, cpu, started = [p.counts["video"] for p in parties], cpu_of(process), time.monotonic()
        await asyncio.sleep(seconds)
        passed = time.monotonic() - started
        cpu = (cpu_of(process) - cpu) / passed / calls
        pictures = min(p.counts["video"] - b for p, b in zip(parties, before, strict=True)) / passed
        memory = process.memory_info().rss / 1e6
        await asyncio.gather(*(party.close() for party in parties))
        return cpu, pictures, memory


async def churn(count):
    clip = await asyncio.to_thread(make_clip, "480p")
    async with server("relay") as (client, process):
        for number in range(count):
            parties = [Party(clip), Party(clip)]
            for party, name in zip(parties, ("citizen", "agent"), strict=True):
                await party.join(client, f"c{number}", name)
            while min(party.counts["video"] for party in parties) < 3:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
            await client.close(f"c{number}")
            await asyncio.gather(*(party.close() for party in parties))
            if number % max(1, count // 10) == 0 or number == count - 1:
                memory = process.memory_info().rss / 1e6
                print(
                    f"  after {number + 1:3} calls: {memory:.1f} MB, {process.num_fds()} descriptors,"
                    f" {process.num_threads()} threads, {(await client.stats())[0]['calls']} calls",
                    flush=True,
                )


class server:  # noqa: N801 - used like a function
    """A running server: its client and its process."""

    def __init__(self, kind):
        self._kind = kind

    async def __aenter__(self):
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.relay_servers", self._kind, str(PORT)
        )
        self._session = create_session()
        address = MediaAddress(f"http://127.0.0.1:{PORT}", SECRET)
        client = MediaClient(self._session, [address])
        while not (await client.stats())[0]:
            assert self._process.returncode is None, f"{self._kind} didn't start"
            await asyncio.sleep(0.1)
        await request(self._session, address, "GET", "/stats")
        return client, psutil.Process(self._process.pid)

    async def __aexit__(self, *exc_info):
        await self._session.close()
        self._process.terminate()
        await self._process.wait()


def cpu_of(process):
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
