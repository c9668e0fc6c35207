"""The reference names every column and every finding, and its examples hold."""

import inspect
import re
from pathlib import Path

from knowledge import linting
from knowledge.importing.columns import Column, recognise
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import DEFAULT_LIMITS

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "importing.md").read_text(encoding="utf-8")
HOWTO = (DOCS / "howto" / "import-guides.md").read_text(encoding="utf-8")


def table_rows(text: str) -> list[list[str]]:
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows]


def test_every_column_is_documented_with_names_that_are_recognised():
    documented = {row[2].strip("`"): row for row in table_rows(REFERENCE) if len(row) == 4}
    for column in Column:
        row = documented[column.value]
        names = [row[0], *(name for name in row[1].split("、") if name)]
        assert {recognise(name)[0] for name in names} == {column}


def test_every_finding_is_documented():
    codes = set(re.findall(r'_(?:error|warning)\(\s*"(\w+)"', inspect.getsource(linting)))
    assert codes
    assert {code for code in codes if f"`{code}`" not in REFERENCE} == set()


def test_the_limits_are_those_of_the_code():
    assert f"{DEFAULT_LIMITS.file_bytes // 1024**2} MB" in REFERENCE
    assert f"{DEFAULT_LIMITS.unpacked_bytes // 1024**2} MB" in REFERENCE
    assert f"{DEFAULT_LIMITS.rows // 10_000} 万行" in REFERENCE
    assert f"{DEFAULT_LIMITS.cell_characters:,} 字" in REFERENCE


def test_the_example_of_several_addresses_reads_as_it_says():
    written = [row[1] for row in table_rows(REFERENCE) if len(row) == 2 and "云山市" in row[1]]
    assert len(written) == 4
    for cell in written:
        text = cell.replace("⏎", "\n")
        batch = read_guides("表.csv", f'区划,事项,办理地点\n河东区,甲,"{text}"\n'.encode())
        assert len(batch.guides[0].places) == 2


def test_the_example_table_of_the_howto_is_one_guide_with_two_situations():
    rows = [row for row in table_rows(HOWTO) if len(row) == 7 and not row[0].startswith("-")]
    batch = read_guides("表.csv", "\n".join(",".join(row) for row in rows).encode())
    assert batch.rejections == batch.notices == ()
    [guide] = batch.guides
    assert [(s.name, len(s.materials)) for s in guide.situations] == [("首次办理", 2), ("丢失补办", 2)]
