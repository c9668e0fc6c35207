"""The glossary holds every name of the contracts, so that one thing has one name."""

import dataclasses
import inspect
import re
from enum import StrEnum
from pathlib import Path
from types import ModuleType

import pytest

from core import (
    desk_ports,
    evidence_ports,
    guest_ports,
    messages,
    outbox_ports,
    paper_ports,
    ports,
    replica_ports,
    speech_ports,
    statuses,
    wechat_ports,
)
from knowledge import guide
from knowledge.importing import batch

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
NAMES = frozenset(name for code in re.findall(r"`([^`]+)`", GLOSSARY) for name in re.findall(r"\w+", code))


def classes_of(module: ModuleType) -> list[type]:
    return [
        cls
        for name, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__ and not name.startswith("_")
    ]


@pytest.mark.parametrize(
    "module",
    [
        desk_ports,
        evidence_ports,
        guest_ports,
        messages,
        outbox_ports,
        paper_ports,
        ports,
        replica_ports,
        speech_ports,
        statuses,
        wechat_ports,
        guide,
    ],
    ids=lambda module: module.__name__,
)
def test_every_class_of_the_contracts_is_explained(module):
    assert [cls.__name__ for cls in classes_of(module) if cls.__name__ not in NAMES] == []


def test_every_element_of_a_guide_is_explained():
    records = [cls for cls in classes_of(guide) if dataclasses.is_dataclass(cls)]
    fields = {field.name for cls in records for field in dataclasses.fields(cls)}
    assert fields - NAMES == set()


@pytest.mark.parametrize("module", [statuses, guide], ids=lambda module: module.__name__)
def test_every_state_is_explained(module):
    states = {state for cls in classes_of(module) if issubclass(cls, StrEnum) for state in cls}
    assert states - NAMES == set()


def test_what_an_import_gives_is_explained():
    public = {"Rejection", "Notice", "ImportedBatch"}
    assert public <= {cls.__name__ for cls in classes_of(batch)} & NAMES
