"""Cuts a multilingual vocabulary to what a Chinese service needs. Pure.

A unigram tokenizer splits a text into the most likely pieces, and only pieces made of the text's own
characters can take part. So when every piece made of kept characters stays, with its score, a text
of kept characters is split exactly as before. Single characters of every script stay as well: a name
in Uyghur, Tibetan or Korean letters is still read letter by letter rather than as "unknown".
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigurationError

WORD_START = "▁"
"""What the tokenizer writes for the space before a word."""


@dataclass(frozen=True, slots=True)
class PrunedVocabulary:
    """A tokenizer definition with fewer pieces; `kept[new_id]` is the piece's old id."""

    tokenizer: Mapping[str, Any]
    kept: Sequence[int]


def in_alphabet(character: str) -> bool:
    """Whether texts made of such characters must be split as with the whole vocabulary.

    ASCII, Chinese characters, and punctuation, symbols and numbers of any script.
    """
    if character.isascii() or character == WORD_START or is_han(character):
        return True
    return unicodedata.category(character)[0] in "PSZN"


def is_han(character: str) -> bool:
    """Whether it is a Chinese character, of any of Unicode's blocks of them."""
    return unicodedata.name(character, "").startswith(("CJK UNIFIED", "CJK COMPATIBILITY"))


def prune(tokenizer: Mapping[str, Any]) -> PrunedVocabulary:
    """The tokenizer (as in `tokenizer.json`) with only the pieces that are worth keeping.

    Special tokens come first, then what Chinese texts use, then the rest, in their old order each:
    the rows that are read in daily use lie together, and the operating system leaves the others on
    disk. Raises ConfigurationError for another kind of tokenizer.
    """
    model = tokenizer["model"]
    if model.get("type") != "Unigram":
        raise ConfigurationError(f"只能裁剪 Unigram 分词器，这是 {model.get('type')}")
    pieces: Sequence[Sequence[Any]] = model["vocab"]
    special = {token["id"] for token in tokenizer.get("added_tokens", ())} | {model["unk_id"]}
    kept = sorted(
        (old for old, (piece, _) in enumerate(pieces) if old in special or _is_worth_keeping(piece)),
        key=lambda old: (0 if old in special else _rank(pieces[old][0]), old),
    )
    new_of = {old: new for new, old in enumerate(kept)}
    return PrunedVocabulary(
        tokenizer={
            **tokenizer,
            "model": {
                **model,
                "unk_id": new_of[model["unk_id"]],
                "vocab": [list(pieces[old]) for old in kept],
            },
            "added_tokens": [
                {**token, "id": new_of[token["id"]]} for token in tokenizer.get("added_tokens", ())
            ],
            "post_processor": _renumber(tokenizer.get("post_processor"), new_of),
        },
        kept=kept,
    )


def _is_worth_keeping(piece: str) -> bool:
    return len(piece.removeprefix(WORD_START)) <= 1 or all(map(in_alphabet, piece))


def _rank(piece: str) -> int:
    """1 for what Chinese texts use, 2 for Latin words, 3 for letters of other scripts."""
    if not all(map(in_alphabet, piece)):
        return 3
    return 2 if any(character.isascii() and character.isalpha() for character in piece) else 1


def _renumber(post_processor: Any, new_of: Mapping[int, int]) -> Any:
    """The template that adds sentence marks, with the new ids of those marks."""
    if not post_processor or "special_tokens" not in post_processor:
        return post_processor
    marks = {
        name: {**mark, "ids": [new_of[old] for old in mark["ids"]]}
        for name, mark in post_processor["special_tokens"].items()
    }
    return {**post_processor, "special_tokens": marks}
