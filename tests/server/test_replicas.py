"""Several replicas of the service: citizen at one, agent at the other, and nobody notices."""

import asyncio
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from core.statuses import Role
from server import health, replicas
from server.keys import FAN_OUT, REPLICAS, STORES
from server.pages.call.consent import consent_version
from tests import redis_server
from tests.conftest import empty_tables
from tests.fakes import ScriptedEngine
from tests.server.conftest import CONVERSATIONS
from tests.server.desk_api import SDP, Citizen, Desk, desk_of
from tests.server.replica_world import Replicas
from tests.waiting import PATIENCE_S, comes_true

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def redis():
    with redis_server.running_server() as server:
        yield server


@pytest.fixture
async def world(tmp_path, migrated_postgresql, redis):
    await empty_tables(migrated_postgresql)
    world = Replicas(tmp_path / "var", migrated_postgresql, redis.url)
    yield world
    await world.close()


@pytest.fixture
async def a(world):
    return await world.start()


@pytest.fixture
async def b(world, a):
    b = await world.start()
    await world.connected(a, b)
    return b


@pytest.fixture
async def agent(b) -> Desk:
    """An agent at the second replica."""
    desk = await desk_of(b)
    await desk.done("PUT", "/me", json={"state": "available"})
    return desk


@pytest.fixture
async def citizen(a) -> Citizen:
    """A citizen at the first replica."""
    return Citizen(a, await a.started())


def at(desk: Desk, service) -> Desk:
    """The same member of staff, whose request the other replica gets."""
    moved = Desk(service, {})
    moved.headers = desk.headers
    return moved


async def accepted(agent: Desk, citizen: Citizen, **wish) -> str:
    await citizen.asks(**wish)
    queue = await agent.done("GET", "/queue")
    waiting = next(w for w in queue["waiting"] if w["conversation_id"] == citizen.id)
    await agent.done("POST", f"/handovers/{waiting['id']}/accept")
    return f"/conversations/{citizen.id}"


class Page:
    """A socket that remembers the numbers of all events that came, whoever waited for what."""

    def __init__(self, socket) -> None:
        self._socket = socket
        self.sequences: list[int] = []

    async def receive_json(self) -> dict:
        message = await self._socket.receive_json()
        if "sequence" in message:
            self.sequences.append(message["sequence"])
        return message

    def assert_complete(self) -> None:
        assert self.sequences == list(range(1, len(self.sequences) + 1))


async def until(socket, wanted) -> dict:
    """The first message that is wanted. Far longer than it takes: a slow machine decides nothing."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await socket.receive_json()
            if wanted(message):
                return message


async def heard(socket, last_text: str) -> list[dict]:
    """All events of the log up to the one with that text."""
    events = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await socket.receive_json()
            if "sequence" in message:
                events.append(message)
                if message["body"].get("text") == last_text:
                    return events


# --- a consultation across replicas ------------------------------------------------------------------


async def test_hand_over_and_messages_both_ways_arrive_in_order_and_once(a, b, agent, citizen):
    async with agent.events() as desk, citizen.watching() as page:
        path = await accepted(agent, citizen)
        for number in range(20):
            await a.said((citizen.id, citizen.token), f"问{number}")
            await agent.done("POST", path + "/messages", json={"text": f"答{number}"})
        at_page = await heard(page, "答19")
        at_desk = await heard(desk, "答19")

    assert [e["sequence"] for e in at_page] == list(range(1, len(at_page) + 1))
    assert [e["sequence"] for e in at_desk] == list(range(at_desk[0]["sequence"], len(at_page) + 1))
    talk = [e["body"]["text"] for e in at_page if e["kind"] in {"citizen_message", "agent_message"}]
    assert talk == [f"{who}{number}" for number in range(20) for who in "问答"]


async def test_messages_at_the_same_moment_from_both_sides_are_neither_lost_nor_doubled(a, b, agent, citizen):
    async with agent.events() as desk, citizen.watching() as page:
        path = await accepted(agent, citizen)
        await asyncio.gather(
            *(a.said((citizen.id, citizen.token), f"问{n}") for n in range(5)),
            *(agent.done("POST", path + "/messages", json={"text": f"答{n}"}) for n in range(15)),
        )
        await agent.done("POST", path + "/messages", json={"text": "完"})
        at_page = await heard(page, "完")
        at_desk = await heard(desk, "完")

    assert [e["sequence"] for e in at_page] == list(range(1, len(at_page) + 1))
    assert [e["sequence"] for e in at_desk] == list(range(at_desk[0]["sequence"], len(at_page) + 1))


async def test_the_place_in_the_queue_is_told_at_the_replica_where_the_citizen_is(a, b, agent, citizen):
    first = Citizen(b, await b.started())
    await first.asks()
    await citizen.asks()
    async with citizen.watching() as page:
        await until(page, lambda news: news.get("type") == "queue" and news["position"] == 2)
        await first.call("DELETE", "/handover")
        await until(page, lambda news: news.get("type") == "queue" and news["position"] == 1)


async def test_the_desk_follows_what_its_agent_accepted_through_the_other_replica(a, b, agent, citizen):
    async with agent.events() as desk:
        path = await accepted(at(agent, a), citizen)
        await a.said((citizen.id, citizen.token), "在吗")
        await until(desk, lambda news: news.get("kind") == "citizen_message")
        await at(agent, a).done("POST", path + "/close", json={"summary": "完"})
        await until(desk, lambda news: news.get("kind") == "holder" and news["body"]["holder"] == "bot")
        await a.said((citizen.id, citizen.token), "还有一个问题")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await until(desk, lambda news: "sequence" in news)


async def test_a_supervisor_listens_at_the_one_to_what_goes_on_at_the_other(a, b, agent, citizen):
    path = await accepted(agent, citizen)
    chief = await desk_of(a, "赵主管", Role.SUPERVISOR)
    async with chief.events() as wall, agent.events() as desk:
        await at(chief, b).done("POST", path + "/listen")
        await at(chief, b).done("POST", path + "/whisper", json={"text": "提醒带照片"})
        await until(desk, lambda news: news.get("kind") == "whisper")
        await a.said((citizen.id, citizen.token), "好的")
        await until(wall, lambda news: news.get("kind") == "citizen_message")
        await chief.done("POST", path + "/take-over")
        await until(desk, lambda news: news.get("kind") == "holder")
        await a.said((citizen.id, citizen.token), "秘密")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await until(desk, lambda news: "sequence" in news)


async def test_the_agent_sees_whether_the_citizen_is_there(a, b, agent, citizen, monkeypatch):
    path = await accepted(agent, citizen)
    async with citizen.watching():

        async def there() -> bool:
            return (await agent.done("GET", path))["citizen_present"]

        await comes_true(there)


# --- calls -------------------------------------------------------------------------------------------


async def test_a_call_rings_connects_and_ends_across_replicas(world, a, b, agent, citizen):
    path = await accepted(agent, citizen)
    async with agent.events() as desk, citizen.watching() as page:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        ringing = await until(page, lambda news: news.get("type") == "call.state")
        assert (ringing["state"], ringing["call_id"]) == ("ringing", call["call_id"])
        await connect(world, citizen, call["call_id"], desk, page)
        for socket in (desk, page):
            await until(socket, lambda news: news.get("state") == "live" and news["peer"]["connected"])
        await page.send_json({"type": "call.stats", "call_id": call["call_id"], "stats": {"level": "good"}})
        await until(desk, lambda news: news.get("type") == "call.quality" and news["level"] == "good")

        world.media.lose("citizen")
        await until(desk, lambda news: news.get("state") == "held" and not news["peer"]["connected"])
        await page.send_json({"type": "call.rejoin", "call_id": call["call_id"], "sdp": SDP})
        await until(page, lambda news: news.get("type") == "call.answer")
        world.media.connect("citizen")
        await until(desk, lambda news: news.get("state") == "live" and news["peer"]["connected"])

        await page.send_json({"type": "call.hangup", "call_id": call["call_id"]})
        await until(desk, lambda news: news.get("type") == "call.state" and news["state"] == "ended")

    stored = await a.app[STORES].calls.get(call["call_id"])
    assert (stored.state, stored.end_reason) == ("ended", "hangup")
    states = [e["body"]["state"] for e in await citizen.events() if e["kind"] == "call"]
    assert states == ["ringing", "live", "ended"]


async def test_both_sides_of_a_call_step_at_the_same_moment_and_agree(world, a, b, agent, citizen):
    path = await accepted(agent, citizen)
    async with agent.events() as desk, citizen.watching() as page:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        await connect(world, citizen, call["call_id"], desk, page)
        await until(page, lambda news: news.get("state") == "live")
        for mode in ("audio", "video", "audio"):
            for socket in (desk, page):
                await socket.send_json({"type": "call.mode", "call_id": call["call_id"], "mode": mode})
        for socket in (desk, page):
            await socket.send_json({"type": "call.hangup", "call_id": call["call_id"]})
        for socket in (desk, page):
            await until(socket, lambda news: news.get("type") == "call.state" and news["state"] == "ended")

    ended = [e for e in await citizen.events() if e["kind"] == "call" and e["body"]["state"] == "ended"]
    assert len(ended) == 1


async def test_a_call_goes_on_when_the_replica_that_looked_after_it_ends(world, a, b, agent, citizen):
    assert await a.app[REPLICAS].leads() or await b.app[REPLICAS].leads()
    path = await accepted(agent, citizen)
    async with agent.events() as desk, citizen.watching() as page:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        await connect(world, citizen, call["call_id"], desk, page)
        await until(page, lambda news: news.get("state") == "live")

    third = await world.start()
    await world.connected(third)
    await a.client.close()
    await b.client.close()

    still = Citizen(third, (citizen.id, citizen.token))
    async with still.watching() as page, at(agent, third).events() as desk:
        await comes_true(third.app[REPLICAS].leads)
        assert (await third.app[STORES].calls.get(call["call_id"])).state == "live"
        world.media.lose("agent")
        await until(page, lambda news: news.get("state") == "held")
        await desk.send_json({"type": "call.rejoin", "call_id": call["call_id"], "sdp": SDP})
        await until(desk, lambda news: news.get("type") == "call.answer")
        world.media.connect("agent")
        await until(page, lambda news: news.get("state") == "live" and news["peer"]["connected"])


async def connect(world, citizen: Citizen, call_id: str, desk, page) -> None:
    _, consented = await citizen.call(
        "POST", f"/calls/{call_id}/consent", json={"version": consent_version(), "agree": True}
    )
    assert consented["state"] == "connecting"
    for socket in (desk, page):
        await socket.send_json({"type": "call.offer", "call_id": call_id, "sdp": SDP})
        await until(socket, lambda news: news.get("type") == "call.answer")
    world.media.connect("citizen", "agent")


# --- one of all does it --------------------------------------------------------------------------------


async def test_the_same_message_sent_to_both_replicas_is_one_turn_with_one_reply(world):
    engine = ScriptedEngine()
    a, b = await world.start(engine), await world.start(engine)
    started = await a.started()

    replies = await asyncio.gather(
        *(each.said(started, "居住证", client_message_id="m1") for each in (a, b) * 3)
    )

    assert all(reply == replies[0] for reply in replies)
    assert len(engine.turns) == 1


async def test_one_replica_leads_and_the_next_takes_over(world, a, b):
    async def one_leads() -> bool:
        return any([await each.app[REPLICAS].leads() for each in (a, b)])

    await comes_true(one_leads)
    assert [await each.app[REPLICAS].leads() for each in (a, b)].count(True) == 1
    first, second = (a, b) if await a.app[REPLICAS].leads() else (b, a)

    await first.client.close()

    await comes_true(second.app[REPLICAS].leads)


# --- Redis is away -----------------------------------------------------------------------------------


async def test_without_redis_everything_arrives_a_little_later_and_it_heals_by_itself(
    world, a, b, agent, citizen, redis, monkeypatch
):
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(replicas, "LOOK_SECONDS", 0.3)
    async with agent.events() as desk, citizen.watching() as socket:
        page = Page(socket)
        redis.stop()
        await world.connected(a, b, are=False)
        ready, checks = await a.call("GET", "/readyz")
        assert (ready.status, checks["checks"]["replicas"]) == (200, "degraded")

        path = await accepted(at(agent, a), citizen)  # the desk that follows it is at the other replica
        await a.said((citizen.id, citizen.token), "在吗")
        await until(desk, lambda news: news.get("kind") == "citizen_message")
        await agent.done("POST", path + "/messages", json={"text": "在的"})
        await heard(page, "在的")
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        await until(page, lambda news: news.get("type") == "call.state" and news["state"] == "ringing")
        await citizen.call("POST", f"/calls/{call['call_id']}/decline")
        await until(desk, lambda news: news.get("kind") == "call" and news["body"]["state"] == "ended")

        redis.start()
        await world.connected(a, b)
        await agent.done("POST", path + "/messages", json={"text": "又好了"})
        await heard(page, "又好了")
        ready, checks = await a.call("GET", "/readyz")
        assert checks["checks"]["replicas"] == "ok"

    page.assert_complete()


async def test_what_was_said_while_redis_was_away_is_there_when_it_is_back(
    world, a, b, agent, citizen, redis, monkeypatch
):
    monkeypatch.setattr(replicas, "LOOK_SECONDS", 3600.0)  # no look but the one at the return
    path = await accepted(agent, citizen)
    async with citizen.watching() as page:
        redis.stop()
        await world.connected(a, b, are=False)
        await agent.done("POST", path + "/messages", json={"text": "在的"})
        redis.start()
        events = await heard(page, "在的")

    assert [e["sequence"] for e in events] == list(range(1, len(events) + 1))


async def test_a_citizen_is_not_given_up_while_nobody_can_tell_who_is_there(world, a, b, citizen, redis):
    assert await b.app[REPLICAS].watched([citizen.id]) == frozenset()
    redis.stop()

    assert await b.app[REPLICAS].watched([citizen.id]) is None
    with a.app[FAN_OUT].subscribe(citizen.id):
        assert await a.app[REPLICAS].watched([citizen.id]) == {citizen.id}


async def test_a_service_starts_without_redis_and_joins_when_it_is_there(world, redis):
    redis.stop()
    a, b = await world.start(), await world.start()
    assert not a.app[REPLICAS].connected

    redis.start()

    await world.connected(a, b)


# --- a replica is killed -------------------------------------------------------------------------------


class Killable:
    """A replica in a process of its own."""

    def __init__(self, data: Path, database_url: str, redis_url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.replica_world", str(data), database_url, redis_url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def kill(self) -> None:
        self._process.kill()  # does nothing to one that was waited for
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
async def killable(tmp_path, migrated_postgresql, redis, world, b):
    replica = await asyncio.to_thread(Killable, tmp_path / "var", migrated_postgresql, redis.url)
    yield replica
    replica.kill()


async def test_a_killed_replicas_citizens_go_on_at_the_other_and_miss_nothing(world, b, agent, killable):
    async with aiohttp.ClientSession() as browser:
        async with browser.post(killable.url + CONVERSATIONS, json={"channel": "web"}) as response:
            started = await response.json()
        citizen = Citizen(b, (started["id"], started["token"]))
        path = await accepted(agent, citizen)
        protocols = ("bangban.v1", f"bearer.{citizen.token}")
        address = f"{killable.url}{CONVERSATIONS}/{citizen.id}/events"
        async with browser.ws_connect(address, protocols=protocols) as page:
            await agent.done("POST", path + "/messages", json={"text": "您好"})
            at_page = await heard(page, "您好")
            sending = asyncio.create_task(
                browser.post(
                    f"{killable.url}{CONVERSATIONS}/{citizen.id}/messages",
                    json={"text": "请问", "client_message_id": "m1"},
                    headers={"Authorization": f"Bearer {citizen.token}"},
                )
            )
            await asyncio.sleep(0)
            await asyncio.to_thread(killable.kill)
            await asyncio.gather(sending, return_exceptions=True)
        await agent.done("POST", path + "/messages", json={"text": "还在吗"})

        # As the page does: again, at whatever replica the address leads to, from the last number on.
        again = Citizen(b, (citizen.id, citizen.token))
        await again.call("POST", "/messages", json={"text": "请问", "client_message_id": "m1"})
        last = at_page[-1]["sequence"]
        async with b.client.ws_connect(
            f"{CONVERSATIONS}/{citizen.id}/events?after={last}", protocols=protocols
        ) as page:
            await agent.done("POST", path + "/messages", json={"text": "好的"})
            at_page += await heard(page, "好的")

    assert [e["sequence"] for e in at_page] == list(range(1, len(at_page) + 1))
    assert [e["body"]["text"] for e in at_page if e["kind"] == "citizen_message"] == ["请问"]


async def test_the_rounds_go_on_when_the_replica_that_did_them_is_killed(
    tmp_path, migrated_postgresql, redis, world
):
    await empty_tables(migrated_postgresql)
    replica = await asyncio.to_thread(Killable, tmp_path / "var", migrated_postgresql, redis.url)
    try:
        await asyncio.sleep(0)
        b = await world.start()
        async with asyncio.timeout(PATIENCE_S):
            while await b.app[REPLICAS].leads():
                await b.app[REPLICAS].shared_locks.release("rounds")
                await asyncio.sleep(2)
        replica.kill()
        await comes_true(b.app[REPLICAS].leads)
    finally:
        replica.kill()
