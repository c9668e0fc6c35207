"""Mends words that were misheard or mistyped into others that sound the same.

「派处所」, 「到其」, 「居住正」: a piece of text that is no word itself but sounds like a word of the
field becomes that word. A piece that is a word stays, whatever it sounds like. Pure; pronunciation
and the dictionary are given as functions.
"""

from collections.abc import Callable, Iterable

Pronounce = Callable[[str], tuple[str, ...]]
IsWord = Callable[[str], bool]

_LONGEST = 4


class Repairer:
    """Replaces what only sounds right."""

    def __init__(self, vocabulary: Iterable[str], pronounce: Pronounce, is_word: IsWord) -> None:
        self._words = frozenset(vocabulary)
        self._sounds = {pronounce(word): word for word in sorted(self._words) if 2 <= len(word) <= _LONGEST}
        self._pronounce = pronounce
        self._is_word = is_word

    def repair(self, text: str) -> str:
        """`text` with such pieces replaced; its length stays the same."""
        if not text:
            return text
        sounds = self._pronounce_each(text)
        settled = [False] * len(text)
        for start in range(len(text)):
            for length in range(_LONGEST, 1, -1):
                if text[start : start + length] in self._words:
                    settled[start : start + length] = [True] * length
        out = list(text)
        for length in range(_LONGEST, 1, -1):
            for start in range(len(text) - length + 1):
                piece = text[start : start + length]
                if any(settled[start : start + length]) or not all("\u4e00" <= c <= "\u9fff" for c in piece):
                    continue
                word = self._sounds.get(tuple(sounds[start : start + length]))
                if (
                    word
                    and word != piece
                    and not self._is_word(piece)
                    and not self._crosses_word(text, start, length)
                ):
                    out[start : start + length] = word
                    settled[start : start + length] = [True] * length
        return "".join(out)

    def _pronounce_each(self, text: str) -> list[str]:
        return [self._pronounce(c)[0] for c in text]

    def _crosses_word(self, text: str, start: int, length: int) -> bool:
        """Whether the piece cuts a word at its edge: 「会|计划|账」 must not be mended across 计划."""
        if length > 2:
            return False
        before = start > 0 and self._is_word(text[start - 1 : start + 1])
        after = start + length < len(text) and self._is_word(text[start + length - 1 : start + length + 1])
        return before or after
