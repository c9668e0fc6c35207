"""`python3 -m tools.debian`: what the tests need from the system and pip can't bring.

A browser for the page, fonts so that it shows Chinese, PostgreSQL for the stores. What is missing is
installed where that is allowed (root on Debian or Ubuntu), else named together with the command.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Need:
    """A Debian package, what the tests use it for, and how to see whether it is there."""

    package: str
    purpose: str
    is_there: Callable[[], bool]


def _has_browser() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def _has_chinese_fonts() -> bool:
    lister = shutil.which("fc-list")
    if not lister:
        return False
    listed = subprocess.run([lister, ":lang=zh-cn"], stdout=subprocess.PIPE, check=False)
    return bool(listed.stdout.strip())


def _has_postgresql() -> bool:
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return bool(shutil.which("initdb") or any(folders))


NEEDS = (
    Need("chromium", "the tests of the pages", _has_browser),
    Need("fontconfig", "finding the fonts", lambda: bool(shutil.which("fc-list"))),
    Need("fonts-noto-cjk", "the tests of the pages", _has_chinese_fonts),
    Need("postgresql", "the tests of the stores", _has_postgresql),
)


def missing(needs: Iterable[Need]) -> list[Need]:
    """Those of `needs` that aren't there."""
    return [need for need in needs if not need.is_there()]


def may_install() -> bool:
    """Whether this user may install Debian packages here without being asked."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> bool:
    """Installs Debian packages; says whether that worked."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            return False
    return True


def main(needs: Sequence[Need] = NEEDS) -> int:
    """Brings what is missing, or says what it is; 0 when everything is there."""
    absent = missing(needs)
    packages = [need.package for need in absent]
    if absent and may_install():
        sys.stdout.write(f"Installing Debian packages for the tests: {' '.join(packages)} …\n")
        sys.stdout.flush()
        install(packages)
        absent = missing(needs)
    if not absent:
        return 0
    lines = [f"  {need.package:16} for {need.purpose}" for need in absent]
    names = " ".join(need.package for need in absent)
    sys.stderr.write(
        "The tests need Debian packages that are missing here and could not be installed:\n"
        + "\n".join(lines)
        + f"\nInstall them and run the same command again:\n  sudo apt-get install {names}\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
