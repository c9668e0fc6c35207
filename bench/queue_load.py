"""Many citizens join the queue in the same instant: times, order, fairness, and how true the estimates are.

    nice .venv/bin/python -m bench.queue_load [--citizens 300] [--agents 5] [--talk 4]

Starts the service on a temporary data directory, with a scripted dialogue instead of Rasa, and plays
citizens and agents through its HTTP interface and WebSockets, as their pages do. A fifth of the
citizens are elderly. Agents take whoever is first in their inbox, up to three at once, talk for
`--talk` seconds on average (exponential), and close. `tests/scenarios/test_queue_load.py` plays the
same in small.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import re
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp

from bench.service import measured_desk
from core import accounts
from core.ports import User
from core.settings import Settings
from core.statuses import Role
from server.stores_part import open_stores

PASSWORD = "long enough for the measurement"
ELDERLY_SHARE = 0.2
AT_ONCE = 3
OPEN_SOCKETS_AT_ONCE = 20


@dataclass
class Visit:
    """What one citizen went through. Moments are of one monotonic clock, in seconds."""

    number: int
    priority: str
    asked: float = 0.0
    joined: float = 0.0
    told: dict = field(default_factory=dict)  # what the answer to the wish said
    places: list = field(default_factory=list)  # (moment, position, wait_seconds) over the WebSocket
    reached: list = field(default_factory=list)  # moments at which an agent had them
    closed: float = 0.0
    cut_off: int = 0
    conversation_id: str = ""


@dataclass
class Taken:
    """What one agent's accepting was."""

    agent: str
    conversation_id: str
    since: datetime
    at: datetime
    milliseconds: float


@dataclass
class Course:
    """All of it."""

    visits: list
    taken: list
    published: dict = field(default_factory=dict)  # the service's own measure of its estimates
    conflicts: int = 0
    started: float = 0.0

    def overtakings(self):
        """Pairs of one class of whom the one who joined later was taken earlier."""
        by_conversation = {visit.conversation_id: visit for visit in self.visits}
        wrong = []
        for one, other in itertools.combinations(self.taken, 2):
            first, second = sorted((one, other), key=lambda taken: taken.since)
            classes = {by_conversation[each.conversation_id].priority for each in (one, other)}
            if len(classes) == 1 and first.since < second.since and first.at > second.at:
                wrong.append((first, second))
        return wrong

    def estimate_errors(self):
        """(told, came) in seconds of all who were told a wait, measured by the citizens themselves."""
        return [
            (visit.told["wait_seconds"], visit.reached[0] - visit.joined)
            for visit in self.visits
            if visit.told.get("wait_seconds") is not None and visit.reached
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--citizens", type=int, default=300)
    parser.add_argument("--agents", type=int, default=5)
    parser.add_argument("--talk", type=float, default=4.0)
    arguments = parser.parse_args()
    names = [f"agent{number}" for number in range(arguments.agents)]
    with (
        tempfile.TemporaryDirectory(prefix="bangban-bench-") as folder,
        measured_desk(Path(folder)) as (url, process),
    ):
        asyncio.run(add_agents(Path(folder) / "var", names))
        before = sum(process.cpu_times()[:2])
        course = asyncio.run(play(url, names, arguments.citizens, talk_seconds=arguments.talk))
        cpu = sum(process.cpu_times()[:2]) - before
    report(course, cpu)


async def add_agents(data, names):
    """Gives them accounts, in the database beside the service."""
    async with open_stores(Settings.load({"data": data})) as stores:
        for name in names:
            await stores.users.add(User(name, Role.AGENT, accounts.hash_password(PASSWORD)))


def report(course, cpu):
    visits = course.visits
    served = sum(len(visit.reached) == 1 for visit in visits)
    print(f"{len(visits)} citizens, {len({t.agent for t in course.taken})} agents")
    print(f"  served exactly once: {served}; taken: {len(course.taken)}, of them refused to the slower of two"
          f" agents {course.conflicts}")  # fmt: skip
    print(f"  overtaken within a class: {len(course.overtakings())}")
    with_place = sum(visit.told.get("position", 0) > 0 for visit in visits)
    with_estimate = sum(visit.told.get("wait_seconds") is not None for visit in visits)
    print(f"  told a place when they joined: {with_place}, an estimate: {with_estimate}")
    print(f"  cut off from their news and back: {sum(visit.cut_off for visit in visits)}")
    show("join (request to answer)", [(v.joined - v.asked) * 1000 for v in visits])
    show("first place over the WebSocket", [(v.places[0][0] - v.joined) * 1000 for v in visits if v.places])
    show("accept (request to answer)", [taken.milliseconds for taken in course.taken])
    last = max(visit.closed for visit in visits) - course.started
    print(f"  all served after {last:.0f} s; CPU of the service {cpu:.1f} s")
    told = course.estimate_errors()
    off = sorted(abs(said - came) for said, came in told)
    print(f"  mean wait {statistics.fmean(came for _, came in told):.0f} s; estimates off by"
          f" {statistics.fmean(off):.0f} s on average, as the citizens' clocks have it")  # fmt: skip
    print("  the service's own measure: " + ", ".join(f"{k} {v:g}" for k, v in course.published.items()))


def show(what, milliseconds):
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    print(f"  {what}: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms ({len(milliseconds)})", flush=True)


async def play(url, agents, citizens, *, talk_seconds, seed=1):
    """The course of a day on which all `citizens` come in one instant and `agents` are at work."""
    dice = random.Random(seed)
    visits = [Visit(number, "elderly" if dice.random() < ELDERLY_SHARE else "") for number in range(citizens)]
    course = Course(visits, [])
    everybody_ready, everybody_served = asyncio.Barrier(citizens + 1), asyncio.Event()
    waiting = {"left": citizens}
    doors = asyncio.Semaphore(OPEN_SOCKETS_AT_ONCE)

    def served():
        waiting["left"] -= 1
        if not waiting["left"]:
            everybody_served.set()

    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=300)
    async with (
        aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session,
        asyncio.TaskGroup() as tasks,
        contextlib.AsyncExitStack() as desks,
    ):
        working = []
        for name in agents:
            # A session of its own: each agent has a browser with a cookie.
            jar = aiohttp.CookieJar(unsafe=True)
            desk = await desks.enter_async_context(
                aiohttp.ClientSession(url, cookie_jar=jar, timeout=timeout)
            )
            agent = Agent(name, desk, course, talk_seconds, random.Random(f"{seed} {name}"))
            await agent.come_to_work()
            working.append(tasks.create_task(agent.work()))
        for visit in visits:
            tasks.create_task(citizen(session, visit, everybody_ready, doors, served))
        await everybody_ready.wait()
        course.started = time.monotonic()
        await everybody_served.wait()
        for work in working:
            work.cancel()
        async with session.get("/metrics") as response:
            course.published = {
                measure: float(value)
                for measure, value in re.findall(
                    r'bangban_wait_estimate_error\{measure="(\w+)"\} (\S+)', await response.text()
                )
            }
    return course


async def citizen(session, visit, everybody_ready, doors, served):
    """Opens the page, asks for a person with everybody else, waits, is talked to, and reads the summary."""
    async with doors:
        async with session.post("/api/v1/conversations", json={"channel": "web"}) as response:
            opened = await response.json()
        visit.conversation_id = opened["id"]
        base = f"/api/v1/conversations/{opened['id']}"
        headers = {"Authorization": f"Bearer {opened['token']}"}
        socket = await session.ws_connect(f"{base}/events?after=0", headers=headers)
    watching = asyncio.create_task(watch(session, socket, base, headers, visit))
    await everybody_ready.wait()
    visit.asked = time.monotonic()
    wish = {"mode": "text", "topic": f"第{visit.number}位", "priority": visit.priority}
    async with session.post(f"{base}/handover", json=wish, headers=headers) as response:
        assert response.status == 201, await response.text()
        visit.told = await response.json()
    visit.joined = time.monotonic()
    await watching
    served()


async def watch(session, socket, base, headers, visit):
    """Hears the news until the summary; cut off, it comes back where it was, as the page does."""
    sequence = 0
    while True:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            socket = socket or await session.ws_connect(f"{base}/events?after={sequence}", headers=headers)
            async for message in socket:
                news = message.json()
                sequence = news.get("sequence", sequence)
                if news.get("type") == "queue":
                    visit.places.append((time.monotonic(), news["position"], news["wait_seconds"]))
                elif news.get("kind") == "holder" and news["body"]["holder"] == "agent":
                    visit.reached.append(time.monotonic())
                elif news.get("kind") == "summary":
                    visit.closed = time.monotonic()
                    await socket.close()
                    return
        socket = None
        visit.cut_off += 1
        await asyncio.sleep(1)


class Agent:
    """An agent at the desk, who does what the page does."""

    def __init__(self, name, session, course, talk_seconds, dice):
        self.name = name
        self._session = session
        self._course = course
        self._talk_seconds = talk_seconds
        self._dice = dice
        self._in_hand = 0
        self._look = asyncio.Event()

    async def come_to_work(self):
        await self._ask("POST", "session", {"name": self.name, "password": PASSWORD})
        await self._ask("GET", "me")
        await self._ask("PUT", "me", {"state": "available"})
        self._socket = await self._session.ws_connect("/api/v1/staff/events")

    async def work(self):
        async with asyncio.TaskGroup() as talks, self._socket:
            talks.create_task(self._hear())
            while True:
                await self._look.wait()
                self._look.clear()
                while self._in_hand < AT_ONCE and await self._take_first(talks):
                    pass

    async def _hear(self):
        async for message in self._socket:
            if message.json().get("type") in ("inbox", "offer"):
                self._look.set()

    async def _take_first(self, talks):
        """Takes the first in the inbox whom no other agent was faster to take; says whether there was one."""
        _, inbox = await self._ask("GET", "queue")
        for person in inbox["waiting"]:
            began = time.monotonic()
            status, held = await self._ask("POST", f"handovers/{person['id']}/accept", may_fail=True)
            if status == 409:
                self._course.conflicts += 1
                continue
            self._in_hand += 1
            self._course.taken.append(
                Taken(
                    self.name,
                    held["conversation_id"],
                    datetime.fromisoformat(held["created_at"]),
                    datetime.fromisoformat(held["taken_at"]),
                    (time.monotonic() - began) * 1000,
                )
            )
            talks.create_task(self._talk(held["conversation_id"]))
            return True
        return False

    async def _talk(self, conversation_id):
        base = f"conversations/{conversation_id}"
        await self._ask("POST", f"{base}/messages", {"text": "您好，请说。"})
        await asyncio.sleep(self._dice.expovariate(1 / self._talk_seconds))
        await self._ask("POST", f"{base}/close", {"summary": "请带身份证到大厅办理。"})
        self._in_hand -= 1
        self._look.set()

    async def _ask(self, method, path, body=None, *, may_fail=False):
        async with self._session.request(method, f"/api/v1/staff/{path}", json=body) as response:
            if not may_fail and response.status >= 400:
                raise RuntimeError(f"{method} {path}: {response.status} {await response.text()}")
            text = await response.read()
            return response.status, await response.json() if text else None


if __name__ == "__main__":
    main()
