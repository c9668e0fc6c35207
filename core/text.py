"""One written form for what citizens type, paste or dictate.

Everything that reads a citizen's words sees them after `normalise`: compatibility forms folded
(NFKC), Traditional characters simplified, invisible characters gone, white space collapsed. Pure;
the conversion tables are read once, at the first use.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

import opencc

MAX_CHARACTERS: Final = 500
"""So much of a message is read; the dialogue engine slows down more than linearly with length."""

# Visible to the Unicode tables, but not on a screen: Hangul fillers and the empty Braille cell.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")

# Simplified texts use these too, in names (乾安县, 魏徵) and words (狼藉). They count as
# Traditional only beside a character that is nothing else.
_SHARED = frozenset("乾徵藉")

# Words whose Traditional-looking character stays in either script; the tables have 乾隆, 乾县 and
# the like, these are missing.
_KEPT_WORDS = re.compile("乾安|魏徵|狼藉|慰藉|枕藉")

# 著 is the particle 着 except in these words, which both scripts write with 著.
_PARTICLE = re.compile("(?<![显顯名原巨专專编編论論译譯遗遺合土卓昭])著(?![作名者录錄称稱述])")

# Spellings usual with Traditional characters that the character tables leave alone.
_SPELLINGS = {"身分证": "身份证", "甚么": "什么", "妳": "你"}


def normalise(text: str, limit: int = MAX_CHARACTERS) -> str:
    """The text in its one written form, at most `limit` characters long.

    A leading `/` goes, since the dialogue engine takes such a text for a command. Normalising
    twice changes nothing more.
    """
    folded = unicodedata.normalize("NFKC", _visible(text))
    words = " ".join(_visible(folded).split())
    simplified = simplify(words.lstrip("/ ")[:limit])
    return simplified.lstrip("/ ")[:limit].rstrip()


def simplify(text: str) -> str:
    """The text in Simplified characters; a text that is Simplified already comes back as it is."""
    if text.isascii():
        return text
    text = _PARTICLE.sub("着", text)
    converted = _converter()(text)
    if len(converted) == len(text):
        converted = _undo_overconversion(text, converted)
    for spelling, usual in _SPELLINGS.items():
        converted = converted.replace(spelling, usual)
    return converted


def _visible(text: str) -> str:
    """Without control, format, surrogate and private characters; line breaks and tabs are spaces."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in {"Cc", "Cf", "Cs", "Co"} or character in _BLANKS:
        return ""
    # Variation selectors choose a glyph; two texts that differ only there are the same words.
    return "" if unicodedata.name(character, "").startswith("VARIATION SELECTOR") else character


def _undo_overconversion(text: str, converted: str) -> str:
    changed = [n for n, (before, after) in enumerate(zip(text, converted, strict=True)) if before != after]
    if all(text[n] in _SHARED for n in changed):
        return text
    characters = list(converted)
    for word in _KEPT_WORDS.finditer(text):
        characters[word.start() : word.end()] = word.group()
    return "".join(characters)


@cache
def _converter() -> Callable[[str], str]:
    convert: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return convert
