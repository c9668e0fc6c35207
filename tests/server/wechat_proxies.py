"""A service with an official account, WeChat beside it, and proxies that do what proxies do."""

import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.wechat_settings import WeChatAccountSettings

PUBLIC = "https://bangban.example.gov.cn"
KEPT = ("Content-Type", "Location")
MENU = '[[menu]]\nname = "人工"\nclick = "person"\n'


def hall_of(platform, **changes):
    """The account as the service's settings have it, with WeChat's values unless told otherwise."""
    values = platform.account.settings
    return WeChatAccountSettings(
        **{
            "app_id": values.app_id,
            "app_secret": values.app_secret,
            "token": values.token,
            "aes_key": values.aes_key,
            "mode": values.mode,
            "original_id": values.original_id,
            "api_url": platform.url,
            **changes,
        }
    )


@asynccontextmanager
async def serving(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
):
    """The address of a server that answers everything in that way."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    server = TestServer(app, scheme="https" if tls else "http")
    await server.start_server(ssl=tls)
    try:
        yield f"{server.scheme}://{server.host}:{server.port}"
    finally:
        await server.close()


@asynccontextmanager
async def proxied(
    upstream: str, *, keeps_query: bool = True, adds: bytes = b"", posts: web.Response | None = None
):
    """The address of a proxy before that service."""
    async with aiohttp.ClientSession() as session:

        async def pass_on(request: web.Request) -> web.Response:
            if posts is not None and request.method == "POST":
                return web.Response(status=posts.status, body=posts.body)
            query = request.query if keeps_query else None
            async with session.request(
                request.method,
                upstream + request.path,
                params=query,
                data=await request.read(),
                headers={"User-Agent": request.headers.get("User-Agent", "")},
                allow_redirects=False,
            ) as response:
                kept = {name: response.headers[name] for name in KEPT if name in response.headers}
                return web.Response(status=response.status, body=await response.read() + adds, headers=kept)

        async with serving(pass_on) as url:
            yield url


def self_signed(folder):
    """TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
