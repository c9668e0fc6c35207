"""Addresses out of cells that list them in all the ways offices do. All addresses are made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.guide import Place
from knowledge.importing.cleaning import clean_text
from knowledge.importing.places import read_places


def addresses(cell: str) -> list[str]:
    return [place.address for place in read_places(clean_text(cell))]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("云山市河东区民生路８号", ["云山市河东区民生路8号"], id="one, digits in full width"),
        pytest.param(
            "松省云山市河东区民生路8号政务大厅；\n松省云山市河西区柳荫街12号综合窗口。",
            ["松省云山市河东区民生路8号政务大厅", "松省云山市河西区柳荫街12号综合窗口"],
            id="semicolons and lines",
        ),
        pytest.param(
            "1.云山市河东区民生路8号大厅 2.云山市河西区柳荫街12号 3.河北镇长街9.5公里处",
            ["云山市河东区民生路8号大厅", "云山市河西区柳荫街12号", "河北镇长街9.5公里处"],
            id="numbered on one line",
        ),
        pytest.param(
            "①云山市民生路8号②云山市柳荫街12号", ["云山市民生路8号", "云山市柳荫街12号"], id="circled numbers"
        ),
        pytest.param(
            "河东区各派出所、云山市河东区民生路8号政务服务中心",
            ["河东区各派出所", "云山市河东区民生路8号政务服务中心"],
            id="a comma before another city and street",
        ),
        pytest.param(
            "云山市民生路8号大厅1-3、5-8号窗口",
            ["云山市民生路8号大厅1-3、5-8号窗口"],
            id="a comma between windows",
        ),
        pytest.param(
            "松江省云山市民生路8号 松江省云山市柳荫街12号",
            ["松江省云山市民生路8号", "松江省云山市柳荫街12号"],
            id="only a blank between",
        ),
        pytest.param(
            "云山市柳荫街与民生路交汇西行50米 河东区大厅",
            ["云山市柳荫街与民生路交汇西行50米 河东区大厅"],
            id="a blank inside",
        ),
        pytest.param(
            "云山市柳荫街与民生路交汇西行云\n山大厦二楼窗口",
            ["云山市柳荫街与民生路交汇西行云山大厦二楼窗口"],
            id="broken inside",
        ),
        pytest.param(
            "云山市民生路8号一楼1、2号窗口\n、二楼3号窗口",
            ["云山市民生路8号一楼1、2号窗口、二楼3号窗口"],
            id="continued",
        ),
        pytest.param(
            "云山市民生路8号（政务大厅；二楼）",
            ["云山市民生路8号（政务大厅；二楼）"],
            id="a semicolon in brackets",
        ),
        pytest.param("辖区内任一派出所", ["辖区内任一派出所"], id="no address at all"),
        pytest.param("无", [], id="none"),
        pytest.param("；；。", [], id="only signs"),
    ],
)
def test_each_address_is_taken_once_and_verbatim(cell, expected):
    assert addresses(cell) == expected


def test_a_name_before_a_colon_names_the_place():
    cell = "柳荫派出所：云山市柳荫街12号\n政务大厅办理地点:云山市民生路8号"
    assert read_places(cell) == (
        Place(address="云山市柳荫街12号", name="柳荫派出所"),
        Place(address="云山市民生路8号", name="政务大厅"),
    )


def test_the_same_place_twice_is_one_place():
    assert addresses("云山市民生路8号；云山市民生路8号") == ["云山市民生路8号"]


@given(st.text(max_size=200) | st.text(alphabet="省市区路街号、；;：:\n 1２.①（）甲乙丙", max_size=80))
def test_any_cell_gives_places_with_an_address(text):
    assert all(place.address.strip() for place in read_places(clean_text(text)))
