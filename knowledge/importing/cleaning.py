"""Cell text without what only the typing or the exporting put there.

Words stay as they are: no synonym is replaced and no punctuation translated, since addresses,
telephone numbers and conditions are quoted to citizens verbatim. What goes is invisible (control
signs, zero-width signs, direction marks), odd white space, and the full-width form of digits.
"""

import re
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_NEWLINE = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACES = re.compile("[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_AROUND_NEWLINE = re.compile(r" *\n[ \n]*")
_WRAP = re.compile(r"(?<=[一-鿿，、（）()])\n|\n(?=[一-鿿，、（）()])")
_FULL_WIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_QUOTES = (('"', '"'), ("“", "”"))

# U+FFFD stands where bytes couldn't be decoded; a lone surrogate can't be encoded again.
_BROKEN = re.compile("[\ufffd\ud800-\udfff]")

_ABSENT = frozenset(
    "无 暂无 没有 不涉及 无内容 空 / // \\ - -- — —— – ― * n/a na nan null none nil 无。".split()  # noqa: SIM905 - a word list reads better so
)
_NO_MATERIALS = re.compile(
    r"^(?:本?情形)?(?:无|无需|不需|不需要|无须|免)(?:提交|提供|准备|携带|任何|其他)*(?:申请|申报)?材料(?:即可办理)?$"
)
_NO_SITUATION = frozenset({"无情形", "无需情形", "无具体情形", "不区分情形", "不分情形", "默认", "默认情形"})

_MASK = re.compile(
    r"[\[【［(（]\s*(?:手机号?码?|手机|电话号?码?|联系电话|身份证号?码?|姓名|联系人|已?隐去|已?脱敏|已?屏蔽)\s*[\]】］)）]"
    r"|\d{0,7}[*＊]{3,}\d{0,4}"
    r"|1[3-9]\d[xX×]{4,}\d{0,4}"
)

_CIRCLED = re.compile(r"\s*[①-⑳⑴-⒇❶-❿]\s*[.．、]?\s*")
_LEADING_MARK = re.compile(
    r"^\s*(?:[（(]\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s*[)）]\s*[.．、]?|\d{1,2}\s*[)）]|\d{1,2}\s*[.．、](?!\d)"
    r"|[一二三四五六七八九十]{1,3}\s*[、.．]|[.．·•●◆■▪*\-]\s*(?=\D))\s*"
)
_NUMBERED = re.compile(r"(?<![\d.．])(\d{1,2})\s*[.．、](?!\d)")


def clean_text(text: str) -> str:
    """The text without invisible signs and stray white space; digits in their usual form."""
    return _clean_often_seen(text) if len(text) <= 2_000 else _clean(text)


def _clean(text: str) -> str:
    text = _NEWLINE.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _SPACES.sub(" ", text)
    text = _AROUND_NEWLINE.sub("\n", text).strip()
    text = text.translate(_FULL_WIDTH_DIGITS)
    while (inner := _inside_quotes(text)) is not None:
        text = inner
    return text


# Most cells of a table repeat those of other rows: districts, addresses, hours.
_clean_often_seen = lru_cache(maxsize=8_192)(_clean)


def _inside_quotes(text: str) -> str | None:
    """What stands between quotes that an export put around the whole cell, else None."""
    for opening, closing in _QUOTES:
        inner = text[1:-1]
        whole = len(text) > 1 and text[0] == opening and text[-1] == closing
        if whole and opening not in inner and closing not in inner:
            return inner.strip()
    return None


def on_one_line(text: str) -> str:
    """A name that was wrapped in its cell, on one line; no blank between Chinese characters."""
    return text if "\n" not in text else _WRAP.sub("", text).replace("\n", " ")


def is_broken(text: str) -> bool:
    """Whether characters of the text were lost before it came to us."""
    return _BROKEN.search(text) is not None


def is_absent(text: str) -> bool:
    """Whether the cell says that there is nothing (「无」, 「/」, 「——」)."""
    return not text or text.lower() in _ABSENT


def says_no_materials(text: str) -> bool:
    """Whether a material cell says that none are needed (「无需材料」)."""
    return _NO_MATERIALS.match(text) is not None or text in _ABSENT


def says_no_situation(text: str) -> bool:
    """Whether a situation cell says that there is only one (「无情形」)."""
    return text in _NO_SITUATION or is_absent(text)


def find_masks(text: str) -> tuple[str, ...]:
    """Values that were masked before they came to us (「[手机号]」, 「138****0000」)."""
    return tuple(_MASK.findall(text))


def without_masks(text: str) -> str:
    """The text with each masked value cut out."""
    return _MASK.sub("", text)


def without_list_mark(text: str) -> str:
    """The text of a list entry without its number or bullet (「1.」, 「（二）」, 「①」, 「·」)."""
    text = _CIRCLED.sub("", text, count=1) if _CIRCLED.match(text) else text
    return _LEADING_MARK.sub("", text, count=1)


def numbered_entries(text: str) -> list[str]:
    """The entries of 「1.甲 2.乙 ①丙」 on one line; a text without such numbers is its only entry.

    Numbers count only where they begin at the head with 1 and rise by one, so that 「B座3、4楼」
    stays whole.
    """
    pieces: list[str] = []
    for piece in re.split(r"(?=[①-⑳])", text):
        pieces.extend(_split_rising(piece))
    return [piece for piece in pieces if piece.strip()]


def _split_rising(text: str) -> list[str]:
    cuts: list[int] = []
    for mark in _NUMBERED.finditer(text):
        at_head = not text[: mark.start()].strip()
        if int(mark[1]) == len(cuts) + 1 and (cuts or at_head):
            cuts.append(mark.start())
    if len(cuts) < 2:
        return [text]
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def split_entries(text: str) -> tuple[str, ...]:
    """The entries of a cell that lists several things by lines, semicolons or numbers, in order.

    Commas don't divide: 「学历证书、学位证书」 is often one entry. Semicolons inside brackets don't either.
    """
    entries: list[str] = []
    for line in text.split("\n"):
        for part in outside_brackets(line, ";；"):
            entries.extend(numbered_entries(part))
    cleaned = (without_list_mark(entry).strip(" ;；。、,，") for entry in entries)
    return tuple(dict.fromkeys(entry for entry in cleaned if entry))


def outside_brackets(text: str, separators: str) -> list[str]:
    """The text divided at each separator that stands outside brackets and book-title marks."""
    parts: list[str] = []
    depth = start = 0
    for position, sign in enumerate(text):
        if sign in "（(《【[":
            depth += 1
        elif sign in "）)》】]":
            depth = max(0, depth - 1)
        elif sign in separators and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    if depth and len(parts) == 1:  # a bracket that never closes must not swallow the list
        return re.split(f"[{re.escape(separators)}]", text)
    return parts


def split_words(text: str) -> tuple[str, ...]:
    """The words of a cell that lists names (aliases, audiences, districts above)."""
    words = (word.strip() for word in re.split(r"[、,，;；|/\n>＞→]+", text))
    return tuple(dict.fromkeys(word for word in words if word and not is_absent(word)))
