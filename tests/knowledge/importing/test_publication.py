"""What an import does to the store, and what it tells the operator."""

import json
from pathlib import Path

import pytest

from core.statuses import GuideStatus
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import Limits
from knowledge.importing.publication import (
    import_guides,
    run_documents_import,
    run_faq_import,
    run_guides_import,
)
from tests.fakes import InMemoryKnowledgeStore

HEADER = "区划,事项,承诺时限,材料名称\n"
GOOD = HEADER + "河东区,甲,5,身份证\n河西区,甲,5,身份证\n"
ONE_BAD = HEADER + "河东区,甲,5,身份证\n河西区,甲,待定吧,身份证\n河东区,乙,3,照片\n"


def batch_of(text: str, name: str = "表.csv"):
    return read_guides(name, text.encode())


@pytest.fixture
def store() -> InMemoryKnowledgeStore:
    return InMemoryKnowledgeStore()


async def stored(store) -> list[tuple[str, str]]:
    return [(record.district, record.main_item) async for record in store.published_guides()]


async def test_importing_publishes_and_counts(store):
    outcome = await import_guides(store, [batch_of(GOOD)])
    assert (outcome.added, outcome.changed, outcome.unchanged, outcome.exit_code) == (2, 0, 0, 0)
    assert sorted(await stored(store)) == [("河东区", "甲"), ("河西区", "甲")]
    assert list(outcome.lines()) == ["表.csv：新增 2 份，更新 0 份，未变 0 份，没有拒绝"]


async def test_importing_again_changes_nothing(store):
    await import_guides(store, [batch_of(GOOD)])
    before = await store.last_change()
    outcome = await import_guides(store, [batch_of(GOOD)])
    assert (outcome.added, outcome.changed, outcome.unchanged) == (0, 0, 2)
    assert await store.last_change() == before


async def test_a_changed_guide_becomes_a_new_version(store):
    await import_guides(store, [batch_of(GOOD)])
    outcome = await import_guides(store, [batch_of(GOOD.replace("河西区,甲,5", "河西区,甲,7"))])
    assert (outcome.added, outcome.changed, outcome.unchanged) == (0, 1, 1)


async def test_a_rejection_keeps_everything_out_unless_told_to_keep_going(store):
    outcome = await import_guides(store, [batch_of(GOOD, "好.csv"), batch_of(ONE_BAD, "坏.csv")])
    assert outcome.exit_code == 1
    assert await stored(store) == []
    assert "什么都没有导入" in "\n".join(outcome.lines())


async def test_keeping_going_imports_the_rest_and_says_so_by_the_exit_code(store):
    outcome = await import_guides(store, [batch_of(ONE_BAD)], keep_going=True)
    assert outcome.exit_code == 3
    assert outcome.rejected == 1
    assert sorted(await stored(store)) == [("河东区", "乙"), ("河东区", "甲")]
    lines = "\n".join(outcome.lines())
    assert "第 3 行“承诺时限”列" in lines
    assert "没有导入 《河西区 · 甲》" in lines


async def test_a_table_without_ids_takes_those_that_the_store_knows(store):
    with_ids = [
        {"guide_id": "YS-1", "district": "河东区", "main_item": "甲", "parents": ["云山市"]},
        {"guide_id": "YS-2", "district": "河西区", "main_item": "甲", "business_item": "甲"},
    ]
    await import_guides(store, [batch_of(json.dumps(with_ids), "表.json")])
    outcome = await import_guides(store, [batch_of(GOOD)])
    assert (outcome.added, outcome.changed) == (0, 2)
    assert (await store.guide("YS-1")).version == 2
    assert (await store.guide("YS-2")).version == 2


async def test_districts_of_one_name_in_two_cities_are_kept_apart(store):
    known = [{"guide_id": "YS-1", "district": "河东区", "main_item": "甲", "parents": ["云山市"]}]
    await import_guides(store, [batch_of(json.dumps(known), "表.json")])
    other = "区划,上级区划,事项\n河东区,海城市,甲\n"
    assert (await import_guides(store, [batch_of(other)])).added == 1


async def test_a_withdrawn_guide_in_the_file_withdraws_the_published_one(store):
    await import_guides(store, [batch_of("编号,区划,事项\nYS-1,河东区,甲\n")])
    text = "编号,区划,事项,状态\nYS-1,河东区,甲,已撤回\n"
    outcome = await import_guides(store, [batch_of(text)])
    assert outcome.exit_code == 0
    assert "撤回 1 份" in next(iter(outcome.lines()))
    assert await store.guide("YS-1") is None
    assert (await import_guides(store, [batch_of(text)])).exit_code == 0
    assert [record.status for record in await store.versions("YS-1")] == [GuideStatus.WITHDRAWN]


async def test_samples_make_way_for_the_first_real_guides(store, tmp_path: Path):
    faq = tmp_path / "问答.jsonl"
    faq.write_text(
        '{"id":"sample-q","question":"甲？","answer":"乙。"}\n{"id":"q","question":"丙？","answer":"丁。"}\n'
    )
    await run_faq_import(store, [faq])
    samples = "编号,区划,事项\nsample-1,河东区,甲\nsample-2,河西区,乙\n"
    assert (await import_guides(store, [batch_of(samples)])).samples_withdrawn == 0
    outcome = await import_guides(store, [batch_of("编号,区划,事项\nYS-1,河东区,甲\n")])
    assert outcome.samples_withdrawn == 3
    assert "撤下了 3 份示例内容" in list(outcome.lines())[-1]
    assert await stored(store) == [("河东区", "甲")]
    assert [record.document_id async for record in store.documents()] == ["q"]
    assert (await import_guides(store, [batch_of("编号,区划,事项\nYS-2,河东区,乙\n")])).samples_withdrawn == 0


async def test_samples_stay_out_where_real_guides_are(store, tmp_path: Path):
    await import_guides(store, [batch_of("编号,区划,事项\nYS-1,河东区,甲\n")])
    outcome = await import_guides(store, [batch_of("编号,区划,事项\nsample-1,河东区,甲\n")])
    assert (outcome.added, outcome.exit_code) == (0, 0)
    assert "示例内容没有导入" in "\n".join(outcome.lines())
    faq = tmp_path / "问答.jsonl"
    faq.write_text(
        '{"id":"sample-q","question":"甲？","answer":"乙。"}\n{"id":"q","question":"丙？","answer":"丁。"}\n'
    )
    assert (await run_faq_import(store, [faq])).added == 1
    assert await stored(store) == [("河东区", "甲")]


async def test_drafts_are_not_published_by_an_import(store):
    text = "编号,区划,事项,状态\nYS-1,河东区,甲,草稿\nYS-2,河东区,乙,已发布\n"
    outcome = await import_guides(store, [batch_of(text)], keep_going=True)
    assert outcome.exit_code == 3
    assert await stored(store) == [("河东区", "乙")]


async def test_files_are_read_and_missing_or_huge_ones_reported(store, tmp_path: Path):
    (tmp_path / "好.csv").write_text(GOOD, encoding="gb18030")
    (tmp_path / "大.csv").write_bytes(b"x" * 5000)
    paths = [tmp_path / name for name in ("好.csv", "大.csv", "没有.csv", ".")]
    outcome = await run_guides_import(store, paths, keep_going=True, limits=Limits(file_bytes=1000))
    assert outcome.added == 2
    assert [len(report.rejections) for report in outcome.reports] == [0, 1, 1, 1]


async def test_a_district_may_be_given_for_a_file_that_names_none(store, tmp_path: Path):
    path = tmp_path / "表.csv"
    path.write_text("事项名称,材料名称\n甲,身份证\n", encoding="utf-8")
    assert (await run_guides_import(store, [path])).exit_code == 1
    assert (await run_guides_import(store, [path], district="松江省")).added == 1


async def test_a_long_report_is_kept_short(store):
    rows = "".join(f"河东区,事项{n},待定{n},A\n" for n in range(500))
    lines = list((await import_guides(store, [batch_of(HEADER + rows)])).lines())
    assert len(lines) < 10
    assert "共 500 处" in "\n".join(lines)
    assert "加 --all 逐条列出" in lines[-2]


async def test_in_full_every_rejection_has_its_row_its_column_and_its_reason(store):
    rows = "".join(f"河东区,事项{n},待定{n},A\n" for n in range(500))
    outcome = await import_guides(store, [batch_of(HEADER + rows)])
    lines = list(outcome.lines(in_full=True))
    rejections = outcome.as_json()["files"][0]["rejections"]
    for n in range(500):
        assert sum(f"第 {n + 2} 行“承诺时限”列" in line and f"待定{n}）" in line for line in lines) == 1
        assert (rejections[n]["row"], rejections[n]["column"], rejections[n]["value"]) == (
            n + 2,
            "承诺时限",
            f"待定{n}",
        )
    assert all(rejection["reason"] for rejection in rejections)
    assert "《河东区 · 事项499》" in "\n".join(lines)
    assert "--all" not in "\n".join(lines)


async def test_a_report_that_leaves_nothing_out_says_nothing_of_more(store):
    outcome = await import_guides(store, [batch_of(ONE_BAD)])
    assert "--all" not in "\n".join(outcome.lines())


async def test_documents_and_faq_are_imported_and_counted(store, tmp_path: Path):
    documents = tmp_path / "政策.jsonl"
    documents.write_text('{"id":"d1","title":"窗口规定","text":"每天开放。","url":"https://example.org/1"}\n')
    faq = tmp_path / "问答.jsonl"
    faq.write_text('{"id":"q1","question":"几点开门？","answer":"九点。","source":"政务局"}\n')
    assert (await run_documents_import(store, [documents])).added == 1
    assert (await run_documents_import(store, [documents])).unchanged == 1
    assert (await run_faq_import(store, [faq])).added == 1
    record = await store.document("q1")
    assert (record.kind, record.title, record.text, record.source) == (
        "faq",
        "几点开门？",
        "九点。",
        "政务局",
    )


async def test_a_bad_document_keeps_the_others_out_unless_told_to_keep_going(store, tmp_path: Path):
    path = tmp_path / "政策.jsonl"
    path.write_text(
        '{"id":"d1","title":"甲","text":"乙"}\n{"id":"d2","title":"甲"}\nkaputt\n{"id":"d1","title":"丙","text":"丁"}\n'
    )
    outcome = await run_documents_import(store, [path])
    assert (outcome.exit_code, outcome.rejected, outcome.added) == (1, 3, 0)
    outcome = await run_documents_import(store, [path], keep_going=True)
    assert (outcome.exit_code, outcome.added) == (3, 1)
    assert [(rejection.row, rejection.column) for rejection in outcome.reports[0].rejections] == [
        (2, "text"),
        (3, ""),
        (4, "id"),
    ]
