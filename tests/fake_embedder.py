"""HashEmbedder: a deterministic stand-in for the embedding model, good enough to rank by.

Texts that share characters and character pairs get near vectors, others get far ones; no model, no
randomness, a microsecond per text. It keeps every promise of `core.ports.Embedder`.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt


class HashEmbedder:
    """Embeds a text as the normalised sum of the hashed directions of its characters and bigrams."""

    def __init__(self, dimension: int = 64, model_id: str = "hash-embedder@1") -> None:
        self._dimension = dimension
        self._model_id = model_id
        self.embedded: list[str] = []  # every text that was embedded, in order: tests count with it

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.embedded.extend(texts)
        if not texts:
            return np.empty((0, self._dimension), dtype=np.float32)
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> npt.NDArray[np.float32]:
        pieces = [*text, *(a + b for a, b in pairwise(text))] or [""]
        vector = np.sum([self._direction(piece) for piece in pieces], axis=0, dtype=np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    def _direction(self, piece: str) -> npt.NDArray[np.float32]:
        digest = hashlib.shake_128(piece.encode()).digest(self._dimension)
        return np.frombuffer(digest, dtype=np.uint8).astype(np.float32) / 127.5 - 1.0
