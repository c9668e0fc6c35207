"""Whether what was heard is acted on or read back first, and how the citizen answers that. Pure."""

import re
import unicodedata
from enum import Enum, auto
from typing import Final

from core.speech_ports import Heard


class Confirmation(Enum):
    """How a text answers 「您是说…吗」."""

    YES = auto()
    NO = auto()
    NEITHER = auto()  # it says something of its own


LONGEST_CONFIRMATION: Final = 12
"""Who says more says something of their own."""

# With what people put around a yes or a no.
_FILLING: Final = "[嗯哦噢啊呀呢吧了的哈]*"
_YES: Final = re.compile(
    f"{_FILLING}(?:[1一嗯是对好行y]|就?是这样|就是|正确|没错|没问题|可以|确认|确定|ok|yes)"
    f"[嗯哦噢啊呀呢吧了的哈是对好行]*(?:谢谢)?{_FILLING}"
)
_NO: Final = re.compile(
    f"{_FILLING}(?:[2二不错否n]|不是|不是这样|不对|没有|没说|重来|重新说|重说|取消|no){_FILLING}"
)
_AROUND: Final = re.compile(r"[\W_]+")


def is_sure(heard: Heard, sure_from: float) -> bool:
    """Whether to act on it at once."""
    return heard.confidence >= sure_from


def read_confirmation(text: str) -> Confirmation:
    """Whether the text says yes or no, and nothing else."""
    core = _AROUND.sub("", unicodedata.normalize("NFKC", text)).casefold()
    if len(core) > LONGEST_CONFIRMATION:
        return Confirmation.NEITHER
    if _NO.fullmatch(core):
        return Confirmation.NO
    return Confirmation.YES if _YES.fullmatch(core) else Confirmation.NEITHER
