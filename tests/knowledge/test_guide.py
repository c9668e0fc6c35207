"""The guide, its canonical encoding and the rules that need nothing else."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.statuses import GuideStatus
from knowledge.guide import Guide, Material, Necessity, Situation
from tests.knowledge.importing.strategies import guides

GUIDE = Guide("YS-1", "河东区", "钓鱼证办理", situations=(Situation("首次", (Material("身份证"),)),))


def test_fields_at_their_default_are_left_out_of_the_encoding():
    assert GUIDE.as_json() == {
        "guide_id": "YS-1",
        "district": "河东区",
        "main_item": "钓鱼证办理",
        "situations": [{"name": "首次", "materials": [{"name": "身份证"}]}],
    }


@given(guides)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_a_guide_survives_its_encoding(guide):
    assert Guide.from_json(guide.as_json()) == guide


@given(guides, st.integers(1, 99))
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_the_content_hash_ignores_what_the_public_does_not_see(guide, version):
    other = replace(guide, version=version, reviewer="小李", last_checked=date(2026, 1, 1))
    assert other.content_hash() == guide.content_hash()
    assert replace(guide, conditions=guide.conditions + "。").content_hash() != guide.content_hash()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"unknown": 1}, "guide: unknown field unknown"),
        ({"district": None}, "guide.district"),
        ({"situations": {}}, "guide.situations: a list"),
        ({"situations": [{"materials": [{"name": 5}]}]}, r"guide.situations\[0\].materials\[0\].name: str"),
        ({"situations": [{"materials": [{}]}]}, r"materials\[0\].name: missing"),
        ({"situations": [{"materials": [{"name": "证", "necessity": "maybe"}]}]}, "necessity: not one of"),
        ({"version": True}, "guide.version: int"),
        ({"valid_from": "2026-13-01"}, "guide.valid_from: a date"),
    ],
)
def test_a_wrong_field_is_named(change, path):
    with pytest.raises(ValueError, match=path):
        Guide.from_json(GUIDE.as_json() | change)


def test_absent_values_of_optional_fields_may_be_written_out():
    assert Guide.from_json(GUIDE.as_json() | {"valid_from": None}) == GUIDE


def test_the_title_names_the_business_item_where_there_is_one():
    assert GUIDE.title == "钓鱼证办理"
    assert replace(GUIDE, business_item="钓鱼证办理").title == "钓鱼证办理"
    assert replace(GUIDE, business_item="丢失补办").title == "钓鱼证办理（丢失补办）"


@pytest.mark.parametrize(
    ("change", "answerable"),
    [
        ({}, True),
        ({"valid_from": date(2026, 6, 1), "valid_until": date(2026, 6, 1)}, True),
        ({"valid_from": date(2026, 6, 2)}, False),
        ({"valid_until": date(2026, 5, 31)}, False),
        ({"status": GuideStatus.DRAFT}, False),
        ({"status": GuideStatus.IN_REVIEW}, False),
        ({"status": GuideStatus.WITHDRAWN}, False),
    ],
)
def test_only_published_guides_in_force_are_answered_from(change, answerable):
    assert replace(GUIDE, **change).answerable_on(date(2026, 6, 1)) is answerable


def test_a_material_must_be_brought_unless_said_otherwise():
    assert Material("身份证").necessity is Necessity.REQUIRED
