"""Telephone numbers out of a cell that may hold several, each with whose it is.

A number is kept as it is written, dashes and all, without the blanks that crept in. A masked
number (「[手机号]」) is no number: it is counted, not kept.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from knowledge.guide import Phone
from knowledge.importing.cleaning import find_masks, is_absent, without_list_mark, without_masks

_DASH = r"\s*[-‐‑‒–—―－﹣~]{1,2}\s*"
_AREA = r"0\d{2,3}"
_EXTENSION = rf"(?:(?:\s*转\s*|{_DASH})\d{{1,5}}(?!\d|{_DASH}\d))?"
_COUNTED = "[号室米路楼年月日元公里栋层线时个]"  # what follows a number that is no telephone's
_NUMBER = re.compile(
    rf"""(?<!\d)(?:
      (?:\+?86{_DASH}|\+86\s*)?1[3-9]\d(?:{_DASH}|\s)?\d{{4}}(?:{_DASH}|\s)?\d{{4}}
    | [（(]\s*{_AREA}\s*[)）]\s*\d{{3,8}}{_EXTENSION}
    | {_AREA}{_DASH}{_AREA}{_DASH}\d{{7,8}}
    | {_AREA}{_DASH}\d{{3,4}}{_DASH}\d{{4}}
    | {_AREA}{_DASH}\d{{3,8}}{_EXTENSION}
    | {_AREA}\s*[2-9]\d{{6,7}}{_EXTENSION}
    | [48]00(?:{_DASH})?\d{{3,4}}(?:{_DASH})?\d{{3,4}}
    | [2-9]\d{{6,7}}{_EXTENSION}
    | (?:11[0249]|12[0-9]|12\d{{3}}|9[56]\d{{3,6}}|11[68]\d{{2,3}}|10\d{{3}})(?!\s*{_COUNTED})
    )(?!\d)""",
    re.VERBOSE,
)
# A number without area code after these words belongs to an address or a time, not to a telephone.
_NOT_AFTER = re.compile(r"(?:[路街巷村线第层楼栋座]|国道|大道|胡同|\d[:：.])\s*$")
_WITH_AREA = re.compile(r"[（(+0]")
_AFTER_LABEL = re.compile(r"\s*[（(]\s*([^（）()]{1,30}?)\s*[)）]")
_SEPARATORS = re.compile(r"[\n;；。、,，/|]+|\s{2,}")
_LABEL_TAIL = re.compile(
    r"\s*(?:的)?(?:咨询|联系|服务|办公|窗口)?(?:电话|热线|座机|号码|方式|拨打|请拨打|请拨|Tel|TEL|tel)?\s*[：:]?\s*$"
)
_FILLER = re.compile(
    r"^(?:[\s\W_]|电话|咨询|联系|热线|方式|窗口|现场|请|拨打|或者?|和|及|以及|号码|座机|的|为|是|等|统一|服务|工作时间|工作日|tel|[^\W\d]{0,0})*$",
    re.IGNORECASE,
)  # fmt: skip
_BLANKS = re.compile(r"\s+")
_BLANK_BETWEEN_HAN = re.compile(r"(?<=[一-鿿]) (?=[一-鿿])")


@dataclass(frozen=True, slots=True)
class PhoneCell:
    """The numbers of a cell, how many were masked, and words that belong to no number."""

    phones: tuple[Phone, ...] = ()
    masked: int = 0
    leftover: str = ""


@lru_cache(maxsize=8_192)
def read_phones(cell: str) -> PhoneCell:
    """The numbers of a cleaned cell with their labels, each pair once, in order."""
    if is_absent(cell):
        return PhoneCell()
    masked = len(find_masks(cell))
    text = _without_masked_people(cell) if masked else cell
    phones: list[Phone] = []
    leftover: list[str] = []
    end = 0
    for match in _NUMBER.finditer(text):
        before = text[end : match.start()]
        if match.start() < end or (_NOT_AFTER.search(before) and not _WITH_AREA.match(match[0])):
            continue
        end = match.end()
        after = _AFTER_LABEL.match(text, end)
        if after and not any(sign.isdigit() for sign in after[1]):
            label, remainder = after[1], before
            end = after.end()
        else:
            label, remainder = _label_before(before)
        leftover.append(remainder)
        phones.append(Phone(_BLANKS.sub("", match[0]), _BLANK_BETWEEN_HAN.sub("", label)))
    leftover.append(text[end:])
    words = " ".join(piece.strip(" \n;；。、,，:：") for piece in leftover if not _FILLER.match(piece))
    return PhoneCell(tuple(dict.fromkeys(phones)), masked, words)


def _without_masked_people(cell: str) -> str:
    """The cell without masked numbers and without the names that stood before them."""
    kept = [
        piece
        for piece in re.split(r"(?<=[\n;；。])", cell)
        if not find_masks(piece) or _NUMBER.search(without_masks(piece))
    ]
    return without_masks("".join(kept))


def _label_before(text: str) -> tuple[str, str]:
    """The label that stands before a number, and what stands before the label."""
    pieces = _SEPARATORS.split(text)
    label = _LABEL_TAIL.sub("", without_list_mark(pieces[-1]).strip(" -:："))
    return label.strip(" -:："), "；".join(pieces[:-1])
