"""Waiting for a person and being served by one: who holds the conversation, whatever happens."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from core.desk_ports import Agent
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.messages import HandoverWish
from core.statuses import AgentState, HandoverMode, HandoverState
from server.desk import TransferTo
from server.desk_rounds import CITIZEN_GONE_AFTER, FOUND_GONE_AFTER, LATELY, PATIENCE, RESERVED_FOR
from tests.server.conftest import guide_record
from tests.server.desk_world import CHIEF, LI, LONG_ENOUGH, WANG, DeskWorld
from video.call import CallMode, Party
from video.opening import OpeningHours


@pytest.fixture
def world() -> DeskWorld:
    return DeskWorld()


async def all_of(screen) -> list:
    """What the screen has been offered so far."""
    told = []
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            async for news in screen.subscription:
                told.append(news)  # noqa: PERF401 - what came before the time is up counts
    return told


# --- asking ----------------------------------------------------------------------------------------


async def test_while_an_agent_is_on_line_the_citizen_waits_in_the_queue_and_reads_place_and_time(world):
    await world.on_line()

    ticket = await world.asks()

    assert await world.holder() == "queue"
    assert ticket.position == 1
    assert "第 1 位" in ticket.notice.text
    assert ticket.place.wait_seconds is not None
    assert await world.kinds() == ["handover", "holder"]


async def test_while_nobody_is_on_line_the_bot_keeps_the_conversation_and_says_so(world):
    ticket = await world.asks()

    assert await world.holder() == "bot"
    assert "没有工作人员在线" in ticket.notice.text
    assert await world.kinds() == ["handover"]


async def test_outside_the_opening_hours_nobody_is_promised(world):
    world = DeskWorld(opening=OpeningHours.parse("周一 8:30-9:00"))
    await world.on_line()

    ticket = await world.asks()

    assert await world.holder() == "bot"
    assert "不在服务时间（周一 8:30–9:00）" in ticket.notice.text


async def test_asking_again_changes_nothing(world):
    await world.on_line()
    first = await world.asks()
    conversation = await world.stores.conversations.get("c1")

    again = await world.handovers.request(conversation, HandoverWish(HandoverMode.TEXT), None)

    assert not again.is_new
    assert again.handover.handover_id == first.handover.handover_id
    assert "已经在排队" in again.notice.text


async def test_the_elderly_and_the_disabled_go_first(world):
    await world.on_line()
    await world.asks("c1")
    ticket = await world.asks("c2", priority="elderly")

    assert ticket.position == 1


async def test_a_skill_that_no_agent_has_been_given_is_not_asked_for(world):
    await world.stores.desk.put_agent(Agent("王芳", districts=("东区",)))
    await world.on_line()
    await world.stores.conversations.create(
        replace(await world.citizen("c0"), conversation_id="c1", district="西区")
    )
    conversation = await world.stores.conversations.get("c1")

    ticket = await world.handovers.request(conversation, HandoverWish(HandoverMode.TEXT), None)

    assert ticket.handover.district == ""
    assert await world.holder() == "queue"


async def test_the_department_comes_from_the_guides_that_the_bot_quoted(world):
    record = guide_record()
    body = {**record.body, "authority": "公安局"}
    await world.stores.knowledge.publish_guides([replace(record, body=body)])
    await world.stores.desk.put_agent(Agent("王芳", departments=("公安局",)))
    await world.on_line()
    await world.citizen()
    last, _ = await world.stores.conversations.append(
        "c1", "bot_message", {"messages": [{"sources": [{"guide_id": "g1", "district": "东区"}]}]}
    )
    conversation = await world.stores.conversations.get("c1")

    ticket = await world.handovers.request(conversation, HandoverWish(HandoverMode.TEXT), last)

    assert ticket.handover.department == "公安局"
    assert ticket.handover.district == "东区"


# --- by itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "shown", "topic"),
    [
        ("clarifying", {}, "身份证丢了怎么补办"),
        ("no_guide", {}, "身份证丢了怎么补办"),
        ("answered", {"title": "丢失补领身份证"}, "丢失补领身份证"),
        ("small_talk", {}, ""),
        ("safety", {}, ""),
    ],
)
async def test_what_was_asked_last_is_the_topic_where_none_is_named(world, status, shown, topic):
    await world.on_line()
    citizen = await world.citizen()
    asked, _ = await world.stores.conversations.append(
        "c1", "citizen_message", {"text": "身份证丢了怎么补办"}
    )
    body = {"status": status, "messages": [{"text": "…", **shown}], "reply_to": asked.sequence}
    last, _ = await world.stores.conversations.append("c1", "bot_message", body)

    ticket = await world.handovers.request(citizen, world.wish(), last)

    assert ticket.handover.topic == topic


async def test_an_answer_that_holds_in_several_districts_tells_none(world):
    await world.on_line()
    citizen = await world.citizen()
    sources = [{"guide_id": f"g{n}", "district": district} for n, district in enumerate(("东区", "西区"))]
    last, _ = await world.stores.conversations.append(
        "c1", "bot_message", {"messages": [{"sources": sources}]}
    )

    ticket = await world.handovers.request(citizen, world.wish(), last)

    assert ticket.handover.district == ""


async def test_a_long_question_is_cut_to_a_topic(world):
    await world.on_line()
    citizen = await world.citizen()
    asked, _ = await world.stores.conversations.append("c1", "citizen_message", {"text": "身份证" * 100})
    body = {"status": "clarifying", "messages": [], "reply_to": asked.sequence}
    last, _ = await world.stores.conversations.append("c1", "bot_message", body)

    ticket = await world.handovers.request(citizen, world.wish(), last)

    assert ticket.handover.topic == ("身份证" * 13) + "…"


@pytest.mark.parametrize("is_somebody_there", [True, False])
async def test_who_waits_to_write_and_asks_for_video_waits_for_video_in_the_same_place(
    world, is_somebody_there
):
    if is_somebody_there:
        await world.on_line()
    written = await world.asks("c1")
    world.later(minutes=1)
    await world.asks("c2")
    citizen = await world.stores.conversations.get("c1")
    seen = await world.handovers.request(citizen, world.wish(HandoverMode.VIDEO), None)
    again = await world.handovers.request(citizen, world.wish(HandoverMode.TEXT), None)

    assert seen.handover == again.handover
    assert (seen.handover.handover_id, seen.handover.mode) == (written.handover.handover_id, "video")
    assert (seen.position, seen.is_new) == (1, False)
    assert seen.notice.text.startswith("已为您")
    assert "视频" in seen.notice.text
    assert "已经" in again.notice.text


async def test_who_is_with_an_agent_and_asks_for_video_keeps_what_they_have(world):
    await world.served()
    citizen = await world.stores.conversations.get("c1")
    ticket = await world.handovers.request(citizen, world.wish(HandoverMode.VIDEO), None)

    assert ticket.handover.mode is HandoverMode.TEXT


async def test_who_registered_joins_the_queue_when_somebody_comes_and_keeps_the_time(world):
    await world.asks("c1")
    world.later(minutes=1)
    await world.on_line()
    await world.asks("c2")

    await world.rounds.round()

    assert await world.holder("c1") == "queue"
    line = await world.desk.line()
    assert [handover.conversation_id for handover in line.ordered()] == ["c1", "c2"]


async def test_who_registered_and_went_away_is_not_called_up_until_they_are_back(world):
    await world.asks()
    world.later(seconds=LATELY.total_seconds() + 1)
    await world.on_line()
    await world.rounds.round()
    assert await world.holder() == "bot"

    with world.fan_out.subscribe("c1"):
        await world.rounds.round()

    assert await world.holder() == "queue"


async def test_who_registered_in_wechat_is_called_up_the_next_morning(world):
    await world.asks("c1", channel="wechat")
    world.later(hours=16)
    await world.on_line()
    await world.rounds.round()
    assert await world.holder() == "queue"


async def test_who_registered_in_wechat_two_days_ago_is_not_called_up(world):
    await world.asks(channel="wechat")
    world.later(hours=41)
    await world.on_line()
    await world.rounds.round()

    assert await world.holder() == "bot"


async def test_who_waits_with_nobody_on_line_any_more_gets_the_bot_back_and_stays_registered(world):
    await world.on_line()
    await world.asks()
    await world.desk.set_state(WANG, AgentState.OFFLINE)
    await world.rounds.round()
    assert await world.holder() == "queue"

    world.later(seconds=PATIENCE.total_seconds())
    await world.rounds.round()

    assert await world.holder() == "bot"
    assert "登记还在" in (await world.last("notice"))["text"]
    await world.on_line()
    await world.rounds.round()
    assert await world.holder() == "queue"


async def test_an_agent_whose_desk_is_gone_loses_the_citizen_who_is_first_again(world):
    await world.served("c1")
    await world.on_line(LI)
    await world.asks("c2")
    world.later(seconds=LONG_ENOUGH)
    await world.desk.touch(LI.name)

    await world.rounds.round()

    assert await world.holder("c1") == "queue"
    line = await world.desk.line()
    assert [handover.conversation_id for handover in line.ordered()] == ["c1", "c2"]
    assert (await world.stores.desk.agent(WANG.name)).state is AgentState.OFFLINE


async def test_right_after_a_restart_no_agent_counts_as_gone(world):
    await world.served()
    world.later(seconds=LONG_ENOUGH)
    restarted = world.restarted()

    await restarted.rounds.round()

    assert await restarted.holder() == "agent"


async def test_a_citizen_who_has_been_away_for_long_is_let_go(world):
    await world.served()

    await world.stays(WANG, CITIZEN_GONE_AFTER.total_seconds() + 60)

    assert await world.holder() == "bot"
    assert (await world.last("holder"))["cause"] == "citizen_gone"


async def test_in_wechat_a_citizen_may_take_an_hour_to_answer(world):
    await world.served(channel="wechat")

    await world.stays(WANG, CITIZEN_GONE_AFTER.total_seconds() + 60)
    assert await world.holder() == "agent"
    await world.stays(WANG, FOUND_GONE_AFTER.total_seconds() + 60)

    assert await world.holder() == "bot"


async def test_a_citizen_who_watches_is_not_let_go(world):
    await world.served()

    with world.fan_out.subscribe("c1"):
        await world.stays(WANG, CITIZEN_GONE_AFTER.total_seconds() + 60)

    assert await world.holder() == "agent"


async def test_who_waits_is_told_the_place_once_and_again_when_it_changes(world):
    await world.on_line()
    first = await world.asks("c1")
    world.later(seconds=1)  # of two in the same moment either may be first
    await world.asks("c2")
    with world.fan_out.subscribe("c2") as watching:
        await world.rounds.round()
        await world.rounds.round()
        await world.desk.accept(WANG, first.handover.handover_id)
        await world.rounds.round()
        news = aiter(watching)
        told = [(await anext(news)).body for _ in range(2)]

    assert [(each["type"], each["position"]) for each in told] == [("queue", 2), ("queue", 1)]
    assert told[0]["agents"] == 1


# --- accepting and letting go ----------------------------------------------------------------------


async def test_of_two_agents_who_accept_at_once_one_gets_the_citizen(world):
    await world.on_line(WANG, LI)
    ticket = await world.asks()

    results = await asyncio.gather(
        *(world.desk.accept(user, ticket.handover.handover_id) for user in (WANG, LI)), return_exceptions=True
    )

    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert await world.holder() == "agent"
    assert (await world.kinds()).count("holder") == 2


async def test_the_citizen_who_leaves_while_an_agent_accepts_leaves_no_half_state(world):
    await world.on_line()
    ticket = await world.asks()

    await asyncio.gather(
        world.desk.accept(WANG, ticket.handover.handover_id),
        world.handovers.leave("c1"),
        return_exceptions=True,
    )

    assert await world.holder() == "bot"
    assert await world.stores.desk.open_handover("c1") is None


async def test_accepting_twice_is_as_once(world):
    handover = await world.served()

    assert await world.desk.accept(WANG, handover.handover_id) == handover


async def test_an_agent_takes_no_more_than_they_may(world):
    await world.stores.desk.put_agent(Agent("王芳", max_chats=1))
    await world.served("c1")
    ticket = await world.asks("c2")

    with pytest.raises(Conflict):
        await world.desk.accept(WANG, ticket.handover.handover_id)


async def test_an_agent_who_has_enough_leaves_a_registered_citizen_with_the_bot(world):
    ticket = await world.asks("c9")
    await world.stores.desk.put_agent(Agent("王芳", max_chats=1))
    await world.served("c1")
    before = await world.kinds("c9")

    with pytest.raises(Conflict):
        await world.desk.accept(WANG, ticket.handover.handover_id)

    assert await world.holder("c9") == "bot"
    assert await world.kinds("c9") == before
    assert await world.stores.desk.waiting() == ()
    assert [h.handover_id for h in await world.stores.desk.callbacks()] == [ticket.handover.handover_id]


async def test_a_registered_citizen_can_be_accepted_at_once(world):
    ticket = await world.asks()
    await world.on_line()

    await world.desk.accept(WANG, ticket.handover.handover_id)

    assert await world.holder() == "agent"


async def test_what_an_agent_says_reaches_the_citizen_once(world):
    await world.served()
    with world.fan_out.subscribe("c1") as watching:
        first = await world.desk.say(WANG, "c1", "您好", "m1")
        again = await world.desk.say(WANG, "c1", "您好", "m1")

        told = await anext(aiter(watching))

    assert first == again == told
    assert told.body["text"] == "您好"


@pytest.mark.parametrize("act", ["say", "note"])
async def test_only_who_holds_the_conversation_writes_in_it(world, act):
    await world.served()

    with pytest.raises(Conflict):
        await getattr(world.desk, act)(LI, "c1", "您好")
    with pytest.raises(NotFound):
        await getattr(world.desk, act)(WANG, "nobody", "您好")


async def test_handing_back_and_closing_give_the_bot_back(world):
    await world.served("c1")
    await world.desk.hand_back(WANG, "c1")
    await world.served("c2")
    await world.desk.close(WANG, "c2", "材料已齐。")

    assert (await world.holder("c1"), await world.holder("c2")) == ("bot", "bot")
    assert (await world.last("summary", "c2"))["text"] == "材料已齐。"
    assert [h.outcome for h in world.stores.conversations._handovers] == ["handed_back", "closed"]


async def test_a_summary_must_say_something(world):
    await world.served()

    with pytest.raises(InvalidInput):
        await world.desk.close(WANG, "c1", "  ")
    assert await world.holder() == "agent"


async def test_a_transferred_citizen_is_first_and_goes_to_the_agent_named(world):
    await world.served("c1")
    await world.on_line(LI)
    await world.asks("c2")

    await world.desk.transfer(WANG, "c1", TransferTo(agent=LI.name))

    handover = (await world.desk.line()).ordered()[0]
    assert handover.conversation_id == "c1"
    with pytest.raises(Conflict):
        await world.desk.accept(WANG, handover.handover_id)
    await world.desk.accept(LI, handover.handover_id)
    assert await world.holder("c1") == "agent"


async def test_nobody_is_transferred_to_an_agent_who_is_not_there_or_to_themselves(world):
    await world.served()

    with pytest.raises(Conflict):
        await world.desk.transfer(WANG, "c1", TransferTo(agent="nobody"))
    with pytest.raises(InvalidInput):
        await world.desk.transfer(WANG, "c1", TransferTo(agent=WANG.name))


async def test_a_reservation_ends_with_the_agent_it_was_for(world):
    await world.served("c1")
    await world.on_line(LI)
    await world.desk.transfer(WANG, "c1", TransferTo(agent=LI.name))
    await world.desk.set_state(LI, AgentState.OFFLINE)

    await world.stays(WANG, 1)

    handover = (await world.desk.line()).ordered()[0]
    await world.desk.accept(WANG, handover.handover_id)
    assert await world.holder("c1") == "agent"


async def test_a_reservation_ends_when_the_agent_it_was_for_does_not_come(world):
    await world.served("c1")
    await world.on_line(LI)
    await world.desk.transfer(WANG, "c1", TransferTo(agent=LI.name))
    handover = (await world.desk.line()).ordered()[0]

    async def both_stay(seconds: float) -> None:
        for _ in range(int(seconds // 20)):
            await world.desk.touch(LI.name)
            await world.stays(WANG, 20)

    await both_stay(RESERVED_FOR.total_seconds() - 40)
    with pytest.raises(Conflict):
        await world.desk.accept(WANG, handover.handover_id)
    await both_stay(80)

    assert (await world.desk.accept(WANG, handover.handover_id)).agent == WANG.name


async def test_an_agent_sees_own_and_waiting_conversations_and_a_supervisor_all(world):
    await world.served("c1", LI)
    await world.citizen("c2")
    await world.asks("c3")

    assert (await world.desk.access(LI, "c1"))[1].agent == LI.name
    assert (await world.desk.access(WANG, "c3"))[1].state is HandoverState.WAITING
    assert (await world.desk.access(CHIEF, "c2"))[1] is None
    for conversation_id in ("c1", "c2"):
        with pytest.raises(Forbidden):
            await world.desk.access(WANG, conversation_id)


# --- instead of waiting ----------------------------------------------------------------------------


@pytest.mark.parametrize("on_line", [False, True], ids=["nobody on line", "in the queue"])
async def test_a_call_back_ends_the_wait_and_comes_into_the_queue_at_its_time(world, on_line):
    if on_line:
        await world.on_line()
    await world.asks()
    at = world.clock.time + timedelta(hours=2)

    await world.handovers.call_back(await world.stores.conversations.get("c1"), at, "13800138000")

    assert await world.holder() == "bot"
    assert "13800138000" not in repr(await world.stores.conversations.events("c1"))
    world.later(hours=2)
    await world.on_line()
    await world.rounds.round()
    assert await world.holder() == "queue"
    assert (await world.stores.desk.open_handover("c1")).contact == "13800138000"


async def test_a_call_back_needs_no_wait_before(world):
    conversation = await world.citizen()

    await world.handovers.call_back(conversation, world.clock.time + timedelta(hours=1), "0431-1234567")

    assert len(await world.stores.desk.callbacks()) == 1


@pytest.mark.parametrize(
    ("hours", "contact"), [(-1, "13800138000"), (24 * 31, "13800138000"), (1, "call me"), (1, "")]
)
async def test_a_call_back_that_cannot_be_is_refused(world, hours, contact):
    conversation = await world.citizen()

    with pytest.raises(InvalidInput):
        await world.handovers.call_back(conversation, world.clock.time + timedelta(hours=hours), contact)
    assert await world.stores.desk.callbacks() == ()


async def test_a_message_ends_the_wait_and_is_followed_up(world):
    await world.on_line()
    await world.asks()

    await world.handovers.leave_message(await world.stores.conversations.get("c1"), "请联系我")

    assert await world.holder() == "bot"
    [follow_up] = await world.stores.desk.follow_ups()
    assert (follow_up.kind, follow_up.text) == ("message", "请联系我")
    assert "留言已收到" in (await world.last("notice"))["text"]


async def test_a_left_message_is_for_staff_and_the_bot_does_not_answer_it(world):
    conversation = await world.citizen()

    await world.handovers.leave_message(conversation, "请联系我")

    assert await world.stores.conversations.unanswered() == ()


async def test_a_message_left_twice_by_one_client_is_one_message(world):
    await world.on_line()
    await world.asks()
    conversation = await world.stores.conversations.get("c1")

    for _ in range(2):
        await world.handovers.leave_message(conversation, "请联系我", "m1")

    events = await world.stores.conversations.events("c1")
    assert [event.kind for event in events].count("citizen_message") == 1
    assert [event.body.get("text") for event in events].count("请联系我") == 1
    assert sum("留言已收到" in event.body.get("text", "") for event in events) == 1
    assert len(await world.stores.desk.follow_ups()) == 1


async def test_a_message_stands_when_an_agent_accepts_in_the_same_moment(world, monkeypatch):
    await world.on_line()
    handover = (await world.asks()).handover
    conversation = await world.stores.conversations.get("c1")
    standing = world.handovers.standing

    async def accepted_just_after(conversation_id):
        found = await standing(conversation_id)
        await world.desk.accept(WANG, handover.handover_id)
        return found

    monkeypatch.setattr(world.handovers, "standing", accepted_just_after)

    await world.handovers.leave_message(conversation, "请联系我", "m1")

    assert await world.holder() == "agent"
    assert len(await world.stores.desk.follow_ups()) == 1
    assert "留言已收到" in (await world.last("notice"))["text"]


# --- supervisors -----------------------------------------------------------------------------------


async def test_a_supervisor_takes_over_without_a_wait(world):
    await world.served()

    await world.supervision.take_over(CHIEF, "c1")

    assert await world.holder() == "agent"
    assert (await world.stores.desk.open_handover("c1")).agent == CHIEF.name
    with pytest.raises(Conflict):
        await world.desk.say(WANG, "c1", "还在吗")


async def test_taking_over_ends_the_call_for_the_old_agent_whose_screens_are_told(world):
    await world.served()
    call = await world.calls.begin("c1", Party.AGENT, CallMode.VIDEO)
    with world.screens.open(WANG, {"c1": -1}) as screen:
        await world.supervision.take_over(CHIEF, "c1")
        await world.desk.say(CHIEF, "c1", "我来")
        told = [news.body for news in await all_of(screen)]

    assert (await world.stores.calls.get(call.call_id)).agent == CHIEF.name
    assert {"holder": "agent", "cause": "take_over", "agent": CHIEF.name} in told
    assert told[-1] == {"type": "call.state", "call_id": call.call_id, "state": "ended"}
    with pytest.raises(Forbidden):
        await world.calls.check_agent(WANG.name, call.call_id)


async def test_no_screen_follows_a_citizen_who_has_left_the_agent(world):
    await world.served()
    with world.screens.open(WANG, {"c1": -1}) as agents, world.screens.open(CHIEF, {}) as chiefs:
        await world.supervision.listen(CHIEF, "c1")
        await world.handovers.leave("c1")

        assert agents.following == chiefs.following == set()
        assert [(await all_of(each))[-1].kind for each in (agents, chiefs)] == ["holder", "holder"]


async def test_listening_and_whispering_are_in_the_access_log(world):
    await world.served()

    await world.supervision.listen(CHIEF, "c1")
    await world.supervision.whisper(CHIEF, "c1", "提醒带照片")

    entries = await world.stores.access.entries()
    assert [(entry.user, entry.action) for entry in entries] == [
        (CHIEF.name, "whisper"),
        (CHIEF.name, "listen"),
    ]


async def test_only_what_an_agent_holds_is_listened_to(world):
    await world.citizen()

    with pytest.raises(Conflict):
        await world.supervision.listen(CHIEF, "c1")
    with pytest.raises(NotFound):
        await world.supervision.whisper(CHIEF, "nobody", "?")


async def test_the_wall_shows_how_wrong_the_waits_were_that_citizens_were_told(world):
    await world.on_line()
    ticket = await world.asks()
    world.later(seconds=100)
    await world.desk.accept(WANG, ticket.handover.handover_id)

    error = (await world.supervision.wall()).estimate_error

    assert error.count == 1
    assert error.bias == ticket.place.wait_seconds - 100
    world.later(days=1, seconds=1)
    assert (await world.supervision.wall()).estimate_error.count == 0


async def test_the_wall_raises_an_alarm_when_people_wait_and_nobody_is_there(world):
    await world.on_line()
    await world.asks()
    await world.desk.set_state(WANG, AgentState.BREAK)

    wall = await world.supervision.wall()

    assert "nobody_on_line" in wall.alarms
