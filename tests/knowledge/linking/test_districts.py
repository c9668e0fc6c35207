"""Which district a citizen's words name, and which city is another one's."""

import pytest

from knowledge.districts import District, DistrictReader, blurred
from knowledge.lexicon_files import Lexicons
from knowledge.segment import Segmenter

NAMES = (
    "朝阳区",
    "南关区",
    "绿园区",
    "二道区",
    "德惠市",
    "公主岭市",
    "莲花山生态旅游度假区",
    "长春经济技术开发区",
)


@pytest.fixture(scope="module")
def reader() -> DistrictReader:
    districts = [District(name, ("长春市", "吉林省")) for name in NAMES]
    return Lexicons(is_word=Segmenter().is_word).district_reader(districts, "长春市")


@pytest.mark.parametrize(
    ("text", "district"),
    [
        ("朝阳区身份证丢了", "朝阳区"),
        ("经开的居住证咋办", "长春经济技术开发区"),
        ("得惠社保在哪", "德惠市"),
        ("公主领搁哪栋楼报退休", "公主岭市"),
        ("这边户口得下了，路园派出所管她要啥", "绿园区"),
        ("想把户口跟过去，男关批下来得几天", "南关区"),
        ("莲花三换到期身份证", "莲花山生态旅游度假区"),
        ("在大连上了三年班回得惠了", "德惠市"),
    ],
)
def test_a_district_is_known_by_its_short_form_or_its_sound(reader, text, district):
    assert [m.district for m in reader.read(text).districts] == [district]


@pytest.mark.parametrize(
    "text",
    [
        "我女儿到社保局问了",  # 「儿到」 sounds like 二道, but 女儿 goes over its edge
        "我得会用手机才行吗",
        "这是个难关，过不去",
        "高兴得很",
        "身份证丢了怎么补",
    ],
)
def test_words_that_only_sound_like_a_district_name_none(reader, text):
    assert reader.read(text).districts == ()


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("北京朝阳区居住证签注去哪办", "北京"),
        ("大连市身份证怎么补", "大连"),
        ("从北京朝阳区迁到南关要带啥", ""),
        ("我北京户口，在南关住", ""),
        ("在大连上了三年班回得惠了，那边的失业保险想转回来", ""),
    ],
)
def test_a_question_about_another_city_is_told_from_a_citizen_who_comes_from_there(reader, text, city):
    assert reader.read(text).other_city == city


def test_accents_and_speech_recognition_make_no_difference_where_only_sound_is_compared():
    assert blurred(("lian", "hua", "shan")) == blurred(("lian", "hua", "san"))
    assert blurred(("lv", "yuan")) == blurred(("lu", "yuan"))
