"""What was seen on the page isn't said in WeChat as well."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.wechat.seen import is_answering, seen
from core.outbox_ports import ChannelUser, ItemState, Outbox, OutgoingItem
from tests.fakes import ManualClock

NOW = ManualClock()()
USER = ChannelUser("city", "o1", "c1", read_to=6)


def a_box(*sequences: int, user: ChannelUser = USER) -> Outbox:
    items = [OutgoingItem({"type": "text"}, number=n, sequence=s) for n, s in enumerate(sequences, start=1)]
    return Outbox(user, items)


def seen_of(box: Outbox, sequence: int) -> list[int]:
    """The numbers of the items that count as seen."""
    made = seen("c1", sequence, NOW)(box)
    assert {item.state for item in made.items} <= {ItemState.SEEN}
    return [item.number for item in made.items]


@pytest.mark.parametrize(
    ("sequence", "numbers"), [(0, []), (3, []), (4, [1, 2]), (5, [1, 2, 3]), (6, [1, 2, 3])]
)
def test_what_waits_from_events_that_were_shown_is_not_sent_any_more(sequence, numbers):
    assert seen_of(a_box(4, 4, 5), sequence) == numbers


def test_what_is_being_sent_stays_as_it_is():
    box = a_box(4, 5)
    sending = replace(box, items=[replace(box.items[0], state=ItemState.SENDING), box.items[1]])

    assert seen_of(sending, 6) == [2]


@pytest.mark.parametrize("sequence", [7, 10**400])
def test_who_saw_more_than_there_is_saw_nothing(sequence):
    assert seen_of(a_box(4, 5), sequence) == []


def test_another_conversation_says_nothing_about_this_one():
    assert seen("c2", 6, NOW)(a_box(4, 5)).items == ()


def test_who_just_asked_in_wechat_is_answered_there():
    answering = replace(USER, answering_until=NOW + timedelta(seconds=1), lost_track=True)
    made = seen("c1", 6, NOW)(a_box(4, 5, user=answering))

    assert is_answering(answering, NOW)
    assert (made.user, made.items) == (answering, ())
    assert seen_of(a_box(4, 5, user=replace(answering, answering_until=NOW)), 6) == [1, 2]


@pytest.mark.parametrize(("sequence", "lost"), [(5, True), (6, False)])
def test_who_saw_everything_has_lost_track_of_nothing(sequence, lost):
    made = seen("c1", sequence, NOW)(a_box(4, user=replace(USER, lost_track=True)))

    assert made.user == replace(USER, lost_track=lost)
