"""Says that the service is starting, for as long as it is.

Models and Rasa take seconds to load, at times minutes to be made. Meanwhile the process listens and
says so: a probe learns that it lives, a browser gets a page that asks again by itself, a program
the usual shape of error.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from core.errors import StartingUp
from core.settings import Settings
from server import middlewares, routes_health, wording
from server.http_site import HttpSite
from server.pages.render import fill

_PAGE = """<!doctype html>
<html lang="zh-Hans">
<head>
  <meta charset="utf-8">
  <meta http-equiv="refresh" content="3">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{{bot_name}}</title>
</head>
<body><p>{{text}}</p></body>
</html>
"""


@asynccontextmanager
async def saying_that_it_starts(settings: Settings, listening: socket.socket) -> AsyncIterator[None]:
    """Answers on that socket until the block ends. What comes in after it waits for who serves next."""
    runner = web.AppRunner(create_starting_app(settings), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await HttpSite(runner, listening.dup(), hotline=settings.hotline).start()
        yield
    finally:
        await runner.cleanup()


def create_starting_app(settings: Settings) -> web.Application:
    """The application that serves nothing but the news that the service is starting."""
    app = web.Application(middlewares=[middlewares.identify_requests(), middlewares.shape_errors(settings)])
    app.on_response_prepare.append(middlewares.add_security_headers)
    text = wording.what_failed(StartingUp(), settings.hotline)
    page = fill(_PAGE, {"bot_name": settings.bot_name, "text": text})

    async def show(_: web.Request) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=page, content_type="text/html", status=StartingUp.status, headers=headers)

    app.router.add_get("/healthz", routes_health.alive)
    app.router.add_get("/readyz", _not_ready)
    app.router.add_route("*", "/", show)
    app.router.add_route("*", "/{anything:.*}", _refuse)
    return app


async def _not_ready(_: web.Request) -> web.Response:
    return web.json_response(
        {"status": "not_ready", "checks": {}}, status=StartingUp.status, headers={"Cache-Control": "no-store"}
    )


async def _refuse(_: web.Request) -> web.Response:
    raise StartingUp("the service is still starting")
