"""Two browsers agree on a connection of their own: each word in its turn, by the page whose turn it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BodyTooLarge, Forbidden, OutOfTurn
from video.call import Party
from video.direct import MOST_CANDIDATES, Exchange, Turn

CITIZEN, AGENT = Party.CITIZEN, Party.AGENT
PAGES = {CITIZEN: "c-page", AGENT: "a-page"}


def said(exchange: Exchange, word: str, party: Party, *, page: str = "", round_: str = "r1") -> Exchange:
    page = page or PAGES[party]
    match word:
        case "ready":
            return exchange.ready(party, page, round_id=round_)
        case "offer":
            return exchange.offered(party, page, round_)
        case "answer":
            return exchange.answered(party, page, round_)
        case "candidate":
            return exchange.named(party, page, round_)
        case "up":
            return exchange.reported(party, page, round_, connected=True)
    return exchange.reported(party, page, round_, connected=False)


def after(*words: tuple[str, Party]) -> Exchange:
    exchange = Exchange()
    for word, party in words:
        exchange = said(exchange, word, party)
    return exchange


ONE_READY = (("ready", AGENT),)
READY = (("ready", AGENT), ("ready", CITIZEN))
OFFERED = (*READY, ("offer", AGENT))
SETTLED = (*OFFERED, ("answer", CITIZEN))


@pytest.mark.parametrize(
    ("before", "word", "party", "turn"),
    [
        ((), "ready", AGENT, Turn.READY),
        ((), "ready", CITIZEN, Turn.READY),
        (ONE_READY, "ready", AGENT, Turn.READY),
        (ONE_READY, "ready", CITIZEN, Turn.OFFER),
        (READY, "offer", AGENT, Turn.ANSWER),
        (OFFERED, "answer", CITIZEN, Turn.SETTLED),
        (OFFERED, "candidate", AGENT, Turn.ANSWER),
        (SETTLED, "candidate", AGENT, Turn.SETTLED),
        (SETTLED, "candidate", CITIZEN, Turn.SETTLED),
        (SETTLED, "up", AGENT, Turn.SETTLED),
        (SETTLED, "down", CITIZEN, Turn.SETTLED),
        (OFFERED, "ready", CITIZEN, Turn.OFFER),
        (SETTLED, "ready", AGENT, Turn.OFFER),
    ],
)
def test_each_word_has_its_turn(before, word, party, turn):
    assert said(after(*before), word, party).turn is turn


@pytest.mark.parametrize(
    ("before", "word", "party"),
    [
        (READY, "candidate", AGENT),
        (READY, "candidate", CITIZEN),
        (READY, "answer", CITIZEN),
        (READY, "up", AGENT),
        (OFFERED, "offer", AGENT),
        (OFFERED, "candidate", CITIZEN),
        (OFFERED, "up", CITIZEN),
        (SETTLED, "offer", AGENT),
        (SETTLED, "answer", CITIZEN),
        (ONE_READY, "offer", AGENT),
    ],
)
def test_what_is_out_of_turn_is_refused(before, word, party):
    with pytest.raises(OutOfTurn):
        said(after(*before), word, party)


@pytest.mark.parametrize("before", [READY, OFFERED, SETTLED])
@pytest.mark.parametrize(("word", "party"), [("offer", CITIZEN), ("answer", AGENT)])
def test_nobody_speaks_the_others_part(before, word, party):
    with pytest.raises(Forbidden):
        said(after(*before), word, party)


@pytest.mark.parametrize("word", ["candidate", "up", "down"])
def test_a_page_that_another_has_replaced_is_not_believed(word):
    exchange = after(*SETTLED)

    with pytest.raises(Forbidden):
        said(exchange, word, CITIZEN, page="an older page")


@pytest.mark.parametrize(
    ("before", "word", "party"),
    [(READY, "offer", AGENT), (OFFERED, "answer", CITIZEN), (SETTLED, "candidate", AGENT)],
)
def test_a_word_of_a_round_that_is_over_is_refused(before, word, party):
    with pytest.raises(OutOfTurn):
        said(after(*before), word, party, round_="r0")


def test_the_same_pages_look_for_a_new_path_and_keep_their_connection():
    again = after(*SETTLED).ready(CITIZEN, PAGES[CITIZEN], round_id="r2")

    assert (again.round, again.turn, again.fresh) == ("r2", Turn.OFFER, False)
    assert again.connected == frozenset()


@pytest.mark.parametrize("party", [CITIZEN, AGENT])
def test_a_page_that_was_loaded_anew_has_both_begin_afresh(party):
    assert after(*SETTLED).ready(party, "another page", round_id="r2").fresh


@pytest.mark.parametrize("before", [READY, OFFERED, SETTLED])
def test_who_takes_the_place_of_a_party_that_left_begins_afresh_and_its_page_says_no_more(before):
    left = after(*before).left(AGENT)

    with pytest.raises(Forbidden):
        said(left, "up", AGENT)
    with pytest.raises(OutOfTurn):
        said(left, "up", CITIZEN)
    assert left.connected == frozenset()
    again = left.ready(AGENT, PAGES[AGENT], round_id="r2")
    assert (again.turn, again.fresh) == (Turn.OFFER, True)


def test_a_fresh_round_that_came_to_nothing_is_followed_by_a_fresh_one():
    half = after(*SETTLED).ready(CITIZEN, "another page", round_id="r2").offered(AGENT, PAGES[AGENT], "r2")

    assert half.ready(AGENT, PAGES[AGENT], round_id="r3").fresh


def test_a_connection_stands_when_both_say_so_and_is_lost_for_both_when_one_does():
    one = said(after(*SETTLED), "up", AGENT)
    both = said(one, "up", CITIZEN)

    assert one.connected == {AGENT}
    assert both.connected == {AGENT, CITIZEN}
    assert said(both, "down", CITIZEN).connected == frozenset()


def test_no_page_names_more_addresses_than_a_browser_has():
    exchange = after(*SETTLED)
    for _ in range(MOST_CANDIDATES):
        exchange = said(exchange, "candidate", CITIZEN)

    with pytest.raises(BodyTooLarge):
        said(exchange, "candidate", CITIZEN)
    assert said(exchange, "candidate", AGENT).candidates[AGENT] == 1
    assert exchange.ready(AGENT, PAGES[AGENT], round_id="r2").candidates == {}


WORDS = st.tuples(
    st.sampled_from(["ready", "offer", "answer", "candidate", "up", "down"]),
    st.sampled_from([CITIZEN, AGENT]),
    st.sampled_from(["c-page", "a-page", "forged"]),
    st.sampled_from(["r0", "r1", "r2"]),
)


@given(st.lists(WORDS, max_size=40))
def test_whatever_is_said_nothing_is_handed_on_that_nobody_waits_for(words):
    exchange = Exchange()
    for word, party, page, round_ in words:
        before = exchange
        try:
            exchange = said(exchange, word, party, page=page, round_=round_)
        except (Forbidden, OutOfTurn, BodyTooLarge):
            assert exchange == before
            continue
        if word != "ready":
            assert before.pages == {**before.pages, party: page}
            assert before.round == round_
            assert before.pages.keys() == {CITIZEN, AGENT}
        assert exchange.connected <= (exchange.pages.keys() if exchange.turn is Turn.SETTLED else set())
