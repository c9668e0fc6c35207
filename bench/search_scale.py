"""How the time of a search grows with the number of guides, and whether lists find what a scan finds.

    nice .venv/bin/python -m bench.search_scale [--sizes 1000,10000,100000] [--questions 200]

Guides are synthetic, each of an item of its own, and so are their vectors (384 wide), for embedding
200,000 texts would take hours; the time of a search doesn't depend on who made the vectors. Times are
wall-clock and CPU of the one thread that searches, beside the embedding of the question. Lines of one
run are comparable with each other.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import psutil

from bench.synthetic import PairEmbedder, synthetic_guides, synthetic_questions
from knowledge.entries import Field, Kind
from knowledge.indexing import PartBuilder, guide_contribution
from knowledge.search import Retriever
from knowledge.segment import Segmenter
from knowledge.snapshot import Snapshot
from knowledge.snapshot_folder import SnapshotFolder, try_to_write

TODAY = date(2026, 11, 22)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--questions", type=int, default=200)
    arguments = parser.parse_args()
    embedder, segmenter = PairEmbedder(), Segmenter()
    questions = synthetic_questions(arguments.questions)
    vectors = embedder.embed_queries(questions)
    smallest = None
    for size in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            snapshot = built_and_read(size, Path(folder), PartBuilder(embedder, segmenter))
            measured = measure(Retriever(snapshot, segmenter), questions, vectors)
            smallest = smallest or measured
            print(f"{size} guides, {snapshot.parts[0].size} rows and records")
            print(f"  index: {lists_of(snapshot)}")
            print(f"  recall@60 of the content field {recall(snapshot, vectors):.3f}")
            for name, times in measured.items():
                wall, cpu = (np.percentile(times[:, n], (50, 95)) for n in (0, 1))
                growth = np.percentile(times[:, 1], 95) / np.percentile(smallest[name][:, 1], 95)
                print(
                    f"  {name}: wall p50 {wall[0]:.1f} p95 {wall[1]:.1f} ms, "
                    f"CPU p50 {cpu[0]:.1f} p95 {cpu[1]:.1f} ms, growth {growth:.1f}"
                )
            print(f"  resident {psutil.Process().memory_info().rss / 2**20:.0f} MB")


def built_and_read(size: int, folder: Path, builder: PartBuilder) -> Snapshot:
    """Builds the index of that many guides on disk and reads it as a service does."""
    writer = try_to_write(folder, builder.parameters)
    assert writer is not None
    started = time.perf_counter()
    empty = Snapshot(builder.parameters)
    part = builder.build("part-00000001", map(guide_contribution, synthetic_guides(size)), empty)
    writer.commit(replace(empty.with_part(writer.store_part(part)), number=1)).close()
    built = time.perf_counter()
    del part
    opened = SnapshotFolder(folder, builder.parameters).open()
    assert opened is not None
    print(f"built in {built - started:.1f} s, read in {time.perf_counter() - built:.1f} s")
    return opened.snapshot


def measure(retriever: Retriever, questions: list[str], vectors: np.ndarray) -> dict[str, np.ndarray]:
    """For each kind of search the wall-clock and CPU milliseconds of every question."""
    searches = {
        "evidence for the linker": lambda q, v: retriever.item_evidence(q, v, today=TODAY),
        "search of ten items": lambda q, v: retriever.search(q, v, kinds=(Kind.ITEM,), today=TODAY),
    }
    measured = {}
    for name, search in searches.items():
        for question, vector in zip(questions[:20], vectors[:20], strict=True):
            search(question, vector)  # warm
        times = []
        for question, vector in zip(questions, vectors, strict=True):
            wall, cpu = time.perf_counter(), time.thread_time()
            search(question, vector)
            times.append(((time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000))
        measured[name] = np.array(times)
    return measured


def recall(snapshot: Snapshot, vectors: np.ndarray) -> float:
    """Of the 60 truly nearest contents, the share that the index finds."""
    view = snapshot.view(Field.ITEM_FULL)
    rows, alive = view.rows[0], view.alive[0]
    shares = []
    for vector in vectors[:50]:
        found, _ = rows.vectors.search(vector, alive, 60)
        true = rows.vectors.scores_of(np.arange(rows.size), vector)
        least = np.sort(true)[-min(60, rows.size)]
        shares.append(np.count_nonzero(true[found] >= least) / min(60, rows.size))
    return float(np.mean(shares))


def lists_of(snapshot: Snapshot) -> str:
    """How the vectors of each field are searched."""
    fields = snapshot.parts[0].fields
    return ", ".join(
        f"{name.value} {rows.size} {rows.vectors.parameters.kind}" for name, rows in fields.items()
    )


if __name__ == "__main__":
    main()
