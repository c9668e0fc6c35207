"""Answers that are for who asked and nobody else: no cache keeps them."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

_PRIVATE = {"Cache-Control": "no-store"}


def private_json(body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """The body as JSON."""
    return web.json_response(body, status=status, headers=_PRIVATE)


def done() -> web.Response:
    """It is done, and there is nothing to say (204)."""
    return web.Response(status=204, headers=_PRIVATE)
