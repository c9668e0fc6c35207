"""A citizen in WeChat and the service, with everything between them real but WeChat itself."""

import asyncio

import pytest

from core.messages import BotReply, Choice, ReplyMessage
from core.statuses import TurnStatus
from tests.fakes import ScriptedEngine
from tests.server.wechat_world import wechat_world
from tests.wechat_platform.rules import MODES, Rules


@pytest.fixture
async def world(settings):
    async with wechat_world(settings) as made:
        yield made


@pytest.mark.parametrize("mode", MODES)
async def test_a_question_is_answered_in_its_own_reply_in_every_mode(settings, mode):
    async with wechat_world(settings, account={"mode": mode}) as world:
        assert await world.platform.account.verify_callback()
        citizen = world.citizen()
        delivery = await citizen.says("身份证丢了怎么补办")

    assert citizen.texts == ["您说的是：身份证丢了怎么补办"]
    assert delivery.reply is not None
    assert world.platform.account.complaints == []
    assert world.platform.calls_of("message/custom/send") == []


async def test_choices_are_numbered_and_picked_by_their_number(settings):
    offer = BotReply(
        TurnStatus.CLARIFYING,
        (ReplyMessage("您要办哪一种？", choices=(Choice("首次申领", "g1"), Choice("丢失补领", "g2"))),),
    )
    engine = ScriptedEngine({"办身份证": offer, "g2": lambda _text, picked: say_of(picked)})
    async with wechat_world(settings, engine=engine) as world:
        citizen = world.citizen()
        await citizen.says("办身份证")
        await citizen.says("2")

    assert citizen.texts == ["您要办哪一种？\n1. 首次申领\n2. 丢失补领\n回复数字即可选择。", "选了g2"]


def say_of(picked: str) -> BotReply:
    return BotReply(TurnStatus.ANSWERED, (ReplyMessage(f"选了{picked}"),))


async def test_a_slow_answer_comes_as_a_message_of_its_own(settings):
    go = asyncio.Event()

    class SlowEngine(ScriptedEngine):
        async def reply(self, *args, **more):
            await go.wait()
            return await super().reply(*args, **more)

    async with wechat_world(settings, engine=SlowEngine(), wechat={"answer_within_s": 0.2}) as world:
        citizen = world.citizen()
        first = await citizen.says("慢的")
        go.set()
        await world.sees(citizen, "您说的是：慢的")

    assert first.reply is None
    assert [seen.via for seen in citizen.seen] == ["custom"]


async def test_an_answer_that_is_ready_when_wechat_has_hung_up_for_the_last_time_is_sent(settings):
    go = asyncio.Event()

    class WaitingEngine(ScriptedEngine):
        async def reply(self, *args, **more):
            await go.wait()
            return await super().reply(*args, **more)

    rules = {"rules": Rules(reply_within=0.2)}
    async with wechat_world(
        settings, engine=WaitingEngine(), wechat={"answer_within_s": 4.9}, platform=rules
    ) as world:
        citizen = world.citizen()
        delivery = await citizen.says("居住证")
        assert [attempt.outcome for attempt in delivery.attempts] == ["cut"] * 3
        go.set()
        await world.sees(citizen, "您说的是：居住证")

    assert [seen.via for seen in citizen.seen if "居住证" in seen.text] == ["custom"]


async def test_who_hangs_up_once_the_answer_is_read_has_it_and_isnt_sent_it_again(world):
    """The platform closes each connection as soon as it has read the reply."""
    citizen = world.citizen()
    for number in range(20):
        await citizen.says(f"第{number}件")
    await world.account.engine.close()
    await world.account.sender.look()

    assert citizen.texts == [f"您说的是：第{number}件" for number in range(20)]
    assert world.platform.calls_of("message/custom/send") == []


async def test_an_answer_that_cant_be_written_is_sent(world, monkeypatch):
    def breaks(*_, **__):
        raise ValueError("no reply can be made of this")

    monkeypatch.setattr("connectors.wechat.views.seal_reply", breaks)
    citizen = world.citizen()
    delivery = await citizen.says("居住证")
    await world.sees(citizen, "您说的是：居住证")

    assert delivery.attempts[0].status == 500
    assert [seen.via for seen in citizen.seen if "居住证" in seen.text] == ["custom"]


async def test_what_an_agent_writes_reaches_the_citizen(world):
    citizen = world.citizen()
    await citizen.says("你好")
    user = await world.known(citizen)
    await world.service.stores.conversations.append(
        user.conversation_id, "agent_message", {"text": "请带户口簿", "agent": "li"}
    )
    world.account.sender.note(user.conversation_id)
    await world.sees(citizen, "请带户口簿")


async def test_who_stops_following_is_forgotten(world):
    citizen = world.citizen()
    await citizen.says("你好")
    await citizen.unfollows()

    assert await world.service.stores.outbox.user("hall", citizen.openid) is None


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"token": "another token"}, 403), ({"original_id": "gh_another"}, 403), ({"app_id": "wx9"}, 403)],
)
async def test_what_isnt_for_this_account_is_refused(settings, wrong, status):
    async with wechat_world(settings, wechat=wrong) as world:
        delivery = await world.citizen().says("你好")

    assert {attempt.status for attempt in delivery.attempts} == {status}
    assert world.service.engine.turns == []


async def test_an_unknown_account_is_not_found(world):
    response, _ = await world.service.call("GET", "/wechat/other")
    assert response.status == 404
