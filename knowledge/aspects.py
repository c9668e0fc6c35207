"""Which elements of a guide a citizen asks for, read from the words.

Owns the reading of `lexicon/aspects.toml`. Pure: text in, aspects out. What Rasa's intent says
is added by the caller where the words say nothing.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from core.statuses import Aspect


@dataclass(frozen=True, slots=True)
class AspectMention:
    """An aspect and where in the text it is asked for."""

    aspect: Aspect
    start: int
    end: int


class AspectReader:
    """Finds the aspects a text asks for, in the order in which they are asked."""

    def __init__(self, lexicon: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._say = {
            Aspect(name): re.compile("|".join(f"(?:{p})" for p in entry["say"]), re.IGNORECASE)
            for name, entry in lexicon.items()
        }
        self._not = {
            Aspect(name): re.compile("|".join(f"(?:{p})" for p in entry["not"]), re.IGNORECASE)
            for name, entry in lexicon.items()
            if entry.get("not")
        }

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """A reader of that lexicon. Raises ValueError for an unknown aspect, re.error for a bad pattern."""
        return cls(tomllib.loads(text))

    def mentions(self, text: str) -> list[AspectMention]:
        """Every place where an aspect is asked for, by position."""
        found = []
        for aspect, pattern in self._say.items():
            cover = self._not.get(aspect)
            taken_back = [m.span() for m in cover.finditer(text)] if cover else []
            for match in pattern.finditer(text):
                start, end = match.span()
                if not any(a < end and start < b for a, b in taken_back):
                    found.append(AspectMention(aspect, start, end))
        return sorted(found, key=lambda m: (m.start, m.end))

    def read(self, text: str) -> tuple[Aspect, ...]:
        """The aspects asked for, each once, in order; empty where the words ask for none."""
        aspects: list[Aspect] = []
        for mention in self.mentions(text):
            if mention.aspect not in aspects:
                aspects.append(mention.aspect)
        # 「手续都说说」 wants an overview, even where it names one element on the way.
        precise = [a for a in aspects if a is not Aspect.GENERAL]
        if Aspect.GENERAL in aspects and len([a for a in precise if a is not Aspect.PROCESS]) <= 1:
            return (Aspect.GENERAL,)
        return tuple(precise)
