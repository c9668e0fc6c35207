"""`python3 -m tools.debian`: what the tests need from the system and pip can't bring.

A browser for the page, fonts so that it shows Chinese, PostgreSQL for the stores, coturn for calls
behind firewalls, Redis for several replicas. What is missing is installed where that is allowed (root
on Debian or Ubuntu), else named together with the command.
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
    """A Debian package, what the tests use it for, and how to see whether it is there.

    `service`: what the package starts by itself and nobody asked for; the tests start their own.
    """

    package: str
    purpose: str
    is_there: Callable[[], bool]
    service: str = ""


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
    Need(
        "coturn",
        "the tests of calls behind firewalls",
        lambda: bool(shutil.which("turnserver")),
        service="coturn",  # would listen on every address
    ),
    Need(
        "redis-server",
        "the tests of several replicas",
        lambda: bool(shutil.which("redis-server")),
        service="redis-server",
    ),
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


def switch_off(service: str) -> None:
    """Stops a service of the system, now and for the next start, where there is one."""
    systemctl = shutil.which("systemctl")
    if systemctl is not None:
        command = [systemctl, "disable", "--now", service]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def main(needs: Sequence[Need] = NEEDS) -> int:
    """Brings what is missing, or says what it is; 0 when everything is there."""
    absent = missing(needs)
    packages = [need.package for need in absent]
    if absent and may_install():
        sys.stdout.write(f"Installing Debian packages for the tests: {' '.join(packages)} …\n")
        sys.stdout.flush()
        install(packages)
        for service in filter(None, (need.service for need in absent)):
            switch_off(service)
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
