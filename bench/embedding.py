"""What the embedding model costs: memory at rest and in use, CPU for a question, CPU for stored texts.

    .venv/bin/python -m bench.embedding [--model models/embedding] [--passages 60]

CPU is that of this process; run it on a quiet machine and compare only figures of one run.
"""

import argparse
import statistics
import time
from pathlib import Path

import psutil

from knowledge.embedding import SentenceTransformerEmbedder

QUESTION = "身份证丢了怎么补办？要带什么材料去哪里办"
PASSAGE = (
    "申请人持本人户口簿到户籍地公安派出所办证窗口提出申请，填写居民身份证申领登记表，采集指纹信息，"
    "交验材料齐全的当场受理，自受理之日起二十个工作日内制发证件，申请人凭领证回执领取。工本费四十元。"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/embedding"))
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--passages", type=int, default=60)
    arguments = parser.parse_args()

    embedder = SentenceTransformerEmbedder(arguments.model, query_cache=16)
    show("before loading")
    started = time.process_time()
    print(f"{embedder.model_id}, {embedder.dimension} wide")
    show("loaded", started)

    embedder.embed_queries([QUESTION])
    costs = [
        cpu_ms(lambda n=n: embedder.embed_queries([f"{QUESTION}{n}"])) for n in range(arguments.questions)
    ]
    known = [
        cpu_ms(lambda: embedder.embed_queries([f"{QUESTION}{arguments.questions - 1}"])) for _ in range(50)
    ]
    print(f"a question of {len(QUESTION)} characters: {describe(costs)} ms CPU")
    print(f"a remembered question: {describe(known)} ms CPU")
    show("after questions")

    passages = [f"{number}：{PASSAGE * (1 + number % 3)}" for number in range(arguments.passages)]
    characters = sum(map(len, passages))
    wall = time.perf_counter()
    cost = cpu_ms(lambda: embedder.embed_passages(passages))
    wall = time.perf_counter() - wall
    print(
        f"{len(passages)} passages, {characters} characters: {cost / 1000:.1f} s CPU in {wall:.1f} s, "
        f"{cost / characters:.2f} ms CPU a character"
    )
    show("after passages")


def cpu_ms(work):
    started = time.process_time()
    work()
    return 1000 * (time.process_time() - started)


def describe(costs):
    ordered = sorted(costs)
    return f"median {statistics.median(ordered):.1f}, p95 {ordered[int(0.95 * len(ordered))]:.1f}"


def show(phase, started=None):
    cpu = f", {time.process_time() - started:.1f} s CPU" if started is not None else ""
    print(f"{phase}: RSS {psutil.Process().memory_info().rss / 1e6:.0f} MB{cpu}")


if __name__ == "__main__":
    main()
