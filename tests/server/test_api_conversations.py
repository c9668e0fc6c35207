"""The conversations API as a client meets it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import utc_now
from core.errors import DialogueUnavailable
from core.messages import BotReply, Choice, HandoverWish, ReplyMessage, Source, Statement
from core.ports import Handover
from core.statuses import HandoverMode, TurnStatus
from server.app import _expire
from tests.fakes import ScriptedEngine, say
from tests.server.conftest import CONVERSATIONS, assert_canonical_error

ANSWER = BotReply(
    TurnStatus.ANSWERED,
    (
        ReplyMessage(
            "身份证补领要带户口簿。",
            type="answer",
            title="身份证补领",
            choices=(Choice("多久办好", "aspect:time_limit"),),
            sources=(Source("g1", 3, "materials", "身份证补领", "东区", "https://example.gov.cn/1"),),
            statements=(Statement("materials", "申请材料", "户口簿", (0,)),),
        ),
    ),
    trace={"candidates": ["only staff may see this"]},
    timings_ms={"link": 4.5},
)


async def test_a_conversation_starts_with_an_id_and_a_token(service):
    response, data = await service.call("POST", CONVERSATIONS, json={"channel": "web", "district": "东区"})

    assert response.status == 201
    assert set(data) == {"id", "token"}
    assert response.headers["Location"] == f"{CONVERSATIONS}/{data['id']}"
    assert (await service.conversations.get(data["id"])).district == "东区"


async def test_the_district_may_be_written_in_short_and_must_be_one_of_the_guides(service):
    conversation_id, token = await service.started(district="东")
    response, data = await service.call("POST", CONVERSATIONS, json={"district": "火星区"})

    _, transcript = await service.call("GET", f"{CONVERSATIONS}/{conversation_id}", token=token)
    assert transcript["district"] == "东区"
    assert_canonical_error(response, data, 400, "unknown_district")
    assert "区县" in data["error"]["message"]


async def test_the_token_is_stored_only_as_a_hash(service):
    conversation_id, token = await service.started()

    assert token not in repr(await service.conversations.get(conversation_id))


async def test_an_empty_body_starts_a_conversation_of_the_web_channel(service):
    response, data = await service.call("POST", CONVERSATIONS)

    assert response.status == 201
    assert (await service.conversations.get(data["id"])).channel == "web"


async def test_a_message_gets_a_reply_with_everything_a_channel_shows(service):
    service.engine.answers["身份证丢了"] = ANSWER
    started = await service.started()

    reply = await service.said(started, "身份证丢了", client_message_id="m1")

    assert reply["status"] == "answered"
    [message] = reply["messages"]
    assert message["sources"][0]["guide_id"] == "g1"
    assert message["sources"][0]["version"] == 3
    assert message["choices"] == [{"title": "多久办好", "value": "aspect:time_limit"}]
    assert message["statements"][0]["sources"] == [0]
    assert {"total", "link"} <= set(reply["timings_ms"])
    assert "only staff" not in str(reply)


async def test_a_reply_says_which_choices_can_be_picked_after_it(service):
    choices = [{"title": "多久办好", "value": "aspect:time_limit"}]
    service.engine.answers |= {"身份证丢了": ANSWER, "谢谢": say("不客气", TurnStatus.SMALL_TALK)}
    started = await service.started()

    said = [await service.said(started, text) for text in ("身份证丢了", "谢谢", "多少钱")]

    assert [reply["open_choices"] for reply in said] == [choices, choices, []]
    _, transcript = await service.call("GET", f"{CONVERSATIONS}/{started[0]}", token=started[1])
    told = [e["body"]["open_choices"] for e in transcript["events"] if e["kind"] == "bot_message"]
    assert told == [choices, choices, []]


async def test_the_same_client_message_id_gives_the_same_reply_and_one_turn(service):
    started = await service.started()

    first, second = await asyncio.gather(
        service.said(started, "你好", client_message_id="m1"),
        service.said(started, "你好", client_message_id="m1"),
    )

    assert first == second
    assert len(service.engine.turns) == 1


async def test_the_transcript_holds_both_sides_but_not_what_staff_see(service):
    service.engine.answers["身份证丢了"] = ANSWER
    started = await service.started()
    await service.said(started, "身份证丢了")

    _, transcript = await service.call("GET", f"{CONVERSATIONS}/{started[0]}", token=started[1])
    _, rest = await service.call("GET", f"{CONVERSATIONS}/{started[0]}?after=1", token=started[1])

    assert [event["kind"] for event in transcript["events"]] == ["citizen_message", "bot_message"]
    assert transcript["holder"] == "bot"
    assert rest["events"] == transcript["events"][1:]
    assert "only staff" not in str(transcript)


async def test_a_failing_engine_is_an_answer_with_status_error_not_an_http_error(service):
    service.engine.otherwise = DialogueUnavailable("down")

    reply = await service.said(await service.started(), "你好")

    assert reply["status"] == "error"
    assert "12345" in reply["messages"][0]["text"]


async def test_a_wish_for_a_person_in_words_waits_for_one(service):
    service.engine.answers["转人工"] = BotReply(
        TurnStatus.WAITING_FOR_AGENT, (ReplyMessage("好的"),), HandoverWish(HandoverMode.TEXT)
    )

    reply = await service.said(await service.started(), "转人工")

    assert reply["status"] == "waiting_for_agent"
    assert "第 1 位" in reply["messages"][0]["text"]


async def test_a_wish_for_a_person_by_button_is_noted_once(service):
    conversation_id, token = await service.started()
    path = f"{CONVERSATIONS}/{conversation_id}/handover"

    first, data = await service.call("POST", path, token=token, json={"mode": "video", "topic": "身份证"})
    second, again = await service.call("POST", path, token=token, json={"mode": "text"})

    assert (first.status, second.status) == (201, 200)
    assert data["position"] == again["position"] == 1
    assert data["mode"] == again["mode"] == "video"
    _, transcript = await service.call("GET", f"{CONVERSATIONS}/{conversation_id}", token=token)
    assert [event["kind"] for event in transcript["events"]] == ["handover", "notice"]


async def test_a_wish_for_a_person_can_be_taken_back_and_twice_is_as_once(service):
    conversation_id, token = await service.started()
    path = f"{CONVERSATIONS}/{conversation_id}/handover"
    await service.call("POST", path, token=token, json={"mode": "text"})

    left = [(await service.call("DELETE", path, token=token))[0].status for _ in range(2)]

    assert left == [204, 204]
    assert await service.stores.desk.callbacks() == ()
    again, _ = await service.call("POST", path, token=token, json={"mode": "text"})
    assert again.status == 201


async def test_waits_older_than_the_setting_are_given_up(start_service):
    service = await start_service(handover_expires_hours=2)
    now = utc_now()
    for hours in (3, 1):
        conversation_id, _ = await service.started()
        wait = Handover(f"h{hours}", conversation_id, HandoverMode.TEXT, "", "")
        await service.stores.desk.register(replace(wait, created_at=now - timedelta(hours=hours)))

    await _expire(service.app)

    assert [h.handover_id for h in await service.stores.desk.callbacks()] == ["h1"]


async def test_a_rating_is_kept(service):
    conversation_id, token = await service.started()

    response, _ = await service.call(
        "POST", f"{CONVERSATIONS}/{conversation_id}/rating", token=token, json={"score": 5, "comment": "好"}
    )

    assert response.status == 204
    assert service.conversations.ratings[conversation_id] == (5, "好")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "piece", "body"),
    [
        ("POST", "/messages", {"text": "你好"}),
        ("GET", "", None),
        ("POST", "/handover", {"mode": "text"}),
        ("DELETE", "/handover", None),
        ("POST", "/rating", {"score": 5}),
    ],
)
async def test_nothing_is_shown_or_done_without_the_right_token(service, method, piece, body):
    conversation_id, _ = await service.started()
    _, other_token = await service.started()
    for wanted, token in ((conversation_id, ""), (conversation_id, other_token), ("unknown", other_token)):
        response, data = await service.call(
            method, f"{CONVERSATIONS}/{wanted}{piece}", token=token, json=body
        )

        assert_canonical_error(response, data, 401, "unauthenticated")
    assert await service.conversations.events(conversation_id) == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_input"),
        ({"text": None}, "invalid_input"),
        ({"text": 5}, "invalid_input"),
        ({"text": ["你好"]}, "invalid_input"),
        ({"text": ""}, "invalid_input"),
        ({"text": " / "}, "invalid_input"),
        ({"text": "办" * 2001}, "text_too_long"),
        ({"text": "你好", "client_message_id": "x" * 101}, "invalid_input"),
        ({"text": "你好", "client_message_id": 7}, "invalid_input"),
    ],
)
async def test_a_message_that_is_none_is_refused_and_not_stored(service, body, code):
    conversation_id, token = await service.started()

    response, data = await service.call(
        "POST", f"{CONVERSATIONS}/{conversation_id}/messages", token=token, json=body
    )

    assert_canonical_error(response, data, 400, code)
    assert await service.conversations.events(conversation_id) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"text": NaN}',
        b"[" * 100_000,
        b'{"text": ' + b"1" * 5000 + b"}",
    ],
    ids=["cut", "list", "null", "text", "no utf-8", "nan", "deep", "huge number"],
)
async def test_a_body_that_is_no_json_object_is_refused(start_service, raw):
    service = await start_service(max_body_bytes=200_000)
    conversation_id, token = await service.started()

    response, data = await service.call(
        "POST",
        f"{CONVERSATIONS}/{conversation_id}/messages",
        token=token,
        data=raw,
        headers={"Content-Type": "application/json"},
    )

    assert_canonical_error(response, data, 400, "invalid_json")


async def test_another_content_type_is_refused(service):
    conversation_id, token = await service.started()

    response, data = await service.call(
        "POST", f"{CONVERSATIONS}/{conversation_id}/messages", token=token, data=b"text=1"
    )

    assert_canonical_error(response, data, 415, "unsupported_media_type")


async def test_a_body_over_the_limit_is_refused(start_service):
    service = await start_service(max_body_bytes=1024)
    conversation_id, token = await service.started()

    response, data = await service.call(
        "POST", f"{CONVERSATIONS}/{conversation_id}/messages", token=token, json={"text": "办" * 1500}
    )

    assert_canonical_error(response, data, 413, "body_too_large")


async def test_messages_of_a_conversation_over_the_rate_are_refused_and_the_wait_is_named(start_service):
    service = await start_service(rate_messages_per_minute=2)
    started = await service.started()
    other = await service.started()
    await service.said(started, "一")
    await service.said(started, "二")

    response, data = await service.call(
        "POST", f"{CONVERSATIONS}/{started[0]}/messages", token=started[1], json={"text": "三"}
    )

    assert_canonical_error(response, data, 429, "too_many_requests")
    assert 1 <= int(response.headers["Retry-After"]) <= 30
    await service.said(other, "another conversation is not held back")


async def test_new_conversations_of_a_client_over_the_rate_are_refused(start_service):
    service = await start_service(rate_conversations_per_minute=2, trusted_proxies=("127.0.0.1",))
    crowd = {"X-Forwarded-For": "203.0.113.7"}
    for _ in range(2):
        response, _ = await service.call("POST", CONVERSATIONS, json={}, headers=crowd)
        assert response.status == 201

    response, data = await service.call("POST", CONVERSATIONS, json={}, headers=crowd)
    assert_canonical_error(response, data, 429, "too_many_requests")

    other, _ = await service.call("POST", CONVERSATIONS, json={}, headers={"X-Forwarded-For": "203.0.113.8"})
    assert other.status == 201


async def test_a_client_cannot_pick_its_address_past_an_untrusted_proxy(start_service):
    service = await start_service(rate_conversations_per_minute=1)
    for number in range(2):
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        response, data = await service.call("POST", CONVERSATIONS, json={}, headers=headers)

    assert_canonical_error(response, data, 429, "too_many_requests")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
async def test_another_site_can_start_nothing(service, headers):
    response, data = await service.call("POST", CONVERSATIONS, json={}, headers=headers)

    assert_canonical_error(response, data, 403, "forbidden")


@pytest.mark.parametrize("channel", ["fax", "WEB", "web\x00x"])
async def test_an_unknown_channel_is_refused(service, channel):
    response, data = await service.call("POST", CONVERSATIONS, json={"channel": channel})

    assert_canonical_error(response, data, 400, "invalid_input")


@pytest.mark.parametrize("score", [0, 6, 2.5, "5", None, True])
async def test_a_score_that_is_none_is_refused(service, score):
    conversation_id, token = await service.started()

    response, data = await service.call(
        "POST", f"{CONVERSATIONS}/{conversation_id}/rating", token=token, json={"score": score}
    )

    assert_canonical_error(response, data, 400, "invalid_input")


async def test_a_transcript_read_too_often_is_refused_and_the_others_are_not(start_service):
    service = await start_service(rate_reads_per_minute=2)
    (conversation_id, token), (other_id, other_token) = await service.started(), await service.started()
    for _ in range(2):
        await service.call("GET", f"{CONVERSATIONS}/{conversation_id}", token=token)

    response, data = await service.call("GET", f"{CONVERSATIONS}/{conversation_id}", token=token)
    other, _ = await service.call("GET", f"{CONVERSATIONS}/{other_id}", token=other_token)

    assert_canonical_error(response, data, 429, "too_many_requests")
    assert other.status == 200


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "99999999999", "٣"])
async def test_a_sequence_number_that_is_none_is_refused(service, after):
    conversation_id, token = await service.started()

    response, data = await service.call(
        "GET", f"{CONVERSATIONS}/{conversation_id}", token=token, params={"after": after}
    )

    assert_canonical_error(response, data, 400, "invalid_input")


async def test_text_that_no_store_can_hold_is_cleaned_not_stored_or_failed_on(service):
    started = await service.started(district="东\x00区\ud800")
    await service.said(started, "身份\x00证\ud800丢了")

    said = (await service.conversations.events(started[0]))[0]
    assert said.body["text"] == "身份证丢了"
    assert (await service.conversations.get(started[0])).district == "东区"


async def test_an_unexpected_failure_is_an_apology_with_the_hotline_and_no_trace(service, monkeypatch):
    async def broken(_conversation_id: str) -> None:
        raise RuntimeError("secret detail")

    started = await service.started()
    monkeypatch.setattr(service.conversations, "get", broken)
    response = await service.client.get(
        f"{CONVERSATIONS}/{started[0]}", headers={"Authorization": f"Bearer {started[1]}"}
    )
    data = await response.json()

    assert_canonical_error(response, data, 500, "internal_error")
    assert "12345" in data["error"]["message"]
    assert "secret detail" not in str(data)


async def test_many_conversations_at_once_are_all_answered(start_service):
    class SlowEngine(ScriptedEngine):
        async def reply(self, *args, **kwargs):
            await asyncio.sleep(0.001)
            return await super().reply(*args, **kwargs)

    service = await start_service(engine=SlowEngine())

    async def talk(number: int) -> list[str]:
        started = await service.started()
        return [(await service.said(started, f"{number}-{turn}"))["status"] for turn in range(3)]

    replies = await asyncio.gather(*(talk(number) for number in range(60)))

    assert {status for statuses in replies for status in statuses} == {"answered"}
