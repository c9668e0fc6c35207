"""What an agent has to know of a WeChat user: what may be sent, until when, and what waits."""

from datetime import timedelta

import pytest

from connectors.wechat.outbox import Rules
from connectors.wechat.quota import GrantKind, Ledger, Limits
from connectors.wechat.standing import standing
from core.outbox_ports import ChannelUser, ItemState, OutgoingItem
from tests.fakes import ManualClock

NOW = ManualClock()()
RULES = Rules(Limits(margin=0))
WAITING, SENDING, UNCLEAR = ItemState.WAITING, ItemState.SENDING, ItemState.UNCLEAR


def a_user(*, spoke_ago: float | None = 60, spent: int = 0, **more) -> ChannelUser:
    ledger = Ledger(RULES.limits)
    if spoke_ago is not None:
        ledger = ledger.grant(GrantKind.MESSAGE, NOW.timestamp() - spoke_ago)
    for _ in range(spent):
        ledger = ledger.spend(NOW.timestamp() - 1)
    return ChannelUser("hall", "o1", "c1", ledger=ledger.as_json(), **more)


def an_item(number: int, state: ItemState = WAITING, *, of: int = 0) -> OutgoingItem:
    return OutgoingItem({"type": "text", "text": "一"}, number, sequence=of or number, state=state)


@pytest.mark.parametrize(("spent", "left"), [(0, 5), (2, 3), (5, 0), (9, 0)])
def test_each_message_that_was_sent_leaves_one_less(spent, left):
    assert standing(a_user(spent=spent), [], RULES, NOW).left == left


def test_it_holds_for_48_hours_from_what_the_user_said_last():
    found = standing(a_user(spoke_ago=3600), [], RULES, NOW)

    assert found.until == NOW + timedelta(hours=47)
    assert found.until.tzinfo is not None


@pytest.mark.parametrize("user", [a_user(spent=5), a_user(spoke_ago=48 * 3600 + 1), a_user(spoke_ago=None)])
def test_without_anything_left_there_is_no_end_of_it(user):
    found = standing(user, [], RULES, NOW)

    assert (found.left, found.until) == (0, None)


def test_what_waits_is_counted_apart_from_what_is_on_its_way():
    found = standing(a_user(), [an_item(1, SENDING), an_item(2), an_item(3)], RULES, NOW)

    assert (found.sending, found.waiting) == (1, 2)


def test_the_events_that_wait_are_named_once_however_many_parts_they_have():
    items = [an_item(1, SENDING, of=7), an_item(2, of=8), an_item(3, of=8), an_item(4, of=11)]

    assert standing(a_user(), items, RULES, NOW).waiting_events == (8, 11)


def test_what_may_not_have_arrived_is_said_until_the_user_was_told_where_to_read_all():
    assert standing(a_user(lost_track=True), [], RULES, NOW).lost_track
    assert not standing(a_user(), [], RULES, NOW).lost_track


def test_who_is_known_can_be_reached():
    assert standing(a_user(spoke_ago=None), [], RULES, NOW).reachable
