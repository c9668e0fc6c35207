"""What every guide must be before it may be stored, wherever it came from.

These are conditions of the store and of links, not of quality; `knowledge.linting` judges quality.
"""

import re
from collections.abc import Iterator
from typing import Any

from knowledge.guide import Guide
from knowledge.importing.cells import MOST_DAYS
from knowledge.importing.cleaning import is_broken
from knowledge.importing.limits import Limits

LONGEST_ID = 100
LONGEST_NAME = 300
_ID = re.compile(rf"^[^\s/?#%\\\"'<>&]{{1,{LONGEST_ID}}}$")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def unsound(guide: Guide) -> tuple[str, str] | None:
    """The element and the reason why the guide can't be stored, or None."""
    if not _ID.match(guide.guide_id):
        return "guide_id", f"编号不能为空、不能含空格和 / ? # 等符号，最长 {LONGEST_ID} 字"
    for element, name in (("district", guide.district), ("main_item", guide.main_item)):
        if not name.strip():
            return element, "不能为空"
    for element, name in (
        ("district", guide.district), ("main_item", guide.main_item), ("business_item", guide.business_item),
    ):  # fmt: skip
        if len(name) > LONGEST_NAME:
            return element, f"名称太长（超过 {LONGEST_NAME} 字）"
    for element, number, most in _numbers(guide):
        if number is not None and not 0 <= number <= most:
            return element, "数字不合常理，请核对"
    if guide.valid_from and guide.valid_until and guide.valid_from > guide.valid_until:
        return "valid_until", "失效日期早于生效日期"
    return None


def unsound_text(body: Any, limits: Limits) -> tuple[str, str] | None:
    """The element and the reason why a text in a guide's JSON can't be stored, or None."""
    for element, text in _texts(body, ""):
        if is_broken(text) or _CONTROL.search(text):
            return element, "含有无法识别的字符"
        if len(text) > limits.cell_characters:
            return element, f"内容太长（超过 {limits.cell_characters} 字）"
    return None


def _numbers(guide: Guide) -> Iterator[tuple[str, int | None, int]]:
    yield "time_limit.promised_days", guide.time_limit.promised_days, MOST_DAYS
    yield "time_limit.statutory_days", guide.time_limit.statutory_days, MOST_DAYS
    yield "online.visits", guide.online.visits, 1_000
    yield "version", guide.version, 1_000_000
    for situation in guide.situations:
        for material in situation.materials:
            yield "situations.materials.copies", material.copies, 1_000


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path.lstrip("."), value
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, path)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(entry, f"{path}.{key}")
