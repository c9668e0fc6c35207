"""The queue's policy by example."""

from datetime import UTC, datetime, timedelta

import pytest

from video.queue import (
    APPOINTMENT,
    ELDERLY_OR_DISABLED,
    OTHERS,
    STEP,
    AgentLoad,
    Skills,
    Waiting,
    assign,
    can_take,
    in_order,
    next_for,
    position,
    positions,
)

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LI = AgentLoad("li")
ANYONE = Skills()


def minutes_ago(minutes):
    return NOW - timedelta(minutes=minutes)


def person(name, minutes=0, *, skills=ANYONE, priority=OTHERS, **more):
    return Waiting(name, skills, priority, minutes_ago(minutes), **more)


def order(*waiting, now=NOW):
    return [each.handover_id for each in in_order(waiting, now)]


# --- the order -----------------------------------------------------------------------------------


def test_first_come_first_served_within_a_class():
    assert order(person("b", 1), person("a", 2), person("c", 0)) == ["a", "b", "c"]


def test_classes_go_dropped_then_appointment_then_elderly_then_others():
    waiting = [
        person("other", 4),
        person("elderly", 3, priority=ELDERLY_OR_DISABLED),
        person("appointment", 600, due=minutes_ago(2)),
        person("dropped", 1, kept_place=True),
    ]

    assert order(*waiting) == ["dropped", "appointment", "elderly", "other"]


def test_an_elderly_person_goes_before_those_who_came_shortly_before_but_not_before_a_long_wait():
    elderly = person("elderly", 0, priority=ELDERLY_OR_DISABLED)

    assert order(person("other", 14), elderly) == ["elderly", "other"]
    assert order(person("other", 16), elderly) == ["other", "elderly"]


def test_nobody_who_comes_three_steps_later_goes_first():
    for priority in range(3):
        latecomer = person("late", 0, priority=priority, kept_place=priority == 0)
        assert order(latecomer, person("patient", 46))[0] == "patient"


def test_the_order_never_changes_by_the_passing_of_time_alone():
    waiting = [person(f"{p}-{m}", m, priority=p) for p in range(4) for m in range(0, 60, 7)]

    assert order(*waiting) == order(*waiting, now=NOW + timedelta(hours=5))


def test_a_transferred_citizen_goes_before_all_whom_they_were_before():
    elderly = person("elderly", 20, priority=ELDERLY_OR_DISABLED)
    others = [person("a", 19), person("b", 66), person("c", 1, priority=APPOINTMENT)]
    was_before = set(order(elderly, *others)[order(elderly, *others).index("elderly") + 1 :])

    back = person("elderly", 20, priority=ELDERLY_OR_DISABLED, kept_place=True)
    after = order(back, *others)

    assert was_before <= set(after[after.index("elderly") + 1 :])
    assert after[0] == "b"  # 45 minutes longer in the queue: went first before, goes first still


def test_a_kept_place_goes_first_where_turns_are_equal():
    assert order(person("a", 15), person("z", 15, kept_place=True)) == ["z", "a"]
    assert order(person("a", 15, priority=0), person("z", 15, kept_place=True)) == ["z", "a"]


def test_an_appointment_is_not_in_the_line_before_its_time():
    later = person("booked", 600, due=NOW + timedelta(minutes=1))

    assert order(later) == []
    assert position([later], "booked", NOW) is None
    assert not can_take(LI, later, NOW)
    assert order(later, now=NOW + timedelta(minutes=1)) == ["booked"]


def test_an_appointment_made_long_ago_counts_from_its_time_and_not_from_its_making():
    booked = person("booked", 6000, due=minutes_ago(0))

    assert order(booked, person("patient", 31)) == ["patient", "booked"]
    assert order(booked, person("other", 29)) == ["booked", "other"]


# --- who fits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("need", "agent", "fit"),
    [
        (Skills(), AgentLoad("a", departments=frozenset({"公安"})), True),
        (Skills(department="公安"), AgentLoad("a"), True),
        (Skills(department="公安"), AgentLoad("a", departments=frozenset({"公安", "人社"})), True),
        (Skills(department="医保"), AgentLoad("a", departments=frozenset({"公安"})), False),
        (Skills(district="朝阳区"), AgentLoad("a", districts=frozenset({"绿园区"})), False),
        (Skills(language="ko"), AgentLoad("a", languages=frozenset({"zh"})), False),
        (Skills(language="ko"), AgentLoad("a", languages=frozenset({"zh", "ko"})), True),
        (Skills(video=True), AgentLoad("a", video=False), False),
        (Skills(video=True), AgentLoad("a", chats=1, calls=1), False),
        (Skills(video=True), AgentLoad("a", chats=1), True),
        (Skills(), AgentLoad("a", chats=1, calls=1), True),
        (Skills(), AgentLoad("a", chats=3), False),
        (Skills(), AgentLoad("a", available=False), False),
    ],
)
def test_an_agent_takes_whom_skills_and_load_allow(need, agent, fit):
    waiting = person("x", skills=need)

    assert can_take(agent, waiting, NOW) is fit
    assert (next_for(agent, [waiting], NOW) is not None) is fit


def test_an_agent_passes_over_only_those_for_whom_the_agent_is_not_the_right_one():
    police = AgentLoad("p", departments=frozenset({"公安"}))
    waiting = [person("medical", 9, skills=Skills(department="医保")), person("police", 1)]

    assert next_for(police, waiting, NOW) == waiting[1]
    assert next_for(LI, waiting, NOW) == waiting[0]


def test_a_citizen_transferred_to_an_agent_waits_for_that_one_and_then_for_anyone():
    sent = person(
        "x", skills=Skills(department="医保"), reserved_for="wang", reserved_until=NOW + timedelta(minutes=2)
    )
    wang = AgentLoad("wang", departments=frozenset({"公安"}))  # the colleague who sends knows better

    assert not can_take(LI, sent, NOW)
    assert can_take(wang, sent, NOW)
    assert can_take(LI, sent, NOW + timedelta(minutes=2))


# --- places --------------------------------------------------------------------------------------


def test_places_count_from_one_in_the_order_of_turns():
    waiting = [person("c", 1), person("a", 3), person("b", 2)]

    assert positions(waiting, NOW) == {"a": 1, "b": 2, "c": 3}
    assert position(waiting, "nobody", NOW) is None


def test_those_who_need_other_agents_are_not_counted_before_one():
    agents = [
        AgentLoad("p", departments=frozenset({"公安"})),
        AgentLoad("m", departments=frozenset({"医保"})),
    ]
    waiting = [
        person("p1", 9, skills=Skills(department="公安")),
        person("m1", 8, skills=Skills(department="医保")),
        person("any", 7),
        person("p2", 6, skills=Skills(department="公安")),
        person("nobody", 5, skills=Skills(department="税务")),
    ]

    assert positions(waiting, NOW, agents) == {"p1": 1, "m1": 1, "any": 3, "p2": 3, "nobody": 5}


# --- who with whom -------------------------------------------------------------------------------


def test_citizens_are_spread_over_the_least_busy_agents():
    agents = [AgentLoad("a", chats=1), AgentLoad("b"), AgentLoad("c", chats=2)]

    assert assign(agents, [person("1", 4), person("2", 3)], NOW) == [("1", "b"), ("2", "a")]


def test_of_equally_busy_agents_the_specialist_goes_first():
    agents = [AgentLoad("all"), AgentLoad("police", departments=frozenset({"公安"}))]

    assert assign(agents, [person("1", skills=Skills(department="公安"))], NOW) == [("1", "police")]


def test_a_citizen_changes_the_agent_before_somebody_is_left_waiting():
    korean = AgentLoad("korean", languages=frozenset({"zh", "ko"}), max_chats=1)
    chinese = AgentLoad("zz-chinese", languages=frozenset({"zh"}), max_chats=1)
    waiting = [person("zh", 5, skills=Skills(language="zh")), person("ko", 4, skills=Skills(language="ko"))]

    assert assign([korean, chinese], waiting, NOW) == [("zh", "zz-chinese"), ("ko", "korean")]


def test_an_agent_gets_one_call_and_chats_beside_it():
    waiting = [
        person("text", 9),
        person("call", 8, skills=Skills(video=True)),
        person("second call", 7, skills=Skills(video=True)),
        person("text 2", 6),
        person("text 3", 5),
    ]

    assert [who for who, _ in assign([LI], waiting, NOW)] == ["text", "call", "text 2"]


def test_nobody_is_assigned_when_nobody_is_there():
    assert assign([], [person("1")], NOW) == []
    assert assign([LI], [], NOW) == []
    assert assign([AgentLoad("a", available=False)], [person("1")], NOW) == []


def test_three_hundred_citizens_at_once_are_taken_by_five_agents_in_order():
    waiting = [Waiting(f"{n:03}", Skills(), OTHERS, NOW + timedelta(milliseconds=n)) for n in range(300)]
    agents = [AgentLoad(name) for name in "abcde"]
    taken = []
    for _ in range(20):
        round_ = assign(agents, waiting, NOW)
        taken += [who for who, _ in round_]
        gone = {who for who, _ in round_}
        assert sorted(positions(waiting, NOW)[who] for who in gone) == list(range(1, 16))
        waiting = [each for each in waiting if each.handover_id not in gone]

    assert taken == [f"{n:03}" for n in range(300)]


def test_the_step_is_the_callers_to_choose():
    waiting = [person("other", 6), person("elderly", 0, priority=ELDERLY_OR_DISABLED)]

    assert next_for(LI, waiting, NOW).handover_id == "elderly"
    assert next_for(LI, waiting, NOW, timedelta(minutes=5)).handover_id == "other"
    assert timedelta(minutes=15) == STEP
    assert waiting[0].priority == OTHERS
