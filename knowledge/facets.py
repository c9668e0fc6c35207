"""What tells two items of one kind apart: lost or damaged, local or elsewhere, deceased or not.

Owns the reading of `lexicon/facets.toml`. The same vocabulary is read in official names, which
gives an item its facets, and in what a citizen says, which gives a question its facets; linking
compares the two. Pure.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

# 「不是换领」, 「没有损坏」: what is denied isn't meant. 「不是丢了吗」 is a question that means it.
_DENIED = re.compile(r"(?:不是|并非|没有|不要|不办|不用|别给我|不问|又不是|非)(?:说|问|要|想|办)?$")
_ASKED_AFTER_ALL = re.compile(r"^\S{0,3}(?:吗|么|嘛)")


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet and how it is said."""

    facet: str
    value: str
    label: str
    names: re.Pattern[str]
    says: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet with its values in order of precedence.

    `cue` finds the words without which nothing was said of it, however that was put; a facet
    without a cue may be spoken of in any words.
    """

    name: str
    title: str
    values: tuple[FacetValue, ...]
    otherwise: str = ""
    open_when_both: bool = False
    cue: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class FacetReading:
    """What a text says: per facet the values meant, and those that are denied.

    `unmentioned` are the facets of which it certainly says nothing.
    """

    meant: Mapping[str, frozenset[str]]
    denied: Mapping[str, frozenset[str]]
    unmentioned: frozenset[str] = frozenset()

    def value(self, facet: str) -> str:
        """The single value meant, or empty."""
        values = self.meant.get(facet, frozenset())
        return next(iter(values)) if len(values) == 1 else ""


class FacetReader:
    """Reads facets in names and in speech."""

    def __init__(self, lexicon: Mapping[str, Mapping[str, Any]]) -> None:
        self.facets = tuple(_facet(name, entry) for name, entry in lexicon.items())
        self._by_name = {facet.name: facet for facet in self.facets}

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """A reader of that lexicon. Raises KeyError or re.error if it is malformed."""
        return cls(tomllib.loads(text))

    def facet(self, name: str) -> Facet:
        """That facet. Raises KeyError."""
        return self._by_name[name]

    def label(self, facet: str, value: str) -> str:
        """What a citizen reads for that value."""
        return next((v.label for v in self._by_name[facet].values if v.value == value), value)

    def of_name(self, name: str) -> dict[str, str]:
        """The facets that an official name states."""
        found: dict[str, str] = {}
        for facet in self.facets:
            for value in facet.values:
                if value.names.search(name):
                    found.setdefault(facet.name, value.value)
        return found

    def of_speech(self, text: str) -> FacetReading:
        """The facets that a citizen's words state or deny."""
        meant: dict[str, frozenset[str]] = {}
        denied: dict[str, frozenset[str]] = {}
        for facet in self.facets:
            said: list[str] = []
            refused: list[str] = []
            for value in facet.values:
                spans = [m.span() for m in value.says.finditer(text)]
                if not spans:
                    continue
                if all(_is_denied(text, start, end) for start, end in spans):
                    refused.append(value.value)
                else:
                    said.append(value.value)
            if said:
                meant[facet.name] = frozenset(said if facet.open_when_both else said[:1])
            if refused:
                denied[facet.name] = frozenset(refused)
        unmentioned = {
            f.name
            for f in self.facets
            if f.cue and f.name not in meant and f.name not in denied and not f.cue.search(text)
        }
        return FacetReading(meant, denied, frozenset(unmentioned))


def _facet(name: str, entry: Mapping[str, Any]) -> Facet:
    values = tuple(
        FacetValue(name, key, value["label"], _pattern(value["names"]), _pattern(value["says"]))
        for key, value in entry["values"].items()
    )
    return Facet(
        name,
        entry["title"],
        values,
        entry.get("otherwise", ""),
        entry.get("both") == "open",
        _pattern([entry["cue"]]) if "cue" in entry else None,
    )


def _pattern(expressions: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{e})" for e in expressions))


def _is_denied(text: str, start: int, end: int) -> bool:
    return bool(_DENIED.search(text[:start])) and not _ASKED_AFTER_ALL.match(text[end:])
