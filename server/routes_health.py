"""Health, readiness and metrics, for the operator's probes."""

from aiohttp import web

from core.errors import NotFound
from server.estimate_error import recent_error
from server.keys import DESK, HEALTH, LIMITS, MEDIA, METRICS, STORES


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)]


async def alive(_: web.Request) -> web.Response:
    """The process answers; nothing more."""
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def ready(request: web.Request) -> web.Response:
    """Everything a turn needs works: the engine understands, an index is loaded, writes go through."""
    report = await request.app[HEALTH].report()
    return web.json_response(
        {"status": "ready" if report.ready else "not_ready", "checks": dict(report.checks)},
        status=200 if report.ready else 503,
        headers={"Cache-Control": "no-store"},
    )


async def metrics(request: web.Request) -> web.Response:
    """The counters, in Prometheus' text format; only for programs on this machine."""
    if not request.app[LIMITS].is_operator(request):
        raise NotFound("metrics are for this machine")
    await _measure_desk(request)
    request.app[METRICS].set_media(await request.app[MEDIA].stats())
    return web.Response(
        body=request.app[METRICS].render(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"},
    )


async def _measure_desk(request: web.Request) -> None:
    """The figures that are read from the records, not counted as things happen."""
    figures, line = request.app[METRICS], await request.app[DESK].line()
    figures.set_queue_length(len(line.handovers))
    figures.set_agents(line.at_work)
    figures.set_calls_open(len(await request.app[STORES].calls.open_calls()))
    error = await recent_error(request.app[STORES].desk, line.now)
    figures.set_estimate_error(error.as_json())
