"""The published guides, for anyone to read."""

from typing import Any

from aiohttp import web

from core.errors import NotFound, SnapshotUnavailable
from core.ports import GuideRecord
from core.statuses import GuideStatus
from knowledge.guide import Guide
from server.keys import FIND_DISTRICT, KNOWLEDGE_STORE, LIMITS
from server.requests import path_text, query_integer, query_text

PAGE_SIZE = 20

SHOWN_TO_ALL = frozenset({GuideStatus.PUBLISHED, GuideStatus.WITHDRAWN})
"""A withdrawn version stays readable by number, so that an answer that cited it can be checked."""


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/api/v1/guides", list_guides), web.get("/api/v1/guides/{id}", read_guide)]


async def list_guides(request: web.Request) -> web.Response:
    """A page of the published guides whose names hold `?q=`, of `?district=`, in full or short."""
    request.app[LIMITS].check_guides(request)
    page = query_integer(request, "page", 1, low=1)
    records, total = await request.app[KNOWLEDGE_STORE].list_guides(
        text=query_text(request, "q"),
        district=await _district_of(request),
        offset=(page - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    return web.json_response(
        {
            "guides": [_summary(record) for record in records],
            "page": page,
            "pages": -(-total // PAGE_SIZE),
            "total": total,
        }
    )


async def read_guide(request: web.Request) -> web.Response:
    """A guide with all its elements: the published version, or `?version=`."""
    request.app[LIMITS].check_guides(request)
    version = query_integer(request, "version", 0, low=1) or None
    record = await request.app[KNOWLEDGE_STORE].guide(path_text(request, "id"), version)
    if record is None or record.status not in SHOWN_TO_ALL:
        raise NotFound("no such guide")
    return web.json_response({**_summary(record), "status": record.status.value, "guide": dict(record.body)})


async def _district_of(request: web.Request) -> str:
    """The district of the query; one that the index doesn't know, or not yet, stays as it is written."""
    written = query_text(request, "district")
    try:
        return await request.app[FIND_DISTRICT](written) or written
    except SnapshotUnavailable:
        return written


def _summary(record: GuideRecord) -> dict[str, Any]:
    return {
        "id": record.guide_id,
        "version": record.version,
        "title": Guide.from_json(record.body).title,
        "district": record.district,
        "main_item": record.main_item,
        "business_item": record.business_item,
        "valid_from": record.valid_from.isoformat() if record.valid_from else None,
        "valid_until": record.valid_until.isoformat() if record.valid_until else None,
        "updated_at": record.updated_at.isoformat() if record.updated_at else None,
    }
