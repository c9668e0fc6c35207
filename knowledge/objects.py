"""What thing a text is about: an identity card, a pension, a household register.

Owns the reading of `lexicon/objects.toml`. The same words are read in the names of items and in
speech. Used where the words leave the matter open: to carry the thing over from the turn before,
to go back to an earlier one, and to see that two things are asked about at once. Pure.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ObjectMention:
    """An object named in a text, with where."""

    name: str
    start: int
    end: int
    weak: bool = False


class ObjectReader:
    """Finds the objects that a text names."""

    def __init__(self, lexicon: Mapping[str, Mapping[str, Any]]) -> None:
        self._words = {name: str(entry.get("word", "")) for name, entry in lexicon.items()}
        self._strong = [
            (name, re.compile("|".join(f"(?:{e})" for e in entry["is"]))) for name, entry in lexicon.items()
        ]
        self._weak = [
            (name, re.compile("|".join(f"(?:{e})" for e in entry["weak"])))
            for name, entry in lexicon.items()
            if entry.get("weak")
        ]

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """A reader of that lexicon. Raises KeyError or re.error if it is malformed."""
        return cls(tomllib.loads(text))

    def word(self, names: Collection[str]) -> str:
        """What people call the first of these objects in the lexicon's order; empty for none."""
        return next((word for name, word in self._words.items() if name in names), "")

    def mentions(self, text: str) -> list[ObjectMention]:
        """The objects named, by position; of overlapping ones the first in the lexicon counts."""
        found: list[ObjectMention] = []
        for weak, table in ((False, self._strong), (True, self._weak)):
            if weak and found:
                break
            for name, pattern in table:
                for match in pattern.finditer(text):
                    if not any(m.start < match.end() and match.start() < m.end for m in found):
                        found.append(ObjectMention(name, match.start(), match.end(), weak))
        return sorted(found, key=lambda m: m.start)

    def names(self, text: str) -> frozenset[str]:
        """The names of the objects that the text names."""
        return frozenset(m.name for m in self.mentions(text))
