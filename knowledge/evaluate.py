"""How well documents are found, measured on a corpus with known answers.

Uses the same index, the same candidates and the same weights as the service, in memory; touches no
stored data. The measures are those of the trec_eval tool, with every relevance above zero counted
as relevant.
"""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

from core.errors import InvalidInput
from core.ports import DocumentRecord, Embedder
from knowledge.entries import Kind
from knowledge.indexing import PartBuilder, snapshot_in_memory
from knowledge.search import Retriever
from knowledge.segment import Segmenter

_DEPTH = 100  # the deepest rank that a measure looks at
_EMBEDDED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class RetrievalPaths:
    """Where corpus, questions and judgements are."""

    corpus: Path  # JSON lines: id, text, and title if it has one
    queries: Path  # JSON lines: id, text
    qrels: Path  # tab-separated: query id, corpus id, and relevance if it is given


@dataclass(frozen=True, slots=True)
class Measures:
    """How good a ranking is, or many on average."""

    ndcg_at_10: float
    mrr_at_10: float
    hit_at_1: float
    recall_at_5: float
    recall_at_10: float
    recall_at_100: float

    @classmethod
    def of(cls, ranking: Sequence[str], relevant: frozenset[str]) -> "Measures":
        """The measures of one ranking, best first, of which `relevant` should have been found."""
        hits = [text_id in relevant for text_id in ranking]
        gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits[:10]) if hit)
        ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
        first = next((place for place, hit in enumerate(hits[:10]) if hit), None)
        recall = {depth: sum(hits[:depth]) / len(relevant) for depth in (5, 10, 100)}
        return cls(
            ndcg_at_10=gain / ideal,
            mrr_at_10=0.0 if first is None else 1 / (first + 1),
            hit_at_1=float(first == 0),
            recall_at_5=recall[5],
            recall_at_10=recall[10],
            recall_at_100=recall[100],
        )

    @classmethod
    def average(cls, measured: Sequence["Measures"]) -> "Measures":
        """The mean of each measure. `measured` must not be empty."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: fmean(getattr(one, name) for one in measured) for name in names})


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """The measures, averaged over all questions that have a relevant text, and what they took."""

    measures: Measures
    queries: int
    texts: int
    index_seconds: float
    embedding_ms_per_query: float
    search_ms_per_query: float

    @property
    def ms_per_query(self) -> float:
        """Embedding and search together."""
        return self.embedding_ms_per_query + self.search_ms_per_query

    def as_json(self) -> dict[str, Any]:
        """JSON values under the names of the fields."""
        times = {name: value for name, value in asdict(self).items() if name != "measures"}
        return {**asdict(self.measures), **times, "ms_per_query": self.ms_per_query}

    def table(self) -> str:
        """The figures for people, one a line."""
        found = self.measures
        rows = (
            ("nDCG@10", f"{found.ndcg_at_10:.4f}"),
            ("MRR@10", f"{found.mrr_at_10:.4f}"),
            ("Hit@1", f"{found.hit_at_1:.4f}"),
            ("Recall@5", f"{found.recall_at_5:.4f}"),
            ("Recall@10", f"{found.recall_at_10:.4f}"),
            ("Recall@100", f"{found.recall_at_100:.4f}"),
            ("queries", str(self.queries)),
            ("texts", str(self.texts)),
            ("index seconds", f"{self.index_seconds:.1f}"),
            ("ms per query", f"{self.ms_per_query:.1f}"),
            ("  of it embedding", f"{self.embedding_ms_per_query:.1f}"),
            ("  of it search", f"{self.search_ms_per_query:.1f}"),
        )
        return "\n".join(f"{name:<18}{value:>10}" for name, value in rows)


def evaluate_retrieval(
    corpus: Sequence[DocumentRecord],
    queries: Mapping[str, str],
    qrels: Mapping[str, frozenset[str]],
    embedder: Embedder,
    segmenter: Segmenter,
) -> RetrievalFigures:
    """Indexes the corpus, asks every query that has a relevant text, and measures the rankings."""
    asked = [query_id for query_id in queries if qrels.get(query_id)]
    if not asked:
        raise InvalidInput("no query has a relevant text of the corpus")
    started = time.perf_counter()
    retriever = Retriever(snapshot_in_memory(PartBuilder(embedder, segmenter), documents=corpus), segmenter)
    indexed = time.perf_counter()
    vectors = embedded_queries([queries[query_id] for query_id in asked], embedder)
    embedded = time.perf_counter()
    measured = measure_rankings(
        retriever, [(queries[query_id], qrels[query_id]) for query_id in asked], vectors
    )
    done = time.perf_counter()
    return RetrievalFigures(
        Measures.average(measured),
        queries=len(asked),
        texts=len(corpus),
        index_seconds=indexed - started,
        embedding_ms_per_query=(embedded - indexed) * 1000 / len(asked),
        search_ms_per_query=(done - embedded) * 1000 / len(asked),
    )


def embedded_queries(texts: Sequence[str], embedder: Embedder) -> list[Any]:
    """The vector of each text as a question."""
    vectors: list[Any] = []
    for start in range(0, len(texts), _EMBEDDED_AT_ONCE):
        vectors.extend(embedder.embed_queries(texts[start : start + _EMBEDDED_AT_ONCE]))
    return vectors


def measure_rankings(
    retriever: Retriever, asked: Sequence[tuple[str, frozenset[str]]], vectors: Sequence[Any]
) -> list[Measures]:
    """The measures of each question, given with what is relevant to it."""
    measured = []
    for (text, relevant), vector in zip(asked, vectors, strict=True):
        # Documents hold on every day.
        found = retriever.search(text, vector, kinds=(Kind.DOCUMENT,), today=date.min, limit=_DEPTH)
        measured.append(Measures.of([hit.owner for hit in found.kept], relevant))
    return measured


def run_evaluate_retrieval(
    paths: RetrievalPaths, embedder: Embedder, segmenter: Segmenter
) -> RetrievalFigures:
    """`evaluate_retrieval` on files. Raises InvalidInput naming the line that can't be read."""
    corpus = [
        DocumentRecord(row["id"], "document", row.get("title", ""), row["text"])
        for row in read_rows(paths.corpus)
    ]
    queries = {row["id"]: row["text"] for row in read_rows(paths.queries)}
    qrels = read_qrels(paths.qrels, {*queries, *(record.document_id for record in corpus)})
    return evaluate_retrieval(corpus, queries, qrels, embedder, segmenter)


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a JSON lines file with `id`, `text` and maybe `title`, all as strings."""
    for number, line in _lines(path):
        try:
            row = json.loads(line)
            texts = {name: str(row[name]) for name in ("id", "text")}
            yield {**texts, "title": str(row.get("title") or "")}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(f"{path.name}, line {number}: an object with id and text is needed") from error


def read_qrels(path: Path, known: set[str]) -> dict[str, frozenset[str]]:
    """For each query id the ids of the relevant texts.

    Columns are query id, text id and, if there is one, relevance; also the four columns of TREC. A
    first line that names columns is skipped: its relevance is no number, or none of its ids is known.
    """
    relevant: dict[str, set[str]] = {}
    for number, line in _lines(path):
        columns = line.split("\t") if "\t" in line else line.split()
        if len(columns) not in (2, 3, 4):
            raise InvalidInput(
                f"{path.name}, line {number}: query id, text id and maybe relevance are needed"
            )
        query_id, text_id = columns[0].strip(), columns[2 if len(columns) == 4 else 1].strip()
        relevance = columns[-1].strip() if len(columns) > 2 else "1"
        try:
            if float(relevance) <= 0:
                continue
        except ValueError:
            if number == 1:
                continue
            raise InvalidInput(f"{path.name}, line {number}: {relevance!r} is no relevance") from None
        if number > 1 or query_id in known or text_id in known:
            relevant.setdefault(query_id, set()).add(text_id)
    return {query_id: frozenset(texts) for query_id, texts in relevant.items()}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path.name} can't be read: {error}") from error
