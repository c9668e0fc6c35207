"""Ratings after a person, and what staff must see to."""

import pytest

from core.ports import ConversationEvent
from core.statuses import Role
from server.ratings import rated_service
from tests.fakes import utc_now
from tests.server.conftest import assert_canonical_error, guide_record
from tests.server.desk_api import Citizen, citizen_who_asks, desk_of
from tests.server.test_api_files import held_by

citizen = citizen_who_asks


@pytest.fixture
async def service(start_service):
    service = await start_service(rate_messages_per_minute=1000)
    await service.knowledge.publish_guides([guide_record("g1")])
    return service


@pytest.fixture
async def chief(service):
    return await desk_of(service, "赵主管", Role.SUPERVISOR)


async def rates(citizen: Citizen, score: int, comment: str = "") -> None:
    response, data = await citizen.call("POST", "/rating", json={"score": score, "comment": comment})
    assert response.status == 204, data


async def open_follow_ups(desk, query: str = "") -> list[dict]:
    return (await desk.done("GET", f"/follow-ups{query}"))["follow_ups"]


def log(*entries: tuple[str, dict]) -> list[ConversationEvent]:
    return [ConversationEvent("c", n, kind, body, utc_now()) for n, (kind, body) in enumerate(entries, 1)]


def test_a_rating_is_about_the_last_agent_the_guides_cited_and_the_answers():
    source = {"guide_id": "g1", "version": 3}
    about = rated_service(
        log(
            ("citizen_message", {"text": "问"}),
            ("bot_message", {"status": "answered", "messages": [{"sources": [source, source]}]}),
            ("bot_message", {"status": "no_guide", "messages": [{}]}),
            ("holder", {"holder": "queue"}),
            ("holder", {"holder": "agent", "agent": "王芳"}),
            ("guide_card", {"guide_id": "g2", "version": 1}),
            ("holder", {"holder": "agent", "agent": "李强"}),
            ("checklist", {"guide_id": "g1", "version": 3}),
            ("holder", {"holder": "bot"}),
        )
    )

    assert about.agent == "李强"
    assert about.guides == (("g1", 3), ("g2", 1))
    assert about.answers == (2,)
    assert about.began == 7


def test_a_rating_of_nothing_is_about_nothing():
    assert rated_service([]).as_body() == {"agent": "", "guides": [], "answers": []}


async def test_a_rating_after_a_person_is_bound_to_agent_and_guides(service, citizen, chief):
    agent = await desk_of(service)
    await held_by(agent, citizen)
    await agent.done("POST", f"/conversations/{citizen.id}/guide-card", json={"guide_id": "g1"})
    await agent.done("POST", f"/conversations/{citizen.id}/close", json={"summary": "办好了"})
    await rates(citizen, 5, "很好")

    events = (await chief.done("GET", f"/conversations/{citizen.id}"))["events"]
    [rating] = [each["body"] for each in events if each["kind"] == "rating"]
    assert (rating["agent"], rating["guides"]) == ("王芳", [{"guide_id": "g1", "version": 1}])
    [shown] = [each["body"] for each in await citizen.events() if each["kind"] == "rating"]
    assert shown == {"score": 5, "comment": "很好"}
    assert await open_follow_ups(chief) == []


@pytest.mark.parametrize(("score", "opened"), [(1, 1), (2, 1), (3, 0), (5, 0)])
async def test_two_or_less_is_to_be_followed_up(citizen, chief, score, opened):
    await rates(citizen, score)

    assert len(await open_follow_ups(chief)) == opened


async def test_a_bad_rating_is_followed_up_once_with_a_masked_comment(citizen, chief):
    await rates(citizen, 1, "打我13800138000")
    await rates(citizen, 2, "再说一次")
    [found] = await open_follow_ups(chief)

    assert (found["kind"], found["conversation_id"]) == ("rating", citizen.id)
    assert found["text"].startswith("评分 1：打我")
    assert "13800138000" not in found["text"]


async def test_a_follow_up_is_closed_with_its_outcome_by_the_first(service, citizen, chief):
    other = await desk_of(service, "钱主管", Role.SUPERVISOR)
    await rates(citizen, 1)
    [found] = await open_follow_ups(chief)
    await chief.done("POST", f"/follow-ups/{found['id']}/done", json={"outcome": "已致歉"})
    again = await other.done("POST", f"/follow-ups/{found['id']}/done", json={"outcome": "别的"})

    assert (again["done_by"], again["outcome"]) == ("赵主管", "已致歉")
    assert await open_follow_ups(chief) == []
    assert [each["id"] for each in await open_follow_ups(chief, "?done=true")] == [found["id"]]


async def test_agents_see_to_messages_and_not_to_ratings(service, citizen, chief):
    agent = await desk_of(service)
    await citizen.call("POST", "/message", json={"text": "请回电"})
    await rates(citizen, 1)
    everything = await open_follow_ups(chief)
    bad = next(each for each in everything if each["kind"] == "rating")

    assert {each["kind"] for each in everything} == {"message", "rating"}
    [message] = await open_follow_ups(agent)
    assert (message["kind"], message["may_finish"]) == ("message", True)
    refused = await agent.call("POST", f"/follow-ups/{bad['id']}/done", json={"outcome": "好"})
    assert_canonical_error(*refused, 404, "not_found")


async def test_an_agent_sees_the_bad_rating_they_got_and_somebody_else_sees_to_it(service, citizen):
    agent = await desk_of(service)
    await held_by(agent, citizen)
    await agent.done("POST", f"/conversations/{citizen.id}/close", json={"summary": "已办好"})
    await rates(citizen, 1)

    [bad] = await open_follow_ups(agent)
    refused = await agent.call("POST", f"/follow-ups/{bad['id']}/done", json={"outcome": "好"})
    others = await open_follow_ups(await desk_of(service, "李强"))

    assert (bad["kind"], bad["agent"], bad["may_finish"]) == ("rating", "王芳", False)
    assert_canonical_error(*refused, 403, "forbidden")
    assert others == []


async def test_a_wrong_question_is_refused(service, chief):
    editor = await desk_of(service, "编辑", Role.EDITOR)

    assert_canonical_error(*await chief.call("GET", "/follow-ups?done=maybe"), 400, "invalid_input")
    assert_canonical_error(
        *await chief.call("POST", "/follow-ups/x/done", json={"outcome": ""}), 400, "invalid_input"
    )
    assert_canonical_error(*await editor.call("GET", "/follow-ups"), 403, "forbidden")
