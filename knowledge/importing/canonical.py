"""Guides in their canonical JSON, as `bangban guides export` writes them and the samples hold them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from knowledge.guide import Guide
from knowledge.importing.columns import Column
from knowledge.importing.limits import Limits
from knowledge.importing.soundness import unsound, unsound_text

_FIELDS = frozenset(item.name for item in dataclasses.fields(Guide))
_ELEMENTS = frozenset(column.value for column in Column)
_COMPLAINTS = {
    "a list is needed": "应是列表",
    "an object is needed": "应是对象",
    "missing": "缺少这一项",
    "str is needed": "应是文字",
    "int is needed": "应是整数",
    "bool is needed": "应是 true 或 false",
    "a date like 2026-01-31 is needed": "应是 2026-01-31 这样的日期",
}


def is_canonical(record: Mapping[str, Any]) -> bool:
    """Whether the object claims to be a canonical guide: it has an id and no key of another form."""
    return "guide_id" in record and record.keys() <= _FIELDS


def read_canonical(record: Mapping[str, Any], limits: Limits) -> tuple[Guide | None, tuple[str, str]]:
    """The guide, or None with the element and the reason why it can't be taken over."""
    try:
        guide = Guide.from_json(record)
    except ValueError as error:
        return None, _in_chinese(str(error))
    problem = unsound_text(record, limits) or unsound(guide)
    if problem is None:
        return guide, ("", "")
    element, reason = problem
    return None, (Column(element).chinese if element in _ELEMENTS else element, reason)


def _in_chinese(complaint: str) -> tuple[str, str]:
    """The element and the reason out of a message of `Guide.from_json`."""
    path, _, words = complaint.partition(": ")
    element = path.removeprefix("guide").lstrip(".").encode("utf-8", "replace").decode()
    if words in _COMPLAINTS:
        return element, _COMPLAINTS[words]
    if words.startswith("unknown field"):
        return element, f"不认识的内容 {words.removeprefix('unknown field ')[:40]}".encode(
            "utf-8", "replace"
        ).decode()
    if words.startswith("not one of"):
        return element, f"只能是 {words.removeprefix('not one of ')} 之一"
    return element, "不符合指南的格式"
