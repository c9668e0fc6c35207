"""An agent with a citizen in WeChat: what the desk knows of what arrives there."""

import pytest

from core.statuses import AgentState, Role
from server import keys
from tests.server.desk_api import desk_of, until
from tests.server.wechat_world import wechat_world
from tests.waiting import comes_true
from tests.wechat_platform.faults import ANSWER_LOST, ApiFault

SEND = "message/custom/send"


@pytest.fixture
async def world(settings):
    async with wechat_world(settings) as made:
        yield made


@pytest.fixture
async def agent(world):
    return await desk_of(world.service)


async def served(world, agent):
    """A citizen in WeChat whom the agent has taken, and the conversation's path."""
    await agent.done("PUT", "/me", json={"state": AgentState.AVAILABLE})
    citizen = world.citizen()
    await citizen.says("你好")
    await citizen.clicks("person")
    conversation_id = (await world.known(citizen)).conversation_id
    waiting = (await agent.done("GET", "/queue"))["waiting"]
    mine = next(each for each in waiting if each["conversation_id"] == conversation_id)
    await agent.done("POST", f"/handovers/{mine['id']}/accept")
    await world.sees(citizen, "已接入")
    path = f"/conversations/{conversation_id}"
    await comes_true_of(agent, path, lambda found: not found["waiting"] and not found["sending"])
    return citizen, path


async def standing_of(desk, path: str) -> dict:
    return (await desk.done("GET", path))["standing"]


async def comes_true_of(desk, path: str, wanted) -> dict:
    """The standing, once it is as wanted."""
    found = {}

    async def holds() -> bool:
        found.update(await standing_of(desk, path))
        return bool(wanted(found))

    await comes_true(holds)
    return found


async def says(agent, path: str, text: str) -> int:
    """Says something; returns the number of its event."""
    return (await agent.done("POST", path + "/messages", json={"text": text}))["sequence"]


async def test_the_agent_reads_what_may_still_be_sent_and_until_when(world, agent):
    citizen, path = await served(world, agent)
    before = await standing_of(agent, path)

    await says(agent, path, "请带户口簿")
    await world.sees(citizen, "请带户口簿")
    after = await comes_true_of(agent, path, lambda found: found["left"] == before["left"] - 1)

    assert before["left"] == citizen.may_get + 1
    assert after["until"] is not None
    assert (after["reachable"], after["waiting"], after["unclear"]) == (True, 0, False)


async def test_each_change_is_told_to_who_has_the_conversation_open(world, agent):
    citizen, path = await served(world, agent)
    before = await standing_of(agent, path)
    async with agent.events() as screen:
        await says(agent, path, "请带户口簿")
        spent = await until(screen, lambda m: standing_in(m).get("left") == before["left"] - 1)

        await citizen.says("好的")
        await until(screen, lambda m: m.get("kind") == "citizen_message")
        anew = await until(screen, standing_in)

    assert spent["conversation_id"] == anew["conversation_id"] == path.rpartition("/")[2]


def standing_in(message: dict) -> dict:
    return message["standing"] if message.get("type") == "standing" else {}


async def test_what_waits_is_named_and_goes_with_the_citizens_next_words(settings):
    async with wechat_world(settings, wechat={"messages_after_message": 2}) as world:
        agent = await desk_of(world.service)
        citizen, path = await served(world, agent)
        left = (await standing_of(agent, path))["left"]
        for number in range(left):
            await says(agent, path, f"第{number}句")
            await world.sees(citizen, f"第{number}句")
        event = await says(agent, path, "还有一句")
        waits = await comes_true_of(agent, path, lambda found: found["waiting"])

        assert (waits["left"], waits["until"], waits["waiting_events"]) == (0, None, [event])

        await citizen.says("好的")
        await world.sees(citizen, "还有一句")
        came = await comes_true_of(agent, path, lambda found: not found["waiting"])
        assert came["waiting_events"] == []


async def test_what_may_not_have_arrived_is_told(world, agent):
    _, path = await served(world, agent)
    world.platform.faults.next_calls(SEND, ApiFault(ANSWER_LOST))

    await says(agent, path, "请带户口簿")

    assert (await comes_true_of(agent, path, lambda found: found["unclear"]))["waiting"] == 0


async def test_who_follows_no_longer_cant_be_reached(world, agent):
    citizen, path = await served(world, agent)
    async with agent.events() as screen:
        await citizen.unfollows()
        told = await until(screen, lambda m: standing_in(m).get("reachable") is False)

    assert await standing_of(agent, path) == told["standing"]


async def test_another_channel_has_no_such_limits(world, agent):
    conversation_id, _ = await world.service.started()
    chief = await desk_of(world.service, "赵主管", Role.SUPERVISOR)

    assert (await chief.done("GET", f"/conversations/{conversation_id}"))["standing"] is None


async def test_only_who_may_read_the_conversation_is_told(world, agent):
    _, path = await served(world, agent)
    chief = await desk_of(world.service, "赵主管", Role.SUPERVISOR)
    other = await desk_of(world.service, "李强")
    editor = await desk_of(world.service, "编辑", Role.EDITOR)

    assert (await standing_of(chief, path))["reachable"]
    for desk in (other, editor):
        response, data = await desk.call("GET", path)
        assert response.status == 403
        assert "standing" not in data
    async with other.events() as screen, agent.events() as own:
        await says(agent, path, "请带户口簿")
        await until(own, standing_in)
        world.service.app[keys.SCREENS].tell("李强", {"type": "inbox"})  # ends what the other one heard
        heard = []
        await until(screen, lambda m: heard.append(m) or m.get("type") == "inbox")
    assert [message["type"] for message in heard] == ["inbox"]


async def test_the_citizens_own_page_hears_nothing_of_it(world, agent):
    _, path = await served(world, agent)
    with world.service.app[keys.FAN_OUT].subscribe(path.rpartition("/")[2]) as page:
        async with agent.events() as screen:
            await says(agent, path, "请带户口簿")
            await until(screen, standing_in)
            await says(agent, path, "和照片")
        news = aiter(page)
        heard = [await anext(news), await anext(news)]
    assert [each.kind for each in heard] == ["agent_message", "agent_message"]


async def test_an_agents_part_that_ended_says_nothing_of_today(world, agent):
    _, path = await served(world, agent)
    await agent.done("POST", path + "/close", json={"summary": "已办好"})

    assert await standing_of(agent, path) is None
