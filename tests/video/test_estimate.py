"""What citizens are told about their wait, and how far it is from what comes.

The bounds below are the stated error; docs/reference/queue.md gives the figures behind them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import fmean

import pytest

from core.desk_ports import ServiceTime
from tests.video.queue_simulation import Day, poisson
from video.estimate import ASSUMED_SECONDS, PICK_UP_SECONDS, EstimateError, error, usual_seconds, wait_seconds
from video.queue import AgentLoad

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def ended(*lengths, minutes_ago=1):
    return [ServiceTime(NOW - timedelta(minutes=minutes_ago), seconds) for seconds in lengths]


def busy(count, chats=1):
    return [AgentLoad(f"a{number}", chats=chats, max_chats=chats) for number in range(count)]


# --- by example ----------------------------------------------------------------------------------


def test_nobody_can_tell_when_nobody_is_at_work():
    assert wait_seconds(1, [], ended(300), NOW) is None
    assert wait_seconds(1, [AgentLoad("a", available=False)], ended(300), NOW) is None


def test_where_there_is_room_the_wait_is_the_time_to_pick_up():
    assert wait_seconds(1, [AgentLoad("a")], ended(300), NOW) == PICK_UP_SECONDS
    assert wait_seconds(3, [AgentLoad("a", max_chats=3)], ended(300), NOW) == PICK_UP_SECONDS


def test_twice_the_agents_halve_the_wait_and_twice_the_place_doubles_it():
    times = ended(*[400.0] * 100)

    def waiting(place, agents):
        return wait_seconds(place, busy(agents), times, NOW) - PICK_UP_SECONDS

    assert waiting(4, 2) == pytest.approx(2 * waiting(4, 4)) == pytest.approx(2 * waiting(2, 2))


def test_those_who_give_up_make_it_shorter():
    times = ended(*[400.0] * 100)

    assert wait_seconds(9, busy(2), times, NOW, leaving=0.5) < wait_seconds(9, busy(2), times, NOW)


def test_an_agent_over_the_limit_still_ends_all_that_are_in_hand():
    over = AgentLoad("a", chats=4, max_chats=3)

    assert wait_seconds(1, [over], (), NOW) == PICK_UP_SECONDS + ASSUMED_SECONDS / 4


def test_before_anything_has_happened_a_usual_length_is_assumed():
    assert usual_seconds((), NOW) == ASSUMED_SECONDS


def test_what_happened_lately_weighs_more_than_what_happened_long_ago():
    times = ended(*[200.0] * 50, minutes_ago=1) + ended(*[900.0] * 50, minutes_ago=600)

    assert 200 < usual_seconds(times, NOW) < 300


def test_a_conversation_that_somebody_forgot_to_close_does_not_spoil_the_day():
    assert usual_seconds(ended(*[300.0] * 40, 40_000.0), NOW) < 400


def test_a_clock_that_went_back_does_no_harm():
    assert usual_seconds([ServiceTime(NOW + timedelta(hours=9), 300.0)], NOW) > 0


def test_the_error_says_how_far_off_which_way_and_how_often():
    measured = error([100, 300, 1000], [100, 200, 1300])

    assert measured == EstimateError(
        count=3,
        mean_absolute=pytest.approx(400 / 3),
        median_absolute=100,
        worst_tenth=100,
        bias=pytest.approx(-200 / 3),
        held=pytest.approx(1 / 3),
        kept=pytest.approx(2 / 3),
    )
    assert measured.as_json()["mean_absolute"] == 133.333
    assert error([], []) == EstimateError()
    with pytest.raises(ValueError, match="zip"):
        error([1], [])


# --- against simulated days ----------------------------------------------------------------------


@dataclass(frozen=True)
class Bound:
    """What is promised of a kind of day: error over mean wait, and how many are reached as told."""

    relative: float
    kept: float


@cache
def simulated(kind):
    told, came = [], []
    for seed in (1, 2, 3) if kind != "300 at once" else (1,):
        day = DAYS[kind][0](seed).run()
        told += day.told
        came += day.came
    return error(told, came), came


def agents(count, chats=1):
    return [AgentLoad(f"a{number}", max_chats=chats) for number in range(count)]


DAYS = {
    "calm": (lambda s: Day(poisson(27, 8, s), agents(5), seed=s), Bound(0.5, 0.93)),
    "busy": (lambda s: Day(poisson(43, 8, s), agents(5), seed=s), Bound(0.3, 0.85)),
    "more come than can be served": (lambda s: Day(poisson(54, 3, s), agents(5), seed=s), Bound(0.25, 0.85)),
    "three chats at once": (lambda s: Day(poisson(128, 8, s), agents(5, 3), seed=s), Bound(0.3, 0.88)),
    "lengths that differ widely": (
        lambda s: Day(poisson(43, 8, s), agents(5), spread=1.0, seed=s),
        Bound(0.4, 0.7),
    ),
    "a third are elderly": (
        lambda s: Day(poisson(43, 8, s), agents(5), elderly=0.33, seed=s),
        Bound(0.4, 0.7),
    ),
    "a quarter give up": (
        lambda s: Day(poisson(54, 4, s), agents(5), patience=1200, leaving=0.25, seed=s),
        Bound(0.4, 0.75),
    ),
    "300 at once": (lambda s: Day([n * 0.05 for n in range(300)], agents(5, 3), seed=s), Bound(0.25, 0.9)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAYS)
def test_the_error_stays_within_what_is_stated(kind):
    measured, came = simulated(kind)
    bound = DAYS[kind][1]

    assert measured.mean_absolute <= bound.relative * fmean(came), measured
    assert measured.kept >= bound.kept, measured


@pytest.mark.parametrize(
    "kind", ["busy", "more come than can be served", "three chats at once", "300 at once"]
)
def test_it_beats_telling_everybody_the_average_of_the_day(kind):
    measured, came = simulated(kind)
    average = error([fmean(came)] * len(came), came)

    assert measured.mean_absolute < 0.7 * average.mean_absolute


def test_of_three_hundred_who_come_at_once_each_is_taken_in_order():
    day = Day([number * 0.05 for number in range(300)], agents(5, 3)).run()

    assert day.taken == [f"{number:05}" for number in range(300)]
