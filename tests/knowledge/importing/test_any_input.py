"""Whatever a file holds, reading it ends with guides and rejections, never with an error.

Some tens of each kind in the fast run, and in the slow one ten thousand together.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from knowledge.guide import Guide
from knowledge.importing.columns import Column
from knowledge.importing.documents import read_documents, read_faq_pairs
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import Limits
from tests.knowledge.importing.test_workbooks import saved, sheet_of, with_part

NAMES = st.sampled_from(["表.json", "表.jsonl", "表.csv", "表.xlsx", "表", "表.txt"])
LIMITS = Limits(rows=50, cell_characters=200, columns=80)
HEADERS = [column.chinese for column in Column]
CELLS = (
    st.sampled_from(
        [
            "",
            "无",
            "是",
            "否",
            "5个工作日",
            "即办",
            "河东区",
            "甲",
            "2026-01-31",
            "12345",
            "[手机号]",
            "原件",
            "1.甲 2.乙",
        ]
    )
    | st.text(max_size=20)
    | st.text(alphabet="甲乙；;、：:\n0123456789（）《》-—", max_size=20)
)
ROWS = st.lists(st.lists(CELLS, max_size=len(HEADERS)), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Column, *HEADERS, "materials", "scenarios", "名称", "guide_id"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def check(batch) -> None:
    """A file gives something or says why not; what it gives can be stored and exported."""
    assert batch.guides or batch.rejections or batch.withheld
    assert len({guide.guide_id for guide in batch.guides}) == len(batch.guides)
    for guide in batch.guides:
        assert guide.district.strip()
        assert guide.main_item.strip()
        encoded = json.dumps(guide.as_json(), ensure_ascii=False).encode()
        assert Guide.from_json(json.loads(encoded)) == guide
    for remark in (*batch.rejections, *batch.notices):
        assert remark.reason
        assert str(remark).encode()


def any_bytes(name, data):
    check(read_guides(name, data, limits=LIMITS))
    read_documents(name, data, limits=LIMITS)
    read_faq_pairs(name, data, limits=LIMITS)


def any_text(name, text, encoding):
    check(read_guides(name, text.encode(encoding, "replace"), limits=LIMITS))


def any_table(columns, rows, noise):
    stream = io.StringIO()
    csv.writer(stream).writerows([columns, *rows])
    check(read_guides("表.csv", (stream.getvalue() + noise).encode("utf-8", "replace"), limits=LIMITS))


def any_workbook(columns, rows):
    printable = [[_printable(cell) for cell in row] for row in rows]
    check(read_guides("表.xlsx", saved(sheet_of(columns, *printable)), limits=LIMITS))


def _printable(text: str) -> str:
    """What openpyxl lets into a cell."""
    return "".join(sign for sign in text if sign >= " " or sign in "\n\t").encode("utf-8", "ignore").decode()


BOOK: Workbook = sheet_of(["区划", "事项", "材料名称"], ["河东区", "甲", "身份证"])
BYTES = saved(BOOK)
PARTS = [
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
    "[Content_Types].xml",
]


def any_damaged_workbook(part, at, junk, cut):
    data = with_part(BYTES, part, lambda content: content[:at] + junk + content[at + cut :])
    check(read_guides("表.xlsx", data, limits=LIMITS))


def any_damaged_archive(at, junk, cut):
    check(read_guides("表.xlsx", BYTES[:at] + junk + BYTES[at + cut :], limits=LIMITS))


def any_json(value):
    text = json.dumps(value)
    check(read_guides("表.json", text.encode(), limits=LIMITS))
    situation = [{"区划": "河东区", "事项": "甲", "情形": value}]
    check(read_guides("表.json", json.dumps(situation).encode(), limits=LIMITS))


KEYS = st.sampled_from(["id", "title", "text", "url", "question", "answer", "source", "别的"])
VALUES = st.none() | st.text(max_size=10) | st.integers() | st.lists(st.text(max_size=3), max_size=2)


def any_documents(values):
    data = "\n".join(json.dumps(value) for value in values).encode()
    for read in (read_documents, read_faq_pairs):
        batch = read("表.jsonl", data, limits=LIMITS)
        assert len(batch.records) + len(batch.rejections) >= 1
        assert all(record.document_id and record.title and record.text for record in batch.records)


@dataclass(frozen=True)
class Kind:
    """Files of one kind: how they are made, what is promised of each, and how many the slow run tries."""

    promise: Callable[..., None]
    made_of: Mapping[str, st.SearchStrategy]
    many: int

    def try_some(self, number: int) -> None:
        """Holds the promise against that many."""
        tried = 0

        @settings(max_examples=number, suppress_health_check=[HealthCheck.too_slow])
        @given(**self.made_of)
        def holds(**parts):
            nonlocal tried
            tried += 1
            self.promise(**parts)

        holds()
        assert tried >= number


KINDS = [
    Kind(any_bytes, {"name": NAMES, "data": st.binary(max_size=300)}, 2500),
    Kind(
        any_text,
        {
            "name": NAMES,
            "text": st.text(max_size=300),
            "encoding": st.sampled_from(["utf-8", "gb18030", "utf-16"]),
        },
        2000,
    ),
    Kind(
        any_table,
        {"columns": st.permutations(HEADERS), "rows": ROWS, "noise": st.text(alphabet='",\n;', max_size=5)},
        1500,
    ),
    Kind(any_workbook, {"columns": st.permutations(HEADERS), "rows": ROWS}, 300),
    Kind(
        any_damaged_workbook,
        {
            "part": st.sampled_from(PARTS),
            "at": st.integers(0, 400),
            "junk": st.binary(max_size=8),
            "cut": st.integers(0, 20),
        },
        1000,
    ),
    Kind(
        any_damaged_archive,
        {"at": st.integers(0, len(BYTES)), "junk": st.binary(max_size=8), "cut": st.integers(0, 50)},
        1500,
    ),
    Kind(any_json, {"value": JSON}, 1500),
    Kind(any_documents, {"values": st.lists(st.dictionaries(KEYS, VALUES), max_size=4)}, 1000),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.promise.__name__)
def test_a_few_of_each_kind(kind):
    kind.try_some(30 if kind.promise is any_workbook else 80)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.promise.__name__)
def test_many_of_each_kind(kind):
    kind.try_some(kind.many)


def test_many_are_ten_thousand_together():
    assert sum(kind.many for kind in KINDS) >= 10_000
