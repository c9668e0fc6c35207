"""A citizen who asked to be told is told once of what waits, by a subscription message."""

import pytest

from core.outbox_ports import ItemState
from server import keys
from tests.server.desk_api import desk_of
from tests.server.test_wechat_desk import comes_true_of, says, served
from tests.server.wechat_world import ACCOUNT, wechat_world
from tests.waiting import comes_true
from tests.wechat_platform.faults import ANSWER_LOST, REFUSED, ApiFault
from tests.wechat_platform.users import SUBSCRIPTION

NOTIFY = "message/subscribe/bizsend"
TEMPLATE = {"template_id": "t1", "fields": {"thing1": "{city}有{count}条消息在等您", "time2": "{time}"}}


@pytest.fixture
async def world(settings):
    async with wechat_world(
        settings, wechat={"messages_after_message": 0, "messages_after_event": 2, "subscription": TEMPLATE}
    ) as made:
        made.platform.account.templates.add("t1")
        yield made


@pytest.fixture
async def agent(world):
    return await desk_of(world.service)


async def used_up(world, agent):
    """A citizen with an agent, to whom nothing more may be sent."""
    citizen, path = await served(world, agent)
    for left in range((await agent.done("GET", path))["standing"]["left"], 0, -1):
        await says(agent, path, f"第{left}句")
        await world.sees(citizen, f"第{left}句")
        await comes_true_of(agent, path, lambda found, left=left: found["left"] < left)
    return citizen, path


def reminders(citizen) -> list:
    return [seen for seen in citizen.seen if seen.via == SUBSCRIPTION]


async def test_who_granted_one_is_reminded_once_and_gets_what_waits_with_their_next_words(world, agent):
    citizen, path = await used_up(world, agent)
    await citizen.answers_subscription({"t1": True})
    first = await says(agent, path, "请带户口簿")
    told = await comes_true_of(agent, path, lambda found: found["reminded"])
    second = await says(agent, path, "和照片")
    waits = await comes_true_of(agent, path, lambda found: found["waiting_events"] == [first, second])
    await world.account.sender.look()

    [reminder] = reminders(citizen)
    assert reminder.details["thing1"] == f"{world.service.app[keys.SETTINGS].city}有1条消息在等您"
    assert reminder.url.startswith(world.account.links.link_for("x")("chat").rpartition("/")[0])
    assert (told["left"], waits["reminded"]) == (0, True)
    await citizen.says("好的")
    await world.sees(citizen, "请带户口簿")
    assert "和照片" in citizen.texts[-1]


async def test_a_grant_that_comes_while_something_waits_already_is_used_at_once(world, agent):
    citizen, path = await used_up(world, agent)
    await says(agent, path, "请带户口簿")
    await comes_true_of(agent, path, lambda found: found["waiting"])
    assert reminders(citizen) == []

    delivery = await citizen.answers_subscription({"t1": True})
    await comes_true(lambda: reminders(citizen))

    assert delivery.reply is None  # nobody knows whether WeChat would show a reply to that


@pytest.mark.parametrize("answers", [{}, {"t1": False}, {"t2": True}])
async def test_nobody_else_is_reminded(world, agent, answers):
    citizen, path = await used_up(world, agent)
    await citizen.answers_subscription(answers)
    await says(agent, path, "请带户口簿")
    await comes_true_of(agent, path, lambda found: found["waiting"])
    await world.account.sender.look()

    assert world.platform.calls_of(NOTIFY) == []


async def test_a_reminder_that_may_have_arrived_isnt_sent_again(world, agent):
    citizen, path = await used_up(world, agent)
    await citizen.answers_subscription({"t1": True}, times=None)
    world.platform.faults.next_calls(NOTIFY, ApiFault(ANSWER_LOST))
    await says(agent, path, "请带户口簿")
    await comes_true(lambda: world.platform.calls_of(NOTIFY))
    for _ in range(3):
        await citizen.answers_subscription({"t1": True})
        await world.account.sender.look()

    assert len(world.platform.calls_of(NOTIFY)) == 1


async def test_one_that_didnt_go_out_keeps_its_grant_and_rests(world, agent):
    citizen, path = await used_up(world, agent)
    await citizen.answers_subscription({"t1": True})
    world.platform.faults.next_calls(NOTIFY, ApiFault(REFUSED, errcode=45009))
    await says(agent, path, "请带户口簿")
    await comes_true(lambda: world.platform.calls_of(NOTIFY))
    await comes_true(lambda: has_grants(world, citizen))
    found = await comes_true_of(agent, path, lambda found: not found["reminded"])
    await world.account.sender.look()

    assert found["waiting"] == 1
    assert len(world.platform.calls_of(NOTIFY)) == 1


async def has_grants(world, citizen) -> bool:
    return bool((await world.known(citizen)).reminders["granted"])


async def test_what_wechat_doesnt_know_of_any_more_is_forgotten(world, agent):
    citizen, path = await used_up(world, agent)
    await citizen.answers_subscription({"t1": True})
    citizen.subscriptions.clear()
    await says(agent, path, "请带户口簿")
    await comes_true(lambda: world.platform.calls_of(NOTIFY))

    async def is_forgotten() -> bool:
        return not await has_grants(world, citizen)

    await comes_true(is_forgotten)
    items = await world.service.stores.outbox.items(ACCOUNT, citizen.openid)
    assert [item.state for item in items] == [ItemState.WAITING]


async def test_an_account_without_a_template_reminds_nobody(settings):
    async with wechat_world(
        settings, wechat={"messages_after_message": 0, "messages_after_event": 2}
    ) as world:
        agent = await desk_of(world.service)
        citizen, path = await used_up(world, agent)
        await citizen.answers_subscription({"t1": True})
        await says(agent, path, "请带户口簿")
        await comes_true_of(agent, path, lambda found: found["waiting"])
        await world.account.sender.look()

        assert world.platform.calls_of(NOTIFY) == []
