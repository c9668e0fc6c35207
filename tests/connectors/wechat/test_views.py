"""What is known of a passive reply's end, and that what isn't known isn't claimed."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_writer import StreamWriter
from aiohttp.test_utils import make_mocked_request

from connectors.wechat.views import PassiveAnswer


class Line(asyncio.Transport):
    """A connection to somebody who hangs up as soon as they have read something."""

    def __init__(self):
        super().__init__()
        self.written, self.is_closed = b"", False

    def write(self, data):
        self.written += data
        self.is_closed = True

    def writelines(self, parts):
        self.write(b"".join(parts))

    def is_closing(self):
        return self.is_closed


class World:
    def __init__(self, *, waits_for=5.0):
        loop = asyncio.get_running_loop()
        protocol = BaseProtocol(loop)
        self.line = protocol.transport = Line()
        writer = StreamWriter(protocol, loop)
        self.request = make_mocked_request("POST", "/wechat/city", transport=self.line, writer=writer)
        self.ends = []
        self.answer = PassiveAnswer("<xml/>", self.request, loop.time() + waits_for, self.ends.append)

    async def is_written(self):
        await self.answer.prepare(self.request)
        await self.answer.write_eof()


async def test_who_hangs_up_after_reading_has_heard_it():
    world = World()
    await world.is_written()

    assert world.line.written.endswith(b"<xml/>")
    assert world.ends == [True]


async def test_who_has_hung_up_hears_nothing():
    world = World()
    world.line.is_closed = True
    with pytest.raises(ConnectionError):
        await world.is_written()

    assert world.ends == [False]


async def test_who_has_hung_up_while_the_loop_was_busy_hears_nothing():
    world = World()

    async def news():
        """The loop asks for news of connections, and acts on it, in rounds of its own."""
        await asyncio.sleep(0)
        world.line.is_closed = True

    arriving = asyncio.create_task(news())
    with pytest.raises(ConnectionError):
        await world.is_written()
    await arriving

    assert (world.line.written, world.ends) == (b"", [False])


async def test_after_five_seconds_nothing_is_written_whatever_the_connection_looks_like():
    world = World(waits_for=0.0)
    with pytest.raises(ConnectionError):
        await world.is_written()

    assert (world.line.written, world.ends) == (b"", [False])
