"""BM25 over immutable parts, in numpy.

Owns the postings of a collection and the ranking function of Robertson and Spärck Jones (Okapi
BM25, with the idf that can't go below zero). A collection is a list of parts: a part never changes,
a new one is added for what is new, and rows are hidden by a mask until a merge drops them. Term
frequencies and lengths are those of all parts together, so cutting a collection in parts doesn't
change a score.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Of each part, this many postings are summed for all rows; those of the question's more frequent
# terms only for the rows that the rarer terms found. It bounds the time of a question, whatever
# the size; a row that has none of the rarer terms has no chance anyway.
POSTINGS_SUMMED = 40_000
_LARGEST_FREQUENCY = 255


@dataclass(frozen=True, slots=True)
class Bm25:
    """The parameters: `k1` saturates repetition, `b` discounts long texts."""

    k1: float = 1.2
    b: float = 0.75


def term_number(term: str) -> int:
    """A 64-bit digest that stands for the term; equal in every process."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True, eq=False)
class KeywordPart:
    """The postings of some rows: for each term the rows that hold it, ascending, and how often."""

    terms: NDArray[np.uint64]  # ascending
    starts: NDArray[np.int64]  # one more than terms; postings of term i are starts[i]:starts[i+1]
    rows: NDArray[np.int32]
    frequencies: NDArray[np.uint8]
    lengths: NDArray[np.int32]  # terms of each row, 0 for a row that isn't in the keyword index

    @property
    def size(self) -> int:
        """How many rows, those without keywords included."""
        return len(self.lengths)

    def postings(self, term: int) -> slice:
        """Where the postings of the term stand; empty if no row holds it."""
        position = int(np.searchsorted(self.terms, np.uint64(term)))
        if position == len(self.terms) or int(self.terms[position]) != term:
            return slice(0, 0)
        return slice(int(self.starts[position]), int(self.starts[position + 1]))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store; `from_arrays` gives the part back."""
        return {
            "terms": self.terms,
            "starts": self.starts,
            "rows": self.rows,
            "frequencies": self.frequencies,
            "lengths": self.lengths,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "KeywordPart":
        """The part whose `arrays` were stored. Raises KeyError if one is missing."""
        return cls(*(arrays[name] for name in ("terms", "starts", "rows", "frequencies", "lengths")))  # type: ignore[arg-type] # stored with these types


def build_part(texts: Sequence[str], terms_of: Callable[[str], Sequence[str]]) -> KeywordPart:
    """The part that holds these texts, a row each; an empty text gives a row without keywords."""
    numbers: dict[str, int] = {}
    terms: list[int] = []
    rows: list[int] = []
    frequencies: list[int] = []
    lengths = np.zeros(len(texts), np.int32)
    for row, text in enumerate(texts):
        counts = Counter(terms_of(text) if text else ())
        lengths[row] = counts.total()
        for term, count in counts.items():
            number = numbers.get(term)
            if number is None:
                number = numbers[term] = term_number(term)
            terms.append(number)
            rows.append(row)
            frequencies.append(min(count, _LARGEST_FREQUENCY))
    return _assemble(
        np.array(terms, np.uint64), np.array(rows, np.int32), np.array(frequencies, np.uint8), lengths
    )


def merge_parts(parts: Sequence[KeywordPart], kept: Sequence[Mask]) -> KeywordPart:
    """One part of the kept rows of all parts, in order, without reading any text again."""
    terms: list[NDArray[np.uint64]] = []
    rows: list[NDArray[np.int32]] = []
    frequencies: list[NDArray[np.uint8]] = []
    lengths: list[NDArray[np.int32]] = []
    offset = 0
    for part, mask in zip(parts, kept, strict=True):
        number_of_row = np.cumsum(mask, dtype=np.int64) - 1 + offset
        keep = mask[part.rows]
        terms.append(np.repeat(part.terms, np.diff(part.starts))[keep])
        rows.append(number_of_row[part.rows[keep]].astype(np.int32))
        frequencies.append(part.frequencies[keep])
        lengths.append(part.lengths[mask])
        offset += int(mask.sum())
    return _assemble(
        np.concatenate(terms), np.concatenate(rows), np.concatenate(frequencies), np.concatenate(lengths)
    )


def _assemble(
    terms: NDArray[np.uint64],
    rows: NDArray[np.int32],
    frequencies: NDArray[np.uint8],
    lengths: NDArray[np.int32],
) -> KeywordPart:
    order = np.lexsort((rows, terms))
    terms = terms[order]
    distinct, first = np.unique(terms, return_index=True)
    starts = np.append(first, len(terms)).astype(np.int64)
    return KeywordPart(distinct, starts, rows[order], frequencies[order], lengths)


@dataclass(frozen=True, slots=True)
class KeywordHits:
    """Rows found: the part, the row in it and the score, best first.

    `ideal` is the score of a row that holds every known term of the question, saturated: scores
    divided by it lie between 0 and 1 and are comparable between questions.
    """

    parts: Rows
    rows: Rows
    scores: Scores
    ideal: float


class KeywordCollection:
    """Ranks the rows of several parts against a question. Immutable; cheap to make anew."""

    def __init__(
        self, parts: Sequence[KeywordPart], alive: Sequence[Mask], parameters: Bm25 | None = None
    ) -> None:
        self._parts = tuple(parts)
        self._alive = tuple(alive)
        self._bm25 = parameters or Bm25()
        # Hidden rows count until a merge drops them, as in every index that is made of parts:
        # counting them out would mean to read their postings.
        self._documents = sum(int(np.count_nonzero(part.lengths)) for part in self._parts)
        total = sum(int(part.lengths.sum()) for part in self._parts)
        average = total / self._documents if self._documents else 1.0
        k1, b = self._bm25.k1, self._bm25.b
        self._damping = [
            (k1 * (1 - b + b * part.lengths / average)).astype(np.float32) for part in self._parts
        ]

    def search(self, terms: Sequence[str], limit: int) -> KeywordHits:
        """The `limit` best visible rows that hold any of the terms."""
        weights = self._weights(terms)
        ideal = (self._bm25.k1 + 1) * sum(weight for weight, _ in weights)
        found = [self._search_part(number, weights, limit) for number in range(len(self._parts))]
        rows = np.concatenate([rows for rows, _ in found]) if found else np.zeros(0, np.int64)
        scores = np.concatenate([scores for _, scores in found]) if found else np.zeros(0, np.float32)
        parts = np.repeat(np.arange(len(found)), [len(rows) for rows, _ in found])
        best = np.lexsort((rows, parts, -scores))[:limit]
        return KeywordHits(parts[best], rows[best], scores[best], ideal)

    def _weights(self, terms: Sequence[str]) -> list[tuple[float, list[slice]]]:
        """For each distinct term that occurs: its weight, and its postings in each part."""
        weights = []
        for term in dict.fromkeys(terms):
            number = term_number(term)
            places = [part.postings(number) for part in self._parts]
            frequency = sum(place.stop - place.start for place in places)
            if frequency:
                idf = math.log(1 + (self._documents - frequency + 0.5) / (frequency + 0.5))
                weights.append((idf, places))
        return weights

    def _search_part(
        self, number: int, weights: Sequence[tuple[float, list[slice]]], limit: int
    ) -> tuple[Rows, Scores]:
        places = sorted(
            ((places[number], weight) for weight, places in weights), key=lambda p: p[0].stop - p[0].start
        )
        scores = np.zeros(self._parts[number].size, np.float32)
        summed = 0
        frequent: list[tuple[slice, float]] = []
        for place, weight in places:
            size = place.stop - place.start
            if summed and summed + size > POSTINGS_SUMMED:
                frequent.append((place, weight))
                continue
            summed += size
            holders = self._parts[number].rows[place]
            scores[holders] += weight * self._saturated(number, place, holders)
        scores *= self._alive[number]
        best = _largest(scores, limit if not frequent else 4 * limit)
        if frequent:
            self._add_frequent(number, frequent, best, scores)
        best = best[np.argsort(-scores[best], kind="stable")][:limit]
        return best, scores[best]

    def _add_frequent(
        self, number: int, places: Sequence[tuple[slice, float]], rows: Rows, scores: Scores
    ) -> None:
        part = self._parts[number]
        for place, weight in places:
            holders = part.rows[place]
            position = np.minimum(np.searchsorted(holders, rows), len(holders) - 1)
            hit = holders[position] == rows
            scores[rows[hit]] += weight * self._saturated(number, position[hit] + place.start, rows[hit])

    def _saturated(self, number: int, place: slice | Rows, rows: NDArray[np.integer]) -> Scores:
        frequency = self._parts[number].frequencies[place].astype(np.float32)
        gain: Scores = frequency * np.float32(self._bm25.k1 + 1) / (frequency + self._damping[number][rows])
        return gain


def _largest(scores: Scores, limit: int) -> Rows:
    """Where the `limit` largest positive scores stand, in no order."""
    positive: Rows = np.flatnonzero(scores > 0)
    if len(positive) > limit:
        positive = positive[np.argpartition(-scores[positive], limit - 1)[:limit]]
    return positive
