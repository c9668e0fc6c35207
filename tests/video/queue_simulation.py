"""A seeded day at the desk: citizens come, agents take them in turn, and what was told is compared."""

import heapq
import math
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.desk_ports import ServiceTime
from video.estimate import PICK_UP_SECONDS, wait_seconds
from video.queue import ELDERLY_OR_DISABLED, OTHERS, AgentLoad, Skills, Waiting, next_for, position

START = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


@dataclass
class Day:
    """What goes on. `arrivals` are seconds since the start; lengths are log-normal around `usual`."""

    arrivals: list[float]
    agents: list[AgentLoad]
    usual: float = 400.0
    spread: float = 0.6
    elderly: float = 0.0
    patience: float = math.inf  # mean seconds until somebody gives up
    leaving: float = 0.0  # the share of such that the estimate is told
    seed: int = 1
    told: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def run(self):
        self._chance = random.Random(self.seed)
        self._loads = {agent.name: agent for agent in self.agents}
        self._waiting, self._told, self._ended = {}, {}, []
        events = [(second, number, "comes", f"{number:05}") for number, second in enumerate(self.arrivals)]
        heapq.heapify(events)
        self._events, self._number = events, len(events)
        while self._events:
            second, _, kind, name = heapq.heappop(self._events)
            self._now = START + timedelta(seconds=second)
            getattr(self, f"_{kind}")(second, name)
            self._take(second)
        return self

    def _push(self, second, kind, name):
        self._number += 1
        heapq.heappush(self._events, (second, self._number, kind, name))

    def _comes(self, second, name):
        priority = ELDERLY_OR_DISABLED if self._chance.random() < self.elderly else OTHERS
        self._waiting[name] = Waiting(name, Skills(), priority, self._now)
        loads = list(self._loads.values())
        place = position(self._waiting.values(), name, self._now, loads)
        self._told[name] = wait_seconds(place, loads, self._ended, self._now, leaving=self.leaving)
        if self.patience < math.inf:
            self._push(second + self._chance.expovariate(1 / self.patience), "leaves", name)

    def _leaves(self, second, name):
        self._waiting.pop(name, None)

    def _ends(self, second, name):
        agent, began = name
        self._loads[agent] = replace(self._loads[agent], chats=self._loads[agent].chats - 1)
        self._ended = [*self._ended[-199:], ServiceTime(self._now, second - began)]

    def _take(self, second):
        for agent in sorted(self._loads, key=lambda each: self._loads[each].chats):
            while (person := next_for(self._loads[agent], self._waiting.values(), self._now)) is not None:
                del self._waiting[person.handover_id]
                self.told.append(self._told[person.handover_id])
                self.came.append((self._now - person.since).total_seconds() + PICK_UP_SECONDS)
                self.taken.append(person.handover_id)
                self._loads[agent] = replace(self._loads[agent], chats=self._loads[agent].chats + 1)
                length = self.usual * math.exp(self._chance.gauss(-(self.spread**2) / 2, self.spread))
                self._push(second + PICK_UP_SECONDS + length, "ends", (agent, second))


def poisson(rate_per_hour, hours, seed=1):
    """Moments at which citizens come by themselves, in seconds."""
    chance, second, moments = random.Random(seed), 0.0, []
    while (second := second + chance.expovariate(rate_per_hour / 3600)) < hours * 3600:
        moments.append(second)
    return moments
