"""The web application that Rasa calls: it always answers, in time, with something polite."""

import pytest

from bot.actions.contract import Services
from bot.actions.endpoint import create_actions_app
from core.errors import SnapshotUnavailable
from core.ports import Consultation
from core.statuses import TurnStatus
from tests.bot.fake_consultant import PreparedConsultant, tracker_call

SECRET = "open-sesame"


@pytest.fixture
async def start(aiohttp_client):
    async def start(consultant, deadline_s=5.0):
        app = create_actions_app(Services(consultant), secret=SECRET, deadline_s=deadline_s)
        return await aiohttp_client(app)

    return start


def custom_of(body):
    (response,) = body["responses"]
    return response["custom"]


async def call(client, body=None, **options):
    options = options or {"json": body or tracker_call()}
    response = await client.post(f"/{SECRET}/webhook", **options)
    assert response.status == 200
    assert response.content_type == "application/json"
    return await response.json()


async def test_a_consultation_comes_back_as_events_and_a_response(start):
    body = await call(await start(PreparedConsultant()))

    assert {event["name"] for event in body["events"]} == {"focus", "last_turn"}
    assert custom_of(body)["status"] == "answered"
    assert custom_of(body)["timings_ms"]["action"] >= 0


async def test_a_slow_consultation_is_cut_off_with_an_excuse(start):
    body = await call(await start(PreparedConsultant(seconds=60), deadline_s=0.05))

    assert body["events"] == []
    assert body["responses"][0]["response"] == "utter_busy"
    assert custom_of(body)["status"] == "error"


async def test_a_missing_index_is_an_excuse_too(start):
    body = await call(await start(PreparedConsultant(SnapshotUnavailable("none yet"))))

    assert body["responses"][0]["response"] == "utter_busy"


async def test_any_failure_is_an_excuse_because_rasa_would_repeat_or_drop_the_turn(start):
    body = await call(await start(PreparedConsultant(ZeroDivisionError("oops"))))

    assert body["responses"][0]["response"] == "utter_error"
    assert custom_of(body)["status"] == "error"


async def test_an_outcome_that_is_no_json_is_a_failure(start):
    odd = Consultation("answer", TurnStatus.ANSWERED, focus={"seen": {1, 2}})

    body = await call(await start(PreparedConsultant(odd)))

    assert body["responses"][0]["response"] == "utter_error"


@pytest.mark.parametrize(
    "options",
    [
        {"data": b"no json"},
        {"data": b""},
        {"json": []},
        {"json": {}},
        {"json": {"next_action": "action_consult"}},
        {"json": {"next_action": ["action_consult"], "tracker": {}}},
        {"json": {"next_action": "action_unheard_of", "tracker": {}}},
    ],
)
async def test_a_call_that_is_none_is_answered_politely(start, options):
    body = await call(await start(PreparedConsultant()), **options)

    assert body["responses"][0]["response"] == "utter_error"


async def test_a_tracker_of_many_megabytes_is_read(start):
    long_talk = tracker_call(events=[{"event": "user", "text": "喂" * 500}] * 4000)

    assert custom_of(await call(await start(PreparedConsultant()), long_talk))["status"] == "answered"


async def test_who_does_not_know_the_secret_finds_nothing(start):
    client = await start(PreparedConsultant())

    response = await client.post("/guess/webhook", json=tracker_call())

    assert response.status == 404


async def test_it_is_alive(start):
    response = await (await start(PreparedConsultant())).get("/health")

    assert await response.json() == {"status": "ok"}
