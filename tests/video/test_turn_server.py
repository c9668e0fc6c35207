"""coturn as our how-to sets it up: who has the service's credentials gets through, and only to the media."""

import asyncio
import time

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint

from tests.turn_server import LOOPBACK, running_turn_server
from video.turn import TurnCredentials, issue_credentials

pytestmark = pytest.mark.slow

SECRET = "a secret that service and TURN server share"
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def turn(tmp_path_factory):
    with running_turn_server(tmp_path_factory.mktemp("turn"), SECRET) as server:
        yield server


class Answers(asyncio.DatagramProtocol):
    """Gathers what comes back, and what went wrong."""

    def __init__(self):
        self.arrived = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.arrived.put_nowait(data)

    def error_received(self, exc):
        self.arrived.put_nowait(exc)


class Echo(asyncio.DatagramProtocol):
    """Stands where a media process would, and says what it hears."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(b"heard " + data, addr)


@pytest.fixture
async def echo():
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(LOOPBACK, 0))
    yield transport.get_extra_info("sockname")
    transport.close()


def credentials(*, secret=SECRET, issued=0.0, ttl_s=600):
    return issue_credentials(secret, name="citizen", now=time.time() + issued, ttl_s=ttl_s)


async def allocate(turn, way, held):
    """A relayed address of that server, and what arrives there."""
    server = (turn.address, turn.tls_port if way == "tls" else turn.port)
    return await create_turn_endpoint(
        Answers,
        server_addr=server,
        username=held.username,
        password=held.password,
        ssl=turn.trust() if way == "tls" else None,
        transport="udp" if way == "udp" else "tcp",
    )


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_media_pass_with_the_credentials_of_the_service(turn, echo, way):
    transport, answers = await allocate(turn, way, credentials())

    transport.sendto(b"a picture", echo)

    assert await asyncio.wait_for(answers.arrived.get(), PATIENCE_S) == b"heard a picture"
    transport.close()


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
@pytest.mark.parametrize(
    "held",
    [
        credentials(secret="a guess"),
        credentials(issued=-7200, ttl_s=3600),
        TurnCredentials(f"{int(time.time()) + 99_999_999}:citizen", credentials().password),
        TurnCredentials("citizen", "password"),
    ],
    ids=["of another secret", "expired", "with the time changed", "made up"],
)
async def test_other_credentials_open_nothing(turn, way, held):
    with pytest.raises(TransactionFailed) as refusal:
        await allocate(turn, way, held)

    assert refusal.value.response.error_code == 401


@pytest.mark.parametrize("inside", ["127.0.0.2", "10.0.0.1", "192.168.1.1", "169.254.169.254", "172.16.0.1"])
async def test_it_is_no_way_into_the_networks_behind_it(turn, inside):
    transport, answers = await allocate(turn, "udp", credentials())

    transport.sendto(b"who is there?", (inside, 80))

    refusal = await asyncio.wait_for(answers.arrived.get(), PATIENCE_S)
    assert isinstance(refusal, TransactionFailed)
    assert refusal.response.error_code == 403
    transport.close()
