"""The queue's promises over random events: nobody lost, held twice, starved, or told a wrong place.

The bound on waiting that is proved here: while citizen X of class r waits, an agent who could take X
takes others only with an earlier turn. Those have joined no later than r × 15 minutes after X (at most
45), so from then on their number only falls: each is taken once, and once more for each time that a
transfer, a lost agent or a call-back brings them back. With n such others and m returns X is reached
after at most n + m conversations begun by agents who could take X.
"""

import random
from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from tests.video.queue_world import AGENTS, DEPARTMENTS, EVENTS, START, World
from video.queue import OTHERS, STEP, AgentLoad, Skills, Waiting, assign, can_take, in_order, next_for


def run(sequences, seed, steps=(6, 22)):
    chance = random.Random(seed)
    happened, taken = Counter(), 0
    for _ in range(sequences):
        world = World(chance)
        for _ in range(chance.randrange(*steps)):
            world.step()
        happened += world.happened
        taken += world.taken
    return happened, taken


def test_random_sequences_keep_every_promise():
    happened, taken = run(1_500, seed=11)

    assert set(happened) == set(EVENTS)  # none of the races was merely refused
    assert taken > 1_000


def test_long_days_keep_every_promise():
    run(10, seed=12, steps=(250, 251))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_thousand_random_sequences_keep_every_promise(seed):
    run(10_000, seed=100 + seed)


# --- no starvation, against the worst that can come ----------------------------------------------


@pytest.mark.parametrize("priority", range(4))
def test_a_stream_of_people_who_go_first_delays_nobody_by_more_than_the_bound(priority):
    """Every minute somebody of the first class comes, and one is served: the worst there can be."""
    agent = AgentLoad("a", max_chats=1)
    patient = Waiting("patient", Skills(), priority, START)
    waiting, served = {"patient": patient}, 0
    for minute in range(200):
        now = START + minute * STEP / 15
        newcomer = Waiting(f"{minute:03}", Skills(), 0, now, kept_place=True)
        waiting[newcomer.handover_id] = newcomer
        taken = next_for(agent, waiting.values(), now)
        del waiting[taken.handover_id]
        if taken is patient:
            break
        served += 1
    assert taken is patient
    assert served <= priority * 15 + 1


def test_whoever_is_alone_in_needing_an_agent_is_taken_as_soon_as_that_agent_is_free():
    korean = AgentLoad("k", languages=frozenset({"ko"}))
    line = [Waiting(f"{n}", Skills(language="zh"), 0, START, kept_place=True) for n in range(50)]
    waits = Waiting("ko", Skills(language="ko"), OTHERS, START + STEP)

    assert next_for(korean, [*line, waits], START + STEP) is waits


# --- who with whom -------------------------------------------------------------------------------


def some_agents(chance):
    def some(of):
        return frozenset(chance.sample(of, chance.choice((0, 0, 1, 2))))

    return [
        AgentLoad(
            f"a{number}",
            departments=some(DEPARTMENTS[1:]),
            languages=some(("ko", "zh")),
            video=chance.random() < 0.7,
            chats=chance.choice((0, 0, 1)),
            calls=chance.choice((0, 0, 0, 1)),
            max_chats=chance.choice((1, 1, 2, 3)),
            available=chance.random() < 0.9,
        )
        for number in range(chance.randrange(5))
    ]


def some_people(chance):
    return [
        Waiting(
            f"{number:02}",
            Skills(chance.choice(DEPARTMENTS), "", chance.choice(("", "ko")), chance.random() < 0.4),
            chance.randrange(4),
            START - chance.randrange(60) * STEP / 15,
            kept_place=chance.random() < 0.1,
        )
        for number in range(chance.randrange(10))
    ]


def moments(count, seed):
    chance = random.Random(seed)
    return ((some_agents(chance), some_people(chance)) for _ in range(count))


def most_that_can_be_placed(agents, people):
    """The size of a maximum matching of people to seats, by another implementation."""
    seats = [(agent, number) for agent in agents for number in range(agent.room)]
    if not seats or not people:
        return 0
    edges = np.array(
        [
            [
                can_take(agent, each, START) and (number == 0 or not each.skills.video)
                for agent, number in seats
            ]
            for each in people
        ]
    )
    return int((maximum_bipartite_matching(csr_matrix(edges), perm_type="column") >= 0).sum())


def test_as_many_are_placed_as_can_be_and_the_first_in_the_order_before_the_later():
    placed_in_all = 0
    for agents, people in moments(800, seed=21):
        pairs = assign(agents, people, START)
        placed = dict(pairs)
        line = in_order(people, START)

        assert [who for who, _ in pairs] == [each.handover_id for each in line if each.handover_id in placed]
        for first in range(len(line) + 1):  # of every beginning of the line as many as can be
            prefix = line[:first]
            assert sum(each.handover_id in placed for each in prefix) == most_that_can_be_placed(
                agents, prefix
            )
        placed_in_all += len(pairs)
    assert placed_in_all > 800


def test_nobody_is_given_more_than_room_and_skills_allow():
    for agents, people in moments(3_000, seed=22):
        by_id = {each.handover_id: each for each in people}
        pairs = assign(agents, people, START)
        for agent in agents:
            mine = [by_id[who] for who, name in pairs if name == agent.name]
            assert len(mine) <= agent.room
            assert sum(each.skills.video for each in mine) <= agent.room_for_call
            assert all(can_take(agent, each, START) for each in mine)


def test_a_lone_agent_is_given_whom_the_agent_would_take():
    agent = AGENTS["korean"]
    for _, people in moments(1_000, seed=23):
        first = next_for(agent, people, START)

        assert assign([agent], people, START) == ([(first.handover_id, agent.name)] if first else [])
