"""Deliveries are answered once, in order, in time; what is late is sent."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.wechat.acts import Acts
from connectors.wechat.api import UnclearSend
from connectors.wechat.conversing import Listened
from connectors.wechat.engine import Engine, Surroundings
from connectors.wechat.error_codes import error_of
from connectors.wechat.outbox import Rules
from connectors.wechat.pushes import (
    AuthorizationChanged,
    Clicked,
    Subscribed,
    TextMessage,
    Unsubscribed,
    VoiceMessage,
)
from connectors.wechat.replies import SUCCESS
from connectors.wechat.sender import BETWEEN_PAGES, Sender
from core.errors import ConfigurationError, TextTooLong, Unavailable
from core.outbox_ports import ItemState
from core.ports import Conversation
from core.speech_ports import Heard
from core.statuses import HandoverMode
from tests.fakes import InMemoryConversationStore, ManualClock
from tests.outbox_fakes import InMemoryOutboxStore
from tests.waiting import comes_true

HEAD = {"account_id": "gh_1", "openid": "o1"}


class FakeConversing:
    """Conversations whose bot repeats what it hears, when it is let."""

    def __init__(self, conversations, clock):
        self.conversations, self.clock = conversations, clock
        self.go = asyncio.Event()
        self.go.set()
        self.heard, self.wishes, self.voices = [], [], {}
        self.failure = None
        self.begun = 0

    async def start(self):
        self.begun += 1
        conversation_id = f"c{self.begun}"
        await self.conversations.create(Conversation(conversation_id, "wechat", "hash"))
        return conversation_id

    async def exists(self, conversation_id):
        return await self.conversations.get(conversation_id) is not None

    async def held_by(self, conversation_id):
        return (await self.conversations.get(conversation_id)).holder

    async def say(self, conversation_id, text, message_id, *, spoken=False, voice=None):
        self.heard.append(text)
        if self.failure:
            raise self.failure
        message, _ = await self.conversations.append(
            conversation_id, "citizen_message", {"text": text}, delivery_key=message_id
        )
        await self.go.wait()
        body = {"messages": [{"text": f"答{text}"}], "reply_to": message.sequence}
        await self.conversations.append(
            conversation_id, "bot_message", body, delivery_key=f"reply:{message.sequence}"
        )

    async def wish(self, conversation_id, mode, message_id):
        self.wishes.append(mode)
        await self.note(conversation_id, "已为您排队", message_id)

    async def note(self, conversation_id, text, message_id, **about):
        body = {"text": text, **about}
        noted, _ = await self.conversations.append(
            conversation_id, "notice", body, delivery_key=f"notice:{message_id}"
        )
        return noted.body

    async def read_back(self, conversation_id, message_id):
        return ""

    async def listen(self, conversation_id, voice, *, keep):
        return Listened(self.voices.get(voice.media_id))

    async def events_after(self, conversation_id, after):
        return await self.conversations.events(conversation_id, after=after)


class World:
    def __init__(self):
        self.clock = ManualClock()
        self.conversations = InMemoryConversationStore(now=self.clock)
        self.store = InMemoryOutboxStore(self.conversations)
        self.conversing = FakeConversing(self.conversations, self.clock)
        self.sent, self.ends = [], []
        self.engine = self.another()
        self.sender = Sender(
            "city", self.store, self.engine, self._send,
            rules=Rules(), link_for=lambda openid: self._link, now=self.clock,
        )  # fmt: skip

    def another(self, deadline=timedelta(seconds=0.2)) -> Engine:
        around = Surroundings(
            rules=Rules(), link_for=lambda openid: self._link, now=self.clock, deadline=deadline
        )
        acts = Acts(self.conversing, bot_name="帮办")
        return Engine("city", self.store, self.conversing, acts, around)

    def _link(self, page):
        return f"https://here/{page}"

    async def _send(self, openid, body):
        if self.ends and (end := self.ends.pop(0)) is not None:
            raise end
        self.sent.append(body.get("text", body))

    def says(self, text, n=1):
        created = int(self.clock().timestamp())
        return TextMessage(**HEAD, created=created, msg_id=str(n), text=text)

    def event(self, kind, **more):
        return kind(**HEAD, created=int(self.clock().timestamp()), **more)

    async def agent_says(self, text, conversation_id="c1"):
        await self.conversations.append(conversation_id, "agent_message", {"text": text, "agent": "李敏"})
        self.sender.note(conversation_id)


@pytest.fixture
def world():
    return World()


def said(answer: str) -> str:
    return json.loads(answer)["text"]


async def test_a_message_is_answered_in_its_own_reply(world):
    assert said(await world.engine.answer(world.says("居住证"), "n")) == "答居住证"
    await world.sender.look()
    assert world.sent == []


async def test_a_retry_gets_the_same_answer_and_asks_nothing_again(world):
    push = world.says("居住证")
    first = await world.engine.answer(push, "n1")

    assert await world.engine.answer(push, "n2") == first
    assert world.conversing.heard == ["居住证"]


async def test_attempts_at_once_share_one_answer(world):
    push = world.says("居住证")
    answers = await asyncio.gather(*(world.engine.answer(push, f"n{n}") for n in range(3)))

    assert {said(answer) for answer in answers} == {"答居住证"}
    assert world.conversing.heard == ["居住证"]


async def test_a_retry_may_overtake_the_clock_of_the_first_attempt(world):
    first, second = world.another(), world.another()
    second._around = replace(second._around, now=lambda: world.clock() - timedelta(milliseconds=5))
    push = world.says("居住证")

    assert await second.answer(push, "n") == await first.answer(push, "n")
    assert said(await second.answer(push, "n")) == "答居住证"


async def test_two_processes_answer_a_delivery_once(world):
    push, other = world.says("居住证"), world.another()
    answers = await asyncio.gather(world.engine.answer(push, "n1"), other.answer(push, "n2"))

    assert {said(answer) for answer in answers} == {"答居住证"}
    assert [e.kind for e in await world.conversations.events("c1")] == ["citizen_message", "bot_message"]


async def test_what_is_late_is_sent_and_not_answered_again(world):
    world.conversing.go.clear()
    push = world.says("居住证")
    assert await world.engine.answer(push, "n1") == SUCCESS
    world.conversing.go.set()
    await world.engine.close()
    await world.sender.look()

    assert world.sent == ["答居住证"]
    assert await world.engine.answer(push, "n2") == SUCCESS
    await world.sender.look()
    assert world.sent == ["答居住证"]


async def test_answers_keep_the_order_of_what_was_said(world):
    world.conversing.go.clear()
    assert await world.engine.answer(world.says("一", 1), "n1") == SUCCESS
    world.conversing.go.set()
    await world.engine.close()

    assert said(await world.engine.answer(world.says("二", 2), "n2")) == "答一\n\n答二"


async def test_what_an_agent_writes_is_sent_until_the_quota_is_out_and_the_rest_waits(world):
    await world.engine.answer(world.says("你好"), "n")
    for number in range(1, 8):
        await world.agent_says(f"第{number}句")
        await world.sender.look()
    assert [text.split("：")[1][:3] for text in world.sent] == ["第1句", "第2句", "第3句", "第4句", "第5句"]

    assert said(await world.engine.answer(world.says("请讲", 2), "n2")).startswith(
        "工作人员李敏：第6句\n\n工作人员李敏：第7句"
    )


@pytest.mark.parametrize("code", [45015, 45047])
async def test_what_wechat_refuses_waits_for_the_citizens_next_word(world, code):
    await world.engine.answer(world.says("你好"), "n")
    world.ends = [error_of(code, "no")]
    await world.agent_says("在吗")
    await world.sender.look()
    await world.sender.look()
    assert world.sent == []
    world.clock.advance(timedelta(seconds=5))

    assert "在吗" in said(await world.engine.answer(world.says("在", 2), "n2"))


async def test_what_may_have_arrived_is_not_repeated_but_the_whole_is_pointed_to(world):
    await world.engine.answer(world.says("你好"), "n")
    world.ends = [UnclearSend("cut")]
    await world.agent_says("在吗")
    await world.sender.look()
    await world.sender.look()

    answer = said(await world.engine.answer(world.says("在", 2), "n2"))
    assert "在吗" not in answer
    assert "看完整对话" in answer


async def test_what_surely_did_not_go_out_is_sent_at_the_next_look(world):
    await world.engine.answer(world.says("你好"), "n")
    world.ends = [Unavailable("away")]
    await world.agent_says("在吗")
    await world.sender.look()
    await world.sender.look()
    assert world.sent == []
    world.clock.advance(timedelta(seconds=5))
    await world.sender.look()

    assert world.sent == ["工作人员李敏：在吗"]


async def test_what_wechat_will_never_take_holds_up_nothing(world):
    await world.engine.answer(world.says("你好"), "n")
    world.ends = [error_of(45002, "content size out of limit")]
    await world.agent_says("一")
    await world.sender.look()
    await world.agent_says("二")
    await world.sender.look()

    [text] = world.sent
    assert text.startswith("工作人员李敏：二")
    assert "看完整对话" in text


async def test_a_turn_that_failed_is_taken_up_again_later(world):
    world.conversing.failure = Unavailable("away")
    assert await world.engine.answer(world.says("居住证"), "n1") == SUCCESS
    world.conversing.failure = None
    await world.engine.take_up_left()
    assert world.sent == []
    world.clock.advance(timedelta(seconds=30))
    await world.engine.take_up_left()
    await world.engine.close()
    await world.sender.look()
    await world.engine.take_up_left()

    assert world.sent == ["答居住证"]
    assert world.conversing.heard == ["居住证", "居住证"]


async def test_a_database_that_stands_still_keeps_no_request_open(world, monkeypatch):
    async def never(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr(world.store, "claim", never)
    monkeypatch.setattr("connectors.wechat.engine.CUT_SECONDS", 0.01)
    with pytest.raises(Unavailable):
        await world.engine.answer(world.says("居住证"), "n1")


async def test_what_fails_again_and_again_is_tried_less_and_less_often(world):
    world.conversing.failure = Unavailable("away")
    await world.engine.answer(world.says("居住证"), "n1")
    tried = []
    for seconds in range(5, 1000, 5):
        world.clock.advance(timedelta(seconds=5))
        await world.engine.take_up_left()
        await world.engine.close()
        tried += [seconds] * (len(world.conversing.heard) - 1 - len(tried))

    assert tried == [25, 50, 100, 200, 400, 700]


async def test_what_a_process_had_not_done_when_it_ended_another_does(world):
    world.conversing.go.clear()
    ended = world.another()
    assert await ended.answer(world.says("一", 1), "n1") == SUCCESS
    assert await ended.answer(world.says("二", 2), "n2") == SUCCESS
    for task in ended._working.values():
        task.cancel()
    world.conversing.go.set()
    world.clock.advance(timedelta(seconds=30))
    await world.engine.take_up_left()
    await world.engine.close()
    await world.sender.look()

    assert world.sent == ["答一\n\n答二"]
    assert await world.store.undone("city", world.clock()) == []


async def test_what_was_left_undone_is_done_before_the_users_next_message(world):
    world.conversing.go.clear()
    ended = world.another()
    assert await ended.answer(world.says("一", 1), "n1") == SUCCESS
    for task in ended._working.values():
        task.cancel()
    world.conversing.go.set()
    world.clock.advance(timedelta(seconds=1))

    assert said(await world.engine.answer(world.says("二", 2), "n2")) == "答一\n\n答二"


async def test_what_fails_for_an_hour_is_given_up_and_asked_for_again(world):
    world.conversing.failure = Unavailable("away")
    await world.engine.answer(world.says("居住证", 1), "n1")
    world.clock.advance(timedelta(minutes=61))
    await world.engine.take_up_left()
    assert await world.store.undone("city", world.clock()) == []
    await world.sender.look()

    [text] = world.sent
    assert text.startswith("您有一条消息没能处理，请再发一次。")
    assert "看完整对话" in text


async def test_messages_at_once_are_said_in_the_order_in_which_they_came(world):
    world.conversing.go.clear()
    first = asyncio.create_task(world.engine.answer(world.says("一", 1), "n1"))
    await comes_true(lambda: world.conversing.heard == ["一"])
    second = asyncio.create_task(world.engine.answer(world.says("二", 2), "n2"))
    await asyncio.gather(first, second)
    assert world.conversing.heard == ["一"]
    world.conversing.go.set()
    await world.engine.close()

    assert world.conversing.heard == ["一", "二"]


async def test_to_who_has_the_page_open_nothing_is_sent_meanwhile(world):
    await world.engine.answer(world.says("你好"), "n")
    watched = {"c1"}

    async def who_watches(conversation_ids):
        return watched & set(conversation_ids)

    sender = Sender(
        "city", world.store, world.engine, world._send,
        rules=Rules(), link_for=lambda openid: world._link, now=world.clock, watched=who_watches,
    )  # fmt: skip
    await world.agent_says("在吗")
    await sender.look()
    assert world.sent == []
    watched.clear()
    await sender.look()
    assert world.sent == [], "one page leads to the next, and what it shows needn't be sent"
    world.clock.advance(BETWEEN_PAGES)
    await sender.look()

    assert world.sent == ["工作人员李敏：在吗"]


async def test_what_is_kept_of_a_message_holds_no_personal_data(world):
    world.conversing.go.clear()
    around = Surroundings(
        rules=Rules(), link_for=lambda openid: world._link, now=world.clock,
        mask=lambda text: text.replace("13800138000", "…"), deadline=timedelta(seconds=0.01),
    )  # fmt: skip
    engine = Engine("city", world.store, world.conversing, Acts(world.conversing, bot_name="帮办"), around)
    await engine.answer(world.says("我的电话13800138000"), "n")

    [kept] = await world.store.undone("city", world.clock() + timedelta(seconds=1))
    assert "13800138000" not in kept.content
    world.conversing.go.set()
    await engine.close()
    assert world.conversing.heard == ["我的电话13800138000"]


async def test_a_message_that_cant_be_taken_is_answered_with_the_reason(world):
    world.conversing.failure = TextTooLong("too long")

    assert said(await world.engine.answer(world.says("居住证"), "n1")) == TextTooLong.citizen_text


async def test_a_new_follower_is_welcomed(world):
    assert "这里是帮办" in said(await world.engine.answer(world.event(Subscribed), "n"))


async def test_who_leaves_is_forgotten_and_may_come_back(world):
    await world.engine.answer(world.says("你好"), "n")
    assert await world.engine.answer(world.event(Unsubscribed), "n2") == SUCCESS
    assert await world.store.user("city", "o1") is None

    assert said(await world.engine.answer(world.says("你好", 2), "n3")) == "答你好"


@pytest.mark.parametrize(
    ("event", "is_known"),
    [
        ("user_info_modified", True),
        ("user_authorization_revoke", False),
        ("user_authorization_cancellation", False),
    ],
)
async def test_who_withdraws_is_forgotten_and_who_changes_their_profile_is_not(world, event, is_known):
    await world.engine.answer(world.says("你好"), "n")
    push = AuthorizationChanged(account_id="gh_1", openid="o9", created=1, event=event, subject="o1")

    assert await world.engine.answer(push, "n2") == SUCCESS
    assert (await world.store.user("city", "o1") is not None) is is_known


async def test_who_is_back_isnt_forgotten_by_news_that_comes_late(world):
    left = world.event(Unsubscribed)
    world.clock.advance(timedelta(seconds=5))
    await world.engine.answer(world.event(Subscribed), "n")
    await world.engine.answer(left, "n2")

    assert await world.store.user("city", "o1") is not None


async def test_what_is_said_during_a_send_that_is_refused_opens_the_window(world):
    await world.engine.answer(world.says("你好", 1), "n")

    async def refuses_late(openid, body):
        world.clock.advance(timedelta(seconds=5))
        await world.engine.answer(world.says("还在吗", 2), "n2")
        world.clock.advance(timedelta(seconds=5))
        raise error_of(45015, "no")

    sender = Sender(
        "city", world.store, world.engine, refuses_late,
        rules=Rules(), link_for=lambda openid: world._link, now=world.clock,
    )  # fmt: skip
    await world.agent_says("在吗")
    sender.note("c1")
    await sender.look()
    world.clock.advance(timedelta(seconds=10))
    await world.sender.look()

    assert "在吗" in world.sent[0]


async def test_a_menu_asks_or_calls_a_person(world):
    assert said(await world.engine.answer(world.event(Clicked, menu_key="ask:居住证"), "n")) == "答居住证"
    world.clock.advance(timedelta(seconds=1))
    assert said(await world.engine.answer(world.event(Clicked, menu_key="video"), "n2")) == "已为您排队"
    assert world.conversing.wishes == [HandoverMode.VIDEO]


async def test_what_is_done_has_no_openid_in_the_name_of_its_task(world):
    world.conversing.go.clear()
    await world.engine.answer(world.event(Clicked, menu_key="ask:居住证"), "n")

    [task] = world.engine._working.values()
    assert task.get_name() == "wechat-Clicked"


async def test_a_voice_is_heard_if_anything_can_hear(world):
    push = VoiceMessage(**HEAD, created=1, msg_id="7", media_id="v1", format="amr", recognition="")
    assert "听不了语音" in said(await world.engine.answer(push, "n"))
    world.conversing.voices["v2"] = Heard("居住证", 0.9)
    push = VoiceMessage(**HEAD, created=1, msg_id="8", media_id="v2", format="amr", recognition="")
    assert said(await world.engine.answer(push, "n2")) == "听到的是：“居住证”。\n\n答居住证"


async def test_a_conversation_that_was_deleted_is_begun_anew(world):
    await world.engine.answer(world.says("一", 1), "n")
    del world.conversations._conversations["c1"]

    assert said(await world.engine.answer(world.says("二", 2), "n2")) == "答二"


async def test_the_sender_goes_on_by_itself_and_ends_when_told(world):
    await world.engine.answer(world.says("你好"), "n")
    going = asyncio.create_task(world.sender.go_on())
    await world.agent_says("在吗")
    world.sender.wake()
    await comes_true(lambda: world.sent == ["工作人员李敏：在吗"])
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going


async def test_an_event_that_cant_be_told_leads_to_the_page_and_holds_up_nothing(world):
    await world.engine.answer(world.says("你好"), "n")
    await world.conversations.append("c1", "checklist", {"of": "another version"})
    await world.agent_says("看好了吗")
    await world.sender.look()

    [text] = world.sent
    assert text.startswith('有一条消息在微信里显示不了。\n\n<a href="https://here/chat">')
    assert text.endswith("工作人员李敏：看好了吗")


async def test_one_whom_wechat_keeps_waiting_or_who_fails_holds_up_nobody_else(world, monkeypatch):
    for number, openid in enumerate(("o1", "o2", "o3"), start=1):
        await world.engine.answer(replace(world.says("你好", number), openid=openid), f"n{number}")
    never = asyncio.Event()

    async def send(openid, body):
        if openid == "o1":
            await never.wait()
        world.sent.append((openid, body["text"]))

    catch_up = world.engine.catch_up

    async def broken(user):
        if user.user_id == "o2":
            raise KeyError("text")
        await catch_up(user)

    monkeypatch.setattr(world.sender, "_send", send)
    monkeypatch.setattr(world.engine, "catch_up", broken)
    going = asyncio.create_task(world.sender.go_on())
    for number in (1, 2):
        await world.agent_says("在吗", f"c{number}")
    await comes_true(lambda: world.sender._serving)
    await world.agent_says("在吗", "c3")
    await comes_true(lambda: world.sent == [("o3", "工作人员李敏：在吗")])
    never.set()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going

    assert world.sent[1:] == [("o1", "工作人员李敏：在吗")]


@pytest.mark.parametrize("end", [error_of(40164, "not in whitelist"), ConfigurationError("AppSecret")])
async def test_where_the_account_is_refused_nobody_else_is_tried_for_a_minute(world, end):
    for number, openid in enumerate(("o1", "o2"), start=1):
        await world.engine.answer(replace(world.says("你好", number), openid=openid), f"n{number}")
        await world.agent_says("在吗", f"c{number}")
    world.ends, world.sender._slots = [end], asyncio.Semaphore(1)
    await world.sender.look()
    world.clock.advance(timedelta(seconds=59))
    await world.sender.look()
    assert world.sent == []
    world.clock.advance(timedelta(seconds=1))
    await world.sender.look()

    assert world.sent == ["工作人员李敏：在吗"] * 2


async def test_what_is_being_sent_when_the_service_ends_comes_to_its_end(world, monkeypatch):
    await world.engine.answer(world.says("你好"), "n")
    begun, go = asyncio.Event(), asyncio.Event()

    async def send(openid, body):
        begun.set()
        await go.wait()
        world.sent.append(body["text"])

    monkeypatch.setattr(world.sender, "_send", send)
    await world.agent_says("在吗")
    going = asyncio.create_task(world.sender.go_on())
    await begun.wait()
    going.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await going

    assert world.sent == ["工作人员李敏：在吗"]
    states = [item.state for item in await world.store.items("city", "o1", all_states=True)]
    assert states[-1] is ItemState.SENT


async def test_a_send_without_an_end_is_unclear(world, monkeypatch):
    await world.engine.answer(world.says("你好"), "n")
    monkeypatch.setattr(world.sender, "_send", lambda openid, body: asyncio.Event().wait())
    monkeypatch.setattr("connectors.wechat.sender.ENDS_WITHIN_S", 0.01)
    await world.agent_says("在吗")
    await world.sender.look()

    states = [item.state for item in await world.store.items("city", "o1", all_states=True)]
    assert states[-1] is ItemState.UNCLEAR


async def test_a_send_that_is_cut_off_is_unclear(world):
    await world.engine.answer(world.says("你好"), "n")
    world.ends = [asyncio.CancelledError()]
    await world.agent_says("在吗")
    with pytest.raises(asyncio.CancelledError):
        await world.sender.look()

    states = [item.state for item in await world.store.items("city", "o1", all_states=True)]
    assert states[-1] is ItemState.UNCLEAR
