"""Which of the offered choices a short reply picks.

「2」「第二个」「就第一种吧」「最后一个」, a choice's value, its title, or a part of the title that no
other choice has. Pure. A reply that says more than its pick is a question of its own and picks
nothing, even if a title stands in it.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from core.messages import Choice

_DIGITS: Final = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_CHINESE_NUMBER: Final = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_UNIT: Final = "[个种项条款类行号点位家步]"

# 「两个」 and 「2个」 count things, so a unit needs 第 or the like before the number; 「2号」 doesn't.
_ORDINAL = re.compile(
    rf"(?:(?P<back>倒数)?第|选项|编号|序号|方案)(?P<number>[0-9]{{1,3}}|{_CHINESE_NUMBER})(?:个?选项|{_UNIT})?"
    rf"|(?P<bare>[0-9]{{1,3}}|{_CHINESE_NUMBER})号?"
)
_FIRST = re.compile(rf"(?:头一|首){_UNIT}")
_LAST = re.compile(rf"最(?:后|末|下)面?(?:的?[那这]?一?{_UNIT})?")
# These point at one of two; among more they could mean any.
_FORMER = re.compile(rf"前者|(?:前|上)(?:一|面[那这]?一?){_UNIT}")
_LATTER = re.compile(rf"后者|(?:后|下)(?:一|面[那这]?一?){_UNIT}")

_PUNCTUATION = re.compile(r"[\W_]+")

# What people put around a pick.
_LEADING = re.compile(
    "嗯+|哦+|噢|对|好的?|行|是的?|那么|那|麻烦|请问?|帮我|给我|我想要|我想|我要|我就|我选择?|我是|我的是"
    "|应该|就|要的是|要|选择|选|办理?|咨询|问的是|问|指的是|说的是|按"
)
_TRAILING = re.compile(
    "(?:谢谢您?你?|吧|呢|啊|呀|哦|噢|哈|啦|了|的|[这那]一?个|[这那]一?种|[这那]一?项|就?行了?|就?可以了?|就?好了?|情况)$"
)
# Whole replies that say nothing about a title, even if they stand in one.
_EMPTY_WORDS = re.compile(
    "不[是要用对]|没有?|不知道|不清楚|都不是|都可以|都行|随便|需要|什么|怎么办?|哪[个里种]|多少|如何|为什么|[一这那]个|人工"
)
_SHORTEST_PART: Final = 2


def match_choice(text: str, choices: Sequence[Choice]) -> Choice | None:
    """The one choice that `text` picks; None if it picks none, or more than one could be meant.

    A number out of range picks nothing.
    """
    exact = [choice for choice in choices if choice.value == text.strip()]
    if exact:
        return exact[0]
    replies = _peel(_core(text))
    for pick in (_by_title, _by_part, _by_position):
        found = pick(replies, choices)
        if found is not None:
            return found
    return None


def _core(text: str) -> str:
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _peel(core: str) -> list[str]:
    """The reply with ever more of the filling around it taken off, longest first."""
    seen = {core}
    waiting = [core]
    while waiting:
        reply = waiting.pop()
        leading, trailing = _LEADING.match(reply), _TRAILING.search(reply)
        shorter = {reply[leading.end() :]} if leading else set()
        shorter |= {reply[: trailing.start()]} if trailing else set()
        waiting.extend(shorter - seen)
        seen |= shorter
    return sorted(seen, key=lambda reply: (-len(reply), reply))


def _by_title(replies: Sequence[str], choices: Sequence[Choice]) -> Choice | None:
    for reply in replies:
        found = [choice for choice in choices if reply and _core(choice.title) == reply]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _by_part(replies: Sequence[str], choices: Sequence[Choice]) -> Choice | None:
    if "" in replies:  # filling only: 「好的」 isn't a part of 「做好的面包」
        return None
    for reply in replies:
        if len(reply) < _SHORTEST_PART or reply.isdigit() or _EMPTY_WORDS.fullmatch(reply):
            continue
        found = [choice for choice in choices if reply in _core(choice.title)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _by_position(replies: Sequence[str], choices: Sequence[Choice]) -> Choice | None:
    for reply in replies:
        position = _position(reply, len(choices))
        if position is not None:
            return choices[position - 1] if 1 <= position <= len(choices) else None
    return None


def _position(reply: str, count: int) -> int | None:
    """The position that the reply names, which may be out of range; None if it names none."""
    if ordinal := _ORDINAL.fullmatch(reply):
        number = _number(ordinal["number"] or ordinal["bare"])
        return count + 1 - number if ordinal["back"] else number
    if _FIRST.fullmatch(reply):
        return 1
    if _LAST.fullmatch(reply):
        return count
    if count == 2 and _FORMER.fullmatch(reply):
        return 1
    if count == 2 and _LATTER.fullmatch(reply):
        return 2
    return None


def _number(numeral: str) -> int:
    if numeral.isascii():
        return int(numeral)
    tens, ten, units = numeral.rpartition("十")
    if not ten:
        return _DIGITS[units]
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(units, 0)
