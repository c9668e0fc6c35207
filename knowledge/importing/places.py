"""Places out of a cell that may list several addresses in any of the ways offices write them.

An address is kept verbatim: only list numbers, a final full stop and a name in front of a colon
(「凯旋路派出所：长新街137号」) are taken off it.
"""

import re
from functools import lru_cache

from knowledge.guide import Place
from knowledge.importing.cleaning import is_absent, numbered_entries, outside_brackets, without_list_mark

_PROVINCE = r"(?:[一-鿿]{2,3}省|[一-鿿]{2,8}自治区|(?:北京|上海|天津|重庆)市)"
_CITY_AND_STREET = r"[一-鿿]{2,4}市[^、]*?(?:路|街|道|号|巷|胡同)"

# 「…窗口、吉林省…」 lists two places, 「1-3、5-8窗口」 and 「西安大街、建设街交汇」 one.
_ENUMERATED = re.compile(rf"(?<=[一-鿿）)])[、，,]\s*(?={_PROVINCE}|{_CITY_AND_STREET})")
_SPACED = re.compile(rf"\s+(?={_PROVINCE})")
_GLUED_NUMBER = re.compile(rf"(?<=[一-鿿）)A-Za-z])(?<!第)(?=\d{{1,2}}[.．、]{_PROVINCE})")

_STARTS_PLACE = re.compile(
    rf"^\s*(?:[（(]?\d{{1,2}}[)）.．、]|[①-⑳]|{_PROVINCE}|[一-鿿]{{2,8}}?[市县区旗镇乡][一-鿿]|[^：:]{{2,20}}[：:]|各|辖区)"
)
_ENDS_PLACE = re.compile(
    r"(?:窗口|大厅|中心|派出所|[号楼室层厅处局院站所店馆区柜点司]|米|内|旁|侧|对面|[)）0-9])$"
)
_STARTS_REMAINDER = re.compile(r"^[、，,)）]")

_NAMED = re.compile(
    r"^([^：:，,；;。0-9]{2,30}|[^：:，,；;。]{2,20}?(?:中心|大厅|派出所|窗口|街道|镇|乡|社区|分局))\s*[：:]\s*(.+)$",
    re.DOTALL,
)
_NAME_TAIL = re.compile(r"(?:的)?(?:办理地点|办理地址|办公地点|办公地址|地点|地址)$")


@lru_cache(maxsize=8_192)
def read_places(cell: str) -> tuple[Place, ...]:
    """The places that a cleaned cell lists, each once, in order; none for 「无」."""
    if is_absent(cell):
        return ()
    parts = [part for line in _whole_lines(cell) for part in outside_brackets(line, ";；")]
    places = [_place(entry) for part in parts for entry in _entries(part)]
    return tuple(dict.fromkeys(place for place in places if place is not None))


def _whole_lines(cell: str) -> list[str]:
    """The lines of the cell, where a line break that fell inside an address is undone."""
    lines: list[str] = []
    for line in cell.split("\n"):
        broken = (
            lines
            and not lines[-1].endswith((";", "；", "。"))
            and (
                _STARTS_REMAINDER.match(line)
                or not (_ENDS_PLACE.search(lines[-1]) or _STARTS_PLACE.match(line))
            )
        )
        if broken:
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def _entries(part: str) -> list[str]:
    entries: list[str] = []
    for numbered in numbered_entries(part):
        for glued in _GLUED_NUMBER.split(numbered):
            for spaced in _SPACED.split(glued):
                entries.extend(_ENUMERATED.split(spaced))
    return entries


def _place(entry: str) -> Place | None:
    text = without_list_mark(entry).strip(" ;；。、,，\n")
    if not text:
        return None
    match = _NAMED.match(text)
    if match is None:
        return Place(address=text)
    name = _NAME_TAIL.sub("", match[1].strip()).strip()
    return Place(address=match[2].strip(), name=name)
