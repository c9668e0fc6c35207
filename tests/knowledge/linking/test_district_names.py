"""A district is found by any name it goes by, and nothing else is taken for one."""

import pytest

from knowledge.district_names import district_named
from knowledge.districts import District, DistrictReader
from knowledge.lexicon_files import Lexicons

ABOVE = ("长春市", "吉林省")
NAMES = (
    "长春市",
    "朝阳区",
    "南关区",
    "农安县",
    "公主岭市",
    "长春经济技术开发区",
    "长春净月高新技术产业开发区",
    "中韩（长春）国际合作示范区",
    "双营子回族乡",
)


@pytest.fixture(scope="module")
def reader() -> DistrictReader:
    districts = [District(name, ABOVE if name != "长春市" else ABOVE[1:]) for name in NAMES]
    return Lexicons(is_word=lambda _: True).district_reader(districts, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_district_is_found_by_its_own_name(reader, name):
    assert district_named(name, reader) == name


@pytest.mark.parametrize(
    ("name", "district"),
    [
        ("朝阳", "朝阳区"),
        ("朝陽區", "朝阳区"),
        (" 朝阳区 ", "朝阳区"),
        ("长春朝阳", "朝阳区"),
        ("长春市朝阳区", "朝阳区"),
        ("農安", "农安县"),
        ("公主岭", "公主岭市"),
        ("经开", "长春经济技术开发区"),
        ("经开区", "长春经济技术开发区"),
        ("净月", "长春净月高新技术产业开发区"),
        ("长春", "长春市"),
        ("中韩(长春)国际合作示范区", "中韩（长春）国际合作示范区"),
    ],
)
def test_a_district_is_found_as_people_write_it(reader, name, district):
    assert district_named(name, reader) == district


@pytest.mark.parametrize(
    "name",
    [
        "",
        "火星区",
        "海淀区",
        "北京市朝阳区",
        "朝阳和南关",
        "我住在朝阳区",
        "朝阳区'; DROP TABLE",
        "潮阳区",
        "朝阳路",
        "办" * 100,
    ],
)
def test_what_is_no_district_here_is_none(reader, name):
    assert district_named(name, reader) == ""


async def test_the_consultant_knows_the_districts_of_the_guides_in_force(make_desk):
    desk = await make_desk()

    named = [await desk._consultant.district(name) for name in ("东岭", "河西區", "火星区")]

    assert named == ["东岭区", "河西区", ""]


def test_without_guides_no_district_is_known():
    reader = Lexicons(is_word=lambda _: True).district_reader([], "长春市")

    assert district_named("朝阳区", reader) == ""
