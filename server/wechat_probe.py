"""Asks an account's address what WeChat would ask it, and tells how it went. Judges nothing."""

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import aiohttp

MOST_SECONDS: Final = 10.0
MOST_BYTES: Final = 64 * 1024


class Obstacle(StrEnum):
    """Why there was no answer."""

    NAME = "name"  # no such host
    CERTIFICATE = "certificate"  # not to be trusted, expired, or for another host
    TLS = "tls"  # no TLS at all, or none in common
    REFUSED = "refused"  # nobody listens there
    SILENT = "silent"  # nothing came within MOST_SECONDS
    BROKEN = "broken"  # the connection broke


@dataclass(frozen=True, slots=True)
class Unreached:
    """There was no answer; `detail` is the system's own words, without address or query."""

    why: Obstacle
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, up to MOST_BYTES of it. `seconds` is how long it took, `at` the server's own clock.

    `leads_to` is where a redirection leads, `code` that of our own errors.
    """

    status: int
    body: bytes = field(repr=False)
    seconds: float
    at: datetime | None = None
    leads_to: str = field(default="", repr=False)
    code: str = ""


async def get(
    session: aiohttp.ClientSession, url: str, query: Mapping[str, str], *, browser: str = ""
) -> Answer | Unreached:
    """The answer to a GET, of that browser; redirections aren't followed, as WeChat follows none."""
    return await _request(session, "GET", url, query, headers={"User-Agent": browser} if browser else {})


async def post(
    session: aiohttp.ClientSession, url: str, query: Mapping[str, str], body: bytes
) -> Answer | Unreached:
    """The answer to a POST of XML."""
    return await _request(session, "POST", url, query, body, headers={"Content-Type": "text/xml"})


async def addresses_of(host: str) -> list[IPv4Address | IPv6Address]:
    """The addresses of a host as this machine finds them; none if there is no such host."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


async def _request(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    query: Mapping[str, str],
    body: bytes | None = None,
    *,
    headers: Mapping[str, str],
) -> Answer | Unreached:
    began = asyncio.get_running_loop().time()
    try:
        async with (
            asyncio.timeout(MOST_SECONDS),
            session.request(
                method, url, params=query, data=body, headers=headers, allow_redirects=False
            ) as response,
        ):
            content = await response.content.read(MOST_BYTES)
            seconds = asyncio.get_running_loop().time() - began
            return Answer(
                response.status,
                content,
                seconds,
                _date(response.headers.get("Date", "")),
                response.headers.get("Location", ""),
                _code(content),
            )
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _unreached(error)


def _unreached(error: Exception) -> Unreached:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=reason):
            return Unreached(Obstacle.CERTIFICATE, getattr(reason, "verify_message", "") or str(reason))
        case aiohttp.ClientConnectorDNSError():
            return Unreached(Obstacle.NAME)
        case aiohttp.ClientSSLError():
            return Unreached(Obstacle.TLS, getattr(cause, "reason", None) or "")
        case TimeoutError():
            return Unreached(Obstacle.SILENT)
    if isinstance(cause, ConnectionRefusedError):
        return Unreached(Obstacle.REFUSED)
    return Unreached(Obstacle.BROKEN, getattr(cause, "strerror", None) or type(error).__name__)


def _date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header)
    except ValueError:
        return None


def _code(content: bytes) -> str:
    """The code of an error of ours; empty for anything else."""
    try:
        return str(json.loads(content)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
