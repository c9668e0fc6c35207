"""Two replicas of the service behind one door: real PostgreSQL, real Redis, fakes for Rasa and media.

Run as a program, it is one replica in a process of its own, which can be killed.
"""

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.settings import Settings
from server.app import create_app
from server.keys import REPLICAS, STORES
from tests.fakes import ScriptedEngine
from tests.server.conftest import Service, find_district
from tests.server.desk_world import FakeMedia
from tests.waiting import comes_true

SESSION_SECRET = "a secret that all replicas share, long enough"


def replica_settings(data: Path, database_url: str, redis_url: str) -> Settings:
    return Settings.load(
        {
            "data": data,
            "database_url": database_url,
            "redis_url": redis_url,
            "media_url": "http://127.0.0.1:9",  # never asked: tests bring their own media
            "media_secret": "x" * 32,
            "session_secret": SESSION_SECRET,
            "rate_messages_per_minute": 1000,
            "log_level": "error",
        }
    )


def replica_app(settings: Settings, engine: ScriptedEngine, media: FakeMedia) -> web.Application:
    return create_app(settings, engine=engine, media=media, find_district=find_district)


class Replicas:
    """Replicas in this process, over one database and one Redis, with media that both reach."""

    def __init__(self, data: Path, database_url: str, redis_url: str) -> None:
        self._settings = replica_settings(data, database_url, redis_url)
        self._open: list[TestClient] = []
        self.media = FakeMedia()

    async def start(self, engine: ScriptedEngine | None = None) -> Service:
        engine = engine or ScriptedEngine()
        app = replica_app(self._settings, engine, self.media)
        client = TestClient(TestServer(app))
        await client.start_server()
        self._open.append(client)
        return Service(app, client, {"stores": app[STORES], "engine": engine})

    async def connected(self, *services: Service, are: bool = True) -> None:
        await comes_true(lambda: all(each.app[REPLICAS].connected is are for each in services))

    async def close(self) -> None:
        for client in self._open:
            await client.close()


async def _serve(data: str, database_url: str, redis_url: str) -> None:
    app = replica_app(replica_settings(Path(data), database_url, redis_url), ScriptedEngine(), FakeMedia())
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201 - how the test learns of it
    while os.getppid() != 1:  # noqa: ASYNC110 - a process without its test is of no use
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:4]))
