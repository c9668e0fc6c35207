"""Reads what a client sent, by branches: anything else than expected is a named error.

Every text that comes from here is clean (see `citizen_text.clean`), so it can be stored anywhere.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from aiohttp import web

from core.errors import InvalidInput, InvalidJson, NotFound, Unauthenticated, UnsupportedMedia
from server.citizen_text import clean

BODY_SECONDS = 15
"""A body that takes longer to arrive is given up, or slow clients could hold connections for ever."""

MAX_INTEGER = 2**31 - 1


async def read_object(request: web.Request) -> Mapping[str, Any]:
    """The JSON object in the body; an empty body is an empty object.

    Raises UnsupportedMedia, InvalidJson; aiohttp raises its own error when the body is too large.
    """
    raw = await read_body(request)
    if not raw:
        return {}
    if request.content_type != "application/json":
        raise UnsupportedMedia("application/json is needed")
    try:
        data = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(type(error).__name__) from None
    if not isinstance(data, dict):
        raise InvalidJson("an object is needed")
    return data


async def read_body(request: web.Request) -> bytes:
    """The body. Raises InvalidInput when it is cut short or takes too long to arrive."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise InvalidInput("the body took too long to arrive") from None


def text_of(data: Mapping[str, Any], name: str, *, limit: int, required: bool = False) -> str:
    """The text `name`, clean and stripped; empty when absent. Raises InvalidInput."""
    value = data.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{name}: a text is needed")
    if len(value) > limit:
        raise InvalidInput(f"{name}: at most {limit} characters")
    text = clean(value).strip()
    if required and not text:
        raise InvalidInput(f"{name}: must not be empty")
    return text


def boolean_of(data: Mapping[str, Any], name: str) -> bool:
    """The truth value `name`. Raises InvalidInput."""
    value = data.get(name)
    if not isinstance(value, bool):
        raise InvalidInput(f"{name}: true or false")
    return value


def integer_of(data: Mapping[str, Any], name: str) -> int:
    """The whole number `name`. Raises InvalidInput."""
    value = data.get(name)
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_INTEGER:
        return int(value)  # JSON knows only one kind of number
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INTEGER:
        raise InvalidInput(f"{name}: a whole number is needed")
    return value


def moment_of(data: Mapping[str, Any], name: str) -> datetime:
    """The moment `name`, ISO 8601 with its zone. Raises InvalidInput."""
    written = data.get(name)
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
        in_utc = moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        in_utc = None
    if in_utc is None:
        raise InvalidInput(f"{name}: a time like 2026-01-31T09:30:00+08:00 is needed")
    return in_utc


def query_integer(request: web.Request, name: str, default: int, *, low: int = 0) -> int:
    """The whole number in the query, or the default. Raises InvalidInput."""
    written = request.query.get(name)
    if written is None:
        return default
    if not written.isascii() or not written.isdigit() or len(written) > 10:
        raise InvalidInput(f"{name}: a whole number is needed")
    number = int(written)
    if not low <= number <= MAX_INTEGER:
        raise InvalidInput(f"{name}: out of range")
    return number


def query_text(request: web.Request, name: str, *, limit: int = 100) -> str:
    """The text in the query, clean and stripped; empty when absent. Raises InvalidInput."""
    return text_of(request.query, name, limit=limit)


def path_text(request: web.Request, name: str) -> str:
    """A piece of the path. Raises NotFound for what can't be the id of anything."""
    piece = request.match_info[name]
    if len(piece) > 200 or clean(piece) != piece:
        raise NotFound("no such id")
    return piece


def bearer_token(request: web.Request) -> str:
    """The token of the `Authorization` header. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("a bearer token is needed")
    return token.strip()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


async def read_form(request: web.Request) -> Mapping[str, str]:
    """The text fields of a form, the first of each name. Raises UnsupportedMedia, InvalidInput."""
    if request.content_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise UnsupportedMedia("a form is needed")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            fields = await request.post()
    except TimeoutError:
        raise InvalidInput("the body took too long to arrive") from None
    except (ValueError, AssertionError, LookupError) as error:  # what aiohttp's parsers raise on nonsense
        raise InvalidInput(f"no form: {type(error).__name__}") from None
    first: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, str):
            first.setdefault(name, value)
    return first
