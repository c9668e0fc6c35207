"""Third parties and listeners over HTTP and WebSocket: the way in, and everybody who may not."""

import asyncio

import pytest

from core.statuses import Role
from server.keys import CALL_GUESTS, CALL_LISTENING, CALLS
from server.pages.call.consent import consent_version
from tests.server.desk_api import (
    SDP,
    accepted,
    agent_at_desk,
    citizen_who_asks,
    desk_of,
    until,
)
from tests.server.desk_world import FakeMedia

agent = agent_at_desk
citizen = citizen_who_asks

VERSION = consent_version()


@pytest.fixture
async def service(start_service):
    return await start_service(rate_messages_per_minute=1000)


@pytest.fixture
async def media(service):
    fake = FakeMedia()
    for key in (CALLS, CALL_GUESTS, CALL_LISTENING):
        service.app[key]._media = fake
    return fake


@pytest.fixture
async def call_id(service, agent, citizen, media) -> str:
    """A call that is going on."""
    path = await accepted(agent, citizen)
    call = await agent.done("POST", path + "/calls", json={"mode": "video"})
    await citizen.call("POST", f"/calls/{call['call_id']}/consent", json={"version": VERSION, "agree": True})
    return call["call_id"]


async def invited(desk, call_id: str, **whom) -> dict:
    response, data = await desk.call("POST", f"/calls/{call_id}/guest", json=whom)
    assert response.status == 201, data
    return data


async def test_somebody_of_the_citizens_comes_by_a_link_agrees_and_connects(service, agent, call_id, media):
    link = (await invited(agent, call_id, companion="女儿"))["token"]
    path = f"/api/v1/calls/{call_id}/guest"

    _, came = await service.call("POST", path, json={"invitation": link})
    token = came["token"]
    assert (came["name"], came["state"]) == ("女儿（群众同伴）", "arrived")
    async with service.client.ws_connect(
        path + "/events", protocols=("bangban.v1", f"bearer.{token}")
    ) as page:
        await page.send_json({"type": "call.offer", "call_id": call_id, "sdp": SDP})
        assert (await until(page, lambda news: news["type"] == "error"))["code"] == "illegal_move"
        await service.call("POST", path + "/consent", token=token, json={"version": VERSION, "agree": True})
        await page.send_json({"type": "call.offer", "call_id": call_id, "sdp": SDP})
        assert (await until(page, lambda news: news["type"] == "call.answer"))["sdp"] == f"answer to {SDP}"
        await page.send_json({"type": "call.mode", "call_id": call_id, "mode": "text"})
        assert (await until(page, lambda news: news["type"] == "error"))["code"] == "forbidden"
        _, shown = await service.call("GET", path, token=token)
        assert shown["state"] == "ready"
        response, servers = await service.call("GET", path + "/ice", token=token)
        assert (response.status, servers["media"]) == (200, "relay")
        await page.send_json({"type": "call.hangup", "call_id": call_id})
        await until(page, lambda news: news.get("state") == "ended")
    response, _ = await service.call("GET", path, token=token)
    assert response.status == 401
    assert (await service.stores.calls.get(call_id)).state == "connecting"


async def test_an_invited_agent_is_asked_agrees_and_connects_and_reads_nothing(
    service,
    agent,
    citizen,
    call_id,
    media,
):
    other = await desk_of(service, "李强")
    await other.done("PUT", "/me", json={"state": "available"})
    (colleague,) = (await agent.done("GET", "/colleagues"))["agents"]
    assert colleague["name"] == "李强"

    async with other.events() as desk:
        await invited(agent, call_id, agent="李强")
        await until(desk, lambda news: news.get("type") == "call.invited")
        (invitation,) = (await other.done("GET", "/invitations"))["invitations"]
        assert invitation["invited_by"] == "王芳"
        await other.done("POST", f"/calls/{call_id}/visit", json={"version": VERSION, "agree": True})
        await desk.send_json({"type": "call.offer", "call_id": call_id, "sdp": SDP})
        await until(desk, lambda news: news.get("type") == "call.answer")
        assert "guest" in media.calls[call_id]
        response, _ = await other.call("GET", f"/conversations/{citizen.id}")
        assert response.status == 403
        response, _ = await other.call("POST", f"/conversations/{citizen.id}/messages", json={"text": "x"})
        assert response.status == 409
        await other.done("DELETE", f"/calls/{call_id}/visit")
        await until(desk, lambda news: news.get("state") == "ended")


async def test_a_supervisor_connects_to_hear_and_does_nothing_else(service, agent, call_id, media):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    async with chief.events() as desk:
        await desk.send_json({"type": "call.offer", "call_id": call_id, "sdp": SDP})
        assert (await until(desk, lambda news: news.get("type") == "error"))["code"] == "forbidden"
        await chief.done("POST", f"/calls/{call_id}/listen")
        await desk.send_json({"type": "call.offer", "call_id": call_id, "sdp": SDP})
        await until(desk, lambda news: news.get("type") == "call.answer")
        assert media.calls[call_id] == {"listener": "connecting"}
        await desk.send_json({"type": "call.mode", "call_id": call_id, "mode": "text"})
        assert (await until(desk, lambda news: news.get("type") == "error"))["code"] == "forbidden"
        await desk.send_json({"type": "call.hangup", "call_id": call_id})
        await until(desk, lambda news: news.get("state") == "ended")
    assert (await service.stores.calls.get(call_id)).state == "connecting"


# --- who may not -----------------------------------------------------------------------------------

OF_DESK = [("GET", "/colleagues", None), ("GET", "/invitations", None)]
OF_ITS_AGENT = [("POST", "/guest", {"companion": "女儿"}), ("DELETE", "/guest", None)]
OF_INVITED = [("POST", "/visit", {"version": VERSION, "agree": True}), ("DELETE", "/visit", None)]
OF_SUPERVISORS = [("POST", "/listen", {}), ("DELETE", "/listen", None)]
OF_GUEST = [
    ("GET", "", None),
    ("DELETE", "", None),
    ("POST", "/consent", {"version": VERSION, "agree": True}),
    ("GET", "/ice", None),
    ("GET", "/events", None),
]


def of_call(call_id: str, routes):
    return [(method, f"/calls/{call_id}{piece}", body) for method, piece, body in routes]


async def statuses(call, routes) -> set[int]:
    found = set()
    for method, path, body in routes:
        response, _ = await call(method, path, **({} if body is None else {"json": body}))
        found.add(response.status)
    return found


async def test_nobody_does_anything_without_signing_in_nor_an_editor(service, agent, citizen, call_id):
    every = OF_DESK + of_call(call_id, OF_ITS_AGENT + OF_INVITED + OF_SUPERVISORS)
    editor = await desk_of(service, "编辑", Role.EDITOR)

    async def as_citizen(method, path, **more):
        return await service.call(method, "/api/v1/staff" + path, token=citizen.token, **more)

    assert await statuses(as_citizen, every) == {401}
    assert await statuses(editor.call, every) == {403}


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ADMIN])
async def test_nobody_but_its_agent_invites_and_nobody_but_the_invited_comes(service, agent, call_id, role):
    await invited(agent, call_id, companion="女儿")
    other = await desk_of(service, "别人", role)

    assert await statuses(other.call, of_call(call_id, OF_ITS_AGENT + OF_INVITED)) == {403}
    assert await statuses(agent.call, of_call(call_id, OF_INVITED)) == {403}
    if role is Role.AGENT:
        assert await statuses(other.call, of_call(call_id, OF_SUPERVISORS)) == {403}
    assert await service.stores.guests.open_guest_of(call_id) is not None


async def test_no_other_token_opens_what_is_the_guests(service, agent, citizen, call_id):
    link = (await invited(agent, call_id, companion="女儿"))["token"]
    path = f"/api/v1/calls/{call_id}/guest"
    for wrong in ("", "x", link, citizen.token):

        async def as_stranger(method, piece, token=wrong, **more):
            return await service.call(method, path + piece, token=token, **more)

        assert await statuses(as_stranger, OF_GUEST) == {401}
    response, _ = await service.call("POST", path, json={"invitation": citizen.token})
    assert response.status == 401
    _, came = await service.call("POST", path, json={"invitation": link})
    response, _ = await service.call("POST", path, json={"invitation": link})
    assert response.status == 401
    for call in ("another", citizen.id):
        response, _ = await service.call("GET", f"/api/v1/calls/{call}/guest", token=came["token"])
        assert response.status == 401
    response, _ = await service.call("GET", f"/api/v1/conversations/{citizen.id}", token=came["token"])
    assert response.status == 401
    response, _ = await service.call("POST", f"/api/v1/conversations/{citizen.id}/files", token=came["token"])
    assert response.status == 401


async def test_of_two_who_use_a_link_at_once_one_gets_in(service, agent, call_id):
    link = (await invited(agent, call_id, companion="女儿"))["token"]

    came = await asyncio.gather(
        *(service.call("POST", f"/api/v1/calls/{call_id}/guest", json={"invitation": link}) for _ in range(5))
    )

    assert sorted(response.status for response, _ in came) == [200, 401, 401, 401, 401]


@pytest.mark.parametrize(
    "body", [{}, {"agent": "李强", "companion": "女儿"}, {"companion": "长" * 60}, {"agent": 3}]
)
async def test_an_invitation_is_for_one(service, agent, call_id, body):
    response, _ = await agent.call("POST", f"/calls/{call_id}/guest", json=body)

    assert response.status == 400
