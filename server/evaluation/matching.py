"""Whether a reply says a fact, however it is written. Pure.

A fact ("gold element") is a text, or an object with one of the keys `any` (one of these), `number`
(a time limit in days), `time` (a time of day like `16:30`) and `fee` (是: it is charged, 否: it isn't).
Texts are compared by their letters, digits and Chinese characters alone, so that 0431—84220113 and
0431-84220113 are the same number.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

Element = str | Mapping[str, object]

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_DIGITS = "零一二三四五六七八九"


@lru_cache(maxsize=4096)
def spoken(text: str) -> str:
    """The text in NFKC and lower case, with one kind of dash and no white space."""
    return "".join(_DASHES.sub("-", unicodedata.normalize("NFKC", text)).split()).lower()


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """The letters, digits and Chinese characters of the text, and nothing else."""
    return "".join(c for c in spoken(text) if c.isalnum())


def says(element: Element, text: str) -> bool:
    """Whether the text says this fact. Raises ValueError for an element of no known kind."""
    if isinstance(element, str):
        return letters(element) in letters(text)
    match element:
        case {"any": list(options)}:
            return any(says(option, text) for option in options)
        case {"number": int(days)}:
            return says_days(days, text)
        case {"time": str(time)}:
            return says_time(time, text)
        case {"fee": "是" | "否" as charged}:
            return says_fee(charged == "是", text)
    raise ValueError(f"no such kind of fact: {sorted(element)}")


def says_all(elements: Sequence[Element], mode: str, text: str, least: int | None = None) -> bool:
    """Whether the text says the facts: all of them, any of them, or at least so many."""
    said = [says(element, text) for element in elements]
    if mode == "any":
        return not said or any(said)
    if mode == "at_least_k":
        return sum(said) >= (least or 1)
    return all(said)


def forbidden_in(strings: Iterable[str], text: str) -> list[str]:
    """Those of the strings that the text holds; punctuation counts, save within bare numbers."""
    return [
        s
        for s in strings
        if spoken(s) in spoken(text) or (re.fullmatch(r"[\d\-—–]+", s) and letters(s) in letters(text))
    ]


def numerals(number: int) -> list[str]:
    """The ways to write a number under a hundred in Chinese."""
    if number < 10:
        return [_DIGITS[number], "两"] if number == 2 else [_DIGITS[number]]
    if number < 100:
        tens, ones = divmod(number, 10)
        tail = "十" + (_DIGITS[ones] if ones else "")
        return [tail, "一" + tail] if tens == 1 else [_DIGITS[tens] + tail]
    return []


def says_days(days: int, text: str) -> bool:
    """Whether the text gives this many days as a time limit; a day is also 当天, 当场 and the like."""
    said = spoken(text)
    amounts = [rf"(?<![\d.:\-月]){days}"]
    amounts += [rf"(?<![一二三四五六七八九十百月]){numeral}" for numeral in numerals(days)]
    unit = r"[)\]】》]?个?[(\[【]?(?:法定)?(?:工作日|工作天|天|日(?!期))"
    if any(re.search(amount + unit, said) for amount in amounts):
        return True
    if re.search(rf"(?:时限|办结|期限)\D{{0,8}}{days}(?![\d:.点月年\-])", said):
        return True
    return days == 1 and re.search("当天|当日|当场|即办|即时办结|立等可取", said) is not None


def says_time(time: str, text: str) -> bool:
    """Whether the text names this time of day, by the clock or in words: 16:30, 下午四点半."""
    hour, minute = (int(part) for part in time.split(":"))
    said = spoken(text)
    if re.search(rf"(?<!\d)0?{hour}[:.]{minute:02d}(?!\d)", said):
        return True
    past = {0: r"(?:整|钟)?(?!半|\d|[一二三四五]十?分?)", 30: "(?:半|30分?|三十分?)"}.get(
        minute, f"{minute:02d}分?"
    )
    hours = [hour] if hour <= 12 else [hour, hour - 12]
    names = [name for h in hours for name in (str(h), *numerals(h))]
    return any(re.search(rf"(?<![\d一二三四五六七八九十]){name}点{past}", said) for name in names)


_FREE = re.compile(
    r"免费|零费用|(?<!\d)0元|一分钱不|收费:?否|费用:?[否无]|#:否"
    r"|不(?:收|收取|收取?任何|另收|产生|涉及|存在)(?:任何)?(?:费用?|钱|工本费)"
    r"|(?:不用|不需要|不必|无需|不需|无须)(?:交|缴|花|付|支付|缴纳)?(?:任何)?(?:费用?|钱)"
    r"|(?:不用|不必)[交缴]|不[交缴花要][钱费]|没有(?:收费|费用)|未收费|无收费|无任何费用"
    r"|不涉及收费|不存在收费"
)
_CHARGED = re.compile(r"收费|收取|[缴交付]费|[要交花收]钱|工本费|(?:需要|有)费用|缴纳|要交|费用:?是|#:是")
_ASKS_FEE = re.compile(
    r"(?:是否|会不会|要不要|收不收|用不用|花不花|需不需要)(?:需要|要)?(?:收费|费|要钱|收钱|花钱|钱|缴费|交费|交钱)?(?!:)"
    r"|(?:收费|[要收花交]钱|[缴交付]费|要交|工本费)(?:不(?![少低高超多贵同一])|吗|么|嘛)"
)


def says_fee(charged: bool, text: str) -> bool:
    """Whether the text says that a fee is charged, or that none is. Asking about it says neither."""
    said = _ASKS_FEE.sub("#", spoken(text))
    if not charged:
        return _FREE.search(said) is not None
    return _CHARGED.search(_FREE.sub("#", said)) is not None
