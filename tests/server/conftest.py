"""A service over fakes, and the words that API tests share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.ports import GuideRecord
from core.settings import Settings
from core.statuses import GuideStatus
from knowledge.guide import Guide
from server.__main__ import main
from server.app import create_app
from server.openapi import document
from server.stores_part import Stores
from tests.desk_fakes import in_memory_stores
from tests.fakes import (
    InMemoryConversationStore,
    InMemoryKnowledgeStore,
    InMemoryUserStore,
    ScriptedEngine,
)

CONVERSATIONS = "/api/v1/conversations"


class Service:
    """A running service over fakes, and a client of it.

    Every JSON response that comes through `call` is held against the API's description.
    """

    def __init__(self, app: web.Application, client: TestClient, parts: dict[str, Any]) -> None:
        self.app = app
        self.client = client
        self.stores: Stores = parts["stores"]
        self.conversations: InMemoryConversationStore = self.stores.conversations
        self.knowledge: InMemoryKnowledgeStore = self.stores.knowledge
        self.users: InMemoryUserStore = self.stores.users
        self.engine: ScriptedEngine = parts["engine"]

    async def call(
        self, method: str, path: str, *, token: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> tuple[aiohttp.ClientResponse, Any]:
        """The response and its JSON, or None if it has none."""
        all_headers = dict(headers or {})
        if token:
            all_headers["Authorization"] = f"Bearer {token}"
        response = await self.client.request(method, path, headers=all_headers, **more)
        raw = await response.read()
        data = json.loads(raw) if response.content_type == "application/json" else None
        assert_described(method, path, response.status, data)
        return response, data

    async def started(self, **body: Any) -> tuple[str, str]:
        """The id and token of a new conversation."""
        response, data = await self.call("POST", CONVERSATIONS, json={"channel": "web", **body})
        assert response.status == 201
        return data["id"], data["token"]

    async def said(self, started: tuple[str, str], text: str, **more: Any) -> Any:
        """The reply to a message."""
        conversation_id, token = started
        response, data = await self.call(
            "POST", f"{CONVERSATIONS}/{conversation_id}/messages", token=token, json={"text": text, **more}
        )
        assert response.status == 200, data
        return data


def assert_canonical_error(response: aiohttp.ClientResponse, data: Any, status: int, code: str) -> None:
    """The one shape of errors, on the wire and in the headers."""
    assert response.status == status, data
    assert response.content_type == "application/json"
    assert set(data) == {"error"}
    assert set(data["error"]) == {"code", "message", "request_id"}
    assert data["error"]["code"] == code
    assert data["error"]["message"]
    assert data["error"]["request_id"] == response.headers["X-Request-ID"]
    assert "Traceback" not in json.dumps(data)


def assert_described(method: str, path: str, status: int, data: Any) -> None:
    """A response is one that the API's description has for its route. Other routes are let pass."""
    described = document()
    operation = _operation(described, method.lower(), path.partition("?")[0])
    if operation is None:
        return
    assert str(status) in operation["responses"], f"{method} {path} → {status} isn't described"
    content = operation["responses"][str(status)].get("content", {})
    if "application/json" in content:
        schema = {**content["application/json"]["schema"], "components": described["components"]}
        jsonschema.Draft202012Validator(schema).validate(data)


def _operation(described: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    pieces = path.strip("/").split("/")
    for template, operations in described["paths"].items():
        wanted = template.strip("/").split("/")
        fits = len(wanted) == len(pieces) and all(
            w.startswith("{") or w == p for w, p in zip(wanted, pieces, strict=True)
        )
        if fits:
            return operations.get(method)
    return None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"data": tmp_path / "var", "log_level": "error"})


@pytest.fixture
async def start_service(settings: Settings):
    """Starts services over fakes; `settings` may be changed for one."""
    clients: list[TestClient] = []

    async def start(engine: ScriptedEngine | None = None, **changed: Any) -> Service:
        parts = {
            "stores": in_memory_stores(),
            "engine": engine or ScriptedEngine(),
            "find_district": find_district,
        }
        app = create_app(settings.model_copy(update=changed), **parts)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return Service(app, client, parts)

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def service(start_service: Callable[..., Any]) -> Service:
    return await start_service()


async def find_district(name: str) -> str:
    """What the guides would say: there is an 东区 and a 西区."""
    return {"东": "东区", "东区": "东区", "西区": "西区"}.get(name, "")


def guide_record(guide_id: str = "g1", district: str = "东区", item: str = "居住证补领") -> GuideRecord:
    guide = Guide(guide_id=guide_id, district=district, main_item=item)
    return GuideRecord(
        guide_id, 1, GuideStatus.PUBLISHED, district, item, "", guide.as_json(), guide.content_hash()
    )


@pytest.fixture
def bangban(tmp_path, capsys, monkeypatch):
    """Runs a command in a data directory of its own; gives back status, output and complaints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BANGBAN_DATA", str(tmp_path / "var"))

    def run(*words: str) -> tuple[int, str, str]:
        try:
            status = main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
