"""Recognises the numbers that identify a person: identity cards, phones, bank cards, documents.

The check character of identity numbers follows GB 11643-1999 (ISO 7064 MOD 11-2), the check digit
of bank cards is Luhn's. A number that looks like an identity number but fails its check counts too
if its birth date is possible: a slip of the finger makes it no less personal. Hotlines, offices'
landlines, dates, fees and document numbers don't count. Pure.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple


class Span(NamedTuple):
    """Where in a text which kind of personal data stands."""

    start: int
    end: int
    kind: str


def find_numbers(text: str) -> Iterator[Span]:
    """Where personal numbers stand in the text, in no order; spans may overlap."""
    text = text.translate(_SPOKEN)
    for kind, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield Span(*found.span(pattern.groupindex.get("number", 0)), kind)
    for chain in _CHAIN.finditer(text):
        yield from _find_in_chain(chain, text)


# Dictated numbers come as characters. Each stands for one digit, so positions stay the same.
_SPOKEN = str.maketrans("〇零一二三四五六七八九幺", "001234567891")

_MOBILE = re.compile(
    r"(?<![0-9])(?:\+?86[ \-]?|0)?"
    r"(?:(?:1[3-9][0-9]{9})+|1[3-9][0-9]([ .\-])[0-9]{4}\1[0-9]{4}|1[3-9][0-9]{2}([ .\-])[0-9]{3}\2[0-9]{4})"
    r"(?![0-9])(?! ?(?:元|万|块))"
)
_OWN_LANDLINE = re.compile(
    r"(?:我|家里?|本人)(?:家|的)*(?:联系)?(?:电话|座机|固话)(?:号码?)?[是为:： ]*"
    r"(?P<number>(?:0[0-9]{2,3}[ \-]?)?[2-8][0-9]{6,7})(?![0-9])"
)
_PASSPORT_OR_PERMIT = re.compile(
    r"(?<![A-Za-z0-9])(?:[DEGPS][0-9]{8}|E[A-Z][0-9]{7}|[HM][0-9]{8}(?:[0-9]{2})?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NAMED_DOCUMENT = re.compile(
    r"(?:护照|通行证|军官证|学生证|社保卡|医保卡|居住证)(?:号码?|编号)[是为:： ]*"
    r"(?P<number>[A-Za-z0-9]{7,20})(?![A-Za-z0-9])"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_PLATE = re.compile(
    r"[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新][A-HJ-Z][· \-]?"
    r"(?=(?:[A-Z]*[0-9]){3})[A-HJ-NP-Z0-9]{5,6}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:QQ|微信)(?:号码?|账号)?[是为:： ]*(?P<number>(?=[\w-]*[0-9])[A-Za-z0-9][\w-]{4,19})",
    re.ASCII | re.IGNORECASE,
)
_PATTERNS: Final = (
    ("mobile", _MOBILE),
    ("landline", _OWN_LANDLINE),
    ("travel_document", _PASSPORT_OR_PERMIT),
    ("travel_document", _NAMED_DOCUMENT),
    ("email", _EMAIL),
    ("plate", _PLATE),
    ("account", _ACCOUNT),
)

# --- identity and bank cards, which people write in groups --------------------------------------

# Digits with single separators among them: one number in groups, or several in a row.
_CHAIN = re.compile(r"[0-9](?:[ .\-]?[0-9])*(?:[ .\-]?[Xx](?![0-9]))?")
_GROUP = re.compile(r"[0-9]+[Xx]?|[Xx]")
_CARD_WORDS = re.compile(r"(?:卡号|账号|帐号|银行卡|储蓄卡|信用卡)[^0-9]{0,6}\Z")
_LONGEST_CARD: Final = 19


def _find_in_chain(chain: re.Match[str], text: str) -> Iterator[Span]:
    groups = list(_GROUP.finditer(text, *chain.span()))
    for first, group in enumerate(groups):
        after_card_words = _CARD_WORDS.search(text, max(0, group.start() - 12), group.start()) is not None
        number = ""
        sizes: list[int] = []
        for following in groups[first:]:
            number += following.group()
            sizes.append(len(following.group()))
            if len(sizes) > 1 and len(number) > _LONGEST_CARD:
                break
            kind = _kind_of_number(number) if len(sizes) == 1 else _kind_of_grouped_number(number, sizes)
            if not kind and after_card_words and _may_be_card(sizes):
                kind = "bank_card"
            if kind:
                yield Span(group.start(), following.end(), kind)


def _kind_of_number(number: str) -> str:
    if len(number) == 18 and (has_valid_check(number) or _has_birth_date(number)):
        return "id_number"
    if len(number) == 15 and _is_old_id(number):
        return "id_number"
    if _may_be_card([len(number)]) and _is_card(number):
        return "bank_card"
    parts = (number[n : n + 18] for n in range(len(number) - 17))
    if len(number) > _LONGEST_CARD and any(has_valid_check(part) and _has_birth_date(part) for part in parts):
        return "id_number"  # run together with another number
    return ""


def _kind_of_grouped_number(number: str, sizes: list[int]) -> str:
    if len(number) == 18 and _has_birth_date(number) and (has_valid_check(number) or sizes[0] == 6):
        return "id_number"
    if _may_be_card(sizes) and _is_card(number):
        return "bank_card"
    return ""


def _may_be_card(sizes: list[int]) -> bool:
    """Whether the groups may be a bank card's: 16 to 19 digits, printed in fours."""
    return 16 <= sum(sizes) <= _LONGEST_CARD and all(size == 4 for size in sizes[:-1])


def _is_card(number: str) -> bool:
    """Whether the first digit is a bank's and the last one is Luhn's check digit."""
    if not number.isdigit() or number[0] not in "345689":
        return False
    doubled = "0246813579"
    return sum(int(doubled[int(d)]) if n % 2 else int(d) for n, d in enumerate(number[::-1])) % 10 == 0


_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")


def has_valid_check(number: str) -> bool:
    """Whether the last of these 18 characters is the check character of an identity number."""
    if not number[:17].isdigit():
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _has_birth_date(number: str) -> bool:
    if not number[:17].isdigit() or number[6:8] not in {"18", "19", "20"}:
        return False
    return _PROVINCE.match(number) is not None and _is_date(number[6:10], number[10:14])


def _is_old_id(number: str) -> bool:
    """Whether these 15 digits may be an identity number of before 1999."""
    if not number.isdigit() or not _PROVINCE.match(number):
        return False
    return _is_date(f"19{number[6:8]}", number[8:12])


def _is_date(year: str, month_and_day: str) -> bool:
    try:
        date(int(year), int(month_and_day[:2]), int(month_and_day[2:]))
    except ValueError:
        return False
    return True
