"""How a long text is cut into passages that an embedding can hold.

Owns the rule only: a passage ends where a sentence ends, and is about as long as one thought of an
official answer. What is done with the passages is up to `knowledge.entries` and `knowledge.fusion`.
"""

import re

# About one thought of an official answer; measured in docs/measurements.md, "Retrieval".
CHUNK_CHARACTERS = 150
# The model reads 512 tokens, but its vector of a text beyond a few hundred characters is about
# everything and so near nothing.
WHOLE_CHARACTERS = 400
# A rest shorter than this joins the passage before it: alone it would say nothing.
_SMALLEST_REST = 40

_SENTENCE = re.compile(r"[^。！？!?；;\n]*(?:[。！？!?；;]+[”’」』）)]*|\n+|$)")
_CLAUSE = re.compile(r"[^，,、：:]*(?:[，,、：:]+|$)")


def whole_text(title: str, text: str, limit: int = WHOLE_CHARACTERS) -> str:
    """The one passage that stands for all of a document: its title and how it begins."""
    body = text.strip()
    return (f"{title.strip()}\n{body}" if title.strip() else body)[:limit]


def chunk_text(text: str, size: int = CHUNK_CHARACTERS) -> tuple[str, ...]:
    """The passages of `text` in order, each near `size` characters and ending with a sentence.

    Together they hold every character that isn't white space between sentences. A sentence longer
    than `size` is cut at its commas, and without commas at `size`. A short text is one passage, a
    blank one none.
    """
    passages: list[str] = []
    current = ""
    for piece in _pieces(text, size):
        if current and len(current) + len(piece) > size:
            passages.append(current)
            current = ""
        current += piece
    if current and passages and len(current) < min(_SMALLEST_REST, size):
        passages[-1] += current
    elif current:
        passages.append(current)
    return tuple(stripped for passage in passages if (stripped := passage.strip()))


def _pieces(text: str, size: int) -> list[str]:
    """Sentences, the long ones cut further; none longer than `size`."""
    pieces: list[str] = []
    for sentence in _SENTENCE.findall(text):
        if not sentence.strip():
            continue
        if len(sentence) <= size:
            pieces.append(sentence)
            continue
        for clause in _CLAUSE.findall(sentence):
            pieces.extend(clause[start : start + size] for start in range(0, len(clause), size))
    return pieces
