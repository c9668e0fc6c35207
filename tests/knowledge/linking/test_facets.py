"""What citizens say of what tells similar items apart. Places are masked as the reader gets them."""

import pytest

from knowledge.lexicon_files import Lexicons

FACETS = Lexicons(is_word=lambda _: True).facets


@pytest.mark.parametrize(
    ("text", "facet", "value"),
    [
        ("老伴走了，他户口在扶余，生前跟我在〔本〕住", "hukou_here", "no"),
        ("户口没挪窝，人搬〔本〕来住了", "hukou_here", "no"),
        ("我不是〔本〕户口可一直搁〔本〕住着", "hukou_here", "no"),
        ("老太太户口在磐石，这些年跟我住〔本〕", "hukou_here", "no"),
        ("〔本〕农村户口，从来没办过残疾证", "hukou_here", "yes"),
        ("〔本〕户口，想把残疾证退回去", "hukou_here", "yes"),
        ("户口也在〔本〕，人就在〔本〕住着", "hukou_here", "yes"),
        ("姥姥前天走的，她那居民养老保险得销", "cause", "dead"),
        ("够不上残疾了，想把残疾证退回去", "cause", "own"),
        ("我姐入了加拿大籍，户口得下了", "cause", "abroad_naturalised"),
        ("单位退休金我已经领上了，居民养老得销掉", "cause", "other_pension"),
        ("挂失完又找着了咋办", "act", "release"),
        ("大学毕业好几年了，户口想落回来", "graduate", "past"),
        ("毕业了还没找着工作，户口先迁回来", "graduate", "unplaced"),
        ("毕业签了三方，户口跟着单位走", "graduate", "placed"),
    ],
)
def test_what_is_said_in_passing_is_read(text, facet, value):
    assert FACETS.of_speech(text).value(facet) == value


@pytest.mark.parametrize(
    ("text", "facet"),
    [("我妈证没了，咋补", "cause"), ("大专毕业了想落户", "graduate"), ("残疾证丢了咋补", "hukou_here")],
)
def test_what_is_not_said_is_not_read(text, facet):
    assert FACETS.of_speech(text).value(facet) == ""


def test_without_a_cue_a_facet_is_unmentioned():
    assert "hukou_here" in FACETS.of_speech("身份证掰成两截了换新的").unmentioned
    assert "hukou_here" not in FACETS.of_speech("人常年在这边住，身份证掰成两截了").unmentioned
