"""Starts the servers that `bench.relay` compares, and connects parties through them, each in its way."""

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import psutil

from bench.relay_janus import JanusClient, write_configuration
from bench.relay_servers import SECRET
from video.client import MediaAddress, MediaClient, create_session

START_WITHIN_S = 20


class Server:
    """A running server process; `connect` brings two parties together. None: nothing is between them."""

    def __init__(self, process, connect, stats=None, close_call=None):
        self._process = psutil.Process(process.pid) if process else None
        self.connect, self.stats, self.close_call = connect, stats, close_call

    def cpu(self):
        if self._process is None:
            return 0.0
        times = self._process.cpu_times()
        return times.user + times.system

    def memory(self):
        return self._process.memory_info().rss / 1e6 if self._process else 0.0

    def descriptors(self):
        return self._process.num_fds()

    def threads(self):
        return self._process.num_threads()


@contextlib.asynccontextmanager
async def running(kind, address):
    """The server of this kind, while open."""
    if kind == "direct":
        yield Server(None, connect_directly)
        return
    start = running_janus if kind.startswith("janus") else running_ours
    async with start(kind, address) as server:
        yield server


async def connect_directly(name, citizen, agent):
    await citizen.answered(await agent.answer(await citizen.offer()))


@contextlib.asynccontextmanager
async def running_ours(kind, address):
    port = free_port()
    session = create_session()
    client = MediaClient(session, [MediaAddress(f"http://127.0.0.1:{port}", SECRET)])

    async def connect(name, citizen, agent):
        for party, role in ((citizen, "citizen"), (agent, "agent")):
            offer = await party.offer()
            await party.answered(await client.join(name, role, offer, record=kind == "recording"))

    async def is_ready():
        return (await client.stats())[0]

    async def stats():
        return (await client.stats())[0]

    command = (sys.executable, "-m", "bench.relay_servers", kind, str(port), address)
    async with ready_process(command, is_ready) as process:
        yield Server(process, connect, stats, client.close)
        await session.close()


@contextlib.asynccontextmanager
async def running_janus(kind, address):
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        write_configuration(Path(folder), port, address)
        client = JanusClient(port, folder)

        async def connect(name, citizen, agent):
            await client.connect(name, citizen, agent, record=kind == "janus-recording")

        command = (shutil.which("janus"), "-F", folder, "-o")
        async with ready_process(command, client.ready, stdout=asyncio.subprocess.DEVNULL) as process:
            yield Server(process, connect)
            await client.close()


@contextlib.asynccontextmanager
async def ready_process(command, is_ready, **options):
    process = await asyncio.create_subprocess_exec(*command, **options)
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while not await is_ready():
                assert process.returncode is None, f"{command[0]} didn't start"
                await asyncio.sleep(0.1)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def usable_address():
    """One of this machine that isn't loopback, since Janus offers no other; loopback if there is none."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET and not each.address.startswith("127."):
                return each.address
    return "127.0.0.1"
