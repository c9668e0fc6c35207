"""What every ConversationStore promises. Subclasses override the `store` and `clock` fixtures."""

import asyncio
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.ports import Conversation, ConversationStore, Handover
from core.statuses import HandoverMode, HandoverState, Holder
from tests.fakes import ManualClock


async def opened(store: ConversationStore, conversation_id: str = "c1") -> str:
    await store.create(Conversation(conversation_id, channel="web", token_hash="0" * 64))
    return conversation_id


async def asked(
    store: ConversationStore, conversation_id: str, text: str = "身份证丢了", key: str = ""
) -> int:
    body = {"text": text, "client_message_id": key}
    event, _ = await store.append(conversation_id, "citizen_message", body, delivery_key=key)
    return event.sequence


async def answered(store: ConversationStore, conversation_id: str, sequence: int) -> int:
    body = {"status": "answered", "messages": [{"text": "好的"}], "reply_to": sequence}
    event, _ = await store.append(conversation_id, "bot_message", body)
    return event.sequence


def a_handover(handover_id: str, conversation_id: str) -> Handover:
    return Handover(
        handover_id,
        conversation_id,
        HandoverMode.TEXT,
        topic="身份证",
        reason="想找人",
        known={"district": "朝阳区"},
    )


class ConversationStoreContract:
    """Inherit, and override `store` with a fresh, empty one that reads `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    async def store(self, clock):
        raise NotImplementedError

    # conversations

    async def test_a_conversation_comes_back(self, store, clock):
        made = await store.create(Conversation("c1", "web", "ab" * 32, district="朝阳区"))

        assert made == await store.get("c1")
        assert (made.channel, made.token_hash, made.holder) == ("web", "ab" * 32, Holder.BOT)
        assert made.district == "朝阳区"
        assert made.created_at == made.last_at == clock()

    async def test_an_id_is_taken_once(self, store):
        await opened(store)

        with pytest.raises(Conflict):
            await opened(store)

    async def test_an_unknown_conversation_is_none(self, store):
        assert await store.get("nobody") is None
        assert await store.get("x\x00\ud800") is None

    async def test_the_district_can_be_set(self, store):
        await opened(store)

        await store.set_district("c1", "绿园区")

        assert (await store.get("c1")).district == "绿园区"
        with pytest.raises(NotFound):
            await store.set_district("nobody", "绿园区")

    # the event log

    async def test_events_are_numbered_from_one_without_gaps(self, store, clock):
        await opened(store)
        for n in range(1, 4):
            clock.advance(timedelta(seconds=1))
            event, new = await store.append("c1", "notice", {"text": f"第{n}条"})
            assert (event.sequence, event.at, new) == (n, clock(), True)

        events = await store.events("c1")
        assert [event.sequence for event in events] == [1, 2, 3]
        assert [event.body["text"] for event in events] == ["第1条", "第2条", "第3条"]
        assert (await store.get("c1")).last_at == clock()

    async def test_each_conversation_counts_for_itself(self, store):
        for conversation_id in ("c1", "c2"):
            await opened(store, conversation_id)

        assert [await asked(store, c) for c in ("c1", "c2", "c1", "c2")] == [1, 1, 2, 2]

    async def test_an_unknown_conversation_takes_no_event(self, store):
        with pytest.raises(NotFound):
            await store.append("nobody", "notice", {})
        assert await store.events("nobody") == ()

    async def test_events_after_a_number_come_in_pages(self, store):
        await opened(store)
        for _ in range(5):
            await asked(store, "c1")

        assert [event.sequence for event in await store.events("c1", after=3)] == [4, 5]
        assert [event.sequence for event in await store.events("c1", after=1, limit=2)] == [2, 3]
        assert await store.events("c1", after=5) == ()

    async def test_the_newest_numbers_of_many_logs_at_once(self, store):
        await opened(store, "c1")
        await opened(store, "c2")
        for _ in range(3):
            await asked(store, "c1")
        many = [f"unknown {number}" for number in range(1200)]

        assert await store.last_sequences(["c1", "c2", *many]) == {"c1": 3, "c2": 0}
        assert await store.last_sequences([]) == {}

    async def test_the_channels_of_many_conversations_at_once(self, store):
        for name, channel in (("c1", "wechat"), ("c2", "web"), ("c3", "kiosk")):
            await store.create(Conversation(conversation_id=name, channel=channel, token_hash=f"hash {name}"))
        many = [f"unknown {number}" for number in range(1200)]

        assert await store.channels(["c1", *many, "c2"]) == {"c1": "wechat", "c2": "web"}
        assert await store.channels([]) == {}

    async def test_a_body_comes_back_whatever_is_in_it(self, store):
        await opened(store)
        body = {"text": "引号\"'\\ 𠮷🆔\u0000\ud83d", "deep": [{"a": None, "b": 1.5}], "key\u0000": True}

        event, _ = await store.append("c1", "notice", body)

        assert event.body == body
        assert (await store.events("c1"))[0].body == body

    async def test_many_appends_at_once_leave_no_gap(self, store):
        await opened(store)

        events = await asyncio.gather(*(store.append("c1", "notice", {"n": n}) for n in range(60)))

        assert sorted(event.sequence for event, _ in events) == list(range(1, 61))
        assert len(await store.events("c1")) == 60

    async def test_appends_to_many_conversations_at_once_go_through(self, store):
        ids = [await opened(store, f"c{n}") for n in range(20)]

        await asyncio.gather(*(asked(store, conversation_id) for conversation_id in ids * 3))

        for conversation_id in ids:
            assert [event.sequence for event in await store.events(conversation_id)] == [1, 2, 3]

    # deliveries

    async def test_what_only_one_holder_may_append_is_refused_once_another_holds(self, store):
        await opened(store)
        first, new = await store.append(
            "c1", "bot_message", {"n": 1}, delivery_key="k", only_if_holder=Holder.BOT
        )
        assert new
        await store.set_holder("c1", Holder.AGENT, expected=Holder.BOT)

        with pytest.raises(Conflict):
            await store.append("c1", "bot_message", {"n": 2}, only_if_holder=Holder.BOT)

        again = await store.append("c1", "bot_message", {}, delivery_key="k", only_if_holder=Holder.BOT)
        assert again == (first, False)
        assert await store.events("c1") == (first,)

    async def test_a_message_awaits_a_reply_until_it_is_answered_or_another_holds(self, store):
        await opened(store)
        first, second = await asked(store, "c1"), await asked(store, "c1")
        assert await store.awaits_reply("c1", first)

        await answered(store, "c1", first)
        assert not await store.awaits_reply("c1", first)
        assert await store.awaits_reply("c1", second)

        await store.set_holder("c1", Holder.QUEUE, expected=Holder.BOT)
        assert not await store.awaits_reply("c1", second)
        assert not await store.awaits_reply("c1", 99)

    async def test_a_message_left_for_staff_awaits_no_reply(self, store):
        await opened(store)

        event, _ = await store.append("c1", "citizen_message", {"text": "请联系我", "for_staff": True})

        assert not await store.awaits_reply("c1", event.sequence)
        assert await store.unanswered() == ()

    async def test_a_delivery_is_stored_once(self, store):
        await opened(store)
        first, new = await store.append("c1", "citizen_message", {"text": "一"}, delivery_key="k")
        assert new

        again, new = await store.append("c1", "citizen_message", {"text": "二"}, delivery_key="k")

        assert (again, new) == (first, False)
        assert len(await store.events("c1")) == 1
        assert await asked(store, "c1") == 2

    async def test_a_delivery_that_comes_many_times_at_once_is_stored_once(self, store):
        await opened(store)

        results = await asyncio.gather(
            *(store.append("c1", "citizen_message", {"text": "一"}, delivery_key="k") for _ in range(20))
        )

        assert [new for _, new in results].count(True) == 1
        assert {event.sequence for event, _ in results} == {1}
        assert len(await store.events("c1")) == 1

    async def test_a_delivery_key_belongs_to_its_conversation(self, store):
        for conversation_id in ("c1", "c2"):
            await opened(store, conversation_id)
            _, new = await store.append(conversation_id, "citizen_message", {"text": "一"}, delivery_key="k")
            assert new

    async def test_without_a_delivery_key_equal_messages_are_two(self, store):
        await opened(store)

        assert [await asked(store, "c1"), await asked(store, "c1")] == [1, 2]

    # questions and replies

    async def test_the_reply_to_a_message_is_found(self, store):
        await opened(store)
        first, second = await asked(store, "c1"), await asked(store, "c1")
        reply = await answered(store, "c1", first)

        assert (await store.reply_to("c1", first)).sequence == reply
        assert await store.reply_to("c1", second) is None
        assert await store.reply_to("nobody", 1) is None

    async def test_the_last_bot_message_is_found(self, store):
        await opened(store)
        assert await store.last_bot_message("c1") is None
        await answered(store, "c1", await asked(store, "c1"))
        newest = await answered(store, "c1", await asked(store, "c1"))
        await asked(store, "c1")

        assert (await store.last_bot_message("c1")).sequence == newest

    async def test_unanswered_messages_are_found_oldest_first(self, store, clock):
        for conversation_id in ("c1", "c2"):
            await opened(store, conversation_id)
        await answered(store, "c1", await asked(store, "c1"))
        for conversation_id in ("c2", "c1", "c2"):
            clock.advance(timedelta(seconds=1))
            await asked(store, conversation_id)

        found = [(event.conversation_id, event.sequence) for event in await store.unanswered()]
        assert found == [("c2", 1), ("c1", 3), ("c2", 2)]

        await answered(store, "c2", 1)
        assert len(await store.unanswered()) == 2

    async def test_unanswered_messages_of_this_moment_can_be_left_out(self, store, clock):
        await opened(store)
        await asked(store, "c1")
        clock.advance(timedelta(seconds=10))
        await asked(store, "c1")

        just_now = clock() - timedelta(seconds=5)
        assert [event.sequence for event in await store.unanswered(just_now)] == [1]

    async def test_messages_that_an_agent_holds_are_not_the_bots_to_answer(self, store):
        await opened(store)
        await asked(store, "c1")
        assert len(await store.unanswered()) == 1

        await store.set_holder("c1", Holder.AGENT, expected=Holder.BOT)
        await asked(store, "c1")
        await store.set_holder("c1", Holder.BOT, expected=Holder.AGENT)

        assert await store.unanswered() == ()
        await asked(store, "c1")
        assert [event.sequence for event in await store.unanswered()] == [3]

    # holder

    async def test_the_holder_changes_only_from_the_expected_one(self, store):
        await opened(store)

        assert await store.set_holder("c1", Holder.QUEUE, expected=Holder.BOT)
        assert not await store.set_holder("c1", Holder.AGENT, expected=Holder.BOT)

        assert (await store.get("c1")).holder is Holder.QUEUE
        with pytest.raises(NotFound):
            await store.set_holder("nobody", Holder.BOT, expected=Holder.BOT)

    async def test_of_many_who_want_to_hold_one_wins(self, store):
        await opened(store)

        won = await asyncio.gather(
            *(store.set_holder("c1", Holder.AGENT, expected=Holder.BOT) for _ in range(10))
        )

        assert won.count(True) == 1

    # handovers

    async def test_a_handover_waits_once_per_conversation(self, store, clock):
        await opened(store)
        first, new = await store.add_handover(a_handover("h1", "c1"))
        assert new
        assert first.created_at == clock()
        assert first.known == {"district": "朝阳区"}

        assert await store.add_handover(a_handover("h2", "c1")) == (first, False)

        assert await store.handover_of("c1") == first
        assert await store.handover_of("c2") is None

    async def test_of_many_handovers_at_once_one_is_stored(self, store):
        await opened(store)

        results = await asyncio.gather(*(store.add_handover(a_handover(f"h{n}", "c1")) for n in range(10)))

        assert [new for _, new in results].count(True) == 1
        assert len({handover.handover_id for handover, _ in results}) == 1

    async def test_the_queue_is_first_come_first_served(self, store):
        for n in (3, 1, 2):
            await opened(store, f"c{n}")
            await store.add_handover(a_handover(f"h{n}", f"c{n}"))

        assert [await store.queue_position(f"h{n}") for n in (3, 1, 2)] == [1, 2, 3]

    async def test_who_waits_is_listed_longest_first(self, store):
        assert await store.waiting_handovers() == ()
        for n in (3, 1, 2):
            await opened(store, f"c{n}")
            await store.add_handover(a_handover(f"h{n}", f"c{n}"))

        assert [handover.handover_id for handover in await store.waiting_handovers()] == ["h3", "h1", "h2"]
        assert [handover.handover_id for handover in await store.waiting_handovers(limit=1)] == ["h3"]

    async def test_a_handover_needs_its_conversation_and_a_position_its_handover(self, store):
        with pytest.raises(NotFound):
            await store.add_handover(a_handover("h1", "nobody"))
        with pytest.raises(NotFound):
            await store.queue_position("h1")

    async def test_a_handover_id_is_taken_once(self, store):
        for n in (1, 2):
            await opened(store, f"c{n}")
        await store.add_handover(a_handover("h1", "c1"))

        with pytest.raises(Conflict):
            await store.add_handover(a_handover("h1", "c2"))

    async def three_wait(self, store) -> None:
        for n in (1, 2, 3):
            await opened(store, f"c{n}")
            await store.add_handover(a_handover(f"h{n}", f"c{n}"))

    @pytest.mark.parametrize("state", [HandoverState.TAKEN, HandoverState.CLOSED, HandoverState.ABANDONED])
    async def test_who_waits_no_longer_has_no_place_and_the_others_move_up(self, store, state):
        await self.three_wait(store)

        ended = await store.end_handover("h1", state)

        assert (ended.handover_id, ended.conversation_id, ended.state) == ("h1", "c1", state)
        assert ended.known == {"district": "朝阳区"}
        assert await store.handover_of("c1") is None
        assert [handover.handover_id for handover in await store.waiting_handovers()] == ["h2", "h3"]
        assert [await store.queue_position(f"h{n}") for n in (2, 3)] == [1, 2]
        with pytest.raises(NotFound):
            await store.queue_position("h1")

    async def test_who_asks_again_afterwards_waits_at_the_end(self, store):
        await self.three_wait(store)
        await store.end_handover("h1", HandoverState.ABANDONED)

        again, new = await store.add_handover(a_handover("h4", "c1"))

        assert (again.handover_id, new) == ("h4", True)
        assert await store.queue_position("h4") == 3

    async def test_a_handover_ends_once(self, store):
        await self.three_wait(store)
        assert await store.end_handover("h1", HandoverState.CLOSED) is not None

        assert await store.end_handover("h1", HandoverState.ABANDONED) is None
        with pytest.raises(NotFound):
            await store.end_handover("nothing", HandoverState.CLOSED)

    async def test_of_many_who_end_a_handover_at_once_one_does(self, store):
        await self.three_wait(store)

        ended = await asyncio.gather(*(store.end_handover("h1", HandoverState.CLOSED) for _ in range(10)))

        assert sum(handover is not None for handover in ended) == 1

    async def test_those_who_wait_for_too_long_are_given_up(self, store, clock):
        for n in (1, 2, 3):
            await opened(store, f"c{n}")
            await store.add_handover(a_handover(f"h{n}", f"c{n}"))
            clock.advance(timedelta(hours=1))
        await store.end_handover("h1", HandoverState.CLOSED)

        given_up = await store.abandon_handovers(before=clock() - timedelta(hours=1))

        assert [(h.handover_id, h.state) for h in given_up] == [("h2", HandoverState.ABANDONED)]
        assert [handover.handover_id for handover in await store.waiting_handovers()] == ["h3"]
        assert await store.queue_position("h3") == 1
        assert await store.abandon_handovers(before=clock() - timedelta(hours=1)) == ()

    # ratings, retention, health

    async def test_a_conversation_can_be_rated_again(self, store):
        await opened(store)

        await store.rate("c1", 4, "")
        await store.rate("c1", 5, "很好")

        with pytest.raises(NotFound):
            await store.rate("nobody", 5, "")

    async def test_silent_conversations_are_deleted_with_all_they_hold(self, store, clock):
        for conversation_id in ("old", "spoke", "new"):
            if conversation_id == "new":
                clock.advance(timedelta(days=10))
            await opened(store, conversation_id)
            await asked(store, conversation_id, key="k")
            await store.add_handover(a_handover(f"h-{conversation_id}", conversation_id))
            await store.rate(conversation_id, 5, "很好")
        await asked(store, "spoke")

        assert await store.purge_before(clock() - timedelta(days=5)) == 1
        assert await store.purge_before(clock() - timedelta(days=5)) == 0

        assert await store.get("old") is None
        assert await store.events("old") == ()
        assert await store.handover_of("old") is None
        assert {event.conversation_id for event in await store.unanswered()} == {"spoke", "new"}
        assert await store.queue_position("h-spoke") == 1
        await opened(store, "old")
        assert await asked(store, "old", key="k") == 1

    async def test_a_conversation_that_spoke_just_then_stays(self, store, clock):
        await opened(store)

        assert await store.purge_before(clock()) == 0

    async def test_a_writable_store_says_so(self, store):
        await store.check_writable()
        await store.check_writable()
