"""Health, readiness and metrics, for the operator's probes."""

from aiohttp import web

from core.errors import NotFound
from server.keys import CONVERSATION_STORE, HEALTH, LIMITS, METRICS

MOST_COUNTED = 1000


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
    waiting = await request.app[CONVERSATION_STORE].waiting_handovers(limit=MOST_COUNTED)
    request.app[METRICS].set_queue_length(len(waiting))
    return web.Response(
        body=request.app[METRICS].render(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"},
    )
