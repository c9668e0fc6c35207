"""Snapshots hold what is in force, share their parts and never change."""

from dataclasses import replace
from datetime import date

import pytest

from core.errors import SnapshotMismatch
from knowledge.compaction import merge_newest, parts_to_merge
from knowledge.entries import Field
from knowledge.indexing import document_contribution, gone, guide_contribution, snapshot_in_memory
from knowledge.snapshot import Snapshot, SnapshotParameters
from tests.knowledge.retrieval.material import GUIDES, document, guide

TODAY = date(2026, 11, 22)


def grow(builder, snapshot: Snapshot, *contributions, name: str = "") -> Snapshot:
    return snapshot.with_part(builder.build(name or f"part-{len(snapshot.parts)}", contributions, snapshot))


def texts_in_force(snapshot: Snapshot, field: Field) -> list[str]:
    view = snapshot.view(field)
    held = zip(view.rows, view.alive, strict=True)
    return sorted(rows.texts[n] for rows, alive in held for n in range(rows.size) if alive[n])


@pytest.fixture
def empty(builder) -> Snapshot:
    return Snapshot(builder.parameters)


@pytest.fixture
def snapshot(builder, empty) -> Snapshot:
    return grow(builder, empty, *map(guide_contribution, GUIDES))


def test_items_list_the_guides_of_all_districts(snapshot):
    item = snapshot.items()["居民身份证补领|"]
    assert item.districts(TODAY) == ("南关区", "朝阳区")
    found = item.in_district("朝阳区", TODAY)
    assert found is not None
    assert found.guide_id == "g-2"
    assert item.in_district("宽城区", TODAY) is None
    assert set(snapshot.items()) == {"居民身份证补领|", "居住证签注|", "残疾人证新办|户籍地申请"}


def test_an_item_knows_the_aliases_of_all_its_guides(builder):
    elsewhere = replace(GUIDES[3], guide_id="g-5", district="南关区", aliases=("残疾人办证", "办残疾证"))
    snapshot = snapshot_in_memory(builder, (*GUIDES, elsewhere))
    assert snapshot.items()["残疾人证新办|户籍地申请"].aliases == ("办残疾证", "残疾人办证")


def test_texts_that_districts_share_are_one_row(snapshot):
    assert texts_in_force(snapshot, Field.ITEM_NAME) == [
        "居住证签注", "居民身份证补领", "残疾人证新办，户籍地申请，办残疾证",
    ]  # fmt: skip


def test_a_changed_guide_replaces_what_it_said(builder, snapshot):
    changed = replace(GUIDES[2], conditions="持有居住证满一年。", version=2)
    after = grow(builder, snapshot, guide_contribution(changed))
    assert any("满一年" in text for text in texts_in_force(after, Field.ITEM_FULL))
    assert "居住证签注\n居住证、房屋租赁合同" not in texts_in_force(after, Field.ITEM_FULL)
    assert after.items()["居住证签注|"].guides[0].version == 2


def test_the_snapshot_before_stays_as_it_was(builder, snapshot):
    before = texts_in_force(snapshot, Field.ITEM_FULL)
    grow(builder, snapshot, gone("guide", "g-3", "is withdrawn", item="居住证签注|"))
    assert texts_in_force(snapshot, Field.ITEM_FULL) == before
    assert "居住证签注|" in snapshot.items()


def test_only_new_texts_are_embedded(builder, embedder, snapshot):
    embedder.embedded.clear()
    changed = replace(GUIDES[2], conditions="持有居住证满一年。")
    grow(builder, snapshot, guide_contribution(changed))
    assert embedder.embedded == ["居住证签注\n持有居住证满一年。\n居住证、房屋租赁合同"]


def test_a_text_that_comes_back_is_not_embedded_again(builder, embedder, snapshot):
    without = grow(builder, snapshot, gone("guide", "g-3", "is withdrawn", item="居住证签注|"))
    embedder.embedded.clear()
    again = grow(builder, without, guide_contribution(GUIDES[2]))
    assert embedder.embedded == []
    assert texts_in_force(again, Field.ITEM_NAME) == texts_in_force(snapshot, Field.ITEM_NAME)


def test_an_item_goes_with_its_last_guide(builder, snapshot):
    key = "居民身份证补领|"
    one = grow(builder, snapshot, gone("guide", "g-1", "is withdrawn", item=key))
    assert one.items()[key].districts(TODAY) == ("朝阳区",)
    assert "居民身份证补领" in texts_in_force(one, Field.ITEM_NAME)
    none = grow(builder, one, gone("guide", "g-2", "is withdrawn", item=key))
    assert key not in none.items()
    assert "居民身份证补领" not in texts_in_force(none, Field.ITEM_NAME)


def test_a_guide_may_move_to_another_item(builder, snapshot):
    moved = guide("g-3", "南关区", "居住证换领", materials=("居住证",))
    after = grow(builder, snapshot, guide_contribution(moved))
    assert "居住证签注|" not in after.items()
    assert after.items()["居住证换领|"].guides[0].guide_id == "g-3"


def test_a_guide_holds_only_between_its_dates(builder, empty):
    dated = replace(GUIDES[0], valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))
    item = grow(builder, empty, guide_contribution(dated)).items()["居民身份证补领|"]
    assert [len(item.guides_on(day)) for day in (date(2025, 12, 31), date(2026, 1, 1), date(2027, 1, 1))] == [
        0,
        1,
        0,
    ]


def test_a_record_whose_rows_are_nowhere_is_refused(builder, empty, snapshot):
    part = builder.build("part", [guide_contribution(GUIDES[0])], snapshot)  # needs rows of `snapshot`
    with pytest.raises(ValueError, match="no row in any part"):
        empty.with_part(part)


def test_other_parameters_are_refused_with_what_differs():
    with pytest.raises(SnapshotMismatch, match="model_id 是 'b'，应为 'a'"):
        SnapshotParameters("a", 64).require(SnapshotParameters("b", 64))
    SnapshotParameters("a", 64).require(SnapshotParameters("a", 64))


class TestMerging:
    def changed_often(self, builder, snapshot: Snapshot) -> Snapshot:
        for n in range(4):
            changed = replace(GUIDES[2], conditions=f"第{n}次修改。")
            snapshot = grow(builder, snapshot, guide_contribution(changed))
        snapshot = grow(builder, snapshot, document_contribution(document("d", "标题", "正文。")))
        return grow(builder, snapshot, gone("guide", "g-4", "is withdrawn", item="残疾人证新办|户籍地申请"))

    def test_a_merge_changes_nothing_that_is_in_force(self, builder, snapshot):
        before = self.changed_often(builder, snapshot)
        for count in range(2, len(before.parts) + 1):
            merge = merge_newest(before, count, "merged")
            after = before.with_merge(merge, number=9)
            assert len(after.parts) == len(before.parts) - count + 1
            again = Snapshot.of(after.parameters, after.parts)  # as it would be read from disk
            for state in (after, again):
                assert state.items() == before.items()
                assert state.records == before.records
                assert all(texts_in_force(state, f) == texts_in_force(before, f) for f in Field)

    def test_rows_and_records_that_nothing_uses_are_left_out(self, builder, snapshot):
        before = self.changed_often(builder, snapshot)
        merged = merge_newest(before, len(before.parts), "merged").part
        assert merged.fields[Field.ITEM_FULL].size == len(texts_in_force(before, Field.ITEM_FULL))
        assert ("guide", "g-4") not in {record.key for record in merged.records}

    def test_changes_during_a_merge_come_after_it(self, builder, snapshot):
        before = self.changed_often(builder, snapshot)
        merge = merge_newest(before, 3, "merged")
        meanwhile = grow(builder, before, guide_contribution(replace(GUIDES[2], conditions="又改了。")))
        after = meanwhile.with_merge(merge, number=9)
        assert any("又改了" in text for text in texts_in_force(after, Field.ITEM_FULL))
        assert texts_in_force(after, Field.ITEM_FULL) == texts_in_force(meanwhile, Field.ITEM_FULL)

    def test_a_merge_that_lost_a_row_which_came_back_is_refused(self, builder, snapshot):
        before = self.changed_often(builder, snapshot)
        merge = merge_newest(before, len(before.parts), "merged")
        meanwhile = grow(builder, before, guide_contribution(GUIDES[3]))  # its rows were left out
        with pytest.raises(ValueError, match="in force again"):
            meanwhile.with_merge(merge, number=9)

    def test_a_merge_of_parts_that_are_gone_is_refused(self, builder, snapshot):
        before = self.changed_often(builder, snapshot)
        merge = merge_newest(before, 3, "merged")
        with pytest.raises(ValueError, match="no longer parts"):
            before.with_merge(merge, number=9).with_merge(merge, number=10)


class TestWhichPartsToMerge:
    def test_parts_of_like_size_are_merged(self):
        assert parts_to_merge([100_000, 3, 2, 1]) == 3

    def test_a_large_part_waits_until_a_quarter_has_come(self):
        assert parts_to_merge([100_000, 20_000]) == 1
        assert parts_to_merge([100_000, 25_000]) == 2

    def test_a_bound_leaves_large_merges_to_others(self):
        assert parts_to_merge([100_000, 25_000, 20_000], most=50_000) == 2
        assert parts_to_merge([100_000, 25_000], most=50_000) == 1

    def test_the_number_of_parts_stays_logarithmic(self):
        sizes: list[int] = []
        for _ in range(5000):
            sizes.append(1)
            if (count := parts_to_merge(sizes)) > 1:
                sizes[-count:] = [sum(sizes[-count:])]
            assert len(sizes) <= 8

    def test_no_parts_need_no_merge(self):
        assert parts_to_merge([]) == 0
