"""Ten thousand malformed requests: no failure of the service, no trace, no answer outside the description.

`schemathesis` makes requests out of the API's own description, right and wrong ones; the raw tests
send what no description would think of.
"""

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.messages import HandoverWish
from core.ports import Conversation, User
from core.settings import Settings
from core.statuses import AgentState, HandoverMode, Role
from server.access import token_hash
from server.app import create_app
from server.http_site import HttpSite
from server.keys import CALL_GUESTS, CALLS, DESK, HANDOVERS, MEDIA, STAFF_SESSIONS, STORES
from server.openapi import document
from server.pages.call.consent import consent_version
from server.wechat_entry import COOKIE
from tests.desk_fakes import in_memory_stores
from tests.fakes import (
    InMemoryKnowledgeStore,
    ScriptedEngine,
)
from tests.server.conftest import guide_record
from tests.server.desk_api import HASHED, PASSWORD
from tests.server.desk_world import FakeMedia
from tests.server.wechat_world import ACCOUNT, wechat_table
from tests.waiting import PATIENCE_S
from tests.wechat_platform.rules import AccountSettings
from video.call import CallMode, CallState, Party

pytestmark = pytest.mark.slow

SECONDS = PATIENCE_S
ENOUGH = 10**9
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OPERATIONS = sorted(
    (method, path)
    for path, operations in document()["paths"].items()
    for method in operations
    # The WebSocket's tests are in test_api_events; schemathesis speaks plain HTTP only.
    if method != "parameters" and not path.endswith("/events")
)
DESCRIBED = schemathesis.openapi.from_dict(document())

fuzzing = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


@dataclass(frozen=True)
class Running:
    """A service in a thread of its own, and a conversation that is open."""

    url: str
    conversation_id: str
    token: str
    app: web.Application
    loop: asyncio.AbstractEventLoop

    def company(self) -> "Company":
        """A call of a supervisor's that goes on, with somebody of the citizen's on the way into it."""
        return asyncio.run_coroutine_threadsafe(_company(self.app), self.loop).result(SECONDS)


@dataclass(frozen=True)
class Company:
    """A call's id, what lets its agent act, and what its guest."""

    call_id: str
    cookie: str
    token: str


async def _company(app: web.Application) -> Company:
    agent = User(f"坐席{secrets.token_hex(4)}", Role.SUPERVISOR, HASHED)
    await app[STORES].users.add(agent)
    await app[DESK].set_state(agent, AgentState.AVAILABLE)
    new = Conversation(secrets.token_hex(8), "web", token_hash("x"))
    conversation = await app[STORES].conversations.create(new)
    asked = await app[HANDOVERS].request(conversation, HandoverWish(HandoverMode.VIDEO), None)
    await app[DESK].accept(agent, asked.handover.handover_id)
    calls = app[CALLS]
    call = await calls.begin(conversation.conversation_id, Party.AGENT, CallMode.VIDEO)
    if call.state == CallState.RINGING:
        call = await calls.begin(conversation.conversation_id, Party.CITIZEN, CallMode.VIDEO)
    await calls.consent(call.call_id, consent_version(), agree=False)
    for party in Party:
        await calls.offer(call.call_id, party, "v=0")
    app[MEDIA].connect("citizen", "agent")
    _, link = await app[CALL_GUESTS].invite(agent, call.call_id, companion="女儿")
    _, token = await app[CALL_GUESTS].arrive_by_link(call.call_id, link)
    session = await app[STAFF_SESSIONS].sign_in(agent.name, PASSWORD)
    return Company(call.call_id, f"bangban_staff={session.cookie}", token)


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Running]:
    ready: list[str] = []
    apps: list[web.Application] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    started = threading.Event()

    async def serve(folder: Path) -> None:
        account = wechat_table(AccountSettings(), "http://127.0.0.1:9")  # nobody answers there
        chosen = Settings.load(
            {"data": folder, "public_url": "https://bangban.example", "wechat": {ACCOUNT: account}}
        ).model_copy(update={"rate_messages_per_minute": ENOUGH, "rate_conversations_per_minute": ENOUGH})
        knowledge = InMemoryKnowledgeStore()
        await knowledge.publish_guides([guide_record("g1")])
        app = create_app(
            chosen,
            stores=in_memory_stores(knowledge=knowledge),
            engine=ScriptedEngine(),
            media=FakeMedia(),
        )
        apps.append(app)
        runner = web.AppRunner(app)
        await runner.setup()
        site = HttpSite(runner, socket.create_server(("127.0.0.1", 0)), hotline="12345")
        await site.start()
        ready.append(site.name)
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(tmp_path_factory.mktemp("fuzz")),))
    thread.start()
    assert started.wait(60)
    opened = requests.post(ready[0] + "/api/v1/conversations", json={}, timeout=SECONDS).json()
    yield Running(ready[0], opened["id"], opened["token"], apps[0], loop)
    loop.call_soon_threadsafe(stop.set)
    thread.join(60)


@pytest.fixture(scope="module")
def browser() -> Iterator[requests.Session]:
    """Sends each request over a connection of its own, and keeps no cookies."""
    with requests.Session() as session:
        session.trust_env = False  # looking there for proxies takes longer than the service's answer
        session.headers["Connection"] = "close"
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield session


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_requests_made_from_the_description(service, browser, method, path):
    operation = DESCRIBED[path][method]
    company = service.company() if "/calls/{call_id}" in path and "{id}" not in path else None

    @fuzzing
    @given(case=operation.as_strategy(), known=st.booleans())
    def no_request_breaks_it(case, known):
        if known and "account" in case.path_parameters:
            case.path_parameters["account"] = ACCOUNT
        elif known and "id" in case.path_parameters:
            case.path_parameters["id"] = service.conversation_id if "conversations" in path else "g1"
            case.headers["Authorization"] = f"Bearer {service.token}"
        elif known and company is not None:
            case.path_parameters["call_id"] = company.call_id
            case.headers["Authorization"] = f"Bearer {company.token}"
            case.headers["Cookie"] = company.cookie
        case.call_and_validate(base_url=service.url, session=browser, checks=CHECKS, timeout=SECONDS)

    no_request_breaks_it()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
field_names = st.sampled_from(
    ["text", "client_message_id", "mode", "topic", "score", "comment", "name", "password"]
)
bodies = (
    st.binary(max_size=500)
    | st.dictionaries(field_names, json_values, max_size=4).map(lambda d: json.dumps(d).encode())
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.text(max_size=3000).map(lambda text: json.dumps({"text": text}).encode())
)
content_types = st.sampled_from(
    ["application/json", "application/json; charset=x", "text/plain", "", "multipart/form-data; boundary=x",
     "application/x-www-form-urlencoded"]
)  # fmt: skip
endings = st.sampled_from(["/messages", "/handover", "/rating", "", "/events", "/nothing"])


@settings(fuzzing, max_examples=3000)
@given(body=bodies, content_type=content_types, ending=endings)
def test_bodies_that_nobody_described(service, browser, body, content_type, ending):
    response = browser.post(
        f"{service.url}/api/v1/conversations/{service.conversation_id}{ending}",
        data=body,
        headers={"Content-Type": content_type, "Authorization": f"Bearer {service.token}"},
        timeout=SECONDS,
    )

    assert response.status_code < 500
    assert_no_trace(response.content)


@settings(fuzzing, max_examples=1500)
@given(body=st.binary(max_size=500) | st.text(max_size=500).map(str.encode), content_type=content_types)
def test_forms_that_no_browser_sends(service, browser, body, content_type):
    response = browser.post(
        service.url + "/",
        data=body,
        headers={"Content-Type": content_type},
        timeout=SECONDS,
        allow_redirects=False,
    )

    assert response.status_code < 500
    assert_no_trace(response.content)


header_texts = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=100)


@settings(fuzzing, max_examples=1500)
@given(
    cookie=header_texts,
    origin=header_texts,
    token=header_texts,
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#\\"), max_size=60),
)
def test_headers_and_paths_that_make_no_sense(service, browser, cookie, origin, token, path):
    response = browser.get(
        f"{service.url}/{path}",
        headers={
            "Cookie": f"bangban_conversation={cookie}; bangban_staff={cookie}".encode("latin-1"),
            "Origin": origin.encode("latin-1"),
            "Authorization": f"Bearer {token}".encode("latin-1"),
            "X-Forwarded-For": origin.encode("latin-1"),
        },
        timeout=SECONDS,
    )

    assert response.status_code < 500
    assert_no_trace(response.content)


@settings(fuzzing, max_examples=1500)
@given(
    account=st.sampled_from([ACCOUNT, "nobody"]),
    step=st.sampled_from(["enter", "entered", "page-config", "enter/"])
    | st.text(max_size=50).map("enter/".__add__),
    query=st.dictionaries(
        st.sampled_from(["to", "code", "state", "url"]),
        st.text(max_size=150) | st.from_regex("[0-9a-f]{106}", fullmatch=True),
    ),
    cookie=header_texts,
    agent=header_texts,
)
def test_ways_from_wechat_that_nobody_goes(service, browser, account, step, query, cookie, agent):
    name = f"{COOKIE}{query.get('state', '')[:16]}".encode("latin-1", "replace").decode("latin-1")
    response = browser.get(
        f"{service.url}/wechat/{account}/{quote(step, safe='/')}",
        params=query,
        headers={
            "Cookie": f"{name}={cookie}.1chat".replace("\r", "").replace("\n", "").encode("latin-1"),
            "User-Agent": agent.encode("latin-1"),
        },
        timeout=SECONDS,
        allow_redirects=False,
    )

    assert response.status_code < 500
    assert_no_trace(response.content)


@settings(fuzzing, max_examples=1500)
@given(raw=st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_http(service, raw):
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(raw + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk

    assert b" 500 " not in answer[:20]
    assert_no_trace(answer)


def test_the_service_is_well_after_all_that(service, browser):
    response = browser.post(
        f"{service.url}/api/v1/conversations/{service.conversation_id}/messages",
        json={"text": "你好"},
        headers={"Authorization": f"Bearer {service.token}"},
        timeout=SECONDS,
    )

    assert response.json()["status"] == "answered"


def assert_no_trace(content: bytes) -> None:
    assert b"Traceback" not in content
    assert b'File "' not in content
