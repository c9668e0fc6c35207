"""Dense vectors of texts: the only module that imports `sentence_transformers`.

The model is a folder as SentenceTransformer saves it. What a model wants said before a text is the
model's own affair (E5: `query: ` and `passage: `; bge: an instruction before questions only), so it
lies beside the weights in `bangban.json`; without that file the model's own `prompts` hold. Width
and weights come from the folder too: another model is another folder.

It does not say which model to use (`core.settings`) nor how to make one (`knowledge.model_assembly`).
"""

import contextlib
import ctypes
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

Vectors = npt.NDArray[np.float32]

CARD_FILE = "bangban.json"
WEIGHT_SUFFIXES = frozenset({".safetensors", ".bin", ".json", ".txt", ".model"})
"""Files of a model folder that change what it computes; read-mes and manifests don't."""

IGNORED_FILES = frozenset({"manifest.json"})
TOKENS_PER_BATCH = 1024
"""Padded tokens in one forward pass: enough to use a core well, little enough that what a pass
holds in memory stays under 50 MB."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What to call a model, and what it wants said before a question and before a stored text."""

    name: str
    query_prefix: str = ""
    passage_prefix: str = ""


def read_model_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`: `bangban.json`, else the prompts SentenceTransformer saved.

    Raises ConfigurationError when there is no model, or its card isn't one.
    """
    if not (folder / "modules.json").is_file():
        raise ConfigurationError(f"{folder} 没有向量模型，请运行 `make setup`，或设置 embedding_model")
    try:
        if (folder / CARD_FILE).is_file():
            card = json.loads((folder / CARD_FILE).read_text("utf-8"))
            return ModelCard(
                name=str(card.get("name") or folder.name),
                query_prefix=str(card.get("query_prefix", "")),
                passage_prefix=str(card.get("passage_prefix", "")),
            )
        saved = folder / "config_sentence_transformers.json"
        prompts = json.loads(saved.read_text("utf-8")).get("prompts", {}) if saved.is_file() else {}
        return ModelCard(
            name=folder.resolve().name,
            query_prefix=str(prompts.get("query", "")),
            passage_prefix=str(prompts.get("document", prompts.get("passage", ""))),
        )
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"{folder} 里的模型说明不是 JSON 对象：{error}") from error


def fingerprint(folder: Path) -> str:
    """Sixteen hex digits that change whenever a file that bears on the vectors does."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in WEIGHT_SUFFIXES or path.name in IGNORED_FILES or not path.is_file():
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    return whole.hexdigest()[:16]


class SentenceTransformerEmbedder:
    """Implements `core.ports.Embedder` on a model folder.

    Nothing is read before the first use. Every method may be called from several threads at once.
    A question takes one core, so that one of many citizens can't take them all; stored texts take
    `bulk_workers`, all by default. The vectors of the last `query_cache` questions are kept.
    """

    def __init__(self, folder: Path, *, query_cache: int = 2048, bulk_workers: int | None = None) -> None:
        self._folder = folder
        self._bulk_workers = bulk_workers or os.cpu_count() or 1
        self._cache_size = query_cache
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._cache_lock = threading.Lock()
        self._load_lock = threading.Lock()
        # The Rust tokenizer refuses to be re-configured (padding, truncation) while another thread
        # uses it: "Already borrowed". Tokenising takes well under a millisecond, so take turns.
        self._tokenizer_lock = threading.Lock()
        self._model: Any = None
        self._card: ModelCard | None = None
        self._model_id = ""

    @property
    def card(self) -> ModelCard:
        """The model's name and prefixes. Raises ConfigurationError when there is no model."""
        if self._card is None:
            self._card = read_model_card(self._folder)
        return self._card

    @property
    def model_id(self) -> str:
        """The model's name and a fingerprint of its files, known without loading it."""
        if not self._model_id:
            self._model_id = f"{self.card.name}@{fingerprint(self._folder)}"
        return self._model_id

    @property
    def dimension(self) -> int:
        """Width of a vector; loads the model."""
        return int(self._loaded().get_embedding_dimension())

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, shape (len(texts), dimension). Blocks; call it off the loop."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        known = self._recall(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            vectors = self._encode([self.card.query_prefix + text for text in missing], workers=1)
            fresh = dict(zip(missing, vectors, strict=True))
            self._remember(fresh)
            known |= fresh
        return np.stack([known[text] for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of stored texts, in the order given. Blocks, and uses all cores it may."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        prefixed = [self.card.passage_prefix + text for text in texts]
        try:
            return self._encode(prefixed, workers=self._bulk_workers)
        finally:
            _return_freed_memory()

    def _recall(self, texts: Sequence[str]) -> dict[str, Vectors]:
        with self._cache_lock:
            known = {text: self._cache[text] for text in texts if text in self._cache}
            for text in known:
                self._cache.move_to_end(text)
            return known

    def _remember(self, vectors: dict[str, Vectors]) -> None:
        with self._cache_lock:
            for text, vector in vectors.items():
                self._cache[text] = vector.copy()  # a row of a batch would keep the batch alive
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)

    def _loaded(self) -> Any:
        with self._load_lock:
            if self._model is None:
                self._model = _load(self._folder, self.card)
            return self._model

    def _encode(self, texts: Sequence[str], *, workers: int) -> Vectors:
        """Embeds prefixed texts, short ones with short ones so that little is padding.

        Batches run side by side on one core each. Letting PyTorch split every multiplication over
        the cores instead makes them wait for each other, and they wait spinning.
        """
        model = self._loaded()
        out: Vectors = np.empty((len(texts), self.dimension), dtype=np.float32)

        def fill(rows: list[int]) -> None:
            out[rows] = self._forward(model, [texts[row] for row in rows])

        batches = list(_batches(texts))
        if workers == 1 or len(batches) == 1:
            for rows in batches:
                fill(rows)
        else:
            with ThreadPoolExecutor(workers, thread_name_prefix="embed") as pool:
                list(pool.map(fill, batches))
        # A model whose folder has no Normalize module must keep the promise too.
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        out /= np.maximum(norms, np.finfo(np.float32).tiny)
        return out

    def _forward(self, model: Any, texts: Sequence[str]) -> Vectors:
        """One pass through the model's modules, without the book-keeping of its `encode`."""
        with self._tokenizer_lock:
            features = model.preprocess(list(texts))
        with _one_core():
            vectors: Vectors = model(features)["sentence_embedding"].float().numpy()
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Row numbers by rising length, cut so that rows x longest row stays under the bound.

    A Chinese character is about one token at most, so characters stand in for tokens.
    """
    batch: list[int] = []
    for row in sorted(range(len(texts)), key=lambda row: len(texts[row])):
        longest = min(len(texts[row]), 512) + 2
        if batch and longest * (len(batch) + 1) > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _load(folder: Path, card: ModelCard) -> Any:
    """The model on the CPU, from disk only."""
    # The imports take seconds and 400 MB; a command that embeds nothing shouldn't pay for them.
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - see above
    from transformers.utils import logging  # noqa: PLC0415 - see above

    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # transformers types it not
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except Exception as error:  # whatever a torn file makes the libraries raise, the cure is the same
        raise ConfigurationError(f"{folder} 里的模型 {card.name} 装不进来：{error}") from error
    model.eval()
    return model


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """No gradients, and one core for what the calling thread computes inside."""
    import torch  # noqa: PLC0415 - heavy, see _load

    torch.set_num_threads(1)
    with torch.inference_mode():
        yield


def _return_freed_memory() -> None:
    """Gives the system back what bulk work freed: glibc keeps it, 80 MB after 60 long passages."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own; other C libraries need it not
    if trim is not None:
        trim(0)
