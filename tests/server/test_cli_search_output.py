"""What `bangban search` tells an operator: everything that was weighed, in Chinese."""

import re

import pytest

from knowledge.entries import Kind
from knowledge.fusion import fuse_document, fuse_item
from server.cli.search import KINDS, PHASES, lines

HIT = {
    "kind": "item",
    "owner": "居住证丢失补领|",
    "title": "居住证丢失补领",
    "score": 0.952,
    "arithmetic": fuse_item(0.9, 0.9, 0.0, 0.5).arithmetic,
    "guides": [{"guide_id": "g1", "version": 1, "district": "东区"}],
}
FOUND = {
    "kept": [HIT],
    "rejected": [
        {**HIT, "owner": "居住证签注|", "reason": "没有排进前 10 名"},
        {
            **HIT,
            "kind": "document",
            "owner": "d1",
            "arithmetic": fuse_document(0.8, 0.9, 0.5).arithmetic,
            "guides": [],
            "reason": "西区没有这个事项的指南",
        },
    ],
    "linking": {
        "outcome": "ask_situation",
        "status": "clarifying",
        "trace": {
            "kept": [["居住证丢失补领|", "话题0.700 → 0.68"]],
            "rejected": [["居住证签注|", "话题0.010 → 0.01"]],
            "elsewhere": ["passport", 0.12],
        },
    },
    "timings_ms": dict.fromkeys(PHASES, 1.0),
}


@pytest.fixture
def told():
    return list(lines(FOUND))


def test_what_the_index_kept_and_rejected_stands_with_its_arithmetic_and_reason(told):
    assert "  0.952 [事项] 居住证丢失补领| 居住证丢失补领" in told
    assert "      g1（东区）" in told
    assert "      原因：没有排进前 10 名" in told
    assert sum("关键词 = " in line for line in told) == 3


def test_what_the_linker_kept_and_rejected_stands_too(told):
    assert "事项判断：要反问（ask_situation）" in told
    assert "  留下 居住证丢失补领|：话题0.700 → 0.68" in told
    assert "  落选 居住证签注|：话题0.010 → 0.01" in told
    assert "  不属于任何指南的可能：0.12（多半是词库里的 passport）" in told


def test_a_question_that_was_never_linked_has_a_verdict_all_the_same():
    linking = {"outcome": "other_city", "status": "no_guide", "trace": {"intent": ""}}

    told = list(lines({**FOUND, "linking": linking}))

    assert "事项判断：没有指南可以回答（other_city）" in told
    assert not any(line.startswith(("  留下", "  落选", "  不属于")) for line in told)


def test_english_words_are_names_of_the_data_alone(told):
    names = {"g1", "d1", "ask_situation", "passport"}

    assert set(re.findall(r"[a-z_0-9]*[a-z][a-z_0-9]*", "\n".join(told))) <= names


def test_every_kind_of_text_has_a_name():
    assert set(KINDS) == set(Kind)
