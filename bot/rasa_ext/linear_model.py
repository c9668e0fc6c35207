"""A linear text classifier in plain numpy: features, training, scores.

A sentence becomes a bag of marks: words and word pairs, runs of one to four characters, and the
lookup tables that it touches. Each mark is weighted by TF-IDF, a linear support vector machine
scores each intent, and the scores become confidences. Training uses scikit-learn and takes seconds;
serving is a few dictionary look-ups and one sum, which takes 0.1 ms where scikit-learn's own
`predict_proba` takes 2 ms for a single sentence.

Knows nothing of Rasa: `bot.rasa_ext.classifier` is the component around it.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

Array = npt.NDArray[Any]

LONGEST_RUN = 4  # characters; longer runs repeat what words and word pairs say already
CALIBRATION_FOLDS = 4
TABLE_WEIGHT = 2.0  # a table stands for words that training hasn't seen, so it counts double
_NOISE = re.compile(r"[\s　]+")
_PUNCTUATION = re.compile(r"[^\w?!]+")
_NUMBER = re.compile(r"(?!(?<!\d)1(?:10|19|20)(?!\d))(?<!\d)\d+")  # 110, 119 and 120 are words
_REPEATED = re.compile(r"(.)\1{2,}")


def normalise(text: str) -> str:
    """The sentence as the features see it: NFKC, lower case, one kind of punctuation, no spaces.

    Every number but those of the emergency services is `0`, since no intent hangs on another figure,
    and a character typed three times or more in a row counts as two.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    text = _NUMBER.sub("0", _REPEATED.sub(r"\1\1", text))
    return _PUNCTUATION.sub(",", _NOISE.sub("", text)).strip(",")


@dataclass(frozen=True)
class Lookups:
    """Named tables of terms, and named patterns; a sentence that holds one gets its mark."""

    terms: Mapping[str, Sequence[str]]
    patterns: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        searches = {
            name: "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
            for name, terms in self.terms.items()
        }
        searches |= {name: "|".join(f"(?:{p})" for p in patterns) for name, patterns in self.patterns.items()}
        compiled = {name: re.compile(search) for name, search in sorted(searches.items()) if search}
        object.__setattr__(self, "_searches", compiled)

    def touched_by(self, text: str) -> list[str]:
        """Names of the tables and patterns that `text` holds."""
        searches: dict[str, re.Pattern[str]] = self.__dict__["_searches"]
        return [name for name, search in searches.items() if search.search(text)]


def marks(text: str, words: Sequence[str], lookups: Lookups) -> Iterator[str]:
    """The marks of one sentence; `words` are its tokens, in order."""
    text = normalise(text)
    clean = [word for word in (normalise(word) for word in words) if word]
    for word in clean:
        yield "w:" + word
    for first, second in zip(["<", *clean], [*clean, ">"], strict=True):
        yield "p:" + first + " " + second
    framed = "<" + text + ">"
    for size in range(1, LONGEST_RUN + 1):
        for start in range(len(framed) - size + 1):
            yield "c:" + framed[start : start + size]
    for name in lookups.touched_by(text):
        yield "t:" + name


@dataclass(frozen=True)
class LinearModel:
    """What training found. `weights` has a row a mark and a column an intent.

    `sharpness` says how fast confidence grows with the distance between two scores.
    """

    intents: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: Array
    weights: Array
    intercepts: Array
    sharpness: float
    lookups: Lookups

    def confidences(self, text: str, words: Sequence[str]) -> list[tuple[str, float]]:
        """Every intent with its confidence, the surest first; the confidences add up to one."""
        scores = self.scores(text, words)
        shares = _softmax(scores[np.newaxis] * self.sharpness)[0]
        order = np.argsort(-shares)
        return [(self.intents[i], float(shares[i])) for i in order]

    def scores(self, text: str, words: Sequence[str]) -> Array:
        """The distance of the sentence from the border of each intent, in order of `intents`."""
        counts = Counter(
            self.vocabulary[mark] for mark in marks(text, words, self.lookups) if mark in self.vocabulary
        )
        if not counts:
            return self.intercepts
        rows = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        values = tf_idf(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)), self.idf[rows])
        return np.asarray(self.intercepts + values @ self.weights[rows])

    def save(self, folder: Path) -> None:
        """Writes the model as numbers and JSON: loading it executes nothing, unlike a pickle."""
        np.savez_compressed(
            folder / "weights.npz",
            idf=self.idf.astype(np.float32),
            weights=self.weights.astype(np.float32),
            intercepts=self.intercepts,
        )
        names = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        described = {
            "intents": self.intents,
            "sharpness": self.sharpness,
            "marks": names,
            "terms": dict(self.lookups.terms),
            "patterns": dict(self.lookups.patterns),
        }
        (folder / "marks.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        """The model that `save` wrote into `folder`."""
        described = json.loads((folder / "marks.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            return cls(
                intents=tuple(described["intents"]),
                vocabulary={mark: row for row, mark in enumerate(described["marks"])},
                idf=arrays["idf"],
                weights=arrays["weights"],
                intercepts=arrays["intercepts"],
                sharpness=float(described["sharpness"]),
                lookups=Lookups(described["terms"], described["patterns"]),
            )


def tf_idf(counts: Array, idf: Array) -> Array:
    """Sublinear TF-IDF of one sentence, of length one."""
    values = (1.0 + np.log(counts)) * idf
    return np.asarray(values / math.sqrt(float(values @ values)))


@dataclass(frozen=True)
class Example:
    """A training sentence with its tokens and its intent."""

    text: str
    words: Sequence[str]
    intent: str


def train(examples: Sequence[Example], lookups: Lookups, *, strength: float) -> LinearModel:
    """Fits a model; a greater `strength` (scikit-learn's C) follows the examples more closely."""
    bags = [Counter(marks(e.text, e.words, lookups)) for e in examples]
    sentences_with: Counter[str] = Counter(mark for bag in bags for mark in bag)
    # A mark of one sentence only is mostly that sentence's own subject.
    kept = sorted(mark for mark, n in sentences_with.items() if n > 1)
    vocabulary = {mark: row for row, mark in enumerate(kept)}
    idf = np.array([_idf(mark, sentences_with[mark], len(bags)) for mark in kept])
    matrix = _matrix(bags, vocabulary, idf)
    targets = np.array([e.intent for e in examples])
    fitted = _fit(matrix, targets, strength)
    return LinearModel(
        intents=tuple(str(name) for name in fitted.classes_),
        vocabulary=vocabulary,
        idf=idf,
        weights=np.ascontiguousarray(fitted.coef_.T),
        intercepts=fitted.intercept_,
        sharpness=_sharpness(matrix, targets, strength),
        lookups=lookups,
    )


def _idf(mark: str, sentences: int, of: int) -> float:
    rarity = math.log((1 + of) / (1 + sentences)) + 1.0
    return TABLE_WEIGHT * rarity if mark.startswith("t:") else rarity


def _matrix(bags: Sequence[Counter[str]], vocabulary: Mapping[str, int], idf: Array) -> csr_matrix:
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for bag in bags:
        known = {vocabulary[mark]: n for mark, n in bag.items() if mark in vocabulary}
        rows = list(known)
        if rows:
            indices += rows
            values += tf_idf(np.array(list(known.values()), dtype=np.float64), idf[rows]).tolist()
        starts.append(len(indices))
    return csr_matrix((values, indices, starts), shape=(len(bags), len(vocabulary)))


def _fit(matrix: csr_matrix, targets: Array, strength: float) -> Any:
    """One border an intent, weighted by the square root of the intent's rarity.

    Full balance made rare intents greedy, none made them shy.
    """
    sizes = Counter(targets.tolist())
    usual = len(targets) / len(sizes)
    weights = {intent: math.sqrt(usual / size) for intent, size in sizes.items()}
    return LinearSVC(C=strength, class_weight=weights, random_state=0).fit(matrix, targets)


def _sharpness(matrix: csr_matrix, targets: Array, strength: float) -> float:
    """The factor that makes scores into honest confidences, found on sentences held out in turn."""
    folds = np.arange(len(targets)) % CALIBRATION_FOLDS
    names = sorted(set(targets.tolist()))
    scores = np.full((len(targets), len(names)), -1.0)
    for fold in range(CALIBRATION_FOLDS):
        trained, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        fitted = _fit(matrix[trained], targets[trained], strength)
        columns = np.array([names.index(name) for name in fitted.classes_])
        scores[np.ix_(held_out, columns)] = fitted.decision_function(matrix[held_out])
    right = np.array([names.index(target) for target in targets])
    rows = np.arange(len(targets))

    def surprise(sharpness: float) -> float:
        return float(-np.log(_softmax(scores * sharpness)[rows, right] + 1e-12).mean())

    return min((float(s) for s in np.arange(1.0, 10.0, 0.25)), key=surprise)


def _softmax(scores: Array) -> Array:
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))
