"""Exactly one party holds a conversation, whatever happens in whatever order."""

import itertools
import random

import pytest

from core.errors import Conflict, IllegalMove
from core.statuses import Holder
from video.holding import Holding, HoldingEvent, bot_is_silent, next_holder, possible

BOT, QUEUE, AGENT = Holder.BOT, Holder.QUEUE, Holder.AGENT
E = HoldingEvent

ROWS = {
    (BOT, E.ASK_FOR_PERSON): QUEUE,
    (QUEUE, E.ACCEPT): AGENT,
    (QUEUE, E.LEAVE): BOT,
    (QUEUE, E.EXPIRE): BOT,
    (QUEUE, E.CALL_BACK): BOT,
    (QUEUE, E.MESSAGE_LEFT): BOT,
    (AGENT, E.HAND_BACK): BOT,
    (AGENT, E.CLOSE): BOT,
    (AGENT, E.CITIZEN_GONE): BOT,
    (AGENT, E.TRANSFER): QUEUE,
    (AGENT, E.AGENT_LOST): QUEUE,
    (AGENT, E.TAKE_OVER): AGENT,
    (BOT, E.RESTART): BOT,
    (QUEUE, E.RESTART): QUEUE,
    (AGENT, E.RESTART): AGENT,
}

IN_QUEUE = Holding(QUEUE)
WITH_LI = Holding(AGENT, "li")


@pytest.mark.parametrize(("holder", "event"), list(itertools.product(Holder, HoldingEvent)))
def test_every_pair_of_holder_and_event_has_its_row_or_is_refused(holder, event):
    if (holder, event) in ROWS:
        assert next_holder(holder, event) is ROWS[holder, event]
        assert event in possible(holder)
    else:
        with pytest.raises(IllegalMove):
            next_holder(holder, event)
        assert event not in possible(holder)


def test_a_refused_move_is_a_conflict_for_the_edge():
    assert issubclass(IllegalMove, Conflict)
    assert (IllegalMove.status, IllegalMove.code) == (409, "illegal_move")


def test_the_bot_is_silent_unless_it_holds_the_conversation():
    assert [bot_is_silent(holder) for holder in (BOT, QUEUE, AGENT)] == [False, True, True]


# --- races -------------------------------------------------------------------------------------


def test_of_two_agents_who_accept_the_second_is_refused():
    held = IN_QUEUE.after(E.ACCEPT, agent="li")

    with pytest.raises(IllegalMove):
        held.after(E.ACCEPT, agent="wang")
    assert held == WITH_LI


def test_an_agent_who_accepts_after_the_citizen_left_is_refused():
    left = IN_QUEUE.after(E.LEAVE)

    with pytest.raises(IllegalMove):
        left.after(E.ACCEPT, agent="li")


def test_a_citizen_who_leaves_after_an_agent_accepted_goes_by_citizen_gone():
    with pytest.raises(IllegalMove):
        WITH_LI.after(E.LEAVE)
    assert WITH_LI.after(E.CITIZEN_GONE) == Holding(BOT)


def test_a_wait_that_expires_while_an_agent_accepts_ends_one_way_only():
    with pytest.raises(IllegalMove):
        IN_QUEUE.after(E.ACCEPT, agent="li").after(E.EXPIRE)
    with pytest.raises(IllegalMove):
        IN_QUEUE.after(E.EXPIRE).after(E.ACCEPT, agent="li")


def test_a_citizen_whose_agent_is_lost_waits_again_with_the_place_kept():
    assert WITH_LI.after(E.AGENT_LOST) == Holding(QUEUE, kept_place=True)


def test_a_transferred_citizen_waits_again_with_the_place_kept():
    assert WITH_LI.after(E.TRANSFER, agent="li") == Holding(QUEUE, kept_place=True)


def test_an_agent_lost_while_closing_closes_or_loses_but_not_both():
    with pytest.raises(IllegalMove):
        WITH_LI.after(E.CLOSE, agent="li").after(E.AGENT_LOST)
    with pytest.raises(IllegalMove):
        WITH_LI.after(E.AGENT_LOST).after(E.CLOSE, agent="li")


def test_an_agent_who_comes_back_after_being_lost_no_longer_acts_for_the_next_one():
    with_wang = WITH_LI.after(E.AGENT_LOST).after(E.ACCEPT, agent="wang")

    for event in (E.HAND_BACK, E.CLOSE, E.TRANSFER):
        with pytest.raises(IllegalMove):
            with_wang.after(event, agent="li")


@pytest.mark.parametrize("held", [Holding(), IN_QUEUE, Holding(QUEUE, kept_place=True), WITH_LI])
def test_a_restart_leaves_everybody_where_they_were(held):
    assert held.after(E.RESTART) == held


def test_a_supervisor_takes_over_without_a_moment_in_which_nobody_holds():
    taken = WITH_LI.after(E.TAKE_OVER, agent="zhao")

    assert taken == Holding(AGENT, "zhao")
    with pytest.raises(IllegalMove):
        taken.after(E.CLOSE, agent="li")


def test_asking_twice_for_a_person_is_refused_by_the_table():
    with pytest.raises(IllegalMove):
        IN_QUEUE.after(E.ASK_FOR_PERSON)


@pytest.mark.parametrize("event", [E.ACCEPT, E.TAKE_OVER])
def test_nobody_accepts_without_a_name(event):
    with pytest.raises(IllegalMove):
        (IN_QUEUE if event is E.ACCEPT else WITH_LI).after(event)


@pytest.mark.parametrize(
    "wrong",
    [
        {"holder": AGENT},
        {"holder": BOT, "agent": "li"},
        {"holder": QUEUE, "agent": "li"},
        {"holder": BOT, "kept_place": True},
    ],
)
def test_a_double_or_missing_holder_cannot_even_be_written_down(wrong):
    with pytest.raises(ValueError, match=r"exactly|only"):
        Holding(**wrong)


# --- whatever order ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hundred_thousand_random_sequences_never_lose_a_conversation_or_hold_it_twice():
    chance = random.Random(3)
    events, names = list(HoldingEvent), ["li", "wang", "zhao", ""]
    moves = 0
    for _ in range(100_000):
        held = Holding()
        for _ in range(chance.randrange(4, 16)):
            event, name = chance.choice(events), chance.choice(names)
            try:
                moved = held.after(event, agent=name)
            except IllegalMove:
                continue  # refused: nothing has changed
            assert moved.holder is ROWS[held.holder, event]
            assert (moved.holder is AGENT) == bool(moved.agent)
            assert moved.agent in {"", held.agent, name}
            held, moves = moved, moves + 1
        # Never lost: from wherever it ended there is a way back to the bot.
        assert held.holder is BOT or {E.LEAVE, E.CITIZEN_GONE} & possible(held.holder)
    assert moves > 150_000  # not all were refused


def test_writers_who_compare_what_they_read_move_a_conversation_one_at_a_time():
    # Each reads, decides and writes later; the store takes a write only over what was read.
    chance = random.Random(4)
    for _ in range(20_000):
        stored = IN_QUEUE
        plans = [(E.ACCEPT, "li"), (E.ACCEPT, "wang"), (E.LEAVE, ""), (E.EXPIRE, "")]
        chance.shuffle(plans)
        read = [stored] * len(plans)
        done = []
        for before, (event, name) in zip(read, plans, strict=True):
            if before == stored:
                stored = before.after(event, agent=name)
                done.append(event)
            else:
                with pytest.raises(IllegalMove):
                    stored.after(event, agent=name)
        assert len(done) == 1
