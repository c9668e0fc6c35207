"""A disk that is soon full."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

DISK_MB = 160


@contextlib.contextmanager
def mounted(disk: Path) -> Iterator[Path]:
    """A file system of a few megabytes. Only root can have one; the rule itself is tested everywhere."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, *, leave_mb: int) -> None:
    """Takes all room but so much."""
    filler = disk / "filler"
    room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - leave_mb * 1024 * 1024
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while room > 0:
            room -= file.write(bytes(min(room, 65536)))
