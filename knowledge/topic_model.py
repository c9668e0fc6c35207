"""A trained reader of topics: which matter of the lexicon a question is about.

A multinomial logistic regression over the question's vector, hashed character n-grams and the
facets that it states. It is one evidence among several in `knowledge.linking`, trained by
`bangban train linker` from the lexicon, the city's own sayings among it.
Prediction is numpy only; training uses scipy.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from core.errors import SnapshotMismatch

Vectors = npt.NDArray[np.float32]

BUCKETS = 1 << 13
NGRAMS = (1, 2, 3)
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sentence: places masked, with the topics it may mean (more than one if open)."""

    text: str
    topics: tuple[str, ...]


class TopicModel:
    """Probabilities of topics for a question."""

    def __init__(
        self,
        topics: Sequence[str],
        facet_names: Sequence[str],
        *,
        idf: Vectors,
        mean: Vectors,
        weights: Vectors,
        bias: Vectors,
        model_id: str,
        fingerprint: str,
        scales: tuple[float, float, float],
    ) -> None:
        self.topics = tuple(topics)
        self.model_id = model_id
        self.fingerprint = fingerprint
        self._facet_names = tuple(facet_names)
        self._idf, self._mean, self._weights, self._bias = idf, mean, weights, bias
        self._scales = scales

    def logits(self, text: str, vector: Vectors, facets: Mapping[str, frozenset[str]]) -> Vectors:
        """One number a topic, in the order of `topics`; their softmax is the probability."""
        row = features(
            text,
            vector,
            facets,
            facet_names=self._facet_names,
            idf=self._idf,
            mean=self._mean,
            scales=self._scales,
        )
        logits: Vectors = row @ self._weights + self._bias
        return logits

    def probabilities(
        self, text: str, vector: Vectors, facets: Mapping[str, frozenset[str]]
    ) -> dict[str, float]:
        """Probability by topic."""
        logits = self.logits(text, vector, facets)
        spread = np.exp(logits - logits.max())
        return dict(zip(self.topics, (spread / spread.sum()).tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Writes the model to one file, whole or not at all."""
        header = {
            "schema": SCHEMA, "topics": self.topics, "facets": self._facet_names, "model_id": self.model_id,
            "fingerprint": self.fingerprint, "scales": self._scales,
        }  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                header=np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), np.uint8),
                idf=self._idf.astype(np.float16),
                mean=self._mean,
                weights=self._weights.astype(np.float16),
                bias=self._bias,
            )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, *, model_id: str) -> Self:
        """The model of that file.

        Raises FileNotFoundError, and SnapshotMismatch if it was trained with another embedder.
        """
        with np.load(path) as arrays:
            header: dict[str, Any] = json.loads(arrays["header"].tobytes())
            if header["schema"] != SCHEMA or header["model_id"] != model_id:
                raise SnapshotMismatch(
                    f"识别事项的模型是用 {header['model_id']} 训练的，不是 {model_id}，请重新训练"
                )
            return cls(
                header["topics"],
                header["facets"],
                idf=arrays["idf"].astype(np.float32),
                mean=arrays["mean"].astype(np.float32),
                weights=arrays["weights"].astype(np.float32),
                bias=arrays["bias"].astype(np.float32),
                model_id=header["model_id"],
                fingerprint=header["fingerprint"],
                scales=tuple(header["scales"]),
            )


def fingerprint_of(samples: Sequence[Sample]) -> str:
    """A digest of the training sentences, so that an unchanged lexicon needs no training."""
    whole = hashlib.sha256()
    for sample in samples:
        whole.update(f"{sample.text}\t{','.join(sample.topics)}\n".encode())
    return whole.hexdigest()[:16]


def hashed_ngrams(text: str) -> Vectors:
    """Counts of character n-grams, hashed to BUCKETS, sublinear."""
    counts: Vectors = np.zeros(BUCKETS, dtype=np.float32)
    compact = "".join(c for c in text if c.isalnum())
    for size in NGRAMS:
        for start in range(len(compact) - size + 1):
            counts[zlib.crc32(compact[start : start + size].encode()) % BUCKETS] += 1
    present = counts > 0
    counts[present] = 1 + np.log(counts[present])
    return counts


def features(
    text: str,
    vector: Vectors,
    facets: Mapping[str, frozenset[str]],
    *,
    facet_names: Sequence[str],
    idf: Vectors,
    mean: Vectors,
    scales: tuple[float, float, float],
) -> Vectors:
    """The row of features of one question: centred vector, weighted n-grams, facets."""
    grams = hashed_ngrams(text) * idf
    norm = float(np.linalg.norm(grams))
    if norm:
        grams /= norm
    centred = vector - mean
    centred = centred / max(float(np.linalg.norm(centred)), 1e-9)
    stated = np.fromiter(
        (
            1.0 if value in facets.get(facet, ()) else 0.0
            for facet, _, value in (n.partition("=") for n in facet_names)
        ),
        np.float32,
        len(facet_names),
    )
    return np.concatenate([centred * scales[0], grams * scales[1], stated * scales[2]]).astype(np.float32)


def train(
    samples: Sequence[Sample],
    vectors: Vectors,
    facets: Sequence[Mapping[str, frozenset[str]]],
    facet_names: Sequence[str],
    *,
    model_id: str,
    scales: tuple[float, float, float] = (8.0, 6.0, 1.5),
    decay: float = 1e-5,
    steps: int = 60,
) -> TopicModel:
    """A model of these samples. Deterministic: the same samples give the same weights."""
    topics = sorted({topic for sample in samples for topic in sample.topics})
    position = {topic: n for n, topic in enumerate(topics)}
    counts = np.stack([hashed_ngrams(sample.text) for sample in samples])
    idf = (np.log((1 + len(samples)) / (1 + (counts > 0).sum(axis=0))) + 1).astype(np.float32)
    mean = vectors.mean(axis=0).astype(np.float32)
    rows = np.stack(
        [
            features(
                sample.text, vectors[n], facets[n], facet_names=facet_names, idf=idf, mean=mean, scales=scales
            )
            for n, sample in enumerate(samples)
        ]
    )
    target = np.zeros((len(samples), len(topics)), dtype=np.float32)
    for n, sample in enumerate(samples):
        for topic in sample.topics:
            target[n, position[topic]] = 1 / len(sample.topics)
    weights, bias = fit(rows, target, decay=decay, steps=steps)
    return TopicModel(
        topics,
        facet_names,
        idf=idf,
        mean=mean,
        weights=weights,
        bias=bias,
        model_id=model_id,
        fingerprint=fingerprint_of(samples),
        scales=scales,
    )


def fit(rows: Vectors, target: Vectors, *, decay: float, steps: int) -> tuple[Vectors, Vectors]:
    """Weights and bias of a multinomial logistic regression; a row of `target` adds up to one.

    Most n-grams of a row are zero, so they are kept sparse: a tenth of the time.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - only training needs it
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - as above

    # Topics with few sentences must not be drowned by those with many.
    per_topic = np.maximum(target.sum(axis=0), 1e-9)
    balance = (target / per_topic[None, :]).sum(axis=1) * len(rows) / target.shape[1]
    importance = np.sqrt(balance)[:, None] / len(rows)
    full = (rows != 0).mean(axis=0) > 0.5
    order = np.concatenate([np.flatnonzero(full), np.flatnonzero(~full)])
    dense, sparse = np.ascontiguousarray(rows[:, full]), csr_matrix(rows[:, ~full])
    dense_turned, sparse_turned = np.ascontiguousarray(dense.T), sparse.T.tocsr()
    cut = dense.shape[1]
    shape = (rows.shape[1], target.shape[1])

    def loss(flat: Vectors) -> tuple[float, Vectors]:
        weights, bias = flat[: -shape[1]].reshape(shape), flat[-shape[1] :]
        narrow = weights.astype(np.float32)
        logits = dense @ narrow[:cut] + sparse @ narrow[cut:] + bias
        logits -= logits.max(axis=1, keepdims=True)
        spread = np.exp(logits)
        sums = spread.sum(axis=1, keepdims=True)
        surprise = -(importance * target * (logits - np.log(sums))).sum() + decay * (weights**2).sum()
        slope = importance * (spread / sums * target.sum(axis=1, keepdims=True) - target)
        pull = slope.astype(np.float32)
        gradient = np.concatenate([dense_turned @ pull, sparse_turned @ pull]) + 2 * decay * weights
        return float(surprise), np.concatenate([gradient.ravel(), slope.sum(axis=0)])

    start = np.zeros(shape[0] * shape[1] + shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 8}).x
    weights = np.empty(shape, dtype=np.float32)
    weights[order] = found[: -shape[1]].reshape(shape)
    return weights, found[-shape[1] :].astype(np.float32)
