"""Showing and pointing over HTTP and the WebSockets: agent and citizen, and who may not."""

import pytest

from core.ports import GuideRecord
from core.statuses import GuideStatus, Role
from knowledge.guide import Fee, Guide, Material, Situation
from server.keys import POINTING
from tests.server.conftest import CONVERSATIONS, assert_canonical_error
from tests.server.desk_api import (
    STAFF,
    Citizen,
    Desk,
    accepted,
    agent_at_desk,
    citizen_who_asks,
    desk_of,
    until,
)
from tests.server.picture_samples import PDF, encoded, page
from tests.server.test_api_files import form

agent = agent_at_desk
citizen = citizen_who_asks

GUIDE = Guide(
    guide_id="g1",
    district="东区",
    main_item="居住证补领",
    situations=(Situation("", (Material("身份证"), Material("近期照片"))),),
    fee=Fee(charged=False),
)


@pytest.fixture
async def service(start_service):
    service = await start_service(rate_messages_per_minute=1000)
    record = GuideRecord(
        "g1", 1, GuideStatus.PUBLISHED, "东区", GUIDE.title, "", GUIDE.as_json(), GUIDE.content_hash()
    )
    await service.knowledge.publish_guides([record])
    return service


@pytest.fixture
async def path(agent, citizen) -> str:
    """Of the conversation that the agent holds."""
    return await accepted(agent, citizen)


async def sent(citizen: Citizen, data: bytes, name: str = "证件.jpg") -> str:
    response, body = await citizen.call("POST", "/files", data=form(data, name))
    assert response.status == 201, body
    return body["event"]["body"]["file_id"]


async def shown(agent: Desk, path: str, **what) -> int:
    return (await agent.done("POST", path + "/shows", json=what))["sequence"]


async def picture(agent: Desk, citizen: Citizen, path: str) -> int:
    return await shown(agent, path, file_id=await sent(citizen, encoded(page())))


def point(show: int, **where) -> dict:
    return {"type": "point", "show": show, **where}


def is_pointing(news: dict) -> bool:
    return news.get("type") in {"point", "point.refused"}


async def told(speaker, listener, frame: dict) -> dict:
    """The next word about pointing that the listener gets after the frame."""
    await speaker.send_json(frame)
    return await until(listener, is_pointing)


# --- showing ---------------------------------------------------------------------------------------


async def test_a_picture_opens_on_the_citizens_page_and_is_in_the_log(agent, citizen, path):
    file_id = await sent(citizen, encoded(page()))
    async with citizen.watching() as watching:
        show = await shown(agent, path, file_id=file_id)
        event = await until(watching, lambda news: news.get("kind") == "show")

    assert event["sequence"] == show
    assert event["body"]["what"] == "file"
    assert (event["body"]["file_id"], event["body"]["media_type"]) == (file_id, "image/jpeg")
    assert "by" not in event["body"], "who it was is for staff"
    own = (await agent.done("GET", path))["events"]
    assert own[-1]["body"]["by"] == "王芳"


async def test_an_element_is_shown_as_the_published_guide_says_it(agent, citizen, path):
    await shown(agent, path, guide_id="g1", element="materials")

    body = (await citizen.events())[-1]["body"]
    assert (body["what"], body["title"], body["label"]) == ("element", GUIDE.title, "所需材料")
    assert body["version"] == 1
    assert [line.partition(". ")[2] for line in body["lines"]] == ["身份证", "近期照片"]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({}, 400),
        ({"file_id": "x", "guide_id": "g1", "element": "fee"}, 400),
        ({"file_id": "nothing"}, 404),
        ({"guide_id": "nothing", "element": "fee"}, 404),
        ({"guide_id": "g1"}, 400),
        ({"guide_id": "g1", "element": "everything"}, 400),
        ({"guide_id": "g1", "element": "general"}, 400),
        ({"guide_id": "g1", "element": "hours"}, 400),  # the guide is silent about it
        ({"guide_id": "g1", "element": "fee", "situation": "没有这种情形"}, 400),
    ],
)
async def test_what_cannot_be_shown_is_refused_and_not_in_the_log(agent, citizen, path, what, status):
    response, data = await agent.call("POST", path + "/shows", json=what)

    assert response.status == status, data
    assert "show" not in [event["kind"] for event in await citizen.events()]


async def test_a_file_of_another_conversation_is_no_file_here(service, agent, citizen, path):
    stranger = Citizen(service, await service.started())
    file_id = await sent(stranger, encoded(page()))

    response, data = await agent.call("POST", path + "/shows", json={"file_id": file_id})

    assert_canonical_error(response, data, 404, "not_found")


@pytest.mark.parametrize("closes", ["agent", "citizen"])
async def test_either_side_closes_it_once(agent, citizen, path, closes):
    show = await picture(agent, citizen, path)
    for _ in range(2):
        if closes == "agent":
            await agent.done("POST", f"{path}/shows/{show}/close")
        else:
            assert (await citizen.call("POST", f"/shows/{show}/close"))[0].status == 204

    ends = [event["body"] for event in await citizen.events() if event["kind"] == "show_ended"]
    assert ends == [{"show": show, "by": closes}]


@pytest.mark.parametrize("number", ["0", "1", "999", "99999999999", "x", "-1", "²"])
async def test_what_was_never_shown_cannot_be_closed(agent, citizen, path, number):
    for response, data in (
        await citizen.call("POST", f"/shows/{number}/close"),
        await agent.call("POST", f"{path}/shows/{number}/close"),
    ):
        assert_canonical_error(response, data, 404, "not_found")


async def test_a_citizen_cannot_show_or_close_as_staff(service, agent, citizen, path):
    show = await picture(agent, citizen, path)
    for piece in ("/shows", f"/shows/{show}/close"):
        response, _ = await service.call(
            "POST", f"{STAFF}{path}{piece}", token=citizen.token, json={"guide_id": "g1", "element": "fee"}
        )
        assert response.status == 401
    response, _ = await service.call(
        "POST", f"{CONVERSATIONS}/{citizen.id}/shows", token=citizen.token, json={}
    )
    assert response.status == 404


# --- pointing --------------------------------------------------------------------------------------


async def test_agent_and_citizen_point_at_the_same_picture(agent, citizen, path):
    show = await picture(agent, citizen, path)
    async with agent.events() as desk, citizen.watching() as watching:
        there = await told(desk, watching, {**point(show, x=0.25, y=1), "conversation_id": citizen.id})
        back = await told(watching, desk, point(show, x=0.75, y=0))
        away = await told(desk, watching, {**point(show, away=True), "conversation_id": citizen.id})

    assert there == {"type": "point", "by": "agent", "show": show, "x": 0.25, "y": 1.0}
    assert back == {"type": "point", "by": "citizen", "show": show, "x": 0.75, "y": 0.0} | {
        "conversation_id": citizen.id
    }
    assert away == {"type": "point", "by": "agent", "show": show, "away": True}


async def test_a_point_leaves_no_trace_in_the_log(agent, citizen, path):
    show = await picture(agent, citizen, path)
    before = await citizen.events()
    async with agent.events() as desk, citizen.watching() as watching:
        assert await told(desk, watching, {**point(show, x=0, y=0), "conversation_id": citizen.id})

    assert await citizen.events() == before


async def test_a_line_of_an_element_is_pointed_at(agent, citizen, path):
    show = await shown(agent, path, guide_id="g1", element="materials")
    async with agent.events() as desk, citizen.watching() as watching:
        there = await told(desk, watching, {**point(show, line=1), "conversation_id": citizen.id})
        beyond = await told(desk, desk, {**point(show, line=2), "conversation_id": citizen.id})

    assert there["line"] == 1
    assert (beyond["type"], beyond["code"]) == ("point.refused", "invalid_input")


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"x": 1.5, "y": 0}, "invalid_input"),
        ({"x": "0", "y": 0}, "invalid_input"),
        ({"line": 0}, "invalid_input"),
        ({}, "invalid_input"),
        ({"x": 0, "y": 0, "more": "x" * 2000}, "body_too_large"),
    ],
)
async def test_a_forged_point_reaches_nobody(agent, citizen, path, where, code):
    show = await picture(agent, citizen, path)
    async with agent.events() as desk, citizen.watching() as watching:
        refused = await told(watching, watching, point(show, **where))
        first = await told(watching, desk, point(show, x=0.5, y=0.5))

    assert (refused["type"], refused["code"]) == ("point.refused", code)
    assert refused["message"]
    assert first["x"] == 0.5, "a good one that came later is the first to arrive"


async def test_a_pdf_has_no_spots(agent, citizen, path):
    show = await shown(agent, path, file_id=await sent(citizen, PDF, "表.pdf"))
    async with citizen.watching() as watching:
        refused = await told(watching, watching, point(show, x=0, y=0))

    assert refused["code"] == "invalid_input"


async def test_points_out_of_turn_are_refused(agent, citizen, path):
    first = await picture(agent, citizen, path)
    second = await shown(agent, path, guide_id="g1", element="fee")
    async with citizen.watching() as watching:
        replaced = await told(watching, watching, point(first, x=0, y=0))
        await agent.done("POST", f"{path}/shows/{second}/close")
        closed = await told(watching, watching, point(second, line=0))
        never = await told(watching, watching, point(1, x=0, y=0))
        third = await picture(agent, citizen, path)
        await agent.done("POST", path + "/hand-back", json={})
        left = await told(watching, watching, point(third, x=0, y=0))

    codes = [each["code"] for each in (replaced, closed, never, left)]
    assert codes == ["conflict", "conflict", "not_found", "conflict"]


async def test_nobody_points_into_a_conversation_of_others(service, agent, citizen, path):
    show = await picture(agent, citizen, path)
    stranger = Citizen(service, await service.started())
    other = await desk_of(service, "李强")
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    named = {**point(show, x=0, y=0), "conversation_id": citizen.id}

    async with citizen.watching() as watching, stranger.watching() as page_, other.events() as desk:
        assert (await told(page_, page_, named))["code"] == "conflict"  # taken for one into their own
        assert (await told(desk, desk, named))["code"] == "forbidden"
        assert (await told(desk, desk, {**named, "conversation_id": "nothing"}))["code"] == "forbidden"
        assert (await told(desk, desk, point(show, x=0, y=0)))["code"] == "forbidden"
        async with chief.events() as wall:
            await chief.done("POST", path + "/listen", json={})
            assert (await told(wall, wall, named))["code"] == "forbidden"
        async with agent.events() as own:
            assert (await told(own, watching, {**named, "x": 0.5}))["x"] == 0.5, "the first to arrive"


async def test_the_old_agent_points_at_nothing_after_a_take_over(service, agent, citizen, path):
    show = await picture(agent, citizen, path)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    async with agent.events() as desk, chief.events() as wall:
        await chief.done("POST", path + "/take-over", json={})
        named = {**point(show, x=0, y=0), "conversation_id": citizen.id}
        assert (await told(desk, desk, named))["code"] == "forbidden"
        assert (await told(wall, wall, named))["code"] == "conflict", "shown by the agent who is gone"


async def test_points_come_no_faster_than_a_finger_moves(service, agent, citizen, path):
    show = await picture(agent, citizen, path)
    service.app[POINTING]._now = lambda: 100.0  # no time goes by
    async with citizen.watching() as watching:
        for _ in range(31):
            await watching.send_json(point(show, x=0.5, y=0.5))
        refused = await until(watching, is_pointing)

    assert refused["code"] == "too_many_requests"


async def test_a_refused_point_is_no_error_of_a_call(citizen):
    async with citizen.watching() as watching:
        await watching.send_json(point(1, x=0, y=0))
        assert (await watching.receive_json())["type"] == "point.refused"
        await watching.send_json({"type": "call.nothing"})
        assert (await watching.receive_json())["type"] == "error"
