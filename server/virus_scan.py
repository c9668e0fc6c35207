"""The one adapter of clamd: has bytes looked at for malware, by its protocol INSTREAM.

Nothing is passed by a path, so clamd may run as another user or on another machine. While it doesn't
answer nothing is let through: a scan that was asked for and didn't happen is no clean one.
"""

import asyncio
import struct
from dataclasses import dataclass

import structlog

from core.errors import ConfigurationError, InfectedFile, ScannerUnavailable

log = structlog.get_logger(__name__)

CHUNK_BYTES = 64 * 1024
SECONDS = 30.0
MOST_REPLY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class VirusScanner:
    """A clamd at a UNIX socket (`path`) or at `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = 0
    seconds: float = SECONDS

    @classmethod
    def at(cls, address: str) -> "VirusScanner":
        """The scanner at `unix:/run/clamav/clamd.ctl` or `host:port`. Raises ConfigurationError."""
        if address.startswith("unix:/"):
            return cls(path=address.removeprefix("unix:"))
        host, _, port = address.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ConfigurationError("clamd_address：要写 unix:/路径 或 主机:端口")
        return cls(host=host.strip("[]"), port=int(port))

    async def check(self, data: bytes) -> None:
        """Returns if nothing was found. Raises InfectedFile, ScannerUnavailable."""
        try:
            async with asyncio.timeout(self.seconds):
                reply = await self._ask(data)
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            log.warning("virus_scanner_away", reason=type(error).__name__)
            raise ScannerUnavailable("clamd doesn't answer") from None
        if reply.endswith(" FOUND"):
            name = reply.removeprefix("stream: ").removesuffix(" FOUND")
            log.warning("infected_file_refused", found=name[:100])
            raise InfectedFile("clamd found something")
        if reply != "stream: OK":
            log.warning("virus_scanner_refused", reply=reply[:100])
            raise ScannerUnavailable("clamd couldn't scan")

    async def _ask(self, data: bytes) -> str:
        if self.path:
            reader, writer = await asyncio.open_unix_connection(self.path, limit=MOST_REPLY_BYTES)
        else:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=MOST_REPLY_BYTES)
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(data), CHUNK_BYTES):
                chunk = data[start : start + CHUNK_BYTES]
                writer.write(struct.pack("!I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            reply = await reader.readuntil(b"\0")
        except asyncio.LimitOverrunError:
            raise ValueError("an endless reply") from None
        finally:
            writer.close()
        return reply[:-1].decode("utf-8", "replace").strip()
