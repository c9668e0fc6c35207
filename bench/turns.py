"""Turns of citizens through the whole service: response times and CPU time, by how many talk at once.

    nice .venv/bin/python -m bench.turns [--concurrency 1,8,60] [--conversations 60] [--guides FILE …]

Starts the service with Rasa on a temporary data directory. Each conversation is five turns: a
question with district and item, three short ones that lean on it, thanks. First questions differ
all the time, so that no cache answers them. A turn counts as answered unless its status is `error`.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import time
from collections import Counter
from pathlib import Path

import aiohttp

from bench.service import SAMPLES, measured_service
from knowledge.importing.importer import read_guides
from server.api_client import ApiClient

WAYS_TO_ASK = (
    "要带什么材料",
    "都需要啥手续",
    "怎么办理",
    "得准备哪些东西",
    "去哪儿办",
    "多少天能办完",
    "收费吗",
    "什么条件才能办",
)
WAYS_TO_BEGIN = ("", "你好，", "请问", "麻烦问一下", "我想问问", "老人家想办", "帮我查下")
THEN = ("那要多少钱", "在哪办", "几天能办好", "电话多少", "需要什么条件", "周六能办吗", "能网上办吗")
THANKS = "谢谢"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--concurrency", default="1,8,60")
    parser.add_argument("--conversations", type=int, default=60, help="for each concurrency")
    parser.add_argument("--guides", nargs="+", type=Path, default=SAMPLES)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    conversations = made_conversations(arguments.guides)
    rows = []
    with measured_service(arguments.guides) as service:
        asyncio.run(play(service.url, [next(conversations) for _ in range(5)], 1))  # warm everything up
        for concurrency in map(int, arguments.concurrency.split(",")):
            texts = [next(conversations) for _ in range(max(arguments.conversations, concurrency))]
            before, began = service.cpu_seconds(), time.perf_counter()
            turns = asyncio.run(play(service.url, texts, concurrency))
            wall, after = time.perf_counter() - began, service.cpu_seconds()
            cpu = [(b - a) * 1000 / len(turns) for a, b in zip(before, after, strict=True)]
            rows.append(row_of(concurrency, turns, wall, cpu))
            if not arguments.json:
                show(rows[-1])
    if arguments.json:
        print(json.dumps(rows, indent=1))


def made_conversations(guides):
    """Texts of conversations without end, no first question twice until all were asked."""
    known = [guide for file in guides for guide in read_guides(file.name, file.read_bytes()).guides]
    items = sorted({(guide.district, guide.business_item or guide.main_item) for guide in known})
    dice = random.Random(1)
    firsts = [
        f"{begin}{district}{item}{ask}"
        for (district, item), ask, begin in itertools.product(items, WAYS_TO_ASK, WAYS_TO_BEGIN)
    ]
    dice.shuffle(firsts)
    for first in itertools.cycle(firsts):
        yield [first, *dice.sample(THEN, 3), THANKS]


async def play(url, conversations, concurrency):
    """(status, milliseconds) of every turn."""
    waiting = list(reversed(conversations))
    turns = []

    async def citizen(client):
        while waiting:
            texts = waiting.pop()
            conversation = await client.start()
            for text in texts:
                began = time.perf_counter()
                reply = await client.say(conversation, text)
                turns.append((reply["status"], (time.perf_counter() - began) * 1000))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(citizen(ApiClient(session, url)) for _ in range(concurrency)))
    return turns


def row_of(concurrency, turns, wall, cpu):
    times = [milliseconds for _, milliseconds in turns]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    statuses = Counter(status for status, _ in turns)
    return {
        "concurrency": concurrency,
        "turns": len(turns),
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "turns_per_second": round(len(turns) / wall, 1),
        "cpu_ms_service": round(cpu[0], 1),
        "cpu_ms_rasa": round(cpu[1], 1),
        "answered_share": round(1 - statuses["error"] / len(turns), 4),
        "statuses": dict(statuses),
    }


def show(row):
    print(
        f"{row['concurrency']:>3} at once, {row['turns']} turns: p50 {row['p50_ms']:.0f} ms, "
        f"p95 {row['p95_ms']:.0f} ms, p99 {row['p99_ms']:.0f} ms; {row['turns_per_second']} turns/s; "
        f"CPU a turn {row['cpu_ms_service']} ms service + {row['cpu_ms_rasa']} ms Rasa; "
        f"answered {row['answered_share']:.1%}; {row['statuses']}",
        flush=True,
    )


if __name__ == "__main__":
    main()
