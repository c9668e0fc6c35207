"""How well retrieval finds official answers and statutes, beside what it is made of.

    .venv/bin/python -m bench.retrieval msga DATA/msga [--half A|B] [--write FOLDER]
    .venv/bin/python -m bench.retrieval stard DATA/stard [--others 2000] [--write FOLDER]

`msga` asks the stored questions of official FAQ and indexes their answers alone. Weights were chosen
on half A of the questions (those whose id's SHA-256 begins with an even byte); half B proves them.
`stard` asks lay questions about statutes: keywords over all articles, and everything over the
relevant articles with a sample of others, for embedding 55,632 articles takes hours.

`--write` measures nothing: it writes `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` into the folder, for
`bangban evaluate retrieval` or another program to measure the same.
"""

import argparse
import gzip
import hashlib
import json
import random
from pathlib import Path

import numpy as np

from core.ports import DocumentRecord
from knowledge.embedding import SentenceTransformerEmbedder
from knowledge.evaluate import Measures, embedded_queries, measure_rankings, read_qrels, read_rows
from knowledge.fusion import FusionWeights
from knowledge.indexing import PartBuilder, snapshot_in_memory
from knowledge.keyword_index import KeywordCollection, build_part
from knowledge.search import Retriever
from knowledge.segment import Segmenter

RANKERS = {
    "keywords (BM25)": FusionWeights(0, 0, 1),
    "vector of the whole": FusionWeights(1, 0, 0),
    "vectors of passages": FusionWeights(0, 1, 0),
    "whole and passages": FusionWeights(0.6, 0.4, 0),
    "all, as the service": FusionWeights(),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/embedding"))
    sets = parser.add_subparsers(required=True)
    msga = sets.add_parser("msga")
    msga.add_argument("data", type=Path)
    msga.add_argument("--half", choices=("A", "B"))
    msga.add_argument("--write", type=Path)
    msga.set_defaults(run=run_msga)
    stard = sets.add_parser("stard")
    stard.add_argument("data", type=Path)
    stard.add_argument("--others", type=int, default=2000)
    stard.add_argument("--write", type=Path)
    stard.set_defaults(run=run_stard)
    arguments = parser.parse_args()
    arguments.run(arguments)


def run_msga(arguments):
    rows = [json.loads(line) for line in (arguments.data / "qa.jsonl").open(encoding="utf-8")]
    corpus = [DocumentRecord(row["id"], "document", "", row["answer"]) for row in rows]
    queries = {row["id"]: row["question"] for row in rows if arguments.half in (None, half_of(row["id"]))}
    qrels = read_qrels(arguments.data / "qrels.tsv", {row["id"] for row in rows})
    write_or_compare(arguments, corpus, queries, qrels)


def run_stard(arguments):
    with gzip.open(arguments.data / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        articles = [json.loads(line) for line in file]
    queries = {row["id"]: row["text"] for row in read_rows(arguments.data / "queries.train.jsonl")}
    qrels = read_qrels(arguments.data / "qrels.train.tsv", set(queries))
    everything = [DocumentRecord(str(a["id"]), "document", a["name"], a["text"]) for a in articles]
    if not arguments.write:
        keywords_alone(everything, queries, qrels)
    relevant = set().union(*qrels.values())
    others = [a for a in everything if a.document_id not in relevant]
    sample = random.Random(0).sample(others, min(arguments.others, len(others)))
    corpus = [a for a in everything if a.document_id in relevant] + sample
    write_or_compare(arguments, corpus, queries, qrels)


def write_or_compare(arguments, corpus, queries, qrels):
    if arguments.write:
        write(arguments.write, corpus, queries, qrels)
    else:
        compare(corpus, queries, qrels, SentenceTransformerEmbedder(arguments.model))


def write(folder, corpus, queries, qrels):
    """The same questions over the same texts, as `bangban evaluate retrieval` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = ({"id": text.document_id, "title": text.title, "text": text.text} for text in corpus)
    write_lines(folder / "corpus.jsonl", (json.dumps(text, ensure_ascii=False) for text in texts))
    asked = ({"id": query_id, "text": text} for query_id, text in queries.items())
    write_lines(folder / "queries.jsonl", (json.dumps(query, ensure_ascii=False) for query in asked))
    judged = (f"{query_id}\t{text_id}" for query_id in queries for text_id in sorted(qrels.get(query_id, ())))
    write_lines(folder / "qrels.tsv", judged)
    print(f"{len(queries)} questions, {len(corpus)} texts in {folder}")


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def half_of(record_id):
    return "AB"[hashlib.sha256(record_id.encode()).digest()[0] % 2]


def keywords_alone(corpus, queries, qrels):
    """BM25 over all of a corpus, without any vector."""
    segmenter = Segmenter()
    part = build_part([f"{d.title}\n{d.text}" for d in corpus], segmenter.terms)
    collection = KeywordCollection([part], [np.ones(part.size, bool)])
    measured = []
    for query_id, text in queries.items():
        hits = collection.search(segmenter.terms(text), 100)
        measured.append(Measures.of([corpus[row].document_id for row in hits.rows], qrels[query_id]))
    print(f"{len(measured)} questions, all {len(corpus)} texts")
    show("keywords (BM25)", measured)


def compare(corpus, queries, qrels, embedder):
    """Ranks with each part of the score alone, and with all."""
    segmenter = Segmenter()
    snapshot = snapshot_in_memory(PartBuilder(embedder, segmenter), documents=corpus)
    asked = [(text, qrels[query_id]) for query_id, text in queries.items() if qrels.get(query_id)]
    vectors = embedded_queries([text for text, _ in asked], embedder)
    print(f"{len(asked)} questions, {len(corpus)} texts, {embedder.model_id}")
    for name, weights in RANKERS.items():
        show(name, measure_rankings(Retriever(snapshot, segmenter, weights), asked, vectors))


def show(name, measured):
    found = Measures.average(measured)
    print(
        f"  {name:<22} nDCG@10 {found.ndcg_at_10:.4f}  MRR@10 {found.mrr_at_10:.4f}  "
        f"Hit@1 {found.hit_at_1:.4f}  Recall@10 {found.recall_at_10:.4f}  @100 {found.recall_at_100:.4f}"
    )


if __name__ == "__main__":
    main()
