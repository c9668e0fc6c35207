"""Whatever a file holds, reading it ends with guides and rejections, never with an error."""

import csv
import io
import json

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


@given(name=NAMES, data=st.binary(max_size=300))
def test_any_bytes(name, data):
    check(read_guides(name, data, limits=LIMITS))
    read_documents(name, data, limits=LIMITS)
    read_faq_pairs(name, data, limits=LIMITS)


@given(name=NAMES, text=st.text(max_size=300), encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_any_text(name, text, encoding):
    check(read_guides(name, text.encode(encoding, "replace"), limits=LIMITS))


@given(columns=st.permutations(HEADERS), rows=ROWS, noise=st.text(alphabet='",\n;', max_size=5))
def test_any_table(columns, rows, noise):
    stream = io.StringIO()
    csv.writer(stream).writerows([columns, *rows])
    check(read_guides("表.csv", (stream.getvalue() + noise).encode("utf-8", "replace"), limits=LIMITS))


@given(columns=st.permutations(HEADERS), rows=ROWS)
@settings(max_examples=40)
def test_any_workbook(columns, rows):
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


@given(st.sampled_from(PARTS), st.integers(0, 400), st.binary(max_size=8), st.integers(0, 20))
@settings(max_examples=80)
def test_any_damaged_workbook(part, at, junk, cut):
    data = with_part(BYTES, part, lambda content: content[:at] + junk + content[at + cut :])
    check(read_guides("表.xlsx", data, limits=LIMITS))


@given(st.integers(0, len(BYTES)), st.binary(max_size=8), st.integers(0, 50))
@settings(max_examples=80)
def test_any_damaged_archive(at, junk, cut):
    check(read_guides("表.xlsx", BYTES[:at] + junk + BYTES[at + cut :], limits=LIMITS))


@given(JSON)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_json(value):
    text = json.dumps(value)
    check(read_guides("表.json", text.encode(), limits=LIMITS))
    check(
        read_guides(
            "表.json", json.dumps([{"区划": "河东区", "事项": "甲", "情形": value}]).encode(), limits=LIMITS
        )
    )


KEYS = st.sampled_from(["id", "title", "text", "url", "question", "answer", "source", "别的"])
VALUES = st.none() | st.text(max_size=10) | st.integers() | st.lists(st.text(max_size=3), max_size=2)


@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=4))
def test_any_documents(values):
    data = "\n".join(json.dumps(value) for value in values).encode()
    for read in (read_documents, read_faq_pairs):
        batch = read("表.jsonl", data, limits=LIMITS)
        assert len(batch.records) + len(batch.rejections) >= 1
        assert all(record.document_id and record.title and record.text for record in batch.records)
