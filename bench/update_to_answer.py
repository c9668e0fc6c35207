"""How long after a publication the index answers from it, by the number of guides there are.

    nice .venv/bin/python -m bench.update_to_answer [--sizes 1000,10000] [--changes 20] [--model DIR]

Each change publishes one guide with new conditions to a SQLite store; the clock runs from the return
of `publish_guides`, when it is durable, until a search of the new snapshot finds the new text. With
`--model` texts are embedded by that model, so that the time of embedding the changed text counts;
without it by a stand-in, which leaves the time of everything else. The first build isn't counted.
"""

import argparse
import asyncio
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from bench.synthetic import PairEmbedder, synthetic_guides
from core.database import Database
from core.migrations import upgrade
from core.stores.knowledge import DatabaseKnowledgeStore
from knowledge.embedding import SentenceTransformerEmbedder
from knowledge.entries import Kind
from knowledge.importing.publication import as_record
from knowledge.indexing import PartBuilder
from knowledge.search import Retriever
from knowledge.segment import Segmenter
from knowledge.synchronise import Synchroniser

TODAY = date(2026, 11, 22)
STEP = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    embedder = SentenceTransformerEmbedder(arguments.model) if arguments.model else PairEmbedder()
    for size in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(size, arguments.changes, embedder, Path(folder)))


async def measure(size, changes, embedder, folder):
    url = f"sqlite:///{folder / 'records.db'}"
    await upgrade(url)
    database = Database.open(url)
    store, segmenter = DatabaseKnowledgeStore(database), Segmenter()
    synchroniser = Synchroniser(
        store, PartBuilder(embedder, segmenter), folder / "index", today=lambda: TODAY
    )
    guides = list(synthetic_guides(size))
    started = time.perf_counter()
    for start in range(0, size, STEP):
        await store.publish_guides([as_record(guide) for guide in guides[start : start + STEP]])
        await synchroniser.synchronise()
    await synchroniser.merged()
    print(f"{size} guides, {embedder.model_id}: first build {time.perf_counter() - started:.1f} s")
    times = []
    for number, guide in enumerate(guides[:: max(1, size // changes)][:changes]):
        said = f"第{number}次修订：经办人应当核对原件并当场告知结果。"
        await store.publish_guides([as_record(replace(guide, conditions=said))])
        wall, cpu = time.perf_counter(), time.process_time()
        await synchroniser.synchronise()
        question = f"{guide.main_item}{said}"
        retriever = Retriever(synchroniser.snapshot, segmenter)
        vector = embedder.embed_queries([question])[0]
        found = retriever.search(question, vector, kinds=(Kind.ITEM,), today=TODAY)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
        assert any(said in hit.text for hit in found.kept), "the change wasn't found"
    wall, cpu = np.array(times).T
    print(
        f"  from published to found: wall p50 {np.median(wall):.2f} max {wall.max():.2f} s, "
        f"CPU p50 {np.median(cpu):.2f} max {cpu.max():.2f} s; {len(synchroniser.snapshot.parts)} parts"
    )
    await synchroniser.close()
    await database.close()


if __name__ == "__main__":
    main()
