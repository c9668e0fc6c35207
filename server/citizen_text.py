"""Takes in what a citizen typed: within the limits of length, and free of what can't be stored.

`core.text` owns the one written form; this module owns how long a message may be and how much of
it the bot reads.
"""

import unicodedata
from dataclasses import dataclass

from core.errors import InvalidInput, TextTooLong
from core.text import MAX_CHARACTERS as READ_CHARACTERS
from core.text import normalise

MAX_CHARACTERS = 2000
"""Longer texts are refused: they are pasted documents, not questions."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format, surrogate, private, unassigned


@dataclass(frozen=True, slots=True)
class CitizenText:
    """A normalised message; it is never empty."""

    full: str

    @property
    def read(self) -> str:
        """The part that the bot reads.

        Rasa's pipeline slows down more than linearly with length and blocks everyone meanwhile,
        so a longer message is stored whole but read only to here, and the citizen is told.
        """
        return self.full[:READ_CHARACTERS].rstrip()

    @property
    def shortened(self) -> bool:
        """Whether the bot reads less than the citizen wrote."""
        return len(self.full) > READ_CHARACTERS


def take_in(raw: str) -> CitizenText:
    """The message in its one written form.

    Raises TextTooLong over `MAX_CHARACTERS`, InvalidInput when nothing readable is left.
    """
    if len(raw) > MAX_CHARACTERS:
        raise TextTooLong(f"{len(raw)} characters, {MAX_CHARACTERS} are allowed")
    full = normalise(raw, limit=MAX_CHARACTERS)
    if not full:
        raise InvalidInput("the text is empty")
    return CitizenText(full)


def clean(raw: str) -> str:
    """The text without characters that can't be seen or stored: controls, lone surrogates, joiners.

    A NUL would be refused by PostgreSQL and a lone surrogate by every encoder, so no text from
    outside reaches a store without passing here or through `take_in`.
    """
    return "".join(c for c in raw if c in "\n\t" or unicodedata.category(c) not in _UNSEEN)
