"""Long texts become several messages, short ones that wait together become one. Pure.

WeChat takes about 2,048 bytes of UTF-8 in a text message and refuses more with 45002. A cut is made
at the end of a paragraph, else of a line, a sentence, a clause, a word; never inside of what is seen
as one character, and never inside a link, which would then open nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

BETWEEN: Final = "\n\n"
"""What stands between texts that were joined."""

LEAST_BYTES: Final = 4
"""A character of UTF-8 may take so many."""

_LINK = re.compile(r"<a\s[^<>]*>[^<]*</a>|https?://[!-~]+", re.IGNORECASE)

# The best place to cut first. A closing quotation mark belongs to the sentence that it closes.
_CLOSING: Final = "[”’」』）】》)\\]\"']*"
_PLACES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n\s*\n",
        r"\n",
        rf"[。！？!?；;…]+{_CLOSING}|\.(?=\s)",
        rf"[，、,：:]{_CLOSING}",
        r"\s+",
    )
)
# A place that leaves less than this of what fits isn't worth it: the next kind of place is tried.
_LEAST_SHARE: Final = 1 / 3

_JOINER: Final = "\u200d"
_CONTINUING = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u200c\u200d]")


def size(text: str) -> int:
    """The bytes that it takes in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def split(text: str, most_bytes: int) -> tuple[str, ...]:
    """The text in pieces of at most `most_bytes`, none of them empty.

    Only white space at the cuts and at both ends is lost. A link that alone is over the limit is cut
    like any text, and so is a character with more marks on it than fit. Raises ValueError for a limit
    that not every character keeps to.
    """
    if most_bytes < LEAST_BYTES:
        raise ValueError(f"at least {LEAST_BYTES} bytes are needed")
    pieces = []
    rest = text.strip()
    while size(rest) > most_bytes:
        end = _cut(rest, most_bytes)
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return (*pieces, rest) if rest else tuple(pieces)


def fitting(texts: Sequence[str], most_bytes: int, *, behind: str = "") -> int:
    """How many of the first of these texts fit together into one message, with `behind` after them."""
    after = size(BETWEEN + behind) if behind else 0
    sizes = accumulate(size(text) + (size(BETWEEN) if number else 0) for number, text in enumerate(texts))
    return sum(total + after <= most_bytes for total in sizes)


def join(texts: Sequence[str], most_bytes: int, *, behind: str = "") -> tuple[str, int]:
    """As many of the first of these texts as fit into one message: its text, and how many they are.

    `behind` stands after them, and they leave room for it. Nothing fits: an empty text, or `behind` alone.
    """
    taken = fitting(texts, most_bytes, behind=behind)
    return BETWEEN.join([*texts[:taken], *filter(None, [behind])]), taken


def _cut(text: str, most_bytes: int) -> int:
    """Where to cut a text that is too long: the length of its first piece, at least 1."""
    within = _ends_within(text, most_bytes)
    allowed = frozenset(within)
    furthest = within[-1]
    for place in _PLACES:
        ends = [match.end() for match in place.finditer(text, 0, furthest + 1)]
        good = [end for end in ends if end in allowed and end >= furthest * _LEAST_SHARE]
        if good and text[: good[-1]].strip():
            return good[-1]
    return furthest


def _ends_within(text: str, most_bytes: int) -> list[int]:
    """Where the first piece may end: after whole characters and links that fit."""
    for units in (_units(text), _characters(text), iter(text)):
        ends: list[int] = []
        bytes_so_far = end = 0
        for unit in units:
            bytes_so_far += size(unit)
            if bytes_so_far > most_bytes:
                break
            end += len(unit)
            ends.append(end)
        if ends:
            return ends
    raise AssertionError("a single code point is within the limit")


def _units(text: str) -> Iterator[str]:
    """Links and the characters between them, in order."""
    at = 0
    for link in _LINK.finditer(text):
        yield from _characters(text[at : link.start()])
        yield link.group()
        at = link.end()
    yield from _characters(text[at:])


def _characters(text: str) -> Iterator[str]:
    """What is seen as one character each: with its marks, as a family of emoji, or as a flag."""
    start = 0
    for at in range(1, len(text)):
        if not _continues(text, start, at):
            yield text[start:at]
            start = at
    if start < len(text):
        yield text[start:]


def _continues(text: str, start: int, at: int) -> bool:
    """Whether the code point at `at` belongs to the character that began at `start`."""
    before, code_point = text[at - 1], text[at]
    if before == _JOINER or _CONTINUING.match(code_point) or unicodedata.category(code_point).startswith("M"):
        return True
    if before == "\r" and code_point == "\n":
        return True
    return at - start == 1 and _is_flag_half(before) and _is_flag_half(code_point)


def _is_flag_half(code_point: str) -> bool:
    return "\U0001f1e6" <= code_point <= "\U0001f1ff"
