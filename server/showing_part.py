"""Puts together what shows something to citizens. Part of the wiring of `create_app`."""

import time

from aiohttp import web

from server import keys
from server.pointing import Pointing
from server.showing import Showing


def make(app: web.Application) -> None:
    """Makes the use case of showing, and what takes in points."""
    stores = app[keys.STORES]
    app[keys.SHOWING] = Showing(
        stores.conversations,
        app[keys.DESK],
        kept=app[keys.KEPT_FILES],
        guides=app[keys.DESK_GUIDES],
        fan_out=app[keys.FAN_OUT],
    )
    app[keys.POINTING] = Pointing(app[keys.SHOWING], hotline=app[keys.SETTINGS].hotline, now=time.monotonic)
