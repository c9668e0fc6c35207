"""The desk over HTTP and its WebSocket: an agent and a citizen, and who may do what."""

import asyncio
import hashlib

import aiohttp
import pytest

from core.ports import Handover, User
from core.settings import Secret
from core.statuses import HandoverMode, HandoverState, Role
from server.desk_wire import held_json
from server.keys import CALLS, DESK, MEDIA, SCREENS
from server.pages.call.consent import consent_version
from tests.server.conftest import CONVERSATIONS, assert_canonical_error, guide_record
from tests.server.desk_api import (
    SDP,
    STAFF,
    Citizen,
    Desk,
    accepted,
    agent_at_desk,
    citizen_who_asks,
    desk_of,
    until,
)
from tests.server.desk_world import FakeMedia
from tests.waiting import comes_true

agent, citizen = agent_at_desk, citizen_who_asks


@pytest.fixture
async def service(start_service):
    service = await start_service(rate_messages_per_minute=1000)
    await service.knowledge.publish_guides([guide_record()])
    return service


# --- one consultation --------------------------------------------------------------------------------


async def test_a_consultation_from_the_queue_to_the_summary(service, agent, citizen):
    asked = await citizen.asks(topic="居住证")
    assert (asked["holder"], asked["position"], asked["agents"]) == ("queue", 1, 1)

    path = await accepted(agent, citizen)
    said = await service.said((citizen.id, citizen.token), "在吗")
    assert (said["status"], said["messages"]) == ("with_agent", [])
    await agent.done("POST", path + "/messages", json={"text": "您好", "client_message_id": "m1"})
    await agent.done("POST", path + "/messages", json={"text": "您好", "client_message_id": "m1"})
    await agent.done("POST", path + "/notes", json={"text": "着急"})
    await agent.done("POST", path + "/tags", json={"tags": ["居住证", "居住证"]})
    await agent.done("POST", path + "/guide-card", json={"guide_id": "g1"})
    await agent.done("POST", path + "/checklist", json={"guide_id": "g1", "checked": []})
    draft = await agent.done("GET", path + "/summary-draft")
    assert "居住证补领" in draft["text"]
    await agent.done("POST", path + "/close", json={"summary": draft["text"]})

    events = await citizen.events()
    kinds = [event["kind"] for event in events]
    assert kinds == [
        "handover", "notice", "holder", "holder", "citizen_message", "agent_message", "hidden", "hidden",
        "guide_card", "checklist", "summary", "holder",
    ] or kinds == [
        "handover", "holder", "notice", "holder", "citizen_message", "agent_message", "hidden", "hidden",
        "guide_card", "checklist", "summary", "holder",
    ]  # fmt: skip
    by_kind = {event["kind"]: event["body"] for event in events}
    assert by_kind["agent_message"] == {"text": "您好", "agent": "王芳", "client_message_id": "m1"}
    assert by_kind["hidden"] == {}
    assert by_kind["guide_card"]["version"] == 1
    assert "着急" not in repr(events)
    after = await service.said((citizen.id, citizen.token), "谢谢")
    assert after["status"] == "answered"


async def test_the_agent_sees_everything_that_is_stored(service, agent, citizen):
    path = await accepted(agent, citizen)
    await agent.done("POST", path + "/notes", json={"text": "着急"})

    data = await agent.done("GET", path)

    assert data["events"][-1]["body"] == {"text": "着急", "by": "王芳"}
    assert data["handover"]["agent"] == "王芳"
    own = await agent.done("GET", "/conversations")
    assert [each["conversation_id"] for each in own["conversations"]] == [citizen.id]
    assert own["state"] == "available"


async def test_each_list_says_by_which_way_the_citizen_comes(service, agent, citizen):
    await citizen.asks()
    assert [each["channel"] for each in (await agent.done("GET", "/queue"))["waiting"]] == ["web"]

    path = await accepted(agent, citizen)
    [own] = (await agent.done("GET", "/conversations"))["conversations"]
    await agent.done("POST", path + "/close", json={"summary": "再见"})
    [ended] = (await agent.done("GET", "/ended-conversations"))["conversations"]

    assert (own["channel"], ended["channel"]) == ("web", "web")


async def test_an_agent_looks_back_on_what_ended_up_to_its_end(service, agent, citizen):
    path = await accepted(agent, citizen, topic="居住证")
    await agent.done("POST", path + "/close", json={"summary": "已办好"})
    await service.said((citizen.id, citizen.token), "另外的事")

    [ended] = (await agent.done("GET", "/ended-conversations"))["conversations"]
    read = await agent.done("GET", path)
    later = await agent.done("GET", f"{path}?after={read['events'][-1]['sequence']}")
    response, _ = await (await desk_of(service, "李强")).call("GET", path)

    assert (ended["conversation_id"], ended["topic"], ended["outcome"]) == (citizen.id, "居住证", "closed")
    assert [event["kind"] for event in read["events"][-2:]] == ["summary", "holder"]
    assert (later["events"], later["call"], later["citizen_present"]) == ([], None, False)
    assert response.status == 403
    entries = await service.stores.access.entries(record_id=citizen.id)
    assert [(e.user, e.action, e.allowed) for e in entries] == [
        ("李强", "read", False),
        ("王芳", "read", True),
    ]


async def test_a_supervisors_look_at_draft_and_transcript_is_logged(service, agent, citizen):
    path = await accepted(agent, citizen)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    for piece in ("", "", "/summary-draft"):
        await chief.done("GET", path + piece)
    await agent.done("GET", path)

    entries = await service.stores.access.entries(record_id=citizen.id)
    assert [(e.user, e.action) for e in entries] == [("赵主管", "draft"), ("赵主管", "read")]
    assert all(entry.client for entry in entries)


async def test_the_citizen_may_end_being_served(service, agent, citizen):
    await accepted(agent, citizen)

    response, _ = await citizen.call("DELETE", "/handover")

    assert response.status == 204
    assert (await service.said((citizen.id, citizen.token), "你好"))["status"] == "answered"


async def test_a_call_back_and_a_message_by_http(service, agent, citizen):
    await citizen.asks()
    response, _ = await citizen.call(
        "POST", "/callback", json={"at": "2099-01-01T09:00:00+08:00", "contact": "13800138000"}
    )
    assert response.status == 400
    response, data = await citizen.call("POST", "/callback", json={"at": "tomorrow", "contact": "138"})
    assert_canonical_error(response, data, 400, "invalid_input")

    response, _ = await citizen.call("POST", "/message", json={"text": "请联系我"})

    assert response.status == 204
    assert (await agent.done("GET", "/queue"))["waiting"] == []


@pytest.mark.parametrize(
    ("state", "reader", "shown"),
    [
        (HandoverState.TAKEN, User("王芳", Role.AGENT, ""), "138"),
        (HandoverState.TAKEN, User("李强", Role.AGENT, ""), ""),
        (HandoverState.WAITING, User("王芳", Role.AGENT, ""), ""),
        (HandoverState.CALLBACK, User("赵主管", Role.SUPERVISOR, ""), "138"),
    ],
)
def test_the_number_to_call_is_for_the_citizens_agent_and_supervisors(state, reader, shown):
    handover = Handover("h1", "c1", HandoverMode.TEXT, "", "", agent="王芳", state=state, contact="138")

    assert held_json(handover, reader, {})["contact"] == shown


async def test_canned_replies_and_the_wall(service, agent, citizen):
    await accepted(agent, citizen)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    assert await agent.done("GET", "/canned") == {"canned": []}
    wall = await chief.done("GET", "/wall")
    assert [each["conversation_id"] for each in wall["conversations"]] == [citizen.id]
    assert wall["agents"][0]["chats"] == 1


async def test_metrics_tell_queue_agents_and_how_wrong_the_estimates_were(service, agent, citizen):
    await accepted(agent, citizen)

    response = await service.client.get("/metrics")
    text = await response.text()

    assert "bangban_agents_at_work 1.0" in text
    assert "bangban_wait_seconds_count 1.0" in text
    assert 'bangban_wait_estimate_error{measure="count"} 1.0' in text


async def test_metrics_tell_how_the_media_processes_keep_up(service):
    service.app[MEDIA]._media = FakeMedia()

    text = await (await service.client.get("/metrics")).text()

    assert 'bangban_media_loop_lag_seconds{process="0"} 0.0125' in text
    assert 'bangban_media_strained{process="0"} 0.0' in text


# --- the desk's news -----------------------------------------------------------------------------------


async def test_what_the_citizen_says_reaches_the_agents_desk_and_back(service, agent, citizen):
    path = await accepted(agent, citizen)
    async with agent.events() as desk, citizen.watching() as page:
        await service.said((citizen.id, citizen.token), "在吗")
        heard = await until(desk, lambda news: news.get("kind") == "citizen_message")
        await agent.done("POST", path + "/messages", json={"text": "在的"})
        answer = await until(page, lambda news: news.get("kind") == "agent_message")

    assert (heard["conversation_id"], heard["body"]["text"]) == (citizen.id, "在吗")
    assert answer["body"]["text"] == "在的"


async def test_the_desk_hears_that_somebody_waits(service, agent, citizen):
    async with agent.events() as desk:
        await citizen.asks()

        news = await until(desk, lambda news: news.get("type") == "inbox" and news["waiting"] == 1)

    assert news["agents"] == 1


async def test_a_desk_that_comes_back_gets_exactly_what_it_missed(service, agent, citizen):
    await accepted(agent, citizen)
    await service.said((citizen.id, citizen.token), "一")
    known = (await citizen.events())[-1]["sequence"]
    await service.said((citizen.id, citizen.token), "二")

    async with agent.events(f"?after={citizen.id}:{known}") as desk:
        await service.said((citizen.id, citizen.token), "三")
        heard = [await until(desk, lambda news: "sequence" in news) for _ in range(2)]

    assert [news["body"]["text"] for news in heard] == ["二", "三"]


async def test_a_desk_hears_of_no_conversation_that_another_holds(service, agent, citizen):
    await accepted(agent, citizen)
    other = await desk_of(service, "李强")

    async with other.events(f"?after={citizen.id}:0") as desk:
        await service.said((citizen.id, citizen.token), "秘密")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await until(desk, lambda news: "sequence" in news)


async def test_a_supervisor_who_listens_hears_both_sides_until_it_is_closed(service, agent, citizen):
    path = await accepted(agent, citizen)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    async with chief.events() as wall, agent.events() as desk:
        await chief.done("POST", path + "/listen")
        await chief.done("POST", path + "/whisper", json={"text": "提醒带照片"})
        await service.said((citizen.id, citizen.token), "好的")
        await until(wall, lambda news: news.get("kind") == "citizen_message")
        whisper = await until(desk, lambda news: news.get("kind") == "whisper")
        await agent.done("POST", path + "/close", json={"summary": "完"})
        await until(wall, lambda news: news.get("kind") == "holder")
        await service.said((citizen.id, citizen.token), "还有一个问题")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await until(wall, lambda news: "sequence" in news)

    assert whisper["body"]["text"] == "提醒带照片"
    assert "提醒带照片" not in repr(await citizen.events())


async def test_who_is_on_the_queue_is_told_the_place_over_the_socket(service, agent, citizen):
    await citizen.asks()
    async with citizen.watching() as page:
        news = await until(page, lambda news: news.get("type") == "queue")

    assert (news["position"], news["agents"], news["open"]) == (1, 1, True)


async def test_a_desk_follows_what_was_accepted_while_it_was_being_opened(
    service, agent, citizen, monkeypatch
):
    use_case = service.app[DESK]
    look = use_case.own

    async def accepted_right_after(name):
        before = await look(name)
        monkeypatch.setattr(use_case, "own", look)
        await accepted(agent, citizen)
        return before

    monkeypatch.setattr(use_case, "own", accepted_right_after)
    async with agent.events() as desk:
        await service.said((citizen.id, citizen.token), "在吗")
        heard = await until(desk, lambda news: news.get("kind") == "citizen_message")

    assert heard["conversation_id"] == citizen.id


async def test_a_desk_that_is_closed_is_forgotten(service, agent):
    async with agent.events():
        assert service.app[SCREENS].is_open("王芳")

    await comes_true(lambda: not service.app[SCREENS].is_open("王芳"))


async def test_another_sites_page_cannot_watch_the_desk(service, agent):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with service.client.ws_connect(
            f"{STAFF}/events", headers=agent.headers, origin="https://evil.example"
        ):
            pass

    assert refused.value.status == 403


# --- calls ---------------------------------------------------------------------------------------------


async def test_offers_are_answered_over_both_sockets_once_the_citizen_has_agreed(service, agent, citizen):
    media = FakeMedia()
    service.app[CALLS]._media = media
    path = await accepted(agent, citizen)
    async with agent.events() as desk, citizen.watching() as page:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        ringing = await until(page, lambda news: news.get("type") == "call.state")
        assert (ringing["state"], ringing["call_id"]) == ("ringing", call["call_id"])
        await desk.send_json({"type": "call.offer", "call_id": call["call_id"], "sdp": SDP})
        early = await until(desk, lambda news: news.get("type") == "error")
        assert early["code"] == "illegal_move"
        _, consented = await citizen.call(
            "POST", f"/calls/{call['call_id']}/consent", json={"version": consent_version(), "agree": True}
        )
        assert consented["state"] == "connecting"
        for socket in (desk, page):
            await socket.send_json({"type": "call.offer", "call_id": call["call_id"], "sdp": SDP})
            answer = await until(socket, lambda news: news.get("type") == "call.answer")
            assert answer["sdp"] == f"answer to {SDP}"
        media.connect("citizen", "agent")
        for socket in (desk, page):
            await until(socket, lambda news: news.get("state") == "live" and news["peer"]["connected"])
        await page.send_json({"type": "call.hangup", "call_id": call["call_id"]})
        await until(desk, lambda news: news.get("type") == "call.state" and news["state"] == "ended")


async def test_a_wish_for_video_becomes_a_call_when_an_agent_accepts(service, agent, citizen):
    async with citizen.watching() as page:
        await accepted(agent, citizen, mode="video")

        news = await until(page, lambda news: news.get("kind") == "call")

    assert (news["body"]["state"], news["body"]["mode"]) == ("consenting", "video")


async def test_taking_consent_back_is_never_kept_waiting(start_service):
    service = await start_service(rate_messages_per_minute=6)
    agent, citizen = await desk_of(service), Citizen(service, await service.started())
    await agent.done("PUT", "/me", json={"state": "available"})
    await accepted(agent, citizen, mode="video")
    [call] = await service.stores.calls.calls_of(citizen.id)
    path = f"/calls/{call.call_id}/consent"

    async def says(agree: bool) -> int:
        response, _ = await citizen.call("POST", path, json={"version": consent_version(), "agree": agree})
        return response.status

    given = []
    while not given or given[-1] == 200:
        given.append(await says(True))

    assert given[-1] == 429
    assert await says(False) == 200
    assert (await service.stores.calls.get(call.call_id)).consented is False
    assert await says(False) == 429  # there is nothing to take back


async def test_nobody_signals_in_anothers_call(service, agent, citizen):
    path = await accepted(agent, citizen)
    call = await agent.done("POST", path + "/calls", json={"mode": "video"})
    stranger = Citizen(service, await service.started())
    other = await desk_of(service, "李强")
    forged = {"type": "call.hangup", "call_id": call["call_id"]}

    async with stranger.watching() as page, other.events() as desk:
        await page.send_json(forged)
        refused_page = await until(page, lambda news: news.get("type") == "error")
        await desk.send_json(forged)
        refused_desk = await until(desk, lambda news: news.get("type") == "error")

    assert (refused_page["code"], refused_desk["code"]) == ("not_found", "forbidden")
    response, _ = await stranger.call(
        "POST", f"/calls/{call['call_id']}/consent", json={"version": consent_version(), "agree": True}
    )
    assert response.status == 404
    assert (await service.stores.calls.get(call["call_id"])).state == "ringing"


async def test_a_frame_over_the_limit_closes_the_socket(service, agent, citizen):
    async with citizen.watching() as page:
        await page.send_str("x" * (2 * 64 * 1024 + 1))
        message = await page.receive()

    assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


@pytest.mark.parametrize("frame", ["{", "[]", '{"type":"call.nothing"}', '{"type":"call.offer"}'])
async def test_a_forged_frame_is_refused_and_the_socket_stays(service, citizen, frame):
    async with citizen.watching() as page:
        await page.send_str(frame)
        assert (await until(page, lambda news: news.get("type") == "error"))["code"]
        await service.said((citizen.id, citizen.token), "一")
        assert (await until(page, lambda news: "sequence" in news))["sequence"] == 1


# --- who may -------------------------------------------------------------------------------------------

IN_CONVERSATION = [
    ("GET", "", None),
    ("POST", "/messages", {"text": "x"}),
    ("POST", "/notes", {"text": "x"}),
    ("POST", "/tags", {"tags": []}),
    ("POST", "/guide-card", {"guide_id": "g1"}),
    ("POST", "/checklist", {"guide_id": "g1", "checked": []}),
    ("POST", "/shows", {"guide_id": "g1", "element": "fee"}),
    ("POST", "/shows/1/close", {}),
    ("POST", "/hand-back", {}),
    ("POST", "/transfer", {"skills": {"department": "x"}}),
    ("POST", "/close", {"summary": "x"}),
    ("GET", "/summary-draft", None),
    ("POST", "/calls", {"mode": "video"}),
]
OF_SUPERVISORS = [
    ("POST", "/listen", {}),
    ("POST", "/whisper", {"text": "x"}),
    ("POST", "/take-over", {}),
]
OF_DESK = [
    ("GET", "/me", None),
    ("PUT", "/me", {"state": "available"}),
    ("GET", "/queue", None),
    ("GET", "/conversations", None),
    ("GET", "/ended-conversations", None),
    ("GET", "/canned", None),
    ("GET", "/ice", None),
    ("POST", "/handovers/nothing/accept", {}),
]


async def refusals(service, desk: Desk | None, citizen: Citizen) -> dict[tuple[str, str], int]:
    """The status of every route of the desk, for someone."""
    found = {}
    for method, path, body in [
        *((m, f"/conversations/{citizen.id}{piece}", b) for m, piece, b in IN_CONVERSATION + OF_SUPERVISORS),
        *OF_DESK,
        ("GET", "/wall", None),
    ]:
        more = {} if body is None else {"json": body}
        if desk is None:
            response, _ = await service.call(method, STAFF + path, **more)
        else:
            response, _ = await desk.call(method, path, **more)
        found[method, path.replace(citizen.id, "ID")] = response.status
    return found


async def test_nobody_does_anything_at_the_desk_without_signing_in(service, agent, citizen):
    await accepted(agent, citizen)

    assert set((await refusals(service, None, citizen)).values()) == {401}


async def test_a_citizens_token_opens_nothing_at_the_desk(service, agent, citizen):
    await accepted(agent, citizen)

    response, _ = await service.call("GET", f"{STAFF}/conversations/{citizen.id}", token=citizen.token)

    assert response.status == 401


async def test_an_editor_has_no_business_at_the_desk(service, agent, citizen):
    await accepted(agent, citizen)
    editor = await desk_of(service, "编辑", Role.EDITOR)

    assert set((await refusals(service, editor, citizen)).values()) == {403}


async def test_another_agent_can_do_nothing_in_a_conversation_that_is_not_theirs(service, agent, citizen):
    await accepted(agent, citizen)
    other = await desk_of(service, "李强")

    found = await refusals(service, other, citizen)

    inside = {key: status for key, status in found.items() if "/ID" in key[1] or key[1] == "/wall"}
    assert set(inside.values()) == {403, 409}
    assert {key for key, status in inside.items() if status == 409} == {
        ("POST", f"/conversations/ID{piece}")
        for method, piece, _ in IN_CONVERSATION
        if method == "POST" and piece != "/calls"
    }
    assert (await service.conversations.get(citizen.id)).holder.value == "agent"


async def test_a_supervisor_reads_and_takes_over_but_does_not_write_as_the_agent(service, agent, citizen):
    await accepted(agent, citizen)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    path = f"/conversations/{citizen.id}"

    response, _ = await chief.call("POST", path + "/messages", json={"text": "x"})
    assert response.status == 409
    await chief.done("GET", path)
    await chief.done("POST", path + "/take-over")
    await chief.done("POST", path + "/messages", json={"text": "我来"})


@pytest.mark.parametrize(
    ("method", "piece", "body"),
    [
        ("POST", "/callback", {"at": "2026-01-01T09:00:00+08:00", "contact": "13800138000"}),
        ("POST", "/message", {"text": "x"}),
        ("GET", "/ice", None),
        ("POST", "/calls", {"mode": "video"}),
        ("POST", "/calls/x/consent", {"version": "1", "agree": True}),
        ("POST", "/calls/x/decline", {}),
        ("POST", "/shows/1/close", None),
        ("DELETE", "/handover", None),
    ],
)
async def test_another_citizens_token_does_nothing(service, agent, citizen, method, piece, body):
    await accepted(agent, citizen)
    _, token = await service.started()
    more = {} if body is None else {"json": body}

    for wrong in (token, ""):
        response, _ = await service.call(method, f"{CONVERSATIONS}/{citizen.id}{piece}", token=wrong, **more)
        assert response.status == 401


async def test_ice_servers_carry_credentials_that_run_out(start_service):
    service = await start_service(turn_urls=("turns:t.example:443",), turn_ttl=600)
    citizen = Citizen(service, await service.started())
    agent = await desk_of(service)
    await agent.done("PUT", "/me", json={"state": "available"})
    await citizen.asks(mode="video")

    _, data = await citizen.call("GET", "/ice")

    assert data["media"] == "relay"
    assert data["ice_servers"][0]["urls"] == ["turns:t.example:443"]


async def test_who_waits_for_nobody_gets_no_way_through_the_turn_server(start_service):
    service = await start_service(turn_urls=("turns:t.example:443",), turn_secret=Secret("s" * 32))
    citizen = Citizen(service, await service.started())

    _, before = await citizen.call("GET", "/ice")
    agent = await desk_of(service)
    await agent.done("PUT", "/me", json={"state": "available"})
    await citizen.asks(mode="video")
    _, after = await citizen.call("GET", "/ice")

    assert before == {"ice_servers": [], "media": "relay", "video_codec": "vp8"}
    name = after["ice_servers"][0]["username"].partition(":")[2]
    assert name == hashlib.sha256(citizen.id.encode()).hexdigest()[:16]
