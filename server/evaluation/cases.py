"""The questions with known answers, read from JSON Lines. Pure.

Five kinds are told apart by their fields: `turns` makes a dialogue, `must` a question that must be
asked back, `must_not` one that no guide answers, `expect` one about reaching a person, and `gold` a
single question with one right answer.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class CaseKind(StrEnum):
    """The kinds of cases."""

    SINGLE = "single"
    CLARIFY = "clarify"
    REFUSE = "refuse"
    HANDOFF = "handoff"
    DIALOGUE = "dialogue"


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `texts` are what the citizen says, one after another, in one conversation."""

    case_id: str
    kind: CaseKind
    texts: tuple[str, ...]
    row: Mapping[str, Any] = field(repr=False)


class CaseError(ValueError):
    """A line that is no case; says which line and why."""


def parse_cases(lines: Iterable[str]) -> list[Case]:
    """The cases of a file. Raises CaseError."""
    cases = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            cases.append(_parse_case(line, number))
    return cases


def _parse_case(line: str, number: int) -> Case:
    try:
        row = json.loads(line)
        kind = _kind_of(row)
        texts = tuple(t["user"] for t in row["turns"]) if kind is CaseKind.DIALOGUE else (row["text"],)
        return Case(str(row["id"]), kind, texts, row)
    except (ValueError, KeyError, TypeError) as error:
        raise CaseError(f"line {number}: {type(error).__name__} {error}") from None


def _kind_of(row: Mapping[str, Any]) -> CaseKind:
    by_field = {
        "turns": CaseKind.DIALOGUE,
        "must": CaseKind.CLARIFY,
        "must_not": CaseKind.REFUSE,
        "expect": CaseKind.HANDOFF,
        "gold": CaseKind.SINGLE,
    }
    for name, kind in by_field.items():
        if name in row:
            return kind
    raise ValueError("none of turns, must, must_not, expect, gold")
