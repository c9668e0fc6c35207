"""A citizen speaks in WeChat: acted on, read back first, or told that nobody hears."""

from datetime import timedelta

import pytest

from connectors.wechat.pushes import TextMessage, VoiceMessage
from core.clock import utc_now
from core.errors import TooManyRequests
from core.speech_ports import Heard
from tests.server.wechat_desk import is_served, waits
from tests.server.wechat_world import wechat_world
from tests.speech_fakes import ScriptedSpeech
from tests.wechat_platform.faults import REFUSED, ApiFault

CLEAR, MUMBLED, NOISE, NUMBER = b"#!AMR clear", b"#!AMR mumbled", b"#!AMR noise", b"#!AMR number"
HEARD = {
    CLEAR: Heard("居住证怎么办。", 0.93),
    MUMBLED: Heard("居住证怎么办", 0.6),
    NOISE: Heard("", 0.9),
    NUMBER: Heard("我的电话是13800138000", 0.95),
}
READ_BACK = "您是说“居住证怎么办”吗？回复“是”就按这个办，或者重新说一遍。"


@pytest.fixture
async def speech():
    return ScriptedSpeech(HEARD)


@pytest.fixture
async def world(settings, speech):
    async with wechat_world(settings, parts={"speech": speech}) as made:
        yield made


@pytest.fixture
async def citizen(world):
    return world.citizen()


async def said_by(world, citizen) -> list[str]:
    return [e.body["text"] for e in await world.log_of(citizen) if e.kind == "citizen_message"]


async def test_where_nothing_hears_that_is_said_and_the_page_offered(settings):
    async with wechat_world(settings) as world:
        citizen = world.citizen()
        await citizen.sends_voice(CLEAR)

    [text] = citizen.texts
    assert text.startswith("抱歉，现在听不了语音。请您打字说，或者回复“视频”与工作人员视频沟通。\n\n<a href=")
    assert text.endswith(">打开网页咨询</a>")
    assert world.platform.calls_of("media/get") == []


async def test_what_is_clear_is_answered_and_shown_as_it_was_heard(world, citizen, speech):
    await citizen.sends_voice(CLEAR)

    assert citizen.texts == ["听到的是：“居住证怎么办”。\n\n您说的是：居住证怎么办。"]
    assert speech.asked == [(CLEAR, "audio/amr")]
    [message] = [e for e in await world.log_of(citizen) if e.kind == "citizen_message"]
    assert message.body["spoken"] is True


async def test_the_better_sound_is_listened_to_where_there_is_one(citizen, speech):
    await citizen.sends_voice(NOISE, better=CLEAR)
    assert speech.asked == [(CLEAR, "audio/amr")]


async def test_the_plain_sound_does_where_the_better_one_is_gone(world, citizen, speech):
    world.platform.faults.next_calls("media/get", ApiFault(REFUSED, 40007))
    await citizen.sends_voice(CLEAR, better=NOISE)
    assert speech.asked == [(CLEAR, "audio/amr")]


async def test_what_wechat_wrote_down_itself_needs_no_ears(settings):
    async with wechat_world(settings) as world:
        citizen = world.citizen()
        await citizen.sends_voice(NOISE, recognition="补办身份证")

    assert citizen.texts == ["听到的是：“补办身份证”。\n\n您说的是：补办身份证"]


async def test_what_is_unsure_is_read_back_and_done_at_a_yes(world, citizen):
    await citizen.sends_voice(MUMBLED)
    assert citizen.texts == [READ_BACK]
    assert world.service.engine.turns == []

    await citizen.says("是的")
    assert citizen.texts == [READ_BACK, "您说的是：居住证怎么办"]
    assert await said_by(world, citizen) == ["居住证怎么办"]


async def test_how_sure_is_sure_is_a_setting(settings, speech):
    async with wechat_world(settings, parts={"speech": speech}, asr_sure_from=0.5) as world:
        citizen = world.citizen()
        await citizen.sends_voice(MUMBLED)

    assert citizen.texts == ["听到的是：“居住证怎么办”。\n\n您说的是：居住证怎么办"]


async def test_at_a_no_it_is_dropped(world, citizen):
    await citizen.sends_voice(MUMBLED)
    await citizen.says("不是")
    assert citizen.texts[-1] == "好的，请您重新说一遍，或者打字说。"

    await citizen.says("是")  # to nothing
    assert await said_by(world, citizen) == ["是"]


async def test_anything_else_is_taken_as_said_and_drops_it(world, citizen):
    await citizen.sends_voice(MUMBLED)
    await citizen.says("补办身份证")
    await citizen.says("是")

    assert citizen.texts[1:] == ["您说的是：补办身份证", "您说的是：是"]


async def test_who_says_it_again_is_read_back_that(world, citizen, speech):
    speech.says[b"#!AMR again"] = Heard("居住证在哪办", 0.5)
    await citizen.sends_voice(MUMBLED)
    await citizen.sends_voice(b"#!AMR again")
    await citizen.says("1")

    assert await said_by(world, citizen) == ["居住证在哪办"]


async def test_a_yes_comes_too_late_after_ten_minutes(world, citizen):
    conversations = world.service.conversations
    conversations._now = lambda: utc_now() - timedelta(minutes=11)
    await citizen.sends_voice(MUMBLED)
    conversations._now = utc_now
    await citizen.says("是")

    assert await said_by(world, citizen) == ["是"]


async def test_what_happens_meanwhile_doesnt_take_the_answer_away(world, citizen):
    await citizen.sends_voice(MUMBLED)
    user = await world.known(citizen)
    await world.service.conversations.append(user.conversation_id, "notice", {"text": "有工作人员上线了"})
    await citizen.says("对")

    assert await said_by(world, citizen) == ["居住证怎么办"]


@pytest.mark.parametrize("recording", [NOISE, b""], ids=["noise", "silence"])
async def test_where_nothing_was_understood_the_citizen_is_asked_again(world, citizen, speech, recording):
    speech.says[b""] = Heard("。", 0.9)
    await citizen.sends_voice(recording)

    assert citizen.texts[0].startswith("没听清您说的。请您再说一遍，或者打字说。")
    assert "打开网页咨询" in citizen.texts[0]


async def test_a_voice_that_is_gone_is_as_one_that_nobody_hears(world, citizen):
    world.platform.faults.next_calls("media/get", ApiFault(REFUSED, 40007))
    await citizen.sends_voice(CLEAR)

    assert citizen.texts[0].startswith("抱歉，现在听不了语音。")


async def test_personal_data_that_was_spoken_is_kept_nowhere(world, citizen):
    await citizen.sends_voice(NUMBER)

    assert "13800138000" not in citizen.texts[0]
    assert all("13800138000" not in str(event.body) for event in await world.log_of(citizen))


async def test_an_agent_gets_it_at_once_marked_as_spoken(world, citizen):
    agent = await is_served(world, citizen)
    await citizen.sends_voice(MUMBLED)  # no recording that can be played
    await world.sees(citizen, "已把您的语音转成文字发给工作人员：“居住证怎么办”。")

    user = await world.known(citizen)
    seen = await agent.done("GET", f"/conversations/{user.conversation_id}")
    [message] = [each for each in seen["events"] if each["kind"] == "citizen_message"]
    assert (message["body"]["text"], message["body"]["spoken"]) == ("居住证怎么办", True)
    assert "voice" not in message["body"]
    assert seen["events"][-1]["kind"] == "note"
    assert seen["events"][-1]["body"]["text"] == "上面这条语音的原声没能留下，只有转成的文字。"


async def test_who_waits_is_written_down_too(world, citizen):
    await waits(world, citizen)
    await citizen.sends_voice(MUMBLED)

    assert await said_by(world, citizen) == ["居住证怎么办"]
    assert world.service.engine.turns == []


async def test_an_agent_sees_that_a_voice_came_which_nobody_could_hear(settings):
    async with wechat_world(settings) as world:
        citizen = world.citizen()
        agent = await is_served(world, citizen)
        await citizen.sends_voice(CLEAR)
        await world.sees(citizen, "您发来一条语音，放不出来，也转不成文字，工作人员听不到。")
        user = await world.known(citizen)
        seen = await agent.done("GET", f"/conversations/{user.conversation_id}")

    assert "您发来一条语音" in seen["events"][-1]["body"]["text"]


async def test_who_speaks_too_often_is_told_so_and_not_listened_to(settings, speech):
    async with wechat_world(settings, parts={"speech": speech}, rate_messages_per_minute=2) as world:
        citizen = world.citizen()
        for _ in range(3):
            await citizen.sends_voice(CLEAR)

    assert citizen.texts[2] == TooManyRequests.citizen_text
    assert len(speech.asked) == 2


# --- the same delivery twice, as after a crash ----------------------------------------------------


def voice(**more) -> VoiceMessage:
    told = {"media_id": "none", "format": "amr", "recognition": ""} | more
    return VoiceMessage(account_id="gh", openid="o", created=1, msg_id="77", **told)


@pytest.fixture
async def again(world, citizen):
    """Does what a delivery asks for, as many times as it is called."""
    await citizen.says("你好")
    user = await world.known(citizen)

    async def do(push) -> None:
        await world.account.engine._acts.do(push, user)

    return do


async def kinds(world, citizen) -> list[str]:
    return [event.kind for event in await world.log_of(citizen)][2:]


async def test_what_was_heard_first_holds(world, citizen, again):
    await again(voice(recognition="补办身份证"))
    await again(voice(recognition="别的什么"))
    await again(voice())  # now nothing hears it

    assert await kinds(world, citizen) == ["notice", "citizen_message", "bot_message"]
    assert (await said_by(world, citizen))[1:] == ["补办身份证"]


async def test_what_was_read_back_first_is_not_done_at_the_second_try(world, citizen, again, speech):
    media_id = world.platform.account.keep_media(MUMBLED, "audio/amr", "v.amr")
    await again(voice(media_id=media_id))
    speech.says[MUMBLED] = Heard("居住证怎么办", 0.99)
    await again(voice(media_id=media_id))

    assert await kinds(world, citizen) == ["notice"]


@pytest.mark.parametrize(
    ("answer", "follows"), [("是", ["citizen_message", "bot_message"]), ("不是", ["notice"])]
)
async def test_an_answer_is_taken_once(world, citizen, again, answer, follows):
    await citizen.sends_voice(MUMBLED)
    push = TextMessage(account_id="gh", openid="o", created=2, msg_id="78", text=answer)
    await again(push)
    await again(push)

    assert await kinds(world, citizen) == ["notice", *follows]
