"""Reports for supervisors over HTTP, as JSON and as a workbook."""

import asyncio
from datetime import date

from aiohttp import web

from core.errors import InvalidInput
from core.statuses import Role
from server.answers import private_json
from server.file_types import attachment
from server.keys import REPORTS
from server.report_words import WORDS
from server.report_workbook import as_workbook
from server.reports import Report
from server.requests import query_text
from server.staff_access import signed_in

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/api/v1/staff/reports"
    return [web.get(base, show), web.get(base + ".xlsx", export)]


async def show(request: web.Request) -> web.Response:
    """The figures of `?from=&to=`."""
    report = await _report(request)
    words = {kind: dict(each) for kind, each in WORDS.items()}
    return private_json({**report.as_json(), "words": words})


async def export(request: web.Request) -> web.Response:
    """The same as a workbook."""
    report = await _report(request)
    name = f"人工服务报表_{report.first.isoformat()}_{report.last.isoformat()}.xlsx"
    return web.Response(
        body=await asyncio.to_thread(as_workbook, report),
        content_type=XLSX,
        headers={"Content-Disposition": attachment(name), "Cache-Control": "no-store"},
    )


async def _report(request: web.Request) -> Report:
    await signed_in(request, Role.SUPERVISOR)
    return await request.app[REPORTS].report(_day(request, "from"), _day(request, "to"))


def _day(request: web.Request, name: str) -> date:
    """The day in the query. Raises InvalidInput."""
    written = query_text(request, name)
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise InvalidInput(f"{name}: a day like 2026-01-31 is needed") from None
    if not 2000 <= day.year <= 2200:
        raise InvalidInput(f"{name}: out of range")
    return day
