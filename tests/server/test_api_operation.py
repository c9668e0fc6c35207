"""Health, readiness, metrics, the description, and what every response carries."""

from dataclasses import fields

import pytest
from aiohttp.test_utils import TestClient, TestServer
from openapi_spec_validator import validate
from structlog.testing import capture_logs

from core.errors import Unavailable
from server.app import create_app
from server.middlewares import content_policy
from server.openapi import document
from server.stores_part import Stores
from tests.fakes import ScriptedEngine
from tests.server.conftest import assert_canonical_error, assert_described


async def test_the_service_says_that_it_lives(service):
    response, data = await service.call("GET", "/healthz")

    assert (response.status, data) == (200, {"status": "ok"})


async def test_the_service_says_that_it_is_ready(service):
    response, data = await service.call("GET", "/readyz")

    assert response.status == 200
    assert data == {"status": "ready", "checks": {"engine": "ok", "database": "ok"}}


async def test_a_broken_part_makes_it_not_ready_and_is_named(service):
    service.conversations.writable = False
    service.engine.is_ready = False

    response, data = await service.call("GET", "/readyz")

    assert response.status == 503
    assert data["checks"] == {"engine": "failing", "database": "failing"}


async def test_metrics_count_turns_and_requests(service):
    await service.said(await service.started(), "你好")

    text = await (await service.client.get("/metrics")).text()

    assert 'status="answered"' in text
    assert "/api/v1/conversations/{id}/messages" in text
    assert "你好" not in text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
@pytest.mark.parametrize("trusted", [(), ("127.0.0.1",)])
async def test_metrics_are_for_this_machine_and_not_for_whom_a_proxy_on_it_speaks(
    start_service, header, trusted
):
    service = await start_service(trusted_proxies=trusted)

    response, data = await service.call("GET", "/metrics", headers={header: "127.0.0.1"})

    assert_canonical_error(response, data, 404, "not_found")


async def test_the_description_is_a_valid_openapi_document_and_served(service):
    _, served = await service.call("GET", "/api/openapi.json")

    validate(served)
    assert served == document()


async def test_the_description_has_every_route_of_the_api_and_no_other(service):
    real = {
        (route.method.lower(), route.resource.canonical)
        for route in service.app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    described = {
        (method, path)
        for path, operations in document()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    pages = {("get", path) for path in ("/", "/agent", "/call/{call_id}", "/static/{name}", "/favicon.ico")}
    pages |= {("get", f"/wechat/{{account}}/{step}") for step in ("enter", "enter/{ticket}", "entered")}
    pages.add(("post", "/"))

    called_by_wechat = {(method, "/wechat/{account}") for method in ("get", "post")}

    assert real - pages - called_by_wechat == described


class BrokenStore:
    """A store whose every call fails."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)

        async def fail(*_args: object, **_more: object) -> None:
            raise self.failure

        return fail


REQUESTS = [
    ("POST", "/api/v1/conversations", {}),
    ("GET", "/api/v1/conversations/c1", None),
    ("POST", "/api/v1/conversations/c1/messages", {"text": "你好"}),
    ("GET", "/api/v1/conversations/c1/events", None),
    ("POST", "/api/v1/conversations/c1/handover", {"mode": "text"}),
    ("DELETE", "/api/v1/conversations/c1/handover", None),
    ("POST", "/api/v1/conversations/c1/rating", {"score": 5}),
    ("GET", "/api/v1/guides", None),
    ("GET", "/api/v1/guides/g1", None),
    ("POST", "/api/v1/staff/session", {"name": "王芳", "password": "x"}),
    ("GET", "/metrics", None),
]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(Unavailable("away"), 503, "unavailable"), (RuntimeError("a bug"), 500, "internal_error")],
)
async def test_a_database_that_fails_is_an_error_that_the_description_has(settings, failure, status, code):
    broken = BrokenStore(failure)
    stores = Stores(**{field.name: broken for field in fields(Stores)})
    app = create_app(settings, engine=ScriptedEngine(), stores=stores)
    # Captured, since to print the traces of this many failures takes seconds.
    with capture_logs() as logged:
        async with TestClient(TestServer(app)) as client:
            for method, path, body in REQUESTS:
                response = await client.request(
                    method, path, json=body, headers={"Authorization": "Bearer t"}
                )
                data = await response.json()

                assert_canonical_error(response, data, status, code)
                assert_described(method, path, status, data)
    assert any(line["event"].startswith("request_failed") for line in logged)


def test_what_reads_records_may_fail_as_they_do():
    """So that no new route forgets it: only what needs no records has no such failure."""
    without = {
        (method, path)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and not {"500", "503"} <= operation["responses"].keys()
    }

    assert without == {
        ("get", "/api/openapi.json"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("delete", "/api/v1/staff/session"),
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/../app.py", 404, "not_found"),
        ("GET", "/static/%2e%2e/app.py", 404, "not_found"),
        ("DELETE", "/healthz", 405, "method_not_allowed"),
        ("PATCH", "/api/v1/conversations", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_is_an_error_of_the_usual_shape(service, method, path, status, code):
    response = await service.client.request(method, path)

    assert_canonical_error(response, await response.json(), status, code)


async def test_every_response_carries_the_headers_of_safety_and_its_own_id(service):
    ids = set()
    for path in ("/", "/healthz", "/nothing", "/static/css/page.css"):
        response = await service.client.get(path)
        ids.add(response.headers["X-Request-ID"])
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in response.headers["Server"].lower()
    assert len(ids) == 4


async def test_a_client_cannot_choose_the_request_id(service):
    response = await service.client.get("/healthz", headers={"X-Request-ID": "forged"})

    assert response.headers["X-Request-ID"] != "forged"


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/", "media-src 'self' blob:;"),
        ("/call/c1", "media-src 'self' blob:;"),
        ("/agent", "media-src 'self';"),
        ("/kiosk", "media-src 'self';"),
    ],
)
def test_only_the_citizens_pages_play_what_their_script_has_fetched(path, media):
    assert media in content_policy(path)
    assert content_policy(path).count("blob:") == media.count("blob:")
