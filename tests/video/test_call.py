"""A call goes through its table and no other way, whoever sends what in whatever order."""

import itertools
import random

import pytest

from core.errors import BangbanError, Forbidden, IllegalMove
from video.call import Call, CallEvent, CallMode, CallState, Party, next_state, step_down, step_up

E, S = CallEvent, CallState
CITIZEN, AGENT = Party.CITIZEN, Party.AGENT
VIDEO, AUDIO, TEXT = CallMode.VIDEO, CallMode.AUDIO, CallMode.TEXT

# Each line: event, then the state it leads to from ringing, consenting, connecting, live, held, ended.
GRID = """
answer              consenting  -           -           -           -      -
decline             ended       ended       -           -           -      ended
consent             ringing     connecting  connecting  live        held   -
offer               -           -           connecting  held        held   -
rejoin              -           -           connecting  held        held   -
mode                ringing     consenting  connecting  live        held   -
to_text             -           -           live        live        live   -
from_text           -           -           -           connecting  -      -
stats               -           -           connecting  live        held   ended
hangup              ended       ended       ended       ended       ended  ended
connected           -           -           connecting  live        held   ended
both_connected      -           -           live        live        live   ended
lost                ringing     consenting  held        held        held   ended
expired             ended       ended       ended       -           ended  -
conversation_ended  ended       ended       ended       ended       ended  ended
restart             ringing     consenting  held        held        held   ended
"""
ROWS = {
    (state, CallEvent(event)): cell
    for event, *cells in (line.split() for line in GRID.strip().splitlines())
    for state, cell in zip(CallState, cells, strict=True)
}

RINGING = Call.begin(CITIZEN)
CONNECTING = Call.begin(CITIZEN, answered=True).after(E.CONSENT, CITIZEN, agree=True)
LIVE = CONNECTING.after(E.CONNECTED, CITIZEN).after(E.CONNECTED, AGENT)
HELD = LIVE.after(E.LOST, CITIZEN)
ENDED = LIVE.after(E.HANGUP, AGENT)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(CallState, CallEvent)))
def test_every_pair_of_state_and_event_has_its_row_or_is_out_of_turn(state, event):
    if (cell := ROWS[state, event]) == "-":
        with pytest.raises(IllegalMove):
            next_state(state, event)
    else:
        assert next_state(state, event) is CallState(cell)


# --- how a call begins ---------------------------------------------------------------------------


def test_a_citizen_calls_the_agent_answers_and_the_citizen_consents():
    assert RINGING.state is S.RINGING
    answered = RINGING.after(E.ANSWER, AGENT)
    assert answered.state is S.CONSENTING
    assert answered.after(E.CONSENT, CITIZEN, agree=True).state is S.CONNECTING


def test_an_agent_calls_and_the_citizens_consent_picks_up():
    call = Call.begin(AGENT).after(E.CONSENT, CITIZEN, agree=True)

    assert (call.state, call.may_record) == (S.CONNECTING, True)


def test_consent_given_while_it_rings_is_not_asked_for_again():
    call = RINGING.after(E.CONSENT, CITIZEN, agree=True)

    assert call.state is S.RINGING
    assert call.after(E.ANSWER, AGENT).state is S.CONNECTING


def test_a_wish_for_video_that_an_agent_accepted_does_not_ring():
    assert Call.begin(CITIZEN, answered=True).state is S.CONSENTING


def test_a_citizen_who_refuses_the_recording_still_has_the_call():
    call = Call.begin(CITIZEN, answered=True).after(E.CONSENT, CITIZEN, agree=False)

    assert (call.state, call.may_record) == (S.CONNECTING, False)


def test_consent_can_be_withdrawn_in_the_middle_of_the_call():
    assert LIVE.may_record
    assert not LIVE.after(E.CONSENT, CITIZEN, agree=False).may_record
    assert not ENDED.may_record


def test_nothing_goes_to_the_relay_before_consent():
    for call in (RINGING, RINGING.after(E.ANSWER, AGENT)):
        for event, party in itertools.product((E.OFFER, E.REJOIN), Party):
            with pytest.raises(IllegalMove):
                call.after(event, party)


# --- who may -------------------------------------------------------------------------------------


def test_who_calls_cannot_answer_for_the_other():
    with pytest.raises(Forbidden):
        RINGING.after(E.ANSWER, CITIZEN)
    with pytest.raises(Forbidden):
        Call.begin(AGENT).after(E.ANSWER, AGENT)
    with pytest.raises(Forbidden):
        RINGING.after(E.DECLINE, CITIZEN)


def test_an_agent_cannot_consent_for_the_citizen():
    for call in (RINGING, RINGING.after(E.ANSWER, AGENT), LIVE):
        with pytest.raises(Forbidden):
            call.after(E.CONSENT, AGENT, agree=True)


@pytest.mark.parametrize("event", [E.TO_TEXT, E.FROM_TEXT, E.BOTH_CONNECTED])
def test_what_the_call_concludes_itself_cannot_be_sent(event):
    with pytest.raises(IllegalMove):
        LIVE.after(event, CITIZEN)


@pytest.mark.parametrize("event", [E.OFFER, E.HANGUP, E.MODE, E.STATS, E.CONSENT, E.ANSWER])
def test_nobody_sends_without_being_a_party(event):
    with pytest.raises(IllegalMove):
        LIVE.after(event)


# --- drop and return -----------------------------------------------------------------------------


def test_a_party_whose_network_is_gone_keeps_the_place_and_comes_back():
    assert (HELD.state, HELD.connected) == (S.HELD, {AGENT})

    back = HELD.after(E.REJOIN, CITIZEN).after(E.CONNECTED, CITIZEN)
    assert back == LIVE


def test_with_both_gone_one_back_is_not_enough():
    one = HELD.after(E.LOST, AGENT).after(E.CONNECTED, CITIZEN)

    assert one.state is S.HELD
    assert one.after(E.CONNECTED, AGENT).state is S.LIVE


@pytest.mark.parametrize("event", [E.OFFER, E.REJOIN])
def test_a_page_that_is_back_before_its_going_was_noticed_is_taken_in(event):
    again = LIVE.after(event, CITIZEN)

    assert (again.state, again.connected) == (S.HELD, {AGENT})
    assert again.after(E.CONNECTED, CITIZEN) == LIVE


def test_a_call_held_for_too_long_ends_but_not_one_that_is_back_in_time():
    assert HELD.after(E.EXPIRED).end_reason == "expired"
    with pytest.raises(IllegalMove):
        HELD.after(E.CONNECTED, CITIZEN).after(E.EXPIRED)


def test_a_restart_holds_the_call_until_both_pages_are_back():
    call = LIVE.after(E.RESTART)
    assert (call.state, call.connected, call.consent) == (S.HELD, frozenset(), True)

    for party in Party:
        call = call.after(E.REJOIN, party).after(E.CONNECTED, party)
    assert call == LIVE


def test_both_hang_up_at_once_and_the_first_is_the_reason():
    assert ENDED.after(E.HANGUP, CITIZEN) == ENDED
    assert ENDED.after(E.CONVERSATION_ENDED).end_reason == "hangup"


def test_late_news_of_media_does_not_raise_a_call_from_the_dead():
    for event, party in itertools.product((E.CONNECTED, E.LOST), Party):
        assert ENDED.after(event, party) == ENDED


# --- the ladder ----------------------------------------------------------------------------------


def test_the_ladder_goes_down_to_the_call_back_and_up_to_video():
    assert [step_down(mode) for mode in CallMode] == [AUDIO, TEXT, None]
    assert [step_up(mode) for mode in CallMode] == [None, VIDEO, AUDIO]


def test_down_the_ladder_and_up_again_is_the_same_call():
    audio = LIVE.after(E.MODE, CITIZEN, mode=AUDIO)
    text = audio.after(E.MODE, AGENT, mode=TEXT)
    assert [(call.state, call.mode) for call in (audio, text)] == [(S.LIVE, AUDIO), (S.LIVE, TEXT)]

    again = text.after(E.MODE, CITIZEN, mode=VIDEO)
    assert (again.state, again.connected, again.consent) == (S.CONNECTING, frozenset(), True)


def test_a_held_call_goes_on_in_text_without_any_network_for_media():
    text = HELD.after(E.MODE, CITIZEN, mode=TEXT)

    assert text.state is S.LIVE
    assert text.after(E.LOST, AGENT) == text == text.after(E.RESTART)


def test_media_offered_in_text_are_out_of_turn():
    text = LIVE.after(E.MODE, CITIZEN, mode=TEXT)

    for event in (E.OFFER, E.REJOIN):
        with pytest.raises(IllegalMove):
            text.after(event, CITIZEN)


def test_a_citizen_who_chooses_text_before_the_call_has_nothing_to_connect():
    call = RINGING.after(E.MODE, CITIZEN, mode=TEXT).after(E.ANSWER, AGENT)

    assert call.after(E.CONSENT, CITIZEN, agree=True).state is S.LIVE


# --- whatever order ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hundred_thousand_random_sequences_keep_what_a_call_promises():
    chance = random.Random(7)
    events, parties, modes = list(CallEvent), [CITIZEN, AGENT, None], [*CallMode, None]
    seen = set()
    for _ in range(100_000):
        call = Call.begin(chance.choice(parties[:2]), answered=chance.random() < 0.7)
        for _ in range(chance.randrange(4, 14)):
            event = chance.choice(events)
            try:
                moved = call.after(
                    event, chance.choice(parties), mode=chance.choice(modes), agree=chance.random() < 0.5
                )
            except BangbanError:
                continue  # refused: a value, so nothing can have changed
            if call.state is S.ENDED:
                assert (moved.state, moved.end_reason) == (S.ENDED, call.end_reason)
                continue
            if moved.consent and not call.consent:
                assert event is E.CONSENT
            if moved.state is S.LIVE and moved.mode is not TEXT:
                assert moved.connected == set(Party)
            if moved.state in {S.RINGING, S.CONSENTING, S.ENDED}:
                assert not moved.connected
            assert (moved.state is S.ENDED) == bool(moved.end_reason)
            call = moved
            seen.add((call.state, call.mode))
    assert {state for state, _ in seen} == set(CallState)
    assert (S.CONNECTING, TEXT) not in seen
    assert (S.HELD, TEXT) not in seen
