"""Nearest vectors by inner product. The only import of faiss.

Few vectors are compared one by one; many are sorted into lists around centroids (IVF), of which
the nearest few are read. The candidates' scores are exact in both cases: the lists hold one byte a
dimension and only nominate, the stored vectors decide. An index never changes; rows that are gone
are hidden by a mask, and what is new gets an index of its own (see `knowledge.snapshot`).
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# Below this a scan of all vectors takes under a millisecond, and finds everything.
SMALLEST_FOR_LISTS = 6_000
# Twice as many nominees as asked for, so that a rounding of one byte costs no hit.
_NOMINEES = 2
_TRAINED_ON_A_LIST = 64
_SMALLEST_LIST = 39  # vectors for each list, on average: with fewer, faiss calls the lists badly trained


@dataclass(frozen=True, slots=True)
class VectorParameters:
    """How an index was built, chosen by its size; saved with it."""

    kind: str  # exact | lists
    lists: int = 0
    probes: int = 0

    @classmethod
    def for_size(cls, size: int) -> "VectorParameters":
        """The parameters for that many vectors."""
        if size < SMALLEST_FOR_LISTS:
            return cls("exact")
        lists = min(round(4 * math.sqrt(size)), size // _SMALLEST_LIST)
        return cls("lists", lists, probes=max(24, lists // 32))

    def as_json(self) -> dict[str, Any]:
        """JSON values; the constructor takes them back."""
        return asdict(self)


class VectorIndex:
    """Finds the nearest rows of a matrix of normalised vectors."""

    def __init__(self, vectors: Vectors, parameters: VectorParameters, lists: Any = None) -> None:
        self.vectors = _plain(vectors)
        self.parameters = parameters
        self._lists = lists

    @classmethod
    def build(cls, vectors: Vectors, parameters: VectorParameters | None = None) -> "VectorIndex":
        """An index over `vectors`; trains the lists where there are any (seconds for 100,000)."""
        chosen = parameters or VectorParameters.for_size(len(vectors))
        if chosen.kind == "exact":
            return cls(vectors, chosen)
        dimension = vectors.shape[1]
        lists = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension), dimension, chosen.lists,
            faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False,
        )  # fmt: skip
        lists.cp.seed = 1234
        lists.cp.max_points_per_centroid = _TRAINED_ON_A_LIST
        contiguous = np.ascontiguousarray(vectors, np.float32)
        lists.train(contiguous)
        lists.add(contiguous)
        return cls(vectors, chosen, lists)

    def save_lists(self, path: Path) -> None:
        """Writes the lists; an exact index has none and writes nothing. Vectors aren't written."""
        if self._lists is not None:
            faiss.write_index(self._lists, str(path))

    @classmethod
    def open(cls, vectors: Vectors, parameters: VectorParameters, path: Path) -> "VectorIndex":
        """The index over `vectors` whose lists `save_lists` wrote to `path`."""
        if parameters.kind == "exact":
            return cls(vectors, parameters)
        return cls(vectors, parameters, faiss.read_index(str(path), faiss.IO_FLAG_MMAP))

    def search(
        self, vector: Vectors, alive: NDArray[np.bool_], limit: int
    ) -> tuple[NDArray[np.int64], Vectors]:
        """The rows nearest to `vector` among those `alive`, best first, and their exact scores."""
        if self._lists is None:
            rows: NDArray[np.int64] = np.flatnonzero(alive)
            scores = self._all_scores(vector)[rows]
        else:
            rows = self._nominees(vector, alive, _NOMINEES * limit)
            scores = self.scores_of(rows, vector)
        best = np.argpartition(-scores, limit)[:limit] if len(scores) > limit else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        return rows[best], scores[best]

    # numpy's own product would be handed to OpenBLAS, whose threads spin while they wait for one
    # another: with other processes on the cores, ten times the CPU. faiss's loops take one thread.

    def scores_of(self, rows: NDArray[np.int64], vector: Vectors) -> Vectors:
        """The exact scores of these rows."""
        scores = np.empty(len(rows), np.float32)
        if len(rows):
            engine: Any = faiss
            engine.omp_set_num_threads(1)
            arrays = (scores, _plain(vector), self.vectors, np.ascontiguousarray(rows, np.int64))
            engine.fvec_inner_products_by_idx(
                *map(engine.swig_ptr, arrays), self.vectors.shape[1], 1, len(rows)
            )
        return scores

    def _all_scores(self, vector: Vectors) -> Vectors:
        scores = np.empty(len(self.vectors), np.float32)
        if len(scores):
            engine: Any = faiss
            arrays = (scores, _plain(vector), self.vectors)
            engine.fvec_inner_products_ny(*map(engine.swig_ptr, arrays), self.vectors.shape[1], len(scores))
        return scores

    def _nominees(self, vector: Vectors, alive: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
        engine: Any = faiss  # its own type hints don't know the keyword arguments of its wrappers
        bits = np.packbits(alive, bitorder="little")
        wanted = engine.SearchParametersIVF(sel=engine.IDSelectorBitmap(bits), nprobe=self.parameters.probes)
        # One thread: a question is answered in less time than threads take to start.
        engine.omp_set_num_threads(1)
        _, rows = self._lists.search(vector.reshape(1, -1), count, params=wanted)
        found: NDArray[np.int64] = rows[0][rows[0] >= 0]
        return found


def _plain(vectors: Vectors) -> Vectors:
    """The vectors as faiss reads them: C-contiguous float32; a mapped file stays mapped."""
    return np.ascontiguousarray(vectors, np.float32)
