"""Ports for what must know its port before it listens.

Within one process a `ReservedPort` is held meanwhile. What listens in another process, or comes back at
the same port after a kill, takes `kept_port`: it lies below those that the system gives away by itself, so
no connection or server of another test is given it.
"""

import contextlib
import random
import socket
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

_GIVEN_AWAY_FROM = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _USUAL_END = 20_000, 32_768
_TRIES = 1000
_given: set[int] = set()


class ReservedPort:
    """A port that is held from when it is known; whoever listens in this process gets `socket`, once."""

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


def kept_ports(count: int = 1, host: str = "127.0.0.1") -> list[int]:
    """So many ports in a row that are free, for TCP and UDP, and stay so until they are used."""
    chance = random.SystemRandom()  # the other generator is seeded alike in all processes
    for _ in range(_TRIES):
        first = chance.randrange(_FIRST, _end() - count)
        ports = list(range(first, first + count))
        if _given.isdisjoint(ports) and all(_is_free(host, port) for port in ports):
            _given.update(ports)
            return ports
    raise RuntimeError("no port is free")


def kept_port(host: str = "127.0.0.1") -> int:
    """One such port."""
    return kept_ports(1, host)[0]


def _end() -> int:
    with contextlib.suppress(OSError, ValueError):
        end = int(_GIVEN_AWAY_FROM.read_text("ascii").split()[0])
        if end >= _FIRST + _TRIES:
            return end
    return _USUAL_END


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family, kind) as tried:
                tried.bind((host, port))
    except OSError:
        return False
    return True
