"""Nothing that was acknowledged is lost by a restart, on the real database, with a scripted dialogue."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from core.clock import utc_now
from core.database import Database
from core.messages import BotReply, Choice, ReplyMessage
from core.settings import Settings
from core.statuses import TurnStatus
from core.stores.tables import conversations
from server.app import create_app
from server.keys import CONVERSATION_STORE
from tests.fakes import ScriptedEngine, say
from tests.waiting import PATIENCE_S

OFFER = BotReply(
    TurnStatus.CLARIFYING,
    (ReplyMessage("哪个区？", type="question", choices=(Choice("东区", "d:1"), Choice("西区", "d:2"))),),
)


class Citizen:
    """Someone who talks to the service, whichever process of it runs now."""

    def __init__(self) -> None:
        self.client: TestClient
        self.opened: dict[str, str] = {}

    async def opens_a_conversation(self) -> None:
        response = await self.client.post("/api/v1/conversations", json={"channel": "web"})
        self.opened = await response.json()

    async def says(self, text: str, client_message_id: str = ""):
        response = await self.client.post(
            f"/api/v1/conversations/{self.opened['id']}/messages",
            json={"text": text, "client_message_id": client_message_id},
            headers=self.headers(),
        )
        assert response.status == 200
        return await response.json()

    async def reads(self) -> list[tuple[str, str]]:
        """What was said, in order, each with who said it."""
        response = await self.client.get(f"/api/v1/conversations/{self.opened['id']}", headers=self.headers())
        events = (await response.json())["events"]
        words = {
            "citizen_message": lambda body: body["text"],
            "bot_message": lambda body: body["messages"][0]["text"],
        }
        return [(e["kind"], words[e["kind"]](e["body"])) for e in events if e["kind"] in words]

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.opened['token']}"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"data": tmp_path / "var", "log_level": "error"})


@pytest.fixture
def soon_left(settings: Settings) -> Settings:
    """What is older than the engine's timeout is taken for left; few tests want to wait for that."""
    return settings.model_copy(update={"engine_timeout_s": 0.2, "action_deadline_s": 0.1})


@pytest.fixture
def citizen() -> Citizen:
    return Citizen()


@contextlib.asynccontextmanager
async def running(settings: Settings, engine: ScriptedEngine, citizen: Citizen) -> AsyncIterator[TestClient]:
    """A process of the service on this data, that the citizen talks to."""
    async with TestClient(TestServer(create_app(settings, engine=engine))) as client:
        citizen.client = client
        yield client


async def test_a_conversation_goes_on_after_a_restart(settings, citizen):
    engine = ScriptedEngine({"去哪办": OFFER})
    async with running(settings, engine, citizen):
        await citizen.opens_a_conversation()
        await citizen.says("去哪办")

    async with running(settings, engine, citizen):
        await citizen.says("第二个")

    assert engine.turns[-1][2] == "d:2"


async def test_a_message_sent_again_after_a_restart_is_the_same_turn(settings, citizen):
    engine = ScriptedEngine()
    async with running(settings, engine, citizen):
        await citizen.opens_a_conversation()
        first = await citizen.says("你好", "m1")

    async with running(settings, engine, citizen):
        again = await citizen.says("你好", "m1")

    assert again == first
    assert len(engine.turns) == 1


async def test_a_message_that_a_crash_left_unanswered_is_answered_without_anyone_asking(
    settings, soon_left, citizen
):
    engine = ScriptedEngine({"你好": say("您好！")})
    async with running(settings, engine, citizen) as client:
        await citizen.opens_a_conversation()
        store = client.app[CONVERSATION_STORE]
        # What is stored when the process is killed between the message and its answer:
        body = {"text": "你好", "client_message_id": "m1"}
        await store.append(citizen.opened["id"], "citizen_message", body, delivery_key="citizen:m1")

    async with running(soon_left, engine, citizen):
        async with citizen.client.ws_connect(
            f"/api/v1/conversations/{citizen.opened['id']}/events?after=1",
            headers={"Authorization": f"Bearer {citizen.opened['token']}"},
        ) as socket:
            event = await socket.receive_json(timeout=PATIENCE_S)
        assert event["body"]["messages"][0]["text"] == "您好！"
        assert (await citizen.says("你好", "m1"))["messages"][0]["text"] == "您好！"

    assert len(engine.turns) == 1


async def test_a_message_of_this_moment_is_left_to_whoever_is_answering_it(settings, citizen, monkeypatch):
    monkeypatch.setattr("server.app.RECOVER_EVERY_SECONDS", 0.01)
    engine = ScriptedEngine()
    async with running(settings.model_copy(update={"engine_timeout_s": 3600.0}), engine, citizen) as client:
        await citizen.opens_a_conversation()
        store = client.app[CONVERSATION_STORE]
        await store.append(citizen.opened["id"], "citizen_message", {"text": "你好"})
        await tried_often(store, monkeypatch)

    assert engine.turns == []


async def tried_often(store, monkeypatch, *, for_seconds: float = 0.0) -> None:
    """Returns when, after that time, the background has looked a few times for what was left."""
    looks = 0
    real = store.unanswered

    async def unanswered(before):
        nonlocal looks
        looks += 1
        return await real(before)

    await asyncio.sleep(for_seconds)
    monkeypatch.setattr(store, "unanswered", unanswered)
    async with asyncio.timeout(PATIENCE_S):
        while looks < 5:  # noqa: ASYNC110 - the background tells nobody
            await asyncio.sleep(0.01)


async def test_what_was_left_waits_until_the_engine_is_ready(settings, soon_left, citizen, monkeypatch):
    engine = ScriptedEngine()
    async with running(settings, engine, citizen) as client:
        await citizen.opens_a_conversation()
        body = {"text": "你好", "client_message_id": "m1"}
        await client.app[CONVERSATION_STORE].append(
            citizen.opened["id"], "citizen_message", body, delivery_key="citizen:m1"
        )
    engine.is_ready = False
    monkeypatch.setattr("server.app.RECOVER_EVERY_SECONDS", 0.01)

    async with running(soon_left, engine, citizen) as client:
        await tried_often(client.app[CONVERSATION_STORE], monkeypatch, for_seconds=soon_left.engine_timeout_s)
        assert await citizen.reads() == [("citizen_message", "你好")]

    assert engine.turns == []


async def test_who_waits_for_a_person_keeps_the_place_in_the_queue(settings, citizen):
    engine = ScriptedEngine()
    other = Citizen()
    async with running(settings, engine, citizen) as client:
        other.client = client
        for someone in (other, citizen):
            await someone.opens_a_conversation()
            await client.post(
                f"/api/v1/conversations/{someone.opened['id']}/handover",
                json={"mode": "text"},
                headers=someone.headers(),
            )

    async with running(settings, engine, citizen) as client:
        response = await client.post(
            f"/api/v1/conversations/{citizen.opened['id']}/handover",
            json={"mode": "text"},
            headers=citizen.headers(),
        )
        assert (await response.json())["position"] == 2


async def test_conversations_silent_for_too_long_are_forgotten_at_the_next_start(settings, citizen):
    async with running(settings, ScriptedEngine(), citizen):
        await citizen.opens_a_conversation()
    database = Database.open(settings.effective_database_url)
    long_ago = utc_now() - timedelta(days=settings.retention_days, hours=1)
    await database.write(
        lambda connection: connection.execute(update(conversations).values(last_at=long_ago))
    )
    await database.close()

    async with running(settings, ScriptedEngine(), citizen) as client:
        store = client.app[CONVERSATION_STORE]
        async with asyncio.timeout(PATIENCE_S):
            while await store.get(citizen.opened["id"]):  # noqa: ASYNC110 - the purge tells nobody
                await asyncio.sleep(0.01)
