"""From guides, FAQ and documents to what the index holds; pure.

An index entry is one text: what is embedded, and what the keyword index reads. Its owner is what a
hit on it finds: an item (an `item_key`, shared by the guides of all districts), an FAQ or a
document. An entry's id is a digest of its content, so equal entries are one, and a changed guide
gives other ids only where its text changed.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.chunking import chunk_text, whole_text
from knowledge.guide import Guide


class Kind(StrEnum):
    """What a hit finds."""

    ITEM = "item"
    EXAMPLE = "example"  # of how people ask for an item; its owner is the item
    FAQ = "faq"
    DOCUMENT = "document"


class Field(StrEnum):
    """A collection of entries that are searched together, with statistics of their own."""

    ITEM_NAME = "item.name"
    ITEM_FULL = "item.full"
    EXAMPLE = "example"
    FAQ_QUESTION = "faq.question"
    FAQ_WHOLE = "faq.whole"
    FAQ_CHUNK = "faq.chunk"
    DOCUMENT_WHOLE = "document.whole"
    DOCUMENT_CHUNK = "document.chunk"


KIND_OF_FIELD: Mapping[Field, Kind] = {
    Field.ITEM_NAME: Kind.ITEM,
    Field.ITEM_FULL: Kind.ITEM,
    Field.EXAMPLE: Kind.EXAMPLE,
    Field.FAQ_QUESTION: Kind.FAQ,
    Field.FAQ_WHOLE: Kind.FAQ,
    Field.FAQ_CHUNK: Kind.FAQ,
    Field.DOCUMENT_WHOLE: Kind.DOCUMENT,
    Field.DOCUMENT_CHUNK: Kind.DOCUMENT,
}

# Beyond this, more of a document adds nothing to what it is found by, and one mistaken import of a
# book must not weigh like a thousand guides.
_MOST_CHUNKS = 200
_TITLE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One text of the index. `keywords` is empty where only the vector counts."""

    entry_id: str
    field: Field
    owner: str
    title: str
    text: str
    keywords: str = ""

    @property
    def kind(self) -> Kind:
        """What a hit on it finds."""
        return KIND_OF_FIELD[self.field]


def item_key(main_item: str, business_item: str) -> str:
    """Names the item that guides of several districts share."""
    return f"{main_item}|{business_item}"


def split_item_key(key: str) -> tuple[str, str]:
    """The main item and the business item that `item_key` joined."""
    main_item, _, business_item = key.partition("|")
    return main_item, business_item


def guide_entries(guide: Guide) -> tuple[IndexEntry, ...]:
    """What finds the guide's item: its names, its names with content, and its own questions."""
    owner = item_key(guide.main_item, guide.business_item)
    names = _names(guide.main_item, guide.business_item)
    called = "，".join(dict.fromkeys((names, *guide.aliases)))
    entries = [
        _entry(Field.ITEM_NAME, owner, guide.title, called, called),
        _entry(Field.ITEM_FULL, owner, guide.title, content := _content(guide, called), content),
    ]
    entries.extend(
        _entry(Field.EXAMPLE, owner, guide.title, faq.question, faq.question)
        for faq in guide.faq
        if faq.question.strip()
    )
    return _unique(entries)


def document_entries(document_id: str, title: str, text: str) -> tuple[IndexEntry, ...]:
    """What finds a document (also a row of a retrieval corpus): its whole and its passages."""
    return _text_entries(Field.DOCUMENT_WHOLE, Field.DOCUMENT_CHUNK, document_id, title, text)


def faq_entries(faq_id: str, question: str, answer: str) -> tuple[IndexEntry, ...]:
    """What finds a question with its answer: the question, the whole and the passages."""
    asked = _entry(Field.FAQ_QUESTION, faq_id, question, question, question)
    return _unique((asked, *_text_entries(Field.FAQ_WHOLE, Field.FAQ_CHUNK, faq_id, question, answer)))


def _text_entries(
    whole_field: Field, chunk_field: Field, owner: str, title: str, text: str
) -> tuple[IndexEntry, ...]:
    if not title.strip() and not text.strip():
        return ()
    heading = title.strip()[:_TITLE_CHARACTERS]
    chunks = chunk_text(text)[:_MOST_CHUNKS]
    keywords = f"{title}\n{text}".strip()
    entries = [_entry(whole_field, owner, title, whole_text(title, text), keywords)]
    if len(chunks) > 1:  # a single passage is the whole again
        entries.extend(
            _entry(chunk_field, owner, title, f"{heading}\n{chunk}" if heading else chunk) for chunk in chunks
        )
    return _unique(entries)


def _names(main_item: str, business_item: str) -> str:
    if not business_item or business_item == main_item:
        return main_item
    return f"{main_item}，{business_item}"


def _content(guide: Guide, called: str) -> str:
    situations = (situation.name for situation in guide.situations if situation.name)
    materials = (material.name for situation in guide.situations for material in situation.materials)
    parts = (called, guide.conditions, *dict.fromkeys(situations), "、".join(dict.fromkeys(materials)))
    return whole_text("", "\n".join(part.strip() for part in parts if part.strip()))


def _entry(field: Field, owner: str, title: str, text: str, keywords: str = "") -> IndexEntry:
    content = "\x1f".join((field, owner, title, text, keywords))
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return IndexEntry(digest, field, owner, title, text, keywords)


def _unique(entries: Iterable[IndexEntry]) -> tuple[IndexEntry, ...]:
    return tuple({entry.entry_id: entry for entry in entries}.values())


def entries_by_field(entries: Sequence[IndexEntry]) -> dict[Field, list[IndexEntry]]:
    """The entries of each field, in order; fields without entries are left out."""
    fields: dict[Field, list[IndexEntry]] = {}
    for entry in entries:
        fields.setdefault(entry.field, []).append(entry)
    return fields
