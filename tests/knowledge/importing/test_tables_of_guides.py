"""CSV files, from tidy to hopeless."""

import pytest

from knowledge.guide import Material, Necessity, Place, Situation
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import Limits

HEADER = "区划名称,主项名称,业务办理项名称,承诺办结时限,是否收费,情形,材料名称\n"


def read(text: str, *, encoding: str = "utf-8", name: str = "表.csv", **options):
    return read_guides(name, text.encode(encoding), **options)


def rows_and_reasons(batch) -> list[tuple[int, str, str]]:
    return [(rejection.row, rejection.column, rejection.reason) for rejection in batch.rejections]


def test_several_rows_make_one_guide_with_its_situations_and_materials():
    batch = read(
        HEADER + "河东区,钓鱼证办理,无,5个工作日,否,首次,身份证\n"
        "河东区,钓鱼证办理,无,5个工作日,否,首次,照片\n"
        "河东区,钓鱼证办理,无,5个工作日,否,补办,身份证\n"
    )
    assert batch.rejections == ()
    [guide] = batch.guides
    assert (guide.district, guide.main_item, guide.business_item) == ("河东区", "钓鱼证办理", "")
    assert guide.time_limit.promised_days == 5
    assert guide.fee.charged is False
    assert guide.situations == (
        Situation("首次", (Material("身份证"), Material("照片"))),
        Situation("补办", (Material("身份证"),)),
    )


def test_rows_of_one_guide_need_not_stand_together():
    batch = read(HEADER + "河东区,甲,,1,否,,A\n河西区,甲,,1,否,,B\n河东区,甲,,1,否,,C\n")
    assert [[m.name for m in guide.situations[0].materials] for guide in batch.guides] == [["A", "C"], ["B"]]


def test_no_materials_needed_differs_from_materials_not_said():
    batch = read("区划,事项,情形,材料名称\n河东区,甲,无情形,无需材料\n河东区,乙,,\n")
    assert [guide.situations for guide in batch.guides] == [(Situation(),), ()]


def test_the_elements_of_a_material_are_read():
    batch = read(
        "区划,事项,材料名称,材料形式,份数,必要性,来源渠道,填报须知,免提交\n"
        "河东区,甲,身份证,原件和复印件,1份,必要,公安机关,正反面,是\n"
        "河东区,甲,照片,纸质,若干,非必要,,,否\n"
    )
    [guide] = batch.guides
    assert guide.situations[0].materials == (
        Material("身份证", "原件和复印件", "", 1, Necessity.REQUIRED, "公安机关", note="正反面", exempt=True),
        Material("照片", "", "纸质", None, Necessity.OPTIONAL, note="份数：若干"),
    )
    assert [notice.column for notice in batch.notices] == ["份数"]


def test_a_place_takes_the_window_and_phone_of_its_row():
    batch = read(
        "区划,事项,办理地点,窗口,地点电话,地点办理时间\n河东区,甲,民生路8号,3号窗口,0431-80000001,上午\n"
    )
    assert batch.guides[0].places == (Place("民生路8号", "", "3号窗口", "0431-80000001", "上午"),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_usual_encodings_are_told_apart(encoding):
    batch = read(HEADER + "河东区,钓鱼证办理,无,5,否,无情形,身份证\n", encoding=encoding)
    assert [guide.main_item for guide in batch.guides] == ["钓鱼证办理"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(delimiter):
    batch = read(f"区划{delimiter}事项{delimiter}材料名称\n河东区{delimiter}甲{delimiter}身份证，照片\n")
    assert batch.guides[0].situations[0].materials == (Material("身份证，照片"),)


def test_the_header_need_not_be_the_first_row():
    batch = read("云山市事项一览表,,\n（试行）,,\n\n区划,事项,材料名称\n河东区,甲,身份证\n")
    assert len(batch.guides) == 1
    assert batch.rejections == ()


def test_a_header_that_comes_again_is_skipped():
    batch = read("区划,事项,材料名称\n河东区,甲,身份证\n区划,事项,材料名称\n河西区,甲,身份证\n")
    assert [guide.district for guide in batch.guides] == ["河东区", "河西区"]


def test_unknown_columns_are_reported_but_row_numbers_are_not():
    batch = read("序号,区划,事项,领导批示\n1,河东区,甲,同意\n")
    assert [notice.column for notice in batch.notices] == ["领导批示"]


def test_a_second_column_of_the_same_kind_is_added_or_reported():
    batch = read("区划,事项,咨询电话,联系电话,是否收费,收费\n河东区,甲,12345,12333,否,是\n")
    assert [phone.number for phone in batch.guides[0].phones] == ["12345", "12333"]
    assert batch.guides[0].fee.charged is False
    assert [notice.column for notice in batch.notices] == ["收费"]


# --- rejections --------------------------------------------------------------------------------


def test_a_bad_row_is_named_with_column_value_and_reason_and_costs_no_other_guide():
    batch = read(HEADER + "河东区,甲,,5,否,,A\n河东区,乙,,看情况,否,,B\n河东区,丙,,3,否,,C\n")
    assert [guide.main_item for guide in batch.guides] == ["甲", "丙"]
    [rejection] = batch.rejections
    assert (rejection.row, rejection.column, rejection.value) == (3, "承诺办结时限", "看情况")
    assert "看不懂" in rejection.reason
    assert str(rejection) == f"第 3 行“承诺办结时限”列：{rejection.reason}（内容：看情况）"


def test_a_guide_that_lost_a_row_is_withheld_as_a_whole():
    batch = read(HEADER + "河东区,甲,,5,否,,A\n河东区,甲,,五五,否,,B\n河东区,乙,,5,否,,C\n")
    assert [guide.main_item for guide in batch.guides] == ["乙"]
    assert batch.withheld == ("河东区 · 甲",)


def test_a_row_without_district_or_item_is_rejected():
    batch = read(HEADER + ",甲,,5,否,,A\n河东区,,,5,否,,A\n河东区,乙,,5,否,,A\n")
    assert [(rejection.row, rejection.column) for rejection in batch.rejections] == [
        (2, "区划名称"),
        (3, "主项名称"),
    ]
    assert len(batch.guides) == 1


def test_rows_of_one_guide_must_not_contradict_each_other():
    batch = read(HEADER + "河东区,甲,,5,否,,A\n河东区,甲,,5个工作日,否,,B\n河东区,甲,,7,否,,C\n")
    assert [(rejection.row, rejection.column) for rejection in batch.rejections] == [
        (3, "承诺办结时限"),
        (4, "承诺办结时限"),
    ]
    assert "第 2 行" in batch.rejections[1].reason


def test_broken_bytes_cost_only_their_row():
    data = (HEADER + "河东区,甲,,5,否,,身份证\n河东区,乙,,5,否,,X\n河东区,丙,,5,否,,照片\n").encode()
    batch = read_guides("表.csv", data.replace(b"X", b"\xff\xfe"))
    assert [guide.main_item for guide in batch.guides] == ["甲", "丙"]
    assert [(rejection.row, rejection.column) for rejection in batch.rejections] == [(3, "材料名称")]


def test_a_quote_that_never_closes_costs_only_its_row():
    rows = "".join(f"河东区,事项{n},,5,否,,材料{n}\n" for n in range(50))
    batch = read(HEADER + '河东区,甲,,5,否,,"身份证\n' + rows)
    assert len(batch.guides) == 50
    assert [rejection.row for rejection in batch.rejections] == [2]
    assert "引号" in batch.rejections[0].reason


def test_cells_of_several_lines_are_whole():
    batch = read('区划,事项,办理地点\n河东区,甲,"民生路8号大厅\n柳荫街12号窗口"\n')
    assert [place.address for place in batch.guides[0].places] == ["民生路8号大厅", "柳荫街12号窗口"]


def test_a_file_without_a_district_column_needs_one_given():
    text = "事项名称,情形简称,关联材料名称\n甲,首次,身份证\n"
    refused = read(text)
    assert refused.guides == ()
    assert "区划名称" in refused.rejections[0].reason
    accepted = read(text, district="松江省")
    assert [guide.district for guide in accepted.guides] == ["松江省"]


@pytest.mark.parametrize("text", ["", "   \n", "一些\n文字\n", "甲,乙,丙\n1,2,3\n"])
def test_a_file_without_a_header_is_rejected_as_a_whole(text):
    batch = read(text)
    assert batch.guides == ()
    assert [rejection.row for rejection in batch.rejections] == [0]


def test_the_same_names_always_give_the_same_id():
    one = read(HEADER + "河东区,甲,子项,5,否,,A\n")
    other = read("事项,子项,区划,承诺时限\n甲,子项,河东区,9\n")
    assert one.guides[0].guide_id == other.guides[0].guide_id
    assert one.derived_ids == {one.guides[0].guide_id}


def test_an_id_in_the_file_is_kept():
    batch = read("编号,区划,事项\nYS-001,河东区,甲\n")
    assert batch.guides[0].guide_id == "YS-001"
    assert batch.derived_ids == frozenset()


def test_an_id_that_cannot_stand_in_an_address_is_rejected():
    batch = read("编号,区划,事项\na/b c,河东区,甲\n")
    assert batch.guides == ()
    assert [rejection.column for rejection in batch.rejections] == ["指南编号"]


def test_two_limits_in_different_units_keep_the_promised_one():
    batch = read("区划,事项,承诺办结时限,法定办结时限\n河东区,甲,5个工作日,60天\n")
    limit = batch.guides[0].time_limit
    assert (limit.promised_days, limit.unit, limit.statutory_days) == (5, "个工作日", None)
    assert [notice.column for notice in batch.notices] == ["法定办结时限"]


def test_a_header_gives_bare_numbers_their_unit():
    batch = read("区划,事项,承诺办结时限（自然日）\n河东区,甲,5\n")
    assert batch.guides[0].time_limit.unit == "个自然日"


# --- bounds ------------------------------------------------------------------------------------


def test_a_long_record_does_not_hide_the_rows_after_it():
    long_row = "河东区,甲,,5,否,," + "长" * 600 + "\n"
    batch = read(HEADER + long_row + "河东区,乙,,5,否,,A\n", limits=Limits(cell_characters=50))
    assert [guide.main_item for guide in batch.guides] == ["乙"]
    assert [rejection.row for rejection in batch.rejections] == [2]


def test_names_that_were_wrapped_in_their_cell_are_put_on_one_line():
    batch = read('区划,事项\n河东区,"钓鱼证\n办理"\n')
    assert batch.guides[0].main_item == "钓鱼证办理"


def test_a_cell_over_the_limit_rejects_its_row():
    batch = read(
        HEADER + f"河东区,甲,,5,否,,{'长' * 101}\n河东区,乙,,5,否,,短\n", limits=Limits(cell_characters=100)
    )
    assert [guide.main_item for guide in batch.guides] == ["乙"]
    assert [(rejection.row, rejection.column) for rejection in batch.rejections] == [(2, "材料名称")]


def test_a_file_of_too_many_rows_goes_in_not_even_partly():
    rows = "".join(f"河东区,事项{n},,5,否,,A\n" for n in range(20))
    batch = read(HEADER + rows, limits=Limits(rows=10))
    assert batch.guides == ()
    assert "超过 10 行" in batch.rejections[0].reason
    assert len(batch.withheld) == 9


def test_a_file_that_is_too_large_is_not_read():
    batch = read(HEADER, limits=Limits(file_bytes=10))
    assert "太大" in batch.rejections[0].reason


def test_a_file_full_of_stray_quotes_is_given_up():
    row = '河东区,"甲' + "长" * 600 + "\n"
    batch = read(HEADER + row * 20, limits=Limits(broken_quotes=3, cell_characters=50))
    assert batch.guides == ()
    assert len(batch.rejections) == 4
    assert "太多" in batch.rejections[-1].reason
