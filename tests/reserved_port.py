"""A port that is known before anybody listens there, and that nobody else is given meanwhile."""

import socket
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


class ReservedPort:
    """Of this machine. Whoever listens gets `socket`, once."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.number: int = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.number}"

    def server(self, app: web.Application) -> TestServer:
        """A server that will listen here."""

        def take(*_: Any) -> socket.socket:
            return self.socket

        return TestServer(app, port=self.number, socket_factory=take)
