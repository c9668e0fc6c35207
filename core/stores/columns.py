"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine


class Words(TypeDecorator[str]):
    """Text of any kind, compared and sorted by code point.

    NUL and lone surrogates, which PostgreSQL or UTF-8 can't hold, are replaced. A look-up by such
    a text thus finds nothing instead of failing.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TEXT, on PostgreSQL with the collation that SQLite has anyway."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TEXT(collation="C"))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is stored for `value`."""
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


class JsonObject(TypeDecorator[Mapping[str, Any]]):
    """A JSON object, stored as text and given back exactly, NUL and lone surrogates included."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str | None:
        """What is stored for `value`."""
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(value, separators=(",", ":"))
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, Any] | None:
        """The object that was stored."""
        if value is None:
            return None
        stored: dict[str, Any] = json.loads(value)
        return stored


class UtcTime(TypeDecorator[datetime]):
    """A moment with its time zone; comes back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What is stored for `value`; SQLite has no time zones, so it gets UTC without."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment that was stored."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
