"""Memory of the service and of Rasa: idle after start, and after some conversations.

    nice .venv/bin/python -m bench.memory [--guides FILE …] [--conversations 200]

Resident memory of each process. Idle is ten seconds after the index was taken in and one question
was answered, when everything that loads at first use is loaded.
"""

import argparse
import asyncio
import time
from pathlib import Path

from bench.service import SAMPLES, measured_service
from bench.turns import made_conversations, play

CONCURRENCY = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--guides", nargs="+", type=Path, default=SAMPLES)
    parser.add_argument("--conversations", type=int, default=200)
    arguments = parser.parse_args()
    conversations = made_conversations(arguments.guides)
    with measured_service(arguments.guides) as service:
        asyncio.run(play(service.url, [next(conversations)], 1))
        time.sleep(10)
        show("idle", service)
        texts = [next(conversations) for _ in range(arguments.conversations)]
        asyncio.run(play(service.url, texts, CONCURRENCY))
        show(f"after {arguments.conversations} conversations of 5 turns", service)


def show(when, service):
    own, rasa = service.resident_mb()
    print(f"{when}: service {own:.0f} MB, Rasa {rasa:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
