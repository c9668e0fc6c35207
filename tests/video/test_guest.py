"""The table of a call's third party."""

import pytest

from core.errors import IllegalMove
from video.guest import PATIENCE, GuestEvent, GuestState, next_guest_state

S, E = GuestState, GuestEvent


def after(*events, state=S.INVITED):
    for event in events:
        state = next_guest_state(state, event)
    return state


def test_a_guest_arrives_agrees_and_connects():
    assert after(E.ARRIVE, E.AGREE, E.OFFER, E.CONNECTED) is S.JOINED


@pytest.mark.parametrize("before", [(), (E.ARRIVE,)])
def test_nobody_connects_before_agreeing_to_be_recorded(before):
    with pytest.raises(IllegalMove):
        after(*before, E.OFFER)


@pytest.mark.parametrize(
    "before",
    [
        (E.ARRIVE,),
        (E.ARRIVE, E.AGREE),
        (E.ARRIVE, E.AGREE, E.CONNECTED),
        (E.ARRIVE, E.AGREE, E.CONNECTED, E.LOST),
    ],
)
def test_who_refuses_to_be_recorded_is_out_at_any_time(before):
    assert after(*before, E.REFUSE) is S.ENDED


def test_a_link_is_used_once():
    with pytest.raises(IllegalMove):
        after(E.ARRIVE, E.ARRIVE)


def test_who_loses_the_network_keeps_the_place_and_comes_back():
    assert after(E.ARRIVE, E.AGREE, E.CONNECTED, E.LOST) is S.AWAY
    assert after(E.OFFER, E.CONNECTED, state=S.AWAY) is S.JOINED


@pytest.mark.parametrize("event", [E.LEAVE, E.REMOVE, E.CALL_ENDED])
@pytest.mark.parametrize("state", [each for each in S if each is not S.ENDED])
def test_everybody_can_go_from_everywhere(state, event):
    assert next_guest_state(state, event) is S.ENDED


@pytest.mark.parametrize("event", list(E))
def test_an_end_is_for_good(event):
    with pytest.raises(IllegalMove):
        next_guest_state(S.ENDED, event)


@pytest.mark.parametrize("state", [each for each in S if each is not S.ENDED])
def test_a_restart_keeps_every_guest_and_takes_every_connection(state):
    assert next_guest_state(state, E.RESTART) not in {S.JOINED, S.ENDED}


@pytest.mark.parametrize("state", list(S))
def test_exactly_those_expire_whose_patience_is_limited(state):
    try:
        expires = next_guest_state(state, E.EXPIRED) is S.ENDED
    except IllegalMove:
        expires = False
    assert expires == (state in PATIENCE)
