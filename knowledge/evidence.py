"""What speaks for each owner: its nearest vectors and its keywords, field by field.

Candidates come from the nearest rows and from the best keyword rows of every field; each candidate
then gets its exact vector score in every field, also where it wasn't among the nearest.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.entries import Field
from knowledge.index_part import FieldRows
from knowledge.snapshot import FieldView, Snapshot
from knowledge.vector_index import Vectors

# An owner may have several rows near the question; so many rows are looked at for each owner wanted.
_ROWS_FOR_AN_OWNER = 4


@dataclass(slots=True)
class Evidence:
    """The best of one field for an owner.

    `dense` is the cosine of the nearest row, `keyword` the best share of the ideal BM25 score.
    """

    dense: float = 0.0
    keyword: float = 0.0
    rows: FieldRows | None = None
    row: int = 0

    @property
    def text(self) -> str:
        """The text of the nearest row."""
        return self.rows.texts[self.row] if self.rows else ""

    @property
    def title(self) -> str:
        """The title of the nearest row."""
        return self.rows.titles[self.row] if self.rows else ""


Found = dict[str, dict[Field, Evidence]]


class Phases:
    """How long each phase of a question took so far, in milliseconds."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}
        self._since = time.perf_counter()

    def end(self, name: str) -> None:
        """The phase `name` ends now; the next begins. A phase may come more than once."""
        now = time.perf_counter()
        self.timings_ms[name] = self.timings_ms.get(name, 0.0) + (now - self._since) * 1000
        self._since = now


def gather_evidence(
    snapshot: Snapshot,
    fields: Sequence[Field],
    terms: Sequence[str],
    vector: Vectors,
    *,
    limit: int,
    phases: Phases,
) -> Found:
    """For each owner among the best `limit` of any kind of evidence, what each field says of it."""
    views = {name: snapshot.view(name) for name in fields}
    phases.end("view")
    keywords = {name: _keyword_scores(view, terms, limit) for name, view in views.items()}
    phases.end("keywords")
    owners: dict[str, None] = {}
    for name, view in views.items():
        for rows, alive in zip(view.rows, view.alive, strict=True):
            near, _ = rows.vectors.search(vector, alive, limit * _ROWS_FOR_AN_OWNER)
            owners.update((rows.owners[n], None) for n in np.unique(rows.owner_of_row[near]).tolist())
        owners.update(dict.fromkeys(keywords[name]))
    phases.end("nearest")
    found: Found = {owner: {} for owner in owners}
    wanted = list(owners)
    for name, view in views.items():
        for rows, alive in zip(view.rows, view.alive, strict=True):
            for owner, score, row in _nearest_of_owners(rows, alive, wanted, vector):
                best = found[owner].get(name)
                if best is None or score > best.dense:
                    found[owner][name] = Evidence(score, 0.0, rows, row)
        for owner, score in keywords[name].items():
            if name in found[owner]:
                found[owner][name].keyword = score
    phases.end("exact scores")
    return found


def _keyword_scores(view: FieldView, terms: Sequence[str], limit: int) -> Mapping[str, float]:
    hits = view.keywords.search(terms, limit * _ROWS_FOR_AN_OWNER)
    scores: dict[str, float] = {}
    for part, rows in enumerate(view.rows):
        mine = hits.parts == part
        # Hits come best first, so an owner's first one is its best.
        numbers, first = np.unique(rows.owner_of_row[hits.rows[mine]], return_index=True)
        for number, score in zip(numbers.tolist(), hits.scores[mine][first].tolist(), strict=True):
            owner = rows.owners[number]
            scores[owner] = max(scores.get(owner, 0.0), score / hits.ideal)
    return scores


def _nearest_of_owners(
    rows: FieldRows, alive: NDArray[np.bool_], owners: Sequence[str], vector: Vectors
) -> list[tuple[str, float, int]]:
    """Of each owner that has rows in force here: the exact score of the nearest, and that row."""
    here, starts, flat = rows.rows_of_all(owners)
    if not len(here):
        return []
    scores = rows.vectors.scores_of(flat, vector)
    scores[~alive[flat]] = -np.inf
    best = np.maximum.reduceat(scores, starts)
    counts = np.diff(np.append(starts, len(flat)))
    at_best = np.flatnonzero(scores == np.repeat(best, counts))
    owner_of_best = np.repeat(np.arange(len(here)), counts)[at_best]
    _, first = np.unique(owner_of_best, return_index=True)
    nearest = flat[at_best[first]].tolist()
    listed = zip(here, best.tolist(), nearest, strict=True)
    return [(owners[n], score, row) for n, score, row in listed if score > -np.inf]
