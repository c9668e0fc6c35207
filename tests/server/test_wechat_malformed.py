"""20,000 pushes that WeChat didn't send come to the service's address: none gets further than the door."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog

from connectors.wechat.envelope import Mode
from connectors.wechat.views import CALLBACKS
from core.settings import Settings
from server.app import create_app
from tests.connectors.wechat import test_malformed_pushes as malformed
from tests.connectors.wechat.pushes_of_citizens import APPID, CREATED, ENCODED_KEY, TOKEN, plain_query
from tests.desk_fakes import in_memory_stores
from tests.fakes import ScriptedEngine
from tests.server.conftest import Service, assert_canonical_error, find_district

AT_ONCE = 16


@pytest.fixture
async def service(settings, aiohttp_client):
    """A service with an account in each mode, in whose calendar the pushes were made just now."""
    table = {"app_id": APPID, "app_secret": "x", "token": TOKEN, "aes_key": ENCODED_KEY}
    told = settings.model_dump() | {
        "public_url": "http://127.0.0.1",
        "wechat": {mode.value: {**table, "mode": mode.value} for mode in Mode},
    }
    parts = {"stores": in_memory_stores(), "engine": ScriptedEngine(), "find_district": find_district}
    app = create_app(Settings.load(told), **parts)
    client = await aiohttp_client(app)
    for name, callback in app[CALLBACKS].items():
        app[CALLBACKS][name] = replace(callback, now=lambda: datetime.fromtimestamp(CREATED, UTC))
    return Service(app, client, parts)


def status_of(maker, error) -> int:
    """Longer bodies than any push aren't read to their end."""
    return 413 if maker is malformed.huge else error.status


@pytest.mark.slow
async def test_each_is_refused_with_the_right_status_and_reaches_nothing(service):
    statuses = Counter()

    async def push(number: int) -> None:
        mode, query, body, error = malformed.made(number)
        response = await service.client.post(f"/wechat/{mode.value}", params=query, data=body)
        maker = malformed.MAKERS[number % len(malformed.MAKERS)]
        assert response.status == status_of(maker, error), (number, maker.__name__)
        statuses[response.status] += 1
        assert malformed.SECRET not in await response.text()

    async def some(first: int) -> None:
        for number in range(first, malformed.COUNT, AT_ONCE):
            await push(number)

    with structlog.testing.capture_logs() as logged:
        await asyncio.gather(*map(some, range(AT_ONCE)))

    assert statuses.total() == malformed.COUNT
    assert set(statuses) == {400, 403, 413}
    assert service.engine.turns == []
    assert service.stores.outbox._users == {}
    assert {entry["event"] for entry in logged} == {"request", "request_refused"}
    told = {key for entry in logged for key in entry} - {"event", "log_level"}
    assert told <= {"code", "reason", "method", "route", "status", "ms", "request_id"}
    reasons = {entry.get("reason", "") for entry in logged}
    assert len(reasons) < 40
    assert not any(malformed.SECRET in reason or "oBangban" in reason for reason in reasons)


async def test_an_overheard_push_with_other_words_is_refused(service):
    """In plain mode the signature covers no body: only the nonce tells that it was used."""
    honest = malformed.fixture("text")
    first = await service.client.post("/wechat/plain", params=plain_query(), data=honest)
    forged = honest.replace(b"<MsgId>", b"<MsgId>9")
    response, data = await service.call("POST", "/wechat/plain", params=plain_query(), data=forged)

    assert first.status == 200
    assert_canonical_error(response, data, 403, "untrusted_push")
    assert len(service.engine.turns) == 1
