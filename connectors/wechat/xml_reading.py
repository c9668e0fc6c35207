"""Reads the XML of a push, and nothing that XML can do beyond elements and text.

WeChat's pushes are small trees of elements with text: no DTD, no entity of their own, no processing
instruction, UTF-8. Whatever has more than that wasn't written by WeChat and is refused before it is
looked at, so that no entity is ever expanded and nothing outside is ever fetched. Pure.
"""

from dataclasses import dataclass, field
from typing import Final

# The tree-building parsers of the standard library offer no way to refuse a DTD; this one does.
from xml.parsers import expat

from core.errors import InvalidPush

MOST_BYTES: Final = 128 * 1024
"""More than any push: in compatible mode, one of the longest texts is three times itself."""

MOST_DEPTH: Final = 8
MOST_ELEMENTS: Final = 300


@dataclass(slots=True)
class Element:
    """An element with the text directly in it and the elements in it, in order."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> list["Element"]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def child(self, name: str) -> "Element | None":
        """The child of that name. Raises InvalidPush for several: two readers might choose differently."""
        found = self.all(name)
        if len(found) > 1:
            raise InvalidPush("an element that must be single is there twice")
        return found[0] if found else None

    def text_of(self, name: str) -> str | None:
        """The text of the child of that name; None without one. Raises InvalidPush as `child` does."""
        found = self.child(name)
        return None if found is None else found.text


def read_xml(data: bytes, *, most_bytes: int = MOST_BYTES) -> Element:
    """The root element. Raises InvalidPush, and nothing else, for whatever isn't a plain small tree."""
    if len(data) > most_bytes:
        raise InvalidPush("the XML is too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidPush("the XML isn't UTF-8") from None
    return _Reader().read(text)


class _Reader:
    """Builds the tree of one document."""

    def __init__(self) -> None:
        self._document = Element("")
        self._open = [self._document]
        self._elements = 0
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse_reference
        parser.SkippedEntityHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._character_data
        self._parser = parser

    def read(self, text: str) -> Element:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError:
            raise InvalidPush("the XML isn't well-formed") from None
        return self._document.children[0]

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "utf8"}:
            raise InvalidPush("the XML says that it isn't UTF-8")

    def _refuse(self, *_: object) -> None:
        raise InvalidPush("the XML has a DTD, an entity or an instruction")

    def _refuse_reference(self, *_: object) -> int:
        raise InvalidPush("the XML refers to something outside")

    def _start(self, name: str, _attributes: object) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._open) > MOST_DEPTH:
            raise InvalidPush("the XML has too many elements, or too deep ones")
        element = Element(name)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _character_data(self, text: str) -> None:
        self._open[-1].text += text
