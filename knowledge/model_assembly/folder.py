"""Writes a BERT encoder and its tokenizer as a folder that SentenceTransformer reads.

The folder appears whole or not at all: it is written beside its place, flushed to disk, and renamed.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file

from knowledge.embedding import CARD_FILE, ModelCard
from knowledge.model_assembly.container import ModelShape, Tensor

MANIFEST_FILE = "manifest.json"

_MODULES = [
    ("", "sentence_transformers.base.modules.transformer.Transformer"),
    ("1_Pooling", "sentence_transformers.sentence_transformer.modules.pooling.Pooling"),
    ("2_Normalize", "sentence_transformers.base.modules.normalize.Normalize"),
]
_MARKS = {
    "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
    "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>",
}  # fmt: skip


def write_model(
    folder: Path,
    shape: ModelShape,
    tensors: Mapping[str, Tensor],
    tokenizer: Mapping[str, Any],
    card: ModelCard,
) -> None:
    """Writes every file SentenceTransformer needs into the empty `folder`."""
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)  # the library writes it for its owner alone
    _write_json(folder / "tokenizer.json", tokenizer)
    _write_json(folder / "config.json", _bert_config(shape, tokenizer))
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": shape.positions, **_MARKS},
    )
    _write_json(
        folder / "modules.json",
        [
            {"idx": index, "name": str(index), "path": path, "type": kind}
            for index, (path, kind) in enumerate(_MODULES)
        ],
    )
    _write_json(
        folder / "sentence_bert_config.json",
        # BERT's own pooler isn't part of E5; without this it would be made up at random on loading.
        {"max_seq_length": shape.positions, "model_kwargs": {"add_pooling_layer": False}},
    )
    _write_json(
        folder / "1_Pooling" / "config.json",
        {"embedding_dimension": shape.hidden, "pooling_mode": "mean", "include_prompt": True},
    )
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": {"query": card.query_prefix, "document": card.passage_prefix},
            "similarity_fn_name": "cosine",
        },
    )
    _write_json(
        folder / CARD_FILE,
        {"name": card.name, "query_prefix": card.query_prefix, "passage_prefix": card.passage_prefix},
    )


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes where the model came from; it has no bearing on its vectors."""
    _write_json(folder / MANIFEST_FILE, manifest)


def put_in_place(fresh: Path, target: Path) -> None:
    """Makes `fresh` the folder `target`, whatever was there; a crash leaves a whole folder or none."""
    for path in sorted(fresh.rglob("*")):
        _flush(path)
    _flush(fresh)
    retired = target.with_name(f"{target.name}.retired")
    shutil.rmtree(retired, ignore_errors=True)
    if target.exists():
        target.rename(retired)
    fresh.rename(target)
    _flush(target.parent)
    shutil.rmtree(retired, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bert_config(shape: ModelShape, tokenizer: Mapping[str, Any]) -> Mapping[str, Any]:
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.feed_forward,
        "layer_norm_eps": shape.norm_epsilon,
        "max_position_embeddings": shape.positions,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "pad_token_id": ids["<pad>"],
        "type_vocab_size": shape.token_types,
        "vocab_size": shape.vocabulary,
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
    }


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
