"""Replies are judged by what they say and what they do."""

import json

import pytest

from server.evaluation.cases import CaseError, CaseKind, parse_cases
from server.evaluation.report import as_text, figures
from server.evaluation.scoring import Reply, judge

SINGLE = {
    "id": "s1",
    "text": "补身份证多少钱",
    "aspect": "fee",
    "category": "plain",
    "guide_ids": ["g1"],
    "gold": [{"fee": "是"}],
    "gold_mode": "all",
    "contrast": ["居住证"],
}
CLARIFY = {
    "id": "c1",
    "text": "补居住证去哪",
    "must": "clarify",
    "about": "district",
    "options_any": ["东区", "西区"],
    "min_options": 2,
    "ask_any": ["哪个区"],
}
REFUSE = {
    "id": "r1",
    "text": "发烧吃什么药",
    "expect": "no_guide",
    "must_not": ["退烧药"],
    "should_any": ["120"],
}
HANDOFF = {"id": "h1", "text": "转人工", "expect": "handoff", "channel": "text"}
NO_HANDOFF = {"id": "h2", "text": "有人工窗口吗", "expect": "no_handoff", "channel": "any"}
DIALOGUE = {
    "id": "d1",
    "turns": [
        {"user": "迁户口", "expect": {"kind": "clarify", "options_any": ["市内", "市外"], "min_options": 2}},
        {
            "user": "第二个",
            "expect": {
                "kind": "answer",
                "gold": ["身份证"],
                "by_option": {
                    "ordinal": 2,
                    "options": [
                        {"name": "市内", "match": ["市内"], "gold": ["户口簿"]},
                        {"name": "市外", "match": ["市外"], "gold": ["准迁证"]},
                    ],
                },
            },
        },
        {"user": "谢谢", "expect": {"kind": "smalltalk", "gold": []}},
    ],
}


def case_of(row):
    return parse_cases([json.dumps(row)])[0]


def judged(row, *replies):
    return judge(case_of(row), replies)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (SINGLE, CaseKind.SINGLE),
        (CLARIFY, CaseKind.CLARIFY),
        (REFUSE, CaseKind.REFUSE),
        (HANDOFF, CaseKind.HANDOFF),
        (DIALOGUE, CaseKind.DIALOGUE),
    ],
)
def test_the_kind_of_a_case_is_told_by_its_fields(row, kind):
    assert case_of(row).kind is kind


def test_a_line_that_is_no_case_is_named():
    with pytest.raises(CaseError, match="line 2"):
        parse_cases([json.dumps(SINGLE), '{"id": "x", "text": "?"}'])


def test_a_single_question_is_right_when_the_facts_are_said():
    [judgement] = judged(SINGLE, Reply("收费，工本费40元", guide_ids=("g1",)))

    assert judgement.marks == {"ok": True, "strict": True, "cited": True, "asked_back": False}


def test_the_facts_beside_those_of_a_sibling_item_are_not_strictly_right():
    [judgement] = judged(SINGLE, Reply("身份证收费，居住证不收费"))

    assert judgement.marks["ok"]
    assert not judgement.marks["strict"]
    assert not judgement.marks["cited"]


def test_asking_back_is_wrong_but_told_apart():
    [judgement] = judged(SINGLE, Reply("请问您在哪个区？", kind="clarify"))

    assert not judgement.right
    assert judgement.marks["asked_back"]


@pytest.mark.parametrize(
    ("reply", "right", "strict"),
    [
        (Reply("1. 东区 2. 西区", kind="answer"), True, True),
        (Reply("您在哪个区？", kind="clarify"), True, False),
        (Reply("东区行政路1号", kind="answer"), False, False),
    ],
)
def test_a_question_that_must_be_asked_back(reply, right, strict):
    [judgement] = judged(CLARIFY, reply)

    assert judgement.marks == {"ok": right, "strict": strict}


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        (Reply("这个我不懂，请拨打120"), True),
        (Reply("请吃退烧药"), False),
        (Reply("这个我不懂", guide_ids=("g1",)), False),
    ],
)
def test_a_question_that_no_guide_answers(reply, right):
    [judgement] = judged(REFUSE, reply)

    assert judgement.right is right


@pytest.mark.parametrize(
    ("row", "kind", "right"),
    [
        (HANDOFF, "handoff", True),
        (HANDOFF, "answer", False),
        (NO_HANDOFF, "answer", True),
        (NO_HANDOFF, "handoff", False),
    ],
)
def test_reaching_a_person_is_judged_by_what_the_bot_did(row, kind, right):
    [judgement] = judged(row, Reply("好的", kind=kind))

    assert judgement.right is right


def test_a_dialogue_is_judged_turn_by_turn_and_a_pick_by_the_order_in_which_the_bot_offered():
    offered_the_other_way = Reply("1. 市外 2. 市内", kind="clarify")
    answer = Reply("身份证、户口簿", kind="answer")

    judgements = judged(DIALOGUE, offered_the_other_way, answer, Reply("不客气", kind="smalltalk"))

    assert [j.right for j in judgements] == [True, True, True]


def test_an_answer_about_another_option_than_the_picked_one_is_wrong():
    offered = Reply("1. 市内 2. 市外", kind="clarify")

    judgements = judged(
        DIALOGUE, offered, Reply("身份证、户口簿", kind="answer"), Reply("不客气", kind="smalltalk")
    )

    assert [j.right for j in judgements] == [True, False, True]


def test_turns_without_a_reply_are_wrong():
    assert [j.right for j in judged(DIALOGUE)] == [False, False, False]


def test_the_report_counts_by_kind_and_names_what_went_wrong():
    cases = [case_of(row) for row in (SINGLE, HANDOFF, DIALOGUE)]
    replies = [[Reply("免费")], [Reply("好", kind="handoff")], [Reply("市内还是市外")] * 3]

    found = figures(cases, replies)

    assert found["rates"]["single"]["marks"]["ok"] == {"right": 0, "of": 1, "share": 0.0}
    assert found["rates"]["handoff"]["by"]["handoff"]["share"] == 1.0
    assert found["rates"]["dialogue"]["marks"]["whole"]["of"] == 1
    assert found["wrong"] == ["s1", "d1.2"]
    assert "单个问题" in as_text(found)
