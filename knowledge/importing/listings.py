"""Cells that list things with a name and a description: legal bases, process steps, questions."""

import re

from knowledge.guide import Faq, LegalBasis, ProcessStep
from knowledge.importing.cleaning import is_absent, split_entries

_TITLED = re.compile(r"^《((?:[^《》]|《[^《》]*》)+)》\s*(.*)$", re.DOTALL)
_ARROW = re.compile(r"\s*(?:→|➔|➜|⇒|--?>|—+>|＞)\s*")
_NAMED_STEP = re.compile(r"^([^：:，,。；;]{1,16})[：:]\s*(.+)$", re.DOTALL)
_TIMED = re.compile(
    r"^(.*?)[（(]\s*((?:即时|当场|\d+\s*(?:个工作日|工作日|个自然日|天|日|小时|分钟))[^（）()]{0,6})\s*[)）]$",
    re.DOTALL,
)
_QUESTION = re.compile(
    r"(?:^|\n|\s)(?:\d{1,2}[.、．]\s*)?(?:问|Q)\s*\d{0,2}\s*[：:]\s*(.+?)\s*(?:答|A)\s*\d{0,2}\s*[：:]\s*(.+?)(?=(?:\n|\s)(?:\d{1,2}[.、．]\s*)?(?:问|Q)\s*\d{0,2}\s*[：:]|$)",
    re.DOTALL,
)


def read_legal_bases(cell: str) -> tuple[LegalBasis, ...]:
    """The laws that the cell names, each with the article that follows its title."""
    if is_absent(cell):
        return ()
    return tuple(dict.fromkeys(_legal_basis(entry) for entry in split_entries(cell)))


def _legal_basis(entry: str) -> LegalBasis:
    match = _TITLED.match(entry)
    if match is None:
        return LegalBasis(title=entry)
    return LegalBasis(title=f"《{match[1]}》", article=match[2].strip("，,：: "))


def read_steps(cell: str) -> tuple[ProcessStep, ...]:
    """The steps of 「申请→受理→办结」 or of a numbered list, with what each says about itself."""
    if is_absent(cell):
        return ()
    entries = [part for entry in split_entries(cell) for part in _ARROW.split(entry)]
    return tuple(_step(entry.strip(" 。；;")) for entry in entries if entry.strip(" 。；;"))


def _step(entry: str) -> ProcessStep:
    named = _NAMED_STEP.match(entry)
    name, description = (named[1].strip(), named[2].strip()) if named else (entry, "")
    timed = _TIMED.match(description or name)
    if timed is None:
        return ProcessStep(name, description)
    rest = timed[1].strip(" ，,。")
    return (
        ProcessStep(name, rest, timed[2].strip())
        if description
        else ProcessStep(rest or name, "", timed[2].strip())
    )


def read_faq(cell: str) -> tuple[Faq, ...]:
    """The pairs of 「问：… 答：…」; none where the cell isn't written so."""
    return tuple(Faq(" ".join(q.split("\n")).strip(), a.strip()) for q, a in _QUESTION.findall(cell))
