"""A desk and a citizen's conversation over HTTP and WebSocket, as the tests of the API use them.

A module that names `agent_at_desk` `agent`, and `citizen_who_asks` `citizen`, has one of each.
"""

import asyncio

import aiohttp
import pytest

from core import accounts
from core.ports import User
from core.statuses import Role
from tests.server.conftest import CONVERSATIONS
from tests.waiting import PATIENCE_S

STAFF = "/api/v1/staff"
PASSWORD = "correct horse 12"
HASHED = accounts.hash_password(PASSWORD)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"


class Desk:
    """A member of staff with a browser of their own."""

    def __init__(self, service, cookies: dict[str, str]) -> None:
        self.service = service
        self.headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    async def call(self, method: str, path: str, **more):
        return await self.service.call(method, STAFF + path, headers=self.headers, **more)

    async def done(self, method: str, path: str, **more):
        response, data = await self.call(method, path, **more)
        assert response.status in {200, 204}, data
        return data

    def events(self, query: str = ""):
        return self.service.client.ws_connect(f"{STAFF}/events{query}", headers=self.headers)


async def desk_of(service, name: str = "王芳", role: Role = Role.AGENT) -> Desk:
    await service.users.add(User(name, role, HASHED))
    async with aiohttp.ClientSession() as session:
        url = service.client.make_url(f"{STAFF}/session")
        async with session.post(url, json={"name": name, "password": PASSWORD}) as response:
            assert response.status == 200
            return Desk(service, {"bangban_staff": response.cookies["bangban_staff"].value})


class Citizen:
    """A citizen's conversation."""

    def __init__(self, service, started: tuple[str, str]) -> None:
        self.service = service
        self.id, self.token = started

    async def call(self, method: str, piece: str, **more):
        return await self.service.call(method, f"{CONVERSATIONS}/{self.id}{piece}", token=self.token, **more)

    async def asks(self, **more) -> dict:
        _, data = await self.call("POST", "/handover", json={"mode": "text", **more})
        return data

    async def events(self) -> list[dict]:
        return (await self.call("GET", ""))[1]["events"]

    def watching(self):
        return self.service.client.ws_connect(
            f"{CONVERSATIONS}/{self.id}/events", protocols=("bangban.v1", f"bearer.{self.token}")
        )


async def accepted(agent: Desk, citizen: Citizen, **wish) -> str:
    await citizen.asks(**wish)
    queue = await agent.done("GET", "/queue")
    waiting = next(w for w in queue["waiting"] if w["conversation_id"] == citizen.id)
    await agent.done("POST", f"/handovers/{waiting['id']}/accept")
    return f"/conversations/{citizen.id}"


async def until(socket, wanted) -> dict:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await socket.receive_json()
            if wanted(message):
                return message


@pytest.fixture
async def agent_at_desk(service) -> Desk:
    desk = await desk_of(service)
    await desk.done("PUT", "/me", json={"state": "available"})
    return desk


@pytest.fixture
async def citizen_who_asks(service) -> Citizen:
    return Citizen(service, await service.started())
