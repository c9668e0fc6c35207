"""What leaves an outbox, when, and at what price."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat import outbox
from connectors.wechat.outbox import Reading, Rules
from connectors.wechat.quota import GrantKind, Ledger, Limits
from connectors.wechat.replies import SUCCESS
from connectors.wechat.splitting import size
from core.outbox_ports import ChannelUser, Delivery, ItemState, Outbox, OutboxStep, OutgoingItem
from tests.fakes import ManualClock

RULES = Rules()
NOW = ManualClock()()
WORDS = st.text(min_size=1, max_size=900).filter(str.strip)
OPEN = Delivery("m:1", "o1", "n1")


def link(page: str) -> str:
    return f"https://here/{page}"


def text(words: str, **more) -> dict:
    return {"type": "text", "text": words, **more}


CARD = {"type": "card", "title": "居住证", "description": "查看", "page": "chat"}


def a_box(
    *bodies: dict, granted: int = 5, spent: int = 0, delivery: Delivery | None = None, **user
) -> Outbox:
    ledger = Ledger(Limits())
    if granted:
        ledger = ledger.grant(GrantKind.MESSAGE, NOW.timestamp() - 10)
    for _ in range(spent):
        ledger = ledger.spend(NOW.timestamp() - 5)
    items = [OutgoingItem(body, number=n, since=NOW) for n, body in enumerate(bodies, start=1)]
    return Outbox(ChannelUser("city", "o1", "c1", ledger=ledger.as_json(), **user), items, delivery)


def carried(box: Outbox) -> dict:
    made = outbox.carry(RULES, link)(box)
    assert made.delivery is not None
    return json.loads(made.delivery.answer)


def sent(box: Outbox):
    found = []
    made = outbox.begin_sending(RULES, link, NOW, found)(box)
    return (found[0] if found else None), made


def after(box: Outbox, made: OutboxStep) -> Outbox:
    """The box as the store gives it to the next step about the same delivery."""
    moved = {item.number: item for item in made.items}
    items = [moved.get(item.number, item) for item in box.items]
    still = [item for item in items if item.state in (ItemState.WAITING, ItemState.SENDING)]
    return Outbox(made.user, still, made.delivery or box.delivery)


class TestCarrying:
    def test_the_answer_holds_what_waits_first_and_its_end_ends_the_waiting_for_it(self):
        box = a_box(text("一"), text("二"), CARD, delivery=OPEN, answering_until=NOW + timedelta(seconds=3))
        made = outbox.carry(RULES, link)(box)

        assert json.loads(made.delivery.answer) == text("一\n\n二")
        assert [(i.number, i.state, i.delivery) for i in made.items] == [
            (1, ItemState.SENDING, "m:1"),
            (2, ItemState.SENDING, "m:1"),
        ]
        assert made.user.answering_until == box.user.answering_until
        ended = outbox.arrived()(after(box, made))
        assert [item.state for item in ended.items] == [ItemState.CARRIED] * 2
        assert (ended.user.answering_until, ended.delivery.on_its_way) == (None, 0)

    def test_it_costs_nothing(self):
        box = a_box(text("一"), granted=0, delivery=OPEN)

        assert outbox.carry(RULES, link)(box).user.ledger == box.user.ledger

    def test_a_card_is_carried_alone_with_its_link(self):
        assert carried(a_box(CARD, text("一"), delivery=OPEN)) == {**CARD, "url": "https://here/chat"}

    def test_a_delivery_keeps_the_answer_that_it_has(self):
        made = outbox.carry(RULES, link)(a_box(text("二"), delivery=replace(OPEN, answer="first")))

        assert (made.items, made.delivery.answer) == ((), "first")

    def test_nothing_is_carried_while_something_is_being_sent(self):
        box = a_box(text("一"), text("二"), delivery=OPEN)
        sending = replace(box, items=[replace(box.items[0], state=ItemState.SENDING), box.items[1]])

        made = outbox.carry(RULES, link)(sending)
        assert (made.items, made.delivery.answer) == ((), SUCCESS)

    def test_whoever_may_have_missed_something_is_told_where_to_read_all(self):
        box = a_box(text("一"), delivery=OPEN, lost_track=True)

        assert "看完整对话" in carried(box)["text"]
        made = outbox.carry(RULES, link)(box)
        assert outbox.missed()(after(box, made)).user.lost_track
        assert not outbox.arrived()(after(box, made)).user.lost_track

    def test_a_card_has_no_room_to_say_so_and_leaves_it_to_the_next_message(self):
        box = a_box(CARD, delivery=OPEN, lost_track=True)
        made = outbox.carry(RULES, link)(box)

        assert outbox.arrived()(after(box, made)).user.lost_track

    def test_without_anything_to_say_it_is_passed_by(self):
        box = a_box(delivery=OPEN, answering_until=NOW)
        made = outbox.carry(RULES, link)(box)

        assert (made.delivery.answer, made.user.answering_until) == (SUCCESS, None)

    def test_an_answer_that_reached_nobody_waits_again_and_a_retry_carries_what_is_there_then(self):
        box = a_box(text("一"), text("二"), delivery=OPEN, answering_until=NOW)
        there = after(box, outbox.carry(RULES, link)(box))
        missed = outbox.missed()(there)

        assert [(i.number, i.state, i.delivery) for i in missed.items] == [
            (1, ItemState.WAITING, ""),
            (2, ItemState.WAITING, ""),
        ]
        assert (missed.delivery.answer, missed.user.answering_until) == (None, None)
        assert carried(after(there, missed)) == text("一\n\n二")

    def test_while_another_attempt_may_still_give_the_answer_it_waits_for_that(self):
        box = a_box(text("一"), delivery=OPEN)
        there = after(box, outbox.carry(RULES, link)(box))
        there = after(there, outbox.carry(RULES, link)(there))
        first = outbox.missed()(there)
        assert (first.items, first.delivery.answer) == ((), there.delivery.answer)

        left = after(there, first)
        assert outbox.arrived()(left).items[0].state is ItemState.CARRIED
        assert outbox.missed()(left).items[0].state is ItemState.WAITING

    def test_what_one_attempt_brought_home_another_that_failed_doesnt_take_back(self):
        box = a_box(text("一"), delivery=OPEN)
        there = after(box, outbox.carry(RULES, link)(box))
        there = after(there, outbox.carry(RULES, link)(there))
        there = after(there, outbox.arrived()(there))

        assert outbox.missed()(there).items == ()
        [doubted] = outbox.doubted([replace(box.items[0], state=ItemState.CARRIED)])(there).items
        assert doubted.state is ItemState.UNCLEAR

    def test_while_an_answer_is_on_its_way_nothing_is_sent(self):
        box = a_box(text("一"), text("二"), delivery=OPEN)
        there = after(box, outbox.carry(RULES, link)(box))

        assert sent(replace(there, items=[*there.items, replace(box.items[1], number=3)]))[0] is None

    def test_an_answer_whose_end_nobody_told_is_unclear_after_a_while_and_costs_nothing(self):
        box = a_box(text("一"), delivery=OPEN)
        there = after(box, outbox.carry(RULES, link)(box))
        minute = timedelta(minutes=1)
        at = NOW + outbox.CARRIED_WITHIN

        assert outbox.give_up_sending(RULES, at - timedelta(seconds=1), minute)(there).items == ()
        made = outbox.give_up_sending(RULES, at, minute)(there)
        assert [(i.number, i.state) for i in made.items] == [(1, ItemState.UNCLEAR)]
        assert made.user.lost_track
        assert made.user.ledger == box.user.ledger


class TestSending:
    def test_texts_that_wait_go_as_one_message(self):
        batch, made = sent(a_box(text("一"), text("二")))

        assert batch.body == text("一\n\n二")
        assert {item.state for item in made.items} == {ItemState.SENDING}

    def test_nothing_goes_while_a_delivery_may_carry_it(self):
        box = a_box(text("一"), answering_until=NOW + timedelta(seconds=1))

        assert sent(box)[0] is None
        assert sent(replace(box, user=replace(box.user, answering_until=NOW)))[0] is not None

    @pytest.mark.parametrize(("granted", "spent"), [(0, 0), (5, 5)])
    def test_nothing_goes_that_the_ledger_doesnt_pay(self, granted, spent):
        assert sent(a_box(text("一"), granted=granted, spent=spent))[0] is None

    def test_with_little_left_cards_and_pictures_become_lines_with_a_link(self):
        image = {"type": "image", "file_id": "f", "name": "a.jpg"}
        batch, _ = sent(a_box(text("一"), CARD, image, spent=3))

        assert batch.body["type"] == "text"
        assert "https://here/chat" in batch.body["text"]
        assert len(batch.items) == 3

    def test_the_last_message_allowed_says_what_waits_and_leads_to_it(self):
        batch, _ = sent(a_box(*(text(f"{n}" + "很" * 600) for n in range(1, 4)), spent=4))

        assert len(batch.items) == 1
        assert "还有 2 条消息在等您" in batch.body["text"]
        assert "https://here/chat" in batch.body["text"]

    @given(
        st.lists(st.text(min_size=1, max_size=900).filter(str.strip), min_size=1, max_size=6),
        st.integers(0, 4),
    )
    def test_no_message_is_over_the_limit_and_none_is_lost(self, words, spent):
        bodies = [part for word in words for part in outbox._in_parts(text(word), RULES)]
        box = a_box(*bodies, spent=spent)
        left = list(box.items)
        while left:
            batch, _ = sent(replace(box, items=left))
            assert batch.items
            assert size(batch.body["text"]) <= RULES.most_bytes
            left = left[len(batch.items) :]

    def test_what_was_taken_is_paid_and_what_was_refused_waits_again(self):
        box = a_box(text("一"))
        batch, made = sent(box)
        sending = replace(box, items=made.items)
        confirmed = outbox.confirmed(batch, RULES, NOW)(sending)
        refused = outbox.put_back(batch, RULES, NOW, rest=timedelta(seconds=3), code=45015)(sending)

        assert RULES.ledger(confirmed.user).left(NOW.timestamp()) == 4
        assert confirmed.items[0].state is ItemState.SENT
        assert RULES.ledger(refused.user).left(NOW.timestamp()) == 0
        assert refused.items[0].state is ItemState.WAITING

    def test_an_unclear_end_is_paid_and_never_sent_again(self):
        box = a_box(text("一"))
        batch, made = sent(box)
        unclear = outbox.unclear(batch, RULES, NOW)(replace(box, items=made.items))

        assert unclear.items[0].state is ItemState.UNCLEAR
        assert unclear.user.lost_track
        assert RULES.ledger(unclear.user).left(NOW.timestamp()) == 4

    def test_where_to_read_all_is_said_again_until_wechat_took_a_message_that_says_it(self):
        box = a_box(text("一"), lost_track=True)
        batch, made = sent(box)
        assert "看完整对话" in batch.body["text"]
        sending = Outbox(made.user, made.items)

        refused = outbox.put_back(batch, RULES, NOW, rest=timedelta(0))(sending)
        assert refused.user.lost_track
        assert not outbox.confirmed(batch, RULES, NOW)(sending).user.lost_track

    def test_a_card_that_was_sent_leaves_it_to_the_next_message(self):
        batch, made = sent(a_box(CARD, lost_track=True))
        assert outbox.confirmed(batch, RULES, NOW)(Outbox(made.user, made.items)).user.lost_track

    def test_a_text_that_no_message_has_room_for_goes_in_part_rather_than_never(self):
        batch, _ = sent(a_box({**CARD, "title": "长" * 1000}, spent=3))

        assert batch.items
        assert 0 < size(batch.body["text"]) <= RULES.most_bytes

    def test_what_an_ended_process_was_sending_is_unclear_after_a_while(self):
        box = a_box(text("一"), text("二"))
        sending = replace(box, items=[replace(box.items[0], state=ItemState.SENDING), box.items[1]])
        patience = timedelta(seconds=60)

        assert outbox.give_up_sending(RULES, NOW + timedelta(seconds=59), patience)(sending).items == ()
        made = outbox.give_up_sending(RULES, NOW + timedelta(seconds=60), patience)(sending)
        assert [(i.number, i.state) for i in made.items] == [(1, ItemState.UNCLEAR)]


class TestGivingUp:
    def test_the_user_is_asked_once_for_what_was_not_done(self):
        made = outbox.give_up()(a_box(delivery=replace(OPEN, content="x")))
        assert [item.body["text"] for item in made.items] == ["您有一条消息没能处理，请再发一次。"]
        assert (made.delivery.content, made.delivery.done, made.user.lost_track) == ("", True, True)

        again = outbox.give_up()(a_box(delivery=made.delivery))
        assert (again.items, again.delivery) == ((), None)


class TestTakingUp:
    def test_what_events_say_becomes_items_once(self):
        box = a_box(read_to=3)
        step = outbox.take_up(Reading("c1", 3, 5, [(4, text("一")), (5, CARD)], "agent"), RULES)

        made = step(box)
        assert ([i.body for i in made.items], made.user.read_to) == ([text("一"), CARD], 5)
        assert step(replace(box, user=made.user)).items == ()

    def test_a_long_text_leaves_in_parts_and_leads_on_from_the_last(self):
        reading = Reading("c1", 0, 1, [(1, text("很长。" * 600, page="chat"))], "bot")
        made = outbox.take_up(reading, RULES)(a_box())

        assert len(made.items) > 1
        assert ["page" in item.body for item in made.items] == [False] * (len(made.items) - 1) + [True]


def test_neither_who_it_is_nor_what_is_said_shows_in_a_repr():
    delivery = Delivery("e:openid-1:7:CLICK", "openid-1", "e:openid-1:7", answer="社保卡", content="社保卡")
    step = OutboxStep(ChannelUser("city", "openid-1"), [OutgoingItem(text("社保卡"))], delivery)
    batch, reading = (
        outbox.Batch(text("社保卡"), step.items),
        Reading("c1", 0, 1, [(1, text("社保卡"))], "bot"),
    )
    shown = f"{step} {batch} {reading}"

    assert "openid-1" not in shown
    assert "社保卡" not in shown
