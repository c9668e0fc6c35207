"""CPU and memory of a Rasa process per message, without knowledge behind it.

    nice .venv/bin/python -m bench.rasa [--messages 600] [--turns 20] [--processes 1]

Sends the held-out sentences through `bot.client` to a Rasa process of its own, whose action endpoint
answers at once with an answer of usual size. CPU is user plus system time of the Rasa processes;
conversations are `--turns` messages long, so that the cost of a long conversation is in it.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from pathlib import Path

import psutil
import structlog
import yaml
from aiohttp import web

from bot.actions.contract import Services
from bot.actions.endpoint import create_actions_app
from bot.client import RasaEngine, create_session
from bot.process import RasaPlan, RasaPool
from core.messages import Source, Statement
from core.ports import Consultation
from core.settings import Settings
from core.statuses import TurnStatus

ROOT = Path(__file__).parent.parent


class InstantConsultant:
    """Answers every question at once, with as much as a usual answer carries."""

    async def consult(self, question):
        return Consultation(
            outcome="answer",
            status=TurnStatus.ANSWERED,
            variables={"text": "需要材料：" + "居民户口簿原件；" * 8},
            title="居民身份证丢失补领",
            statements=tuple(Statement("materials", "申请材料", "居民户口簿" * 12, (n,)) for n in range(4)),
            sources=tuple(
                Source(f"guide-{n}", 1, "materials", "居民身份证丢失补领", "城区") for n in range(4)
            ),
            focus={"items": ["身份证"] * 4, "district": "城区", "facets": {"lost": "yes"}},
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--processes", type=int, default=1)
    asyncio.run(measure(parser.parse_args()))


async def measure(arguments):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    actions = create_actions_app(Services(InstantConsultant()), secret="bench", deadline_s=8)
    runner = web.AppRunner(actions, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings = Settings.load()
    with tempfile.TemporaryDirectory() as folder:
        plan = RasaPlan(
            python=ROOT / settings.rasa_python,
            model=ROOT / settings.rasa_model,
            actions_url=f"http://127.0.0.1:{runner.addresses[0][1]}/bench/webhook",
            tracker=Path(folder, "tracker.db"),
            processes=arguments.processes,
        )
        async with create_session() as session, RasaPool(plan, session) as pool:
            processes = [psutil.Process(pid) for pid in pool.pids]
            print(f"to be ready: {cpu_seconds(processes):.1f} CPU s, {memory(processes):.0f} MB")
            engine = RasaEngine(session, pool.addresses, timeout_s=30)
            for concurrency in (1, 8, 32):
                await measure_load(engine, processes, arguments, concurrency)
    await runner.cleanup()


async def measure_load(engine, processes, arguments, concurrency):
    sentences = itertools.islice(itertools.cycle(held_out_sentences()), arguments.messages)
    queue, latencies = list(enumerate(sentences)), []

    async def citizen(number):
        while queue:
            turn, sentence = queue.pop()
            started = time.perf_counter()
            await engine.reply(f"{concurrency}-{number}-{turn // (arguments.turns * concurrency)}", sentence)
            latencies.append(time.perf_counter() - started)

    cpu, started = cpu_seconds(processes), time.perf_counter()
    await asyncio.gather(*(citizen(n) for n in range(concurrency)))
    cpu, seconds = cpu_seconds(processes) - cpu, time.perf_counter() - started
    latencies.sort()
    print(
        f"concurrency {concurrency:2}: {cpu / len(latencies) * 1000:5.1f} ms CPU a message, "
        f"{len(latencies) / seconds:5.0f} messages/s, "
        f"p50 {latencies[len(latencies) // 2] * 1000:4.0f} ms, "
        f"p99 {latencies[int(len(latencies) * 0.99)] * 1000:4.0f} ms, {memory(processes):.0f} MB"
    )


def held_out_sentences():
    blocks = yaml.safe_load((ROOT / "tests" / "bot" / "heldout.yml").read_text("utf-8"))["nlu"]
    return [line[2:] for block in blocks for line in block["examples"].splitlines()]


def cpu_seconds(processes):
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def memory(processes):
    return sum(process.memory_info().rss for process in processes) / 1e6


if __name__ == "__main__":
    main()
