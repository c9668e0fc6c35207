"""How long WeChat waits for our answer when there is nothing to wait for.

    nice .venv/bin/python -m bench.wechat_callback [--rate 50] [--seconds 60] [--users 300] [--database URL]

Starts the service on a temporary data directory (SQLite, or the PostgreSQL database given) with a dialogue
that answers at once, and pushes sealed messages of many users at that rate, each when its time has come and
whether or not those before are answered. Prints the times from the push to its whole answer.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from aiohttp.test_utils import unused_port

from tests.scenarios.conftest import ScriptedService
from tests.scenarios.wechat_storm import account_settings
from tests.wechat_platform import AccountSettings, WeChatPlatform
from tests.wechat_platform.rules import MODES


async def measure(rate: float, seconds: float, users: int, mode: str, more: dict) -> None:
    port = unused_port()
    account = AccountSettings(callback=f"http://127.0.0.1:{port}/wechat/hall", mode=mode)
    with tempfile.TemporaryDirectory(prefix="bangban-bench-") as folder:
        async with WeChatPlatform(account) as platform:
            own = account_settings(account, platform.url, port)
            service = ScriptedService(Path(folder, "var"), "--slow-words", **own, **more)
            service.port = port
            await asyncio.to_thread(service.start)
            try:
                used = await push(platform, rate, seconds, users, service.process())
            finally:
                await asyncio.to_thread(service.stop)
            report(platform, rate, used)


async def push(platform, rate: float, seconds: float, users: int, process: psutil.Process) -> float:
    """Pushes; returns the processor time of the service for a push, in seconds."""
    citizens = [platform.account.user() for _ in range(users)]
    for citizen in citizens[:20]:  # what is loaded at the first push
        await citizen.says("你好")
    platform.account.deliveries.clear()
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    for number in range(round(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        citizens[number % users].says(f"第{number}问")
    await platform.account.settled()
    return (sum(process.cpu_times()[:2]) - before) / (rate * seconds)


def report(platform, rate: float, used: float) -> None:
    times = [a.seconds * 1000 for d in platform.account.deliveries for a in d.attempts]
    outcomes = Counter(a.outcome for d in platform.account.deliveries for a in d.attempts)
    carried = sum(d.reply is not None for d in platform.account.deliveries)
    cuts = statistics.quantiles(times, n=100)
    print(f"{len(times)} pushes at {rate:g}/s: {dict(outcomes)}, {carried} answered in their own reply")
    print(f"p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, p99 {cuts[98]:.0f} ms, longest {max(times):.0f} ms")
    print(f"service: {used * 1000:.1f} ms of processor time a push")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--mode", choices=MODES, default="safe")
    parser.add_argument("--database", default="", help="of PostgreSQL, instead of SQLite")
    given = parser.parse_args()
    more = {"database_url": given.database} if given.database else {}
    asyncio.run(measure(given.rate, given.seconds, given.users, given.mode, more))


if __name__ == "__main__":
    main()
