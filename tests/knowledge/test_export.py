"""What was exported comes back the same when it is imported."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from knowledge.export import as_json_lines, as_json_list, run_guides_export
from knowledge.export_workbook import as_workbook
from knowledge.guide import Guide, Material, Situation
from knowledge.importing.importer import read_guides
from knowledge.importing.publication import import_guides
from tests.fakes import InMemoryKnowledgeStore
from tests.knowledge.importing.strategies import guides

several_guides = st.lists(guides, min_size=1, max_size=2, unique_by=lambda guide: guide.guide_id).map(tuple)


QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(several_guides)
@QUICK
def test_json_round_trips(exported):
    lines = read_guides("指南.jsonl", "".join(as_json_lines(exported)).encode())
    whole = read_guides("指南.json", as_json_list(exported).encode())
    assert lines.rejections == ()
    assert lines.guides == whole.guides == exported


@given(several_guides)
@QUICK
def test_a_workbook_round_trips(exported):
    batch = read_guides("指南.xlsx", as_workbook(exported))
    assert batch.rejections == ()
    assert batch.guides == exported


def test_a_text_that_looks_like_a_formula_stays_a_text():
    guide = Guide(
        "YS-1", "河东区", "甲", conditions="=1+1", situations=(Situation("", (Material("+86证"),)),)
    )
    assert read_guides("指南.xlsx", as_workbook([guide])).guides == (guide,)


def test_a_text_too_long_for_a_cell_is_refused_rather_than_cut():
    with pytest.raises(ValueError, match="JSON Lines"):
        as_workbook([Guide("YS-1", "河东区", "甲", conditions="长" * 40_000)])


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".xlsx"])
async def test_the_store_is_exported_whole_or_by_district(tmp_path: Path, suffix: str):
    store = InMemoryKnowledgeStore()
    text = "区划,事项,材料名称\n河东区,甲,身份证\n河西区,甲,身份证\n"
    await import_guides(store, [read_guides("表.csv", text.encode())])
    target = tmp_path / f"指南{suffix}"
    assert await run_guides_export(store, target) == 2
    again = read_guides(target.name, target.read_bytes())
    assert (await import_guides(store, [again])).unchanged == 2
    assert await run_guides_export(store, target, district="河西区") == 1
    assert [guide.district for guide in read_guides(target.name, target.read_bytes()).guides] == ["河西区"]
    assert os.listdir(tmp_path) == [target.name]


async def test_an_unknown_kind_of_file_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput):
        await run_guides_export(InMemoryKnowledgeStore(), tmp_path / "指南.docx")
