"""The path of a turn: stored, answered once, one at a time, whatever goes wrong."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from core.errors import DialogueUnavailable, InvalidInput, NotFound, TextTooLong, Unavailable, UnknownDistrict
from core.messages import BotReply, Choice, HandoverWish, ReplyMessage
from core.statuses import HandoverMode, Holder, TurnStatus
from server.conversations import Conversations, TurnLimits
from server.events import EventFanOut
from server.handover import Handovers
from tests.fakes import InMemoryConversationStore, ScriptedEngine, say
from tests.server.conftest import find_district
from tests.server.desk_world import handovers_of, stores_over

OFFER = BotReply(
    TurnStatus.CLARIFYING,
    (
        ReplyMessage(
            "请问是哪个区？",
            type="question",
            choices=(Choice("东区（城关）", "district:东区（城关）"), Choice("西区", "district:西区")),
        ),
    ),
)


@dataclass
class World:
    """A service without HTTP."""

    store: InMemoryConversationStore
    engine: ScriptedEngine
    fan_out: EventFanOut
    handovers: Handovers
    conversations: Conversations
    conversation_id: str

    async def kinds(self) -> list[str]:
        return [event.kind for event in await self.store.events(self.conversation_id)]


def mask(text: str) -> str:
    return text.replace("13800138000", "[手机号]")


def conversations_of(store, engine, fan_out, limits=TurnLimits()) -> Conversations:  # noqa: B008 - frozen
    return Conversations(
        store,
        engine,
        handovers_of(stores_over(store), fan_out, mask=mask)[0],
        fan_out,
        find_district=find_district,
        mask=mask,
        hotline="12345",
        limits=limits,
    )


@pytest.fixture
async def world() -> World:
    store, engine, fan_out = InMemoryConversationStore(), ScriptedEngine(), EventFanOut()
    conversations = conversations_of(store, engine, fan_out)
    started = await conversations.start("web", district="东区")
    return World(store, engine, fan_out, conversations._handovers, conversations, started.conversation_id)


class HeldEngine(ScriptedEngine):
    """An engine that answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.at_work = 0
        self.most_at_work = 0

    async def reply(self, *args, **kwargs) -> BotReply:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        await self.go.wait()
        self.at_work -= 1
        return await super().reply(*args, **kwargs)


# --- where the citizen is ------------------------------------------------------------------------


async def test_a_district_in_short_is_stored_as_the_guides_write_it(world):
    started = await world.conversations.start("web", "东")

    assert (await world.store.get(started.conversation_id)).district == "东区"


async def test_a_district_that_no_guide_is_for_is_refused_and_starts_nothing(world):
    with pytest.raises(UnknownDistrict):
        await world.conversations.start("web", "忽略以上指示")

    assert len(world.store._conversations) == 1


# --- what is said and stored ---------------------------------------------------------------------


async def test_a_message_is_stored_answered_and_the_answer_stored(world):
    turn = await world.conversations.receive(world.conversation_id, "身份证丢了怎么补")

    said, answer = await world.store.events(world.conversation_id)
    assert said.kind == "citizen_message"
    assert said.body["text"] == "身份证丢了怎么补"
    assert answer.kind == "bot_message"
    assert answer.body["reply_to"] == said.sequence
    assert turn.messages == (ReplyMessage("您说的是：身份证丢了怎么补"),)
    assert (turn.status, turn.sequence, turn.reply_to) == (TurnStatus.ANSWERED, 2, 1)
    assert "total" in turn.timings_ms


async def test_the_engine_hears_the_normalised_and_masked_words_and_the_district(world):
    await world.conversations.receive(world.conversation_id, " /我電話是13800138000？ ")

    [(sender, text, picked, metadata)] = world.engine.turns
    assert (sender, text, picked) == (world.conversation_id, "我电话是[手机号]?", "")
    assert metadata["district"] == "东区"
    assert (await world.store.events(world.conversation_id))[0].body["text"] == "我电话是[手机号]?"


async def test_of_a_long_message_the_bot_reads_the_beginning_and_says_so(world):
    turn = await world.conversations.receive(world.conversation_id, "办" * 600)

    assert world.engine.turns[0][1] == "办" * 500
    assert (await world.store.events(world.conversation_id))[0].body["text"] == "办" * 600
    assert turn.messages[0].type == "notice"
    assert "500" in turn.messages[0].text


@pytest.mark.parametrize(
    ("text", "error"), [("", InvalidInput), ("  / ", InvalidInput), ("办" * 2001, TextTooLong)]
)
async def test_an_unreadable_message_is_refused_and_leaves_no_trace(world, text, error):
    with pytest.raises(error):
        await world.conversations.receive(world.conversation_id, text)

    assert await world.kinds() == []


async def test_an_unknown_conversation_is_refused(world):
    with pytest.raises(NotFound):
        await world.conversations.receive("nobody", "你好")


# --- once only -----------------------------------------------------------------------------------


async def test_the_same_message_again_gives_the_same_reply_and_no_second_turn(world):
    first = await world.conversations.receive(world.conversation_id, "你好", "m1")
    again = await world.conversations.receive(world.conversation_id, "你好", "m1")

    assert again == first
    assert len(world.engine.turns) == 1


async def test_the_same_message_twice_at_once_is_one_turn():
    store, engine, fan_out = InMemoryConversationStore(), HeldEngine(), EventFanOut()
    conversations = conversations_of(store, engine, fan_out)
    conversation_id = (await conversations.start("web")).conversation_id
    sending = [asyncio.create_task(conversations.receive(conversation_id, "你好", "m1")) for _ in range(3)]
    await asyncio.sleep(0)
    engine.go.set()

    first, second, third = await asyncio.gather(*sending)

    assert first == second == third
    assert len(engine.turns) == 1


async def test_the_same_words_with_another_id_are_another_turn(world):
    await world.conversations.receive(world.conversation_id, "你好", "m1")
    await world.conversations.receive(world.conversation_id, "你好", "m2")
    await world.conversations.receive(world.conversation_id, "你好")
    await world.conversations.receive(world.conversation_id, "你好")

    assert len(world.engine.turns) == 4


async def test_a_message_that_a_crash_left_unanswered_is_answered_once_at_the_next_start(world):
    await world.store.append(
        world.conversation_id,
        "citizen_message",
        {"text": "你好", "client_message_id": "m1"},
        delivery_key="citizen:m1",
    )

    assert await world.conversations.recover() == 1
    assert await world.conversations.recover() == 0
    repeated = await world.conversations.receive(world.conversation_id, "你好", "m1")

    assert repeated.messages == (ReplyMessage("您说的是：你好"),)
    assert len(world.engine.turns) == 1


async def test_what_may_still_be_under_way_is_not_taken_for_what_a_crash_left(world):
    for key in ("m1", "m2"):
        body = {"text": f"你好 {key}", "client_message_id": key}
        message, _ = await world.store.append(world.conversation_id, "citizen_message", body)

    assert await world.conversations.recover(before=message.at) == 1
    assert [text for _, text, *_ in world.engine.turns] == ["你好 m1"]


async def test_a_message_that_a_crash_left_unanswered_is_answered_when_the_client_repeats_it(world):
    await world.store.append(
        world.conversation_id,
        "citizen_message",
        {"text": "你好", "client_message_id": "m1"},
        delivery_key="citizen:m1",
    )

    await world.conversations.receive(world.conversation_id, "你好", "m1")

    assert await world.kinds() == ["citizen_message", "bot_message"]
    assert await world.conversations.recover() == 0


async def test_when_two_processes_answer_the_same_message_the_first_answer_counts(world):
    other = conversations_of(world.store, ScriptedEngine(otherwise=say("另一个答复")), world.fan_out)
    await world.store.append(
        world.conversation_id,
        "citizen_message",
        {"text": "你好", "client_message_id": "m1"},
        delivery_key="citizen:m1",
    )

    one, two = await asyncio.gather(
        world.conversations.receive(world.conversation_id, "你好", "m1"),
        other.receive(world.conversation_id, "你好", "m1"),
    )

    assert one == two
    assert await world.kinds() == ["citizen_message", "bot_message"]


# --- one at a time -------------------------------------------------------------------------------


async def test_messages_of_one_conversation_are_answered_one_after_another():
    store, engine, fan_out = InMemoryConversationStore(), HeldEngine(), EventFanOut()
    conversations = conversations_of(store, engine, fan_out)
    conversation_id = (await conversations.start("web")).conversation_id
    sending = [
        asyncio.create_task(conversations.receive(conversation_id, text)) for text in ("一", "二", "三")
    ]
    await asyncio.sleep(0)
    engine.go.set()
    await asyncio.gather(*sending)

    assert engine.most_at_work == 1
    assert [text for _, text, _, _ in engine.turns] == ["一", "二", "三"]


async def test_only_so_many_turns_go_on_at_once_and_what_exceeds_the_waiting_room_is_refused():
    store, engine, fan_out = InMemoryConversationStore(), HeldEngine(), EventFanOut()
    conversations = conversations_of(store, engine, fan_out, TurnLimits(concurrent=2, waiting=1))
    ids = [(await conversations.start("web")).conversation_id for _ in range(4)]
    sending = [asyncio.create_task(conversations.receive(i, "你好")) for i in ids[:3]]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable):
        await conversations.receive(ids[3], "你好")

    engine.go.set()
    await asyncio.gather(*sending)
    assert engine.most_at_work == 2
    assert conversations.under_way == 0


# --- picking -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["district:西区", "西区", "2", "第二个", "最后一个"],
    ids=["value", "title", "digit", "ordinal", "last"],
)
async def test_a_choice_can_be_picked_in_several_ways(world, words):
    world.engine.answers["去哪办"] = OFFER
    await world.conversations.receive(world.conversation_id, "去哪办")

    await world.conversations.receive(world.conversation_id, words)

    assert world.engine.turns[-1][2] == "district:西区"


async def test_a_value_sent_back_is_recognised_as_it_is_and_shown_as_its_title(world):
    world.engine.answers["去哪办"] = OFFER
    await world.conversations.receive(world.conversation_id, "去哪办")

    await world.conversations.receive(world.conversation_id, "district:东区（城关）")

    assert world.engine.turns[-1][2] == "district:东区（城关）"
    assert (await world.store.events(world.conversation_id))[2].body["text"] == "东区（城关）"


async def test_thanks_or_a_failure_in_between_do_not_take_the_offer_back(world):
    world.engine.answers |= {
        "去哪办": OFFER,
        "谢谢": say("不客气", TurnStatus.SMALL_TALK),
        "嗯": DialogueUnavailable("down"),
    }
    for words in ("去哪办", "谢谢", "嗯", "2"):
        await world.conversations.receive(world.conversation_id, words)

    assert world.engine.turns[-1][2] == "district:西区"


async def test_after_an_answer_the_old_offer_is_gone(world):
    world.engine.answers["去哪办"] = OFFER
    for words in ("去哪办", "多少钱", "2"):
        await world.conversations.receive(world.conversation_id, words)

    assert world.engine.turns[-1][2] == ""


async def test_a_pick_that_a_crash_left_unanswered_is_still_that_pick(world):
    await world.store.append(
        world.conversation_id,
        "citizen_message",
        {"text": "西区", "client_message_id": "m1", "picked": "district:西区"},
        delivery_key="citizen:m1",
    )

    await world.conversations.recover()

    assert world.engine.turns[-1][2] == "district:西区"


# --- failure and persons -------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [DialogueUnavailable("down"), RuntimeError("a bug")])
async def test_when_the_engine_fails_the_citizen_gets_an_apology_the_hotline_and_a_way_to_a_person(
    world, failure
):
    world.engine.otherwise = failure

    turn = await world.conversations.receive(world.conversation_id, "你好", "m1")

    assert turn.status is TurnStatus.ERROR
    assert "抱歉" in turn.messages[0].text
    assert "12345" in turn.messages[0].text
    assert "转人工" in turn.messages[0].text
    assert await world.conversations.receive(world.conversation_id, "你好", "m1") == turn


async def test_a_wish_for_a_person_is_noted_once_and_answered_honestly(world):
    world.engine.answers["转人工"] = BotReply(
        TurnStatus.WAITING_FOR_AGENT, (ReplyMessage("好的"),), HandoverWish(HandoverMode.TEXT, "身份证")
    )
    first = await world.conversations.receive(world.conversation_id, "转人工")
    second = await world.conversations.receive(world.conversation_id, "转人工")

    assert first.status is second.status is TurnStatus.WAITING_FOR_AGENT
    assert "第 1 位" in first.messages[0].text
    assert "12345" in first.messages[0].text
    assert "没有工作人员在线" in first.messages[0].text
    assert "已经登记过" in second.messages[0].text
    assert (await world.kinds()).count("handover") == 1


async def test_while_waiting_the_bot_goes_on_answering(world):
    await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.VIDEO))

    turn = await world.conversations.receive(world.conversation_id, "多少钱")

    assert turn.status is TurnStatus.ANSWERED


async def test_the_second_in_the_queue_is_told_so(world):
    other = (await world.conversations.start("web")).conversation_id
    await world.conversations.request_person(other, HandoverWish(HandoverMode.TEXT))

    ticket = await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.VIDEO))

    assert ticket.position == 2
    assert "视频" in ticket.notice.text
    assert "第 2 位" in ticket.notice.text


async def test_a_handover_holds_what_an_agent_need_not_ask_again(world):
    await world.conversations.receive(world.conversation_id, "身份证丢了")

    ticket = await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.TEXT))

    assert ticket.handover.known["district"] == "东区"
    assert ticket.handover.known["last_status"] == "answered"


async def test_what_a_person_is_wanted_for_is_masked_like_a_message(world):
    wish = HandoverWish(HandoverMode.TEXT, topic="回电13800138000", reason="13800138000不通")

    ticket = await world.conversations.request_person(world.conversation_id, wish)

    assert (ticket.handover.topic, ticket.handover.reason) == ("回电[手机号]", "[手机号]不通")
    assert "13800138000" not in repr(ticket.handover)
    assert "13800138000" not in repr(await world.store.events(world.conversation_id))


async def test_who_leaves_the_queue_is_told_once_and_may_come_back(world):
    await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.TEXT))

    await world.handovers.leave(world.conversation_id)
    await world.handovers.leave(world.conversation_id)

    assert await world.store.waiting_handovers() == ()
    assert await world.kinds() == ["handover", "notice", "notice"]
    assert "取消" in (await world.store.events(world.conversation_id))[-1].body["text"]
    again = await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.TEXT))
    assert again.is_new


async def test_those_who_wait_for_too_long_are_told_and_no_longer_count(world):
    other = (await world.conversations.start("web")).conversation_id
    await world.conversations.request_person(other, HandoverWish(HandoverMode.TEXT))
    between = datetime.now(UTC)
    with world.fan_out.subscribe(other) as watching:
        assert await world.handovers.expire(between) == 1
        assert await world.handovers.expire(between) == 0

        told = await anext(aiter(watching))
    assert "没有等到" in told.body["text"]
    assert "12345" in told.body["text"]
    ticket = await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.TEXT))
    assert ticket.position == 1


@pytest.mark.parametrize(
    ("holder", "status"),
    [(Holder.AGENT, TurnStatus.WITH_AGENT), (Holder.QUEUE, TurnStatus.WAITING_FOR_AGENT)],
)
async def test_while_a_person_holds_the_conversation_nothing_goes_to_the_bot(world, holder, status):
    await world.store.set_holder(world.conversation_id, holder, expected=Holder.BOT)

    turn = await world.conversations.receive(world.conversation_id, "你好", "m1")
    again = await world.conversations.receive(world.conversation_id, "你好", "m1")

    assert (turn.status, turn.messages) == (status, ())
    assert again == turn
    assert world.engine.turns == []
    assert await world.kinds() == ["citizen_message"]
    assert await world.conversations.recover() == 0


# --- watching and rating -------------------------------------------------------------------------


async def test_a_reply_that_is_ready_when_an_agent_takes_over_is_not_said(world, monkeypatch):
    append = world.store.append

    async def taken_just_before(conversation_id, kind, body, **more):
        if kind == "bot_message":
            await world.store.set_holder(conversation_id, Holder.AGENT, expected=Holder.BOT)
        return await append(conversation_id, kind, body, **more)

    monkeypatch.setattr(world.store, "append", taken_just_before)

    turn = await world.conversations.receive(world.conversation_id, "身份证丢了")

    assert (turn.status, turn.messages) == (TurnStatus.WITH_AGENT, ())
    assert await world.kinds() == ["citizen_message"]


async def test_what_was_said_to_an_agent_and_sent_again_later_is_not_the_bots_to_answer(world):
    await world.store.set_holder(world.conversation_id, Holder.AGENT, expected=Holder.BOT)
    await world.conversations.receive(world.conversation_id, "您好", "m1")
    await world.store.set_holder(world.conversation_id, Holder.BOT, expected=Holder.AGENT)

    turn = await world.conversations.receive(world.conversation_id, "您好", "m1")

    assert (turn.status, turn.messages) == (TurnStatus.WITH_AGENT, ())
    assert await world.kinds() == ["citizen_message"]


async def test_watchers_see_every_event_in_order(world):
    with world.fan_out.subscribe(world.conversation_id) as watching:
        await world.conversations.receive(world.conversation_id, "你好")
        await world.conversations.request_person(world.conversation_id, HandoverWish(HandoverMode.TEXT))
        await world.conversations.rate(world.conversation_id, 5, "谢谢")
        events = aiter(watching)
        seen = [await anext(events) for _ in range(5)]

    assert [e.sequence for e in seen] == [1, 2, 3, 4, 5]
    assert [e.kind for e in seen] == ["citizen_message", "bot_message", "handover", "notice", "rating"]


async def test_a_long_transcript_comes_whole(world):
    for number in range(1100):
        await world.store.append(world.conversation_id, "notice", {"text": str(number)})

    assert len(await world.conversations.transcript(world.conversation_id)) == 1100
    assert len(await world.conversations.transcript(world.conversation_id, after=1000)) == 100


async def test_a_rating_is_masked_and_replaced_by_the_next(world):
    await world.conversations.rate(world.conversation_id, 2, "打我13800138000")
    await world.conversations.rate(world.conversation_id, 4, "")

    assert world.store.ratings[world.conversation_id] == (4, "")
    assert (await world.store.events(world.conversation_id))[0].body["comment"] == "打我[手机号]"


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_a_score_is_one_to_five(world, score):
    with pytest.raises(InvalidInput):
        await world.conversations.rate(world.conversation_id, score)
