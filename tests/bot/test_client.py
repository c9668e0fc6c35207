"""The engine over HTTP, with a stand-in for Rasa on the other side."""

import asyncio

import pytest
from aiohttp.test_utils import TestServer as BareServer

from bot.client import RasaAddress, RasaEngine, create_session, is_ready, served_model
from core.errors import DialogueUnavailable, InvalidInput
from core.statuses import TurnStatus
from tests.bot.fake_rasa import FakeRasa, turn
from tests.contracts.dialogue_engine import DialogueEngineContract
from tests.ports import kept_port
from tests.waiting import PATIENCE_S


@pytest.fixture
async def session():
    async with create_session() as session:
        yield session


@pytest.fixture
async def rasa(aiohttp_server):
    fake = FakeRasa()
    fake.server = await aiohttp_server(fake.app)
    fake.address = RasaAddress(f"http://127.0.0.1:{fake.server.port}")
    return fake


@pytest.fixture
def engine(session, rasa):
    return RasaEngine(session, [rasa.address], timeout_s=PATIENCE_S)


class TestRasaEngine(DialogueEngineContract):
    @pytest.fixture
    async def engine(self, session, rasa):
        return RasaEngine(session, [rasa.address], timeout_s=PATIENCE_S)

    @pytest.fixture
    async def silent_engine(self, session, rasa):
        rasa.answers = []
        return RasaEngine(session, [rasa.address], timeout_s=PATIENCE_S)


async def test_the_reply_says_how_long_the_engine_took(engine, rasa):
    rasa.answers = turn("免费。", "answered", timings_ms={"action": 3.0})

    reply = await engine.reply("c1", "要钱吗")

    assert reply.status is TurnStatus.ANSWERED
    assert reply.timings_ms["action"] == 3.0
    assert reply.timings_ms["engine"] > 0


async def test_a_turn_over_its_time_is_given_up(session, rasa):
    rasa.seconds = 60

    with pytest.raises(DialogueUnavailable):
        await RasaEngine(session, [rasa.address], timeout_s=0.1).reply("c1", "你好")


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_an_error_of_rasa_is_not_repeated(engine, rasa, status):
    rasa.status = status

    with pytest.raises(DialogueUnavailable):
        await engine.reply("c1", "你好")
    assert len(rasa.received) == 1


async def test_a_message_without_content_is_not_sent(engine, rasa):
    with pytest.raises(InvalidInput):
        await engine.reply("c1", " / ")
    assert rasa.received == []


async def test_a_message_waits_while_rasa_starts_again(session):
    port = kept_port()
    rasa = FakeRasa()
    engine = RasaEngine(session, [RasaAddress(f"http://127.0.0.1:{port}")], timeout_s=30)
    waiting = asyncio.create_task(engine.reply("c1", "你好"))
    await asyncio.sleep(0.3)

    async with BareServer(rasa.app, port=port):
        reply = await waiting

    assert reply.messages
    assert len(rasa.received) == 1


async def test_a_rasa_that_does_not_come_back_is_unavailable(session):
    port = kept_port()
    engine = RasaEngine(session, [RasaAddress(f"http://127.0.0.1:{port}")], timeout_s=0.6)

    with pytest.raises(DialogueUnavailable):
        await engine.reply("c1", "你好")


async def test_a_turn_that_lost_its_process_is_sent_once_more(engine, rasa):
    rasa.break_off = 1

    assert (await engine.reply("c1", "你好")).messages
    assert len(rasa.received) == 2


async def test_a_message_that_kills_rasa_does_so_twice_at_most(engine, rasa):
    rasa.break_off = 9

    with pytest.raises(DialogueUnavailable):
        await engine.reply("c1", "你好")
    assert len(rasa.received) == 2


async def test_a_conversation_stays_with_its_process_and_all_processes_have_some(session, aiohttp_server):
    fakes = [FakeRasa() for _ in range(3)]
    servers = [await aiohttp_server(fake.app) for fake in fakes]
    addresses = [RasaAddress(f"http://127.0.0.1:{server.port}") for server in servers]
    engine = RasaEngine(session, addresses, timeout_s=PATIENCE_S)

    for _ in range(2):
        for number in range(30):
            await engine.reply(f"conversation-{number}", "你好")

    senders = [[message["sender"] for message in fake.received] for fake in fakes]
    assert all(senders)
    assert all(set(a).isdisjoint(b) for a, b in [(senders[0], senders[1]), (senders[1], senders[2])])


async def test_an_engine_with_a_process_that_understands_nothing_is_not_ready(session, rasa, aiohttp_server):
    broken = FakeRasa()
    broken.understands = False
    server = await aiohttp_server(broken.app)
    address = RasaAddress(f"http://127.0.0.1:{server.port}")

    assert await RasaEngine(session, [rasa.address], timeout_s=PATIENCE_S).ready()
    assert not await RasaEngine(session, [rasa.address, address], timeout_s=PATIENCE_S).ready()


async def test_the_management_api_is_asked_with_the_token(session, rasa):
    rasa.token = "secret"

    assert not await is_ready(session, rasa.address)
    assert await is_ready(session, RasaAddress(rasa.address.url, "secret"))
    assert await served_model(session, RasaAddress(rasa.address.url, "secret")) == "m1"


async def test_nobody_at_home_is_not_ready(session):
    port = kept_port()

    assert not await is_ready(session, RasaAddress(f"http://127.0.0.1:{port}"))


async def test_an_engine_needs_a_process(session):
    with pytest.raises(ValueError, match="process"):
        RasaEngine(session, [], timeout_s=PATIENCE_S)
