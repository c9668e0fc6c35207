"""JSON and JSON Lines: our own canonical form, and what others write."""

import json

import pytest

from knowledge.guide import Faq, Guide, Material, Necessity, Phone, Place, Situation, TimeLimit
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import Limits

GUIDE = Guide(
    "YS-1",
    "河东区",
    "钓鱼证办理",
    situations=(Situation("首次", (Material("身份证"),)),),
    phones=(Phone("0431-80000001", "大厅"),),
    time_limit=TimeLimit(3),
)


def read(value, name: str = "表.json", **options):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return read_guides(name, text.encode(), **options)


def test_canonical_guides_come_back_as_they_are():
    assert read([GUIDE.as_json()]).guides == (GUIDE,)
    assert read({"guides": [GUIDE.as_json()]}).guides == (GUIDE,)
    assert read(GUIDE.as_json()).guides == (GUIDE,)


def test_json_lines_are_read_line_by_line():
    other = GUIDE.as_json() | {"guide_id": "YS-2"}
    text = json.dumps(GUIDE.as_json()) + "\n\nnot json\n" + json.dumps(other) + "\n"
    batch = read(text, "表.jsonl")
    assert [guide.guide_id for guide in batch.guides] == ["YS-1", "YS-2"]
    assert [rejection.row for rejection in batch.rejections] == [3]


def test_json_lines_under_the_wrong_name_are_read_too():
    text = json.dumps(GUIDE.as_json()) + "\n" + json.dumps(GUIDE.as_json() | {"guide_id": "YS-2"})
    assert len(read(text, "表.json").guides) == 2


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"district": ""}, "区划名称"),
        ({"district": 5}, "district"),
        ({"guide_id": ""}, "指南编号"),
        ({"situations": [{"nam": "首次"}]}, "situations[0]"),
        (
            {"situations": [{"materials": [{"name": "证", "copies": True}]}]},
            "situations[0].materials[0].copies",
        ),
        ({"valid_from": "gestern"}, "valid_from"),
        ({"status": "?"}, "status"),
        ({"conditions": "甲\x00乙"}, "受理条件"),
        ({"conditions": "甲\ud800"}, "受理条件"),
        ({"conditions": "长" * 200}, "受理条件"),
        ({"time_limit": {"promised_days": -1}}, "承诺办结时限"),
        ({"valid_from": "2026-02-01", "valid_until": "2026-01-01"}, "指南失效日期"),
    ],
)
def test_a_canonical_guide_that_is_wrong_is_rejected_with_its_element(change, column):
    batch = read(json.dumps([GUIDE.as_json() | change, GUIDE.as_json()]), limits=Limits(cell_characters=100))
    assert batch.guides == (GUIDE,)
    [rejection] = batch.rejections
    assert (rejection.row, rejection.column) == (1, column)
    assert str(rejection).startswith("第 1 条")


def test_the_same_guide_twice_is_one_but_another_under_its_id_is_rejected():
    assert read([GUIDE.as_json(), GUIDE.as_json()]).rejections == ()
    batch = read([GUIDE.as_json(), GUIDE.as_json() | {"conditions": "别的"}])
    assert batch.guides == (GUIDE,)
    assert [rejection.row for rejection in batch.rejections] == [2]


def test_a_flat_foreign_form_is_read_by_the_names_of_its_keys():
    batch = read(
        [
            {
                "id": "YS-9",
                "district": "河东区",
                "parent": "云山市,松江省",
                "main_item": "钓鱼证办理",
                "business_item": "无",
                "promise_days": 3,
                "fee": "否",
                "conditions": "年满18周岁",
                "address": "民生路8号大厅；柳荫街12号",
                "hours": "工作日",
                "phone": "0431-80000001",
                "scenarios": [
                    {"scenario": "无情形", "materials": ["身份证", "照片"]},
                    {"scenario": "代办", "materials": ["委托书"]},
                ],
                "collected_by": "小李",
            }
        ]
    )
    assert batch.rejections == ()
    [guide] = batch.guides
    assert guide == Guide(
        "YS-9",
        "河东区",
        "钓鱼证办理",
        parents=("云山市", "松江省"),
        conditions="年满18周岁",
        situations=(
            Situation("", (Material("身份证"), Material("照片"))),
            Situation("代办", (Material("委托书"),)),
        ),
        time_limit=TimeLimit(3),
        fee=guide.fee,
        places=(Place("民生路8号大厅"), Place("柳荫街12号")),
        hours="工作日",
        phones=(Phone("0431-80000001"),),
    )
    assert guide.fee.charged is False
    assert [notice.column for notice in batch.notices] == ["collected_by"]


def test_nested_objects_of_others_are_understood():
    batch = read(
        [
            {
                "区划": "河东区",
                "事项名称": "甲",
                "别名": ["甲，乙", "丙"],
                "fee": {"charged": True, "standard": "10元"},
                "places": [{"名称": "大厅", "地址": "民生路8号；二楼", "电话": "12345"}],
                "phones": ["12345", {"号码": "12333", "名称": "社保"}],
                "situations": [
                    {
                        "name": "首次",
                        "materials": [{"名称": "照片；2张", "份数": "2", "必要性": "非必要"}, "身份证"],
                    }
                ],
                "faq": [{"问": "能代办吗？", "答": "能。"}],
            }
        ]
    )
    assert batch.rejections == ()
    assert batch.notices == ()
    [guide] = batch.guides
    assert guide.aliases == ("甲，乙", "丙")
    assert (guide.fee.charged, guide.fee.standard) == (True, "10元")
    assert guide.places == (Place("民生路8号；二楼", "大厅", phone="12345"),)
    assert guide.phones == (Phone("12345"), Phone("12333", "社保"))
    assert guide.situations == (
        Situation(
            "首次", (Material("照片；2张", copies=2, necessity=Necessity.OPTIONAL), Material("身份证"))
        ),
    )
    assert guide.faq == (Faq("能代办吗？", "能。"),)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "null",
        "5",
        '"x"',
        "[]",
        "{}",
        "[1]",
        "[[]]",
        "[null]",
        "NaN",
        "[" * 5000,
        '[{"id": ' + "9" * 5000 + "}]",
    ],
)
def test_json_that_holds_no_guides_is_rejected(text):
    batch = read(text)
    assert batch.guides == ()
    assert batch.rejections
