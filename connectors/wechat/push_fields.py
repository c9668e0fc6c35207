"""The fields of a push, read strictly: what is missing, doubled or impossible raises InvalidPush. Pure."""

import re
from typing import Final

from connectors.wechat.xml_reading import Element
from core.errors import InvalidPush

_WORD = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ACCOUNT = re.compile(r"[0-9A-Za-z_@.-]{1,64}")
_MESSAGE_ID = re.compile(r"[0-9]{1,20}")
_TIME = re.compile(r"[0-9]{1,12}")
_NUMBER = re.compile(r"-?[0-9]{1,5}(\.[0-9]{1,20})?")
_MOST_SHORT: Final = 1024


class Fields:
    """One element's children by name; names that hold white space around their text lose it, texts don't."""

    def __init__(self, element: Element) -> None:
        self._element = element

    def text(self, name: str, default: str | None = None) -> str:
        """The text exactly as it stands. Raises InvalidPush if it is missing and there is no default."""
        found = self._element.text_of(name)
        if found is None:
            if default is None:
                raise InvalidPush("a field is missing")
            return default
        return found

    def short(self, name: str, default: str | None = None) -> str:
        """An id, address or key that WeChat made, without white space around it; at most 1,024 characters."""
        value = self.text(name, default).strip()
        if len(value) > _MOST_SHORT:
            raise InvalidPush("a field is too long")
        return value

    def word(self, name: str) -> str:
        """A name of letters, digits, `_` and `-`."""
        return self._matching(_WORD, name)

    def account(self, name: str) -> str:
        """An original id or an openid."""
        return self._matching(_ACCOUNT, name)

    def message_id(self, *names: str, default: str | None = None) -> str:
        """The number that names a message, in the first of these fields that is there."""
        for name in names:
            if self._element.child(name) is not None:
                return self._matching(_MESSAGE_ID, name)
        if default is None:
            raise InvalidPush("a field is missing")
        return default

    def time(self, name: str) -> int:
        """Unix seconds."""
        return int(self._matching(_TIME, name))

    def number(self, name: str, most: float) -> float:
        """A decimal number between plus and minus `most`."""
        value = float(self._matching(_NUMBER, name))
        if abs(value) > most:
            raise InvalidPush("a number is out of its range")
        return value

    def within(self, name: str) -> "Fields | None":
        """The fields of the child of that name; None without one."""
        found = self._element.child(name)
        return None if found is None else Fields(found)

    def listed(self, name: str) -> list["Fields"]:
        """The fields of each `List` in the child of that name, as the subscription events have them."""
        found = self._element.child(name)
        return [Fields(each) for each in found.all("List")] if found else []

    def _matching(self, pattern: re.Pattern[str], name: str) -> str:
        value = self.text(name).strip()
        if not pattern.fullmatch(value):
            raise InvalidPush("a field is malformed")
        return value
