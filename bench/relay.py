"""What relaying a call costs, beside aiortc's MediaRelay and beside Janus in the same run.

    nice .venv/bin/python -m bench.relay [--calls 1 5 8 16] [--sizes 480p 720p] [--seconds 12] [--rounds 3]
    .venv/bin/python -m bench.relay --kinds relay recording --calls 8 --sizes 480p     (a change's cost)

CPU is user plus system time of the server process per second and call; one call is both parties with
Opus and VP8 both ways (25 pictures a second, 0.6 Mb/s at 480p, 1.5 Mb/s at 720p) over ICE and DTLS-SRTP.
Rounds take the servers in turn, so that whatever else the machine does falls on all of them; figures
are medians, ratios are of the same round. A figure is worth something only if all pictures came, and a
line says so where they didn't. Delay is from one party's sending to the other's taking in, p50 and
p99, this program's own part included: `direct` has no server between. MediaRelay carries one call, and
its pictures are encoded anew, so there is no delay to read from them. Janus is Debian's package `janus`.
"""

import argparse
import asyncio
import os
import statistics
import time
from dataclasses import dataclass

from bench.relay_clips import RATE, SIZES, bitrate_of, make_clip
from bench.relay_janus import libraries
from bench.relay_peers import Party
from bench.relay_running import running, usable_address
from video.relay.leg import offering

KINDS = ("direct", "relay", "recording", "janus", "janus-recording", "mediarelay")
WARM_S = 3.0


@dataclass(frozen=True)
class Figures:
    """Of one server in one round."""

    cpu: float  # seconds per second and call
    pictures: float  # a second, of the party that got fewest
    lost: int
    megabytes: float
    delays: list[float]  # seconds
    late_s: float  # how far this generator fell behind


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 5, 8, 16])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if libraries() is None:
        print("Janus isn't there (Debian's package `janus`): nothing is compared with it")
        arguments.kinds = [kind for kind in arguments.kinds if not kind.startswith("janus")]
    address = usable_address()
    with offering((address,)):
        asyncio.run(compare(arguments, address))


async def compare(arguments, address):
    for size in arguments.sizes:
        clip = await asyncio.to_thread(make_clip, size)
        load = os.getloadavg()[0]
        print(f"{size}, {bitrate_of(clip) / 1e6:.2f} Mb/s, at {address}; load of the machine {load:.1f}")
        for calls in arguments.calls:
            kinds = [kind for kind in arguments.kinds if kind != "mediarelay" or calls == 1]
            figures = {kind: [] for kind in kinds}
            for _ in range(arguments.rounds):
                for kind in kinds:
                    figures[kind].append(await measure(kind, clip, calls, arguments.seconds, address))
            for kind in kinds:
                report(kind, calls, figures)


def report(kind, calls, figures):
    mine = figures[kind]
    pictures = min(each.pictures for each in mine)
    delays = sorted(delay for each in mine for delay in each.delays)
    print(
        f"  {calls:2} calls, {kind:15} {statistics.median(each.cpu for each in mine):.4f} CPU s a call-second"
        f" ({' '.join(f'{each.cpu:.4f}' for each in mine)}){compared(mine, figures)},"
        f" {pictures:.1f} pictures/s, {max(each.lost for each in mine)} lost, {mine[-1].megabytes:.0f} MB,"
        f" delay {percentile(delays, 0.5)}/{percentile(delays, 0.99)} ms"
        f" (generator late {max(each.late_s for each in mine) * 1000:.0f} ms)"
        f"{'' if pictures > 0.95 * RATE else '  WORTH NOTHING: pictures are missing'}",
        flush=True,
    )


def compared(mine, figures):
    """This server's cost as a multiple of the others' in the same rounds."""
    ratios = {
        other: statistics.median(m.cpu / o.cpu for m, o in zip(mine, figures[other], strict=True))
        for other in ("relay", "janus")
        if other in figures and figures[other] is not mine and figures[other][0].cpu
    }
    return "".join(f", {ratio:.2f} of {other}'s" for other, ratio in ratios.items())


def percentile(ordered, share):
    return f"{ordered[int(share * (len(ordered) - 1))] * 1000:.2f}" if ordered else "–"


async def measure(kind, clip, calls, seconds, address):
    """The figures of one server under so many calls."""
    async with running(kind, address) as server:
        parties = []
        for number in range(calls):
            parties += [Party(clip, stamps=kind != "mediarelay") for _ in range(2)]
            await server.connect(f"c{number}", *parties[-2:])
        await asyncio.sleep(WARM_S)
        for party in parties:
            party.delays.clear()
            party.late_s = 0.0
        pictures, lost = [party.pictures for party in parties], sum(party.lost for party in parties)
        cpu, started = server.cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        passed = time.monotonic() - started
        figures = Figures(
            cpu=(server.cpu() - cpu) / passed / calls,
            pictures=min(p.pictures - was for p, was in zip(parties, pictures, strict=True)) / passed,
            lost=sum(party.lost for party in parties) - lost,
            megabytes=server.memory(),
            delays=[delay for party in parties for delay in party.delays],
            late_s=max(party.late_s for party in parties),
        )
        await asyncio.gather(*(party.close() for party in parties))
        return figures


if __name__ == "__main__":
    main()
