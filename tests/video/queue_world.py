"""A small world of citizens and agents, moved by random events, that checks every promise at every step.

What is stored is `held` and `waiting` alone, as in the database; agents' loads are counted from it.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.errors import IllegalMove
from core.statuses import Holder
from video.holding import Holding, HoldingEvent
from video.queue import (
    OTHERS,
    STEP,
    AgentLoad,
    Skills,
    Waiting,
    can_take,
    fits,
    in_order,
    next_for,
    position,
    positions,
)

E = HoldingEvent
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DEPARTMENTS = ("", "公安", "医保")
AGENTS = {
    "all": AgentLoad("all", max_chats=2),
    "police": AgentLoad("police", departments=frozenset({"公安"}), video=False, max_chats=2),
    "korean": AgentLoad("korean", languages=frozenset({"ko"}), max_chats=1),
}
RESERVED = timedelta(minutes=2)


@dataclass
class World:
    """Everything that is stored, and what the checks remember beside it."""

    chance: object
    now: datetime = START
    held: dict[str, Holding] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    # --- memory of the checks
    passed_by: dict[str, Counter] = field(default_factory=dict)
    returned: Counter = field(default_factory=Counter)
    taken: int = 0
    happened: Counter = field(default_factory=Counter)

    # --- what is read from what is stored --------------------------------------------------------

    def load(self, name):
        mine = [who for who, held in self.held.items() if held.agent == name]
        calls = sum(self.waiting[who].skills.video for who in mine)
        return replace(AGENTS[name], chats=len(mine), calls=calls, available=name not in self.away)

    def loads(self):
        return [self.load(name) for name in AGENTS]

    def queue(self):
        return [self.waiting[who] for who, held in self.held.items() if held.holder is Holder.QUEUE]

    def in_hand(self, holder):
        return [who for who, held in self.held.items() if held.holder is holder]

    # --- what happens ----------------------------------------------------------------------------

    def step(self):
        event = self.chance.choice(EVENTS)
        self.happened[event] += event(self) is not False
        self.check()

    def arrive(self):
        name = f"{len(self.held):03}"
        skills = Skills(
            self.chance.choice(DEPARTMENTS),
            language=self.chance.choice(("", "", "ko")),
            video=self.chance.random() < 0.3,
        )
        due = (
            self.now + timedelta(minutes=self.chance.randrange(1, 30))
            if self.chance.random() < 0.15
            else None
        )
        self.waiting[name] = Waiting(name, skills, self.chance.choice((2, OTHERS, OTHERS)), self.now, due)
        self.held[name] = Holding().after(E.ASK_FOR_PERSON)
        self.passed_by[name] = Counter()

    def tick(self):
        self.now += timedelta(seconds=self.chance.choice((1, 60, 300, 1200)))

    def accept(self):
        name = self.chance.choice(list(AGENTS))
        person = next_for(self.load(name), self.queue(), self.now)
        return self.take(name, person) if person else False

    def two_accept(self):
        """Two agents read the same queue; the second accept meets what the first has left."""
        first, second = self.chance.sample(list(AGENTS), 2)
        seen = self.queue()
        wanted = [(name, next_for(self.load(name), seen, self.now)) for name in (first, second)]
        if any(person is None for _, person in wanted):
            return False
        (one, person), (other, same) = wanted
        self.take(one, person)
        if same is person:
            assert self.refused(same.handover_id, E.ACCEPT, other)
            return True
        return self.take(other, same)

    def leave(self):
        return self.of_someone(Holder.QUEUE, self.chance.choice((E.LEAVE, E.EXPIRE, E.MESSAGE_LEFT)))

    def leave_while_accepted(self):
        """The citizen leaves and an agent accepts at once; whoever is stored first wins, and one only."""
        name = self.chance.choice(list(AGENTS))
        person = next_for(self.load(name), self.queue(), self.now)
        if person is None:
            return False
        if self.chance.random() < 0.5:
            self.take(name, person)
            assert self.refused(person.handover_id, E.LEAVE)
            self.move(person.handover_id, E.CITIZEN_GONE)
        else:
            self.move(person.handover_id, E.LEAVE)
            assert self.refused(person.handover_id, E.ACCEPT, name)
        return True

    def call_back(self):
        who = self.someone(Holder.QUEUE)
        if who is None:
            return False
        self.move(who, E.CALL_BACK)
        self.waiting[who] = replace(
            self.waiting[who], due=self.now + timedelta(minutes=self.chance.randrange(60)), kept_place=False
        )
        return True

    def ask_again(self):
        who = self.someone(Holder.BOT)
        if who is None:
            return False
        self.move(who, E.ASK_FOR_PERSON)
        if self.waiting[who].due is None:  # a call-back keeps its place, whoever left comes anew
            self.waiting[who] = replace(self.waiting[who], since=self.now, kept_place=False)
        self.returned[who] += 1
        self.passed_by[who] = Counter()
        return True

    def end(self):
        who = self.someone(Holder.AGENT)
        if who is None:
            return False
        event = self.chance.choice((E.HAND_BACK, E.CLOSE, E.CITIZEN_GONE))
        self.move(who, event, self.held[who].agent)
        self.waiting[who] = replace(self.waiting[who], due=None)
        return True

    def transfer(self):
        who = self.someone(Holder.AGENT)
        if who is None:
            return False
        if self.chance.random() < 0.5:
            change = {"reserved_for": self.chance.choice(list(AGENTS)), "reserved_until": self.now + RESERVED}
        else:
            skills = replace(self.waiting[who].skills, department=self.chance.choice(DEPARTMENTS))
            change = {"skills": skills}
        self.back_to_queue(who, E.TRANSFER, **change)
        return True

    def lose_agent(self):
        name = self.chance.choice(list(AGENTS))
        self.away.add(name)
        for who in [who for who, held in self.held.items() if held.agent == name]:
            self.back_to_queue(who, E.AGENT_LOST)

    def agent_comes(self):
        self.away.discard(self.chance.choice(list(AGENTS)))

    def restart(self):
        before = positions(self.queue(), self.now, self.loads())
        self.held = {who: held.after(E.RESTART) for who, held in self.held.items()}
        self.waiting = {who: replace(person) for who, person in self.waiting.items()}
        assert positions(self.queue(), self.now, self.loads()) == before

    # --- moves, with what they promise -----------------------------------------------------------

    def someone(self, holder):
        return self.chance.choice(self.in_hand(holder) or [None])

    def of_someone(self, holder, event):
        who = self.someone(holder)
        return self.move(who, event) if who else False

    def move(self, who, event, agent=""):
        self.held[who] = self.held[who].after(event, agent=agent)
        return True

    def refused(self, who, event, agent=""):
        before = self.held[who]
        try:
            before.after(event, agent=agent)
        except IllegalMove:
            return self.held[who] == before
        return False

    def back_to_queue(self, who, event, **change):
        others = self.queue()
        person = self.waiting[who]
        was_before = [each for each in others if in_order([person, each], self.now)[0] is person]
        self.move(who, event, self.held[who].agent)
        self.waiting[who] = back = replace(person, kept_place=self.held[who].kept_place, **change)
        assert back.kept_place
        for each in was_before:
            assert in_order([each, back], self.now)[0] is back, "a place that was kept was lost"
        assert not any(
            each.rank == back.rank and not each.kept_place and each.joined < back.joined for each in others
        )
        self.returned[who] += 1
        self.passed_by[who] = Counter()

    def take(self, name, person):
        agent, line = self.load(name), self.queue()
        takeable = [each for each in line if can_take(agent, each, self.now)]
        assert person in takeable
        for other in takeable:
            if other is person:
                continue
            assert person.turn() <= other.turn(), "passed over by a later turn"
            assert person.joined <= other.joined + other.rank * STEP, "overtaken by someone too late"
            if person.rank == other.rank:
                assert person.joined <= other.joined, "not first come, first served"
            passed = self.passed_by[other.handover_id]
            passed[person.handover_id] += 1
            assert passed[person.handover_id] <= 1 + self.returned[person.handover_id]
        before = positions(line, self.now, self.loads())
        self.move(person.handover_id, E.ACCEPT, name)
        self.taken += 1
        self.check_places_after(person, line, before)
        return True

    def check_places_after(self, gone, line, before):
        """Exactly those behind who need an agent that was right for the one who is gone go up by one."""
        after = positions(self.queue(), self.now, self.loads())
        at_work = [agent for agent in self.loads() if agent.available]
        ordered = in_order(line, self.now)
        for number, other in enumerate(ordered):
            if other is gone:
                continue
            right = [agent for agent in at_work if fits(agent, other, self.now)]
            shares = not right or any(fits(agent, gone, self.now) for agent in right)
            behind = number > ordered.index(gone)
            assert after[other.handover_id] == before[other.handover_id] - (behind and shares)

    # --- at every step ---------------------------------------------------------------------------

    def check(self):
        assert len(self.held) == len(self.waiting)
        for name in AGENTS:
            load = self.load(name)
            assert load.chats <= load.max_chats
            assert load.calls <= 1
        line = in_order(self.queue(), self.now)
        assert len({person.handover_id for person in line}) == len(line)
        for person in self.queue():
            place = position(self.queue(), person.handover_id, self.now)
            assert (place is None) is (person.due is not None and person.due > self.now)
        assert sorted(positions(line, self.now).values()) == list(range(1, len(line) + 1))


EVENTS = [
    World.arrive, World.arrive, World.arrive, World.arrive, World.tick, World.tick, World.accept,
    World.accept, World.accept, World.two_accept, World.leave, World.leave_while_accepted,
    World.call_back, World.ask_again, World.end, World.end, World.transfer, World.lose_agent,
    World.agent_comes, World.agent_comes, World.restart,
]  # fmt: skip
