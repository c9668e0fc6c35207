"""Sums up an evaluation, for people and for programs. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from server.evaluation.cases import Case, CaseKind
from server.evaluation.scoring import Rate, Reply, judge, tally

_TITLES = {
    CaseKind.SINGLE: "单个问题",
    CaseKind.CLARIFY: "需要反问",
    CaseKind.REFUSE: "不应作答",
    CaseKind.HANDOFF: "转人工",
    CaseKind.DIALOGUE: "多轮对话（按轮）",
}
_MARKS = {
    "ok": "正确",
    "strict": "严格",
    "cited": "引用正确",
    "asked_back": "未答而反问",
    "help_named": "给出求助电话",
    "whole": "整段全对",
}


def figures(cases: Sequence[Case], replies: Sequence[Sequence[Reply]]) -> dict[str, Any]:
    """All rates by kind of case, the ids of what went wrong, and the response times."""
    by_kind: dict[str, Any] = {}
    wrong: list[str] = []
    for kind in CaseKind:
        played = [(c, r) for c, r in zip(cases, replies, strict=True) if c.kind is kind]
        if not played:
            continue
        judged = [judge(case, answers) for case, answers in played]
        flat = [j for judgements in judged for j in judgements]
        counted = tally(flat)
        marks = {name: _rate(rate) for name, rate in counted.marks.items()}
        if kind is CaseKind.DIALOGUE:
            whole = [all(j.right for j in judgements) for judgements in judged]
            marks["whole"] = _rate(Rate(sum(whole), len(whole)))
        labels = {name: _rate(rate) for name, rate in counted.labels.items()}
        by_kind[kind.value] = {"marks": marks, "by": labels}
        wrong += [j.case_id for j in flat if not j.right]
    return {"rates": by_kind, "wrong": wrong, "milliseconds": _times(replies)}


def as_text(found: Mapping[str, Any]) -> str:
    """The figures as a table of lines."""
    lines: list[str] = []
    for kind, rates in found["rates"].items():
        lines.append(_TITLES[CaseKind(kind)])
        lines += [f"  {_MARKS[name]}：{_show(rate)}" for name, rate in rates["marks"].items()]
        lines += [f"    {label}：{_show(rate)}" for label, rate in rates["by"].items()]
    times = found["milliseconds"]
    if times:
        lines.append(
            f"每轮用时（毫秒）：p50 {times['p50']:.0f}，p95 {times['p95']:.0f}，最长 {times['max']:.0f}"
        )
    if found["wrong"]:
        lines.append("不正确：" + " ".join(found["wrong"]))
    return "\n".join(lines)


def _rate(rate: Rate) -> dict[str, float]:
    return {"right": rate.right, "of": rate.of, "share": round(rate.share, 4)}


def _show(rate: Mapping[str, float]) -> str:
    return f"{rate['right']}/{rate['of']} = {rate['share']:.1%}"


def _times(replies: Sequence[Sequence[Reply]]) -> dict[str, float]:
    times = sorted(r.milliseconds for answers in replies for r in answers)
    if len(times) < 2:
        return {}
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return {"p50": round(statistics.median(times), 1), "p95": round(p95, 1), "max": round(times[-1], 1)}
