"""The adapter of clamd, against a clamd of our own at a real socket."""

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest

from core.errors import ConfigurationError, InfectedFile, ScannerUnavailable
from server.virus_scan import CHUNK_BYTES, VirusScanner


class FakeClamd:
    """Speaks INSTREAM; finds something in bytes that hold EICAR."""

    def __init__(self, reply: bytes = b"") -> None:
        self.reply = reply
        self.received = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        self.received = b""
        while size := struct.unpack("!I", await reader.readexactly(4))[0]:
            self.received += await reader.readexactly(size)
        found = b"stream: Eicar-Test FOUND\0" if b"EICAR" in self.received else b"stream: OK\0"
        writer.write(self.reply or found)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(clamd: FakeClamd):
    server = await asyncio.start_server(clamd.serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_clean_bytes_are_let_through_whole():
    data = bytes(range(256)) * 700
    assert len(data) > 2 * CHUNK_BYTES

    clamd = FakeClamd()
    async with listening(clamd) as address:
        await VirusScanner.at(address).check(data)

    assert clamd.received == data


async def test_a_unix_socket_will_do(tmp_path):
    clamd = FakeClamd()
    path = tmp_path / "clamd.ctl"
    async with await asyncio.start_unix_server(clamd.serve, path):
        await VirusScanner.at(f"unix:{path}").check(b"clean")

    assert clamd.received == b"clean"


async def test_what_is_found_is_refused():
    async with listening(FakeClamd()) as address:
        with pytest.raises(InfectedFile):
            await VirusScanner.at(address).check(b"xx EICAR xx")


@pytest.mark.parametrize(
    "reply",
    [
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: OKAY\0",
        b"\0",
        b"stream: OK",
        b"x" * 9000,
        b"\xff\0",
    ],
)
async def test_any_other_reply_counts_as_no_scan(reply):
    async with listening(FakeClamd(reply)) as address:
        with pytest.raises(ScannerUnavailable):
            await VirusScanner.at(address).check(b"clean")


async def test_without_clamd_nothing_is_let_through(tmp_path):
    for scanner in (VirusScanner(host="127.0.0.1", port=1), VirusScanner(path=str(tmp_path / "none"))):
        with pytest.raises(ScannerUnavailable):
            await scanner.check(b"clean")


async def test_a_clamd_that_hangs_is_given_up():
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ScannerUnavailable):
        await VirusScanner(host="127.0.0.1", port=port, seconds=0.1).check(b"clean")
    server.close()


@pytest.mark.parametrize("address", ["clamd", "unix:relative", "host:", ":3310", "host:99999", "host:a"])
def test_an_address_that_can_not_be_read_is_a_wrong_setting(address):
    with pytest.raises(ConfigurationError):
        VirusScanner.at(address)
