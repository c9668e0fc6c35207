"""What a guide's editor is told to look at."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from knowledge.guide import Fee, Guide, LegalBasis, Material, Online, Phone, Place, Situation, TimeLimit
from knowledge.linting import Severity, lint, lint_all, plausible_phone
from tests.knowledge.importing.strategies import guides

TODAY = date(2026, 6, 1)
SOUND = Guide(
    "YS-1",
    "河东区",
    "钓鱼证办理",
    conditions="年满18周岁。",
    situations=(Situation("", (Material("身份证"), Material("照片"))),),
    time_limit=TimeLimit(3, 10),
    fee=Fee(True, "10元"),
    places=(Place("民生路8号"),),
    hours="工作日9:00-16:00",
    phones=(Phone("0431-80000001"),),
)


def codes(guide: Guide) -> set[str]:
    return {finding.code for finding in lint(guide, today=TODAY)}


def test_a_sound_guide_has_no_findings():
    assert lint(SOUND, today=TODAY) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"phones": ()}, "no_phone"),
        ({"places": ()}, "no_place"),
        ({"hours": ""}, "no_hours"),
        ({"situations": ()}, "no_materials"),
        ({"situations": (Situation(),), "conditions": "须提交身份证。"}, "materials_in_conditions"),
        ({"situations": (*SOUND.situations, Situation("补办"))}, "unnamed_situation"),
        ({"situations": (Situation("甲"), Situation("甲"))}, "situation_twice"),
        ({"situations": (Situation("", (Material("证"), Material("证", "复印件"))),)}, "material_twice"),
        ({"time_limit": TimeLimit()}, "no_time_limit"),
        ({"time_limit": TimeLimit(20, 10)}, "promise_over_statute"),
        ({"time_limit": TimeLimit(5, handling="即办件")}, "at_once_with_days"),
        ({"fee": Fee()}, "fee_unknown"),
        ({"fee": Fee(True)}, "fee_without_standard"),
        ({"fee": Fee(False, "每本10元")}, "free_with_amount"),
        ({"valid_until": date(2026, 5, 31)}, "expired"),
        ({"valid_from": date(2026, 7, 1)}, "not_yet_valid"),
        ({"legal_basis": (LegalBasis("《旧条例》", repealed_on=date(2025, 1, 1)),)}, "basis_repealed"),
        ({"situations": (Situation("", (Material("身份证领取凭"),)),)}, "name_cut_off"),
        ({"business_item": "补办（丢失"}, "name_cut_off"),
        ({"conditions": "联系[手机号]"}, "masked"),
        ({"phones": (Phone("0431-0431-80000001"),)}, "unlikely_phone"),
        ({"places": (Place("民生路8号", phone="12"),)}, "unlikely_phone"),
    ],
)  # fmt: skip
def test_each_weakness_is_found_and_only_it(change, code):
    assert codes(replace(SOUND, **change)) == {code}


def test_a_guide_that_is_done_online_needs_no_place():
    assert codes(replace(SOUND, places=(), online=Online(fully=True))) == set()


def test_brackets_of_mixed_width_are_whole():
    assert codes(replace(SOUND, business_item="补办（丢失)")) == set()


def test_errors_stand_before_warnings():
    findings = lint(replace(SOUND, phones=(), time_limit=TimeLimit(20, 10)), today=TODAY)
    assert [finding.severity for finding in findings] == [Severity.ERROR, Severity.WARNING]


def test_two_guides_of_one_item_are_found_together():
    found = lint_all(
        [SOUND, replace(SOUND, guide_id="YS-2"), replace(SOUND, guide_id="YS-3", district="河西区")],
        today=TODAY,
    )
    assert {guide_id: [finding.code for finding in findings] for guide_id, findings in found.items()} == {
        "YS-1": ["same_item_twice"],
        "YS-2": ["same_item_twice"],
    }


@pytest.mark.parametrize(
    "number",
    ["0431-80000001", "010-60000001", "(0431)80000001", "80000001", "13800000000", "+86 13800000000", "12345",
     "0431-12393", "400-810-0000", "110", "0431-80000001-802", "80000001转8001", "0431—80000001"],
)  # fmt: skip
def test_numbers_that_can_exist_are_plausible(number):
    assert plausible_phone(number)


@pytest.mark.parametrize(
    "number", ["", "0431-110", "0431-800000019", "1380000000", "80001", "0431-0431-80000001"]
)
def test_numbers_that_cannot_are_not(number):
    assert not plausible_phone(number)


@given(guides)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_any_guide_can_be_linted(guide):
    assert all(finding.message and finding.as_json() for finding in lint(guide, today=TODAY))
