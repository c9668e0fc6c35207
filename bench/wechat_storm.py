"""A storm of WeChat messages with duplicates, reordering, token expiry and kills: is each answered once?

    nice .venv/bin/python -m bench.wechat_storm [--messages 2000] [--users 300] [--seconds 300] [--kills 2]

As `tests/server/test_wechat_storm.py`, in full: a third of the messages takes 4 to 20 seconds. Prints the
figures, and each promise that wasn't kept.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.scenarios.wechat_storm import CUT_AFTER_SECONDS, Storm, StormPlan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--slow", type=float, nargs=2, default=(4.0, 20.0), help="least and most seconds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--database", default="", help="of PostgreSQL, instead of SQLite")
    parser.add_argument("--data", type=Path, help="a folder that is kept, to look into afterwards")
    given = parser.parse_args()
    plan = StormPlan(
        given.messages, given.users, given.seconds, slow=given.slow, kills=given.kills, seed=given.seed
    )
    with tempfile.TemporaryDirectory(prefix="bangban-bench-") as folder:
        data = given.data or Path(folder, "var")
        report = asyncio.run(Storm(plan, data, database_url=given.database).blow())
    print(f"{report.pushes} messages, {report.attempts} requests, {report.never_arrived} never arrived")
    print(f"{report.carried} answered in their own reply, {report.sent} messages sent besides")
    print(f"{report.unclear} of unclear end, {report.token_fetches} tokens fetched")
    print(f"seen after p50 {report.percentile(0.5):.1f} s, p95 {report.percentile(0.95):.1f} s")
    print(f"longest request {report.longest_attempt:.2f} s (cut at {CUT_AFTER_SECONDS:g} s)")
    for sentence in report.wrong:
        print(f"WRONG: {sentence}")
    print("nothing wrong" if not report.wrong else f"{len(report.wrong)} wrong")


if __name__ == "__main__":
    main()
