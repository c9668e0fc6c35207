"""Values of single cells: yes or no, days, money, dates, numbers, words of a closed list.

Each reader takes cleaned text (`cleaning.clean_text`) and raises `UnreadableCell` with a reason for
the editor when it can't tell what the cell says; none of them guesses.
"""

import re
from dataclasses import dataclass
from datetime import date

from core.statuses import GuideStatus
from knowledge.guide import Necessity
from knowledge.importing.cleaning import is_absent

MOST_DAYS = 3_650


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class UnreadableCell(ValueError):
    """A cell whose content can't be understood; the message is for the editor."""


_YES = _words("是 有 可 可以 支持 需要 要 需 √ ✓ ✔ y yes true 1 是的 能 提供")
_NO = _words("否 无 不 不可 不可以 不支持 不需要 不要 不需 × ✗ x n no false 0 不是 没有 不能 不提供")


def read_yes_no(text: str) -> bool | None:
    """True, False, or None for an empty cell. Raises UnreadableCell."""
    word = text.rstrip("。.").lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if is_absent(text):
        return None
    raise UnreadableCell("只能填“是”或“否”")


# --- fee -----------------------------------------------------------------------------------------

_FREE = _words("否 不收费 不收 免费 免收 无 不 不收取 免 不涉及 无收费 无需收费 0元 零元 n no false 0")
_CHARGED = _words("是 收费 收 收取 需要 要 需 有 有偿 收取费用 y yes true 1")
_MONEY = re.compile(r"(\d+(?:\.\d+)?)\s*(?:元|块|圆|％|%|‰)")
_SAYS_FREE = re.compile(r"不收|免费|免收|免缴|免交|无需缴费|不用交|不需要交")
_SAYS_CHARGED = re.compile(r"^(?:是|收费|收取|需要|按)")


@dataclass(frozen=True, slots=True)
class Charge:
    """Whether a fee is charged, and the cell's own words where they say more than yes or no."""

    charged: bool | None
    words: str = ""


def read_charge(text: str) -> Charge:
    """What a fee cell says; `charged` is None where its words leave that open."""
    word = text.rstrip("。.").lower()
    if word in _FREE or word in _CHARGED:
        return Charge(word in _CHARGED)
    return Charge(None) if is_absent(text) else Charge(_charged_by(text), text)


def _charged_by(words: str) -> bool | None:
    if any(float(amount) > 0 for amount in _MONEY.findall(words)):
        return True
    if _SAYS_FREE.search(words) or _MONEY.search(words):
        return False
    return True if _SAYS_CHARGED.match(words) else None


# --- time limits ---------------------------------------------------------------------------------

WORKING_DAYS = "个工作日"
_AT_ONCE = re.compile(
    r"^(?:即办件?|即时(?:办理|办结)?|当场(?:办理|办结|受理)?|现场(?:办理|办结)?|立即(?:办理|办结)?|立等可取|马上办(?:结)?|随到随办)(?:（[^）]*）)?$"
)
_SAME_DAY = re.compile(r"^(?:当日|当天|1日内)(?:办理|办结)?$")
_NO_LIMIT = _words("无期限 无时限 无法定时限 无规定 不限 无限制 法律未规定 未规定 法定无时限")
_UNITS = {
    "个工作日": WORKING_DAYS,
    "工作日": WORKING_DAYS,
    "个工作天": WORKING_DAYS,
    "个自然日": "个自然日",
    "自然日": "个自然日",
    "个日历日": "个自然日",
    "日历日": "个自然日",
    "日历天": "个自然日",
    "天": "天",
    "日": "日",
    "个小时": "小时",
    "小时": "小时",
    "分钟": "分钟",
    "个月": "个月",
    "月": "个月",
    "年": "年",
    "周": "周",
    "个星期": "周",
}
_UNIT_WORDS = "|".join(sorted(_UNITS, key=len, reverse=True))
_CHINESE_NUMBER = "[〇零一二两三四五六七八九十百]+"
_DURATION = re.compile(rf"(\d+(?:\.\d+)?|{_CHINESE_NUMBER})\s*({_UNIT_WORDS})")
_PLAIN_NUMBER = re.compile(rf"^(?:(\d+)(?:\.0+)?|({_CHINESE_NUMBER}))$")


@dataclass(frozen=True, slots=True)
class Duration:
    """A time limit: how many of which unit, and whether the cell says that it is done at once."""

    count: int
    unit: str = ""  # empty where the cell gives a bare number
    at_once: bool = False


def read_duration(text: str) -> Duration | None:
    """The time limit of 「5」, 「5个工作日内」, 「即办」 or 「二十日」; None where the cell gives none.

    Raises UnreadableCell, also where the cell holds two limits.
    """
    word = text.rstrip("。.；;")
    if is_absent(word) or word in _NO_LIMIT:
        return None
    if _AT_ONCE.match(word):
        return Duration(0, at_once=True)
    if _SAME_DAY.match(word):
        return Duration(1, WORKING_DAYS)
    if plain := _PLAIN_NUMBER.match(word):
        return Duration(_bounded(int(plain[1]) if plain[1] else chinese_number(plain[2])))
    found = {(number, _UNITS[unit]) for number, unit in _DURATION.findall(word)}
    if len(found) != 1:
        raise UnreadableCell(
            "看不懂的时限，请写成“5个工作日”这样的形式" if not found else "一格里有几个时限，请分开填写"
        )
    number, unit = found.pop()
    if number[0].isdigit():
        if float(number) != int(float(number)):
            raise UnreadableCell("时限只能是整数，请换一个单位")
        return Duration(_bounded(int(float(number))), unit)
    return Duration(_bounded(chinese_number(number)), unit)


def unit_in(note: str) -> str:
    """The unit that a header names beside it (「承诺办结时限（自然日）」), or nothing."""
    match = re.search(_UNIT_WORDS, note)
    return _UNITS[match[0]] if match else ""


def _bounded(count: int) -> int:
    if count > MOST_DAYS:
        raise UnreadableCell("时限长得不合常理，请核对")
    return count


_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def chinese_number(text: str) -> int:
    """The number below a thousand that Chinese numerals spell. Raises UnreadableCell."""
    total = digit = 0
    for sign in text:
        if sign in "十百":
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
        elif sign in _DIGITS:
            if digit:
                raise UnreadableCell(f"看不懂的数字“{text}”")
            digit = _DIGITS[sign]
        else:
            raise UnreadableCell(f"看不懂的数字“{text}”")
    return total + digit


# --- numbers and dates ---------------------------------------------------------------------------

_COPIES = re.compile(rf"^(?:各|共)?(\d{{1,3}}|{_CHINESE_NUMBER})(?:\.0+)?\s*(?:份|张|套|本|件|页|寸)?$")


def read_copies(text: str) -> int | None:
    """How many copies 「2」, 「2份」 or 「两份」 are; None for an empty cell. Raises UnreadableCell."""
    if is_absent(text):
        return None
    match = _COPIES.match(text)
    if match is None:
        raise UnreadableCell("看不懂的份数")
    return int(match[1]) if match[1].isdigit() else chinese_number(match[1])


def read_count(text: str) -> int | None:
    """A whole number of at most six digits (「1次」), None for an empty cell. Raises UnreadableCell."""
    if is_absent(text):
        return None
    match = re.match(r"^(?:最多|不超过)?(\d{1,6})(?:\.0+)?\s*(?:次|版|个)?$", text)
    if match is None:
        raise UnreadableCell("只能填整数")
    return int(match[1])


_DATE = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)?$"
)
_COMPACT_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_NO_END = _words("长期 长期有效 永久 永久有效 不限 无固定期限 至今 现行有效")


def read_date(text: str) -> date | None:
    """The day of 「2026-01-31」, 「2026年1月31日」 and the like; None for none. Raises UnreadableCell."""
    if is_absent(text) or text in _NO_END:
        return None
    match = _DATE.match(text) or _COMPACT_DATE.match(text)
    if match is None:
        raise UnreadableCell("看不懂的日期，请写成“2026-01-31”这样的形式")
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise UnreadableCell("没有这一天") from None


# --- words of closed lists -----------------------------------------------------------------------

_NECESSITY = {
    Necessity.REQUIRED: "必要 必需 必须 必备 必交 必填 必要材料 是 需要 required yes true 1",
    Necessity.OPTIONAL: "非必要 非必需 非必须 可选 选填 选交 可不交 不必要 否 不需要 optional no false 0",
    Necessity.DEFERRABLE: "容缺 容缺后补 可容缺 容缺受理 容缺材料 后补 可后补 deferrable",
}
_NECESSITY_BY_WORD = {word: meaning for meaning, words in _NECESSITY.items() for word in words.split()}


def read_necessity(text: str) -> Necessity:
    """Whether the material must be brought; an empty cell means that it must. Raises UnreadableCell."""
    if not text or (is_absent(text) and text != "0"):
        return Necessity.REQUIRED
    try:
        return _NECESSITY_BY_WORD[text.rstrip("。").lower()]
    except KeyError:
        raise UnreadableCell("只能填“必要”“非必要”或“容缺后补”") from None


_STATUS = {
    GuideStatus.PUBLISHED: "已发布 发布 在用 有效 启用 正常 published",
    GuideStatus.WITHDRAWN: "已撤回 撤回 停用 下架 废止 失效 取消 withdrawn",
    GuideStatus.DRAFT: "草稿 draft",
    GuideStatus.IN_REVIEW: "审核中 待审核 送审 in_review",
}
_STATUS_BY_WORD = {word: status for status, words in _STATUS.items() for word in words.split()}


def read_status(text: str) -> GuideStatus:
    """The status that the cell names; published where it is empty. Raises UnreadableCell."""
    if is_absent(text):
        return GuideStatus.PUBLISHED
    try:
        return _STATUS_BY_WORD[text.lower()]
    except KeyError:
        raise UnreadableCell("只能填“已发布”“已撤回”“草稿”或“审核中”") from None


def reads_as_medium(text: str) -> bool:
    """Whether a cell about a material's form names its medium (纸质, 电子) rather than original or copy."""
    return bool(re.search("纸质|电子|网上|扫描", text)) and not re.search("原件|复印件|正本|副本", text)
