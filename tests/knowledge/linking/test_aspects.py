"""Which elements of a guide a citizen asks for."""

import pytest

from core.statuses import Aspect
from knowledge.lexicon_files import Lexicons

ASPECTS = Lexicons(is_word=lambda _: True).aspects


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("新开个小公司想立个社保户头，揣啥去、奔哪个大厅", {Aspect.MATERIALS, Aspect.LOCATION}),
        ("想给申请个助听器，上哪递材料", {Aspect.LOCATION}),
        ("退休搁哪栋楼报", {Aspect.LOCATION}),
        ("证书下来以后多少个月之内申请才算数", {Aspect.CONDITIONS}),
        ("成立以后多少天里头得把社保登上", {Aspect.CONDITIONS}),
        ("居住证一年一签，能提前多少天去", {Aspect.CONDITIONS}),
        ("几天内能办好", {Aspect.TIME_LIMIT}),
        ("政务中心那个号给我", {Aspect.PHONE}),
        ("问事儿打几号", {Aspect.PHONE}),
        ("失业金在哪办呐 得准备张什么卡", {Aspect.LOCATION, Aspect.MATERIALS}),
    ],
)
def test_the_elements_are_read_from_the_words(text, wanted):
    assert set(ASPECTS.read(text)) - {Aspect.PROCESS} == wanted
