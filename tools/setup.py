"""`python3 -m tools.setup`: makes everything that `make run` needs; what is done is not done again.

    --tests        also the tools of tests and checks
    --no-samples   without the sample guides
    --clean        removes what set-up and tests made beside environments, models and data

Any Python 3 may start it; if that one is too old, it looks for a newer one and goes on with it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.steps import interpreters
from tools.steps.error import SetupError

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("3.11", "3.12", "3.13")


def main(argv: Sequence[str]) -> int:
    """Sets up, and returns 0 when everything stands."""
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - this file is what finds a newer one
            newer = interpreters.find(NEEDED, variable="BANGBAN_PYTHON", purpose="the service")
            os.execv(str(newer), [str(newer), "-m", "tools.setup", *argv])  # noqa: S606 - no shell wanted
        return _set_up(argv)
    except SetupError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on from here.\n")
        return 130


def _set_up(argv: Sequence[str]) -> int:
    from tools.steps import plan  # noqa: PLC0415 - its words need the newer Python that now runs

    parser = argparse.ArgumentParser(prog="tools.setup")
    parser.add_argument("--tests", action="store_true", help="also the tools of tests and checks")
    parser.add_argument("--no-samples", action="store_true", help="without the sample guides")
    parser.add_argument("--clean", action="store_true", help="remove caches and leftovers")
    arguments = parser.parse_args(argv)
    if arguments.clean:
        plan.clean(ROOT)
        return 0
    with (ROOT / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            plan.write_line("Another set-up is running here; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        steps = plan.steps(ROOT, for_tests=arguments.tests, samples=not arguments.no_samples)
        plan.run_all(steps, plan.write_line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
