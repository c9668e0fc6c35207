"""A private coturn for the tests, on free ports of loopback, with the settings that our how-to gives.

What runs is docs/howto/turnserver.conf, filled in as an operator would; added is only what lets it
speak to media processes of the same machine and keep its files to itself.
"""

import contextlib
import datetime
import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import kept_port

CONFIGURATION = Path(__file__).resolve().parents[1] / "docs" / "howto" / "turnserver.conf"
LOOPBACK = "127.0.0.1"
START_SECONDS = 300


class TurnServer:
    """A coturn that can be stopped and started again on the same ports."""

    def __init__(
        self, folder: Path, secret: str, address: str = LOOPBACK, media: str = LOOPBACK, tls_port: int = 0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.address = address
        self.port, self.tls_port = kept_port(address), tls_port or kept_port(address)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        make_certificate(folder, address)
        (folder / "turnserver.conf").write_text(self._configuration(secret, media), "utf-8")

    @property
    def udp(self) -> str:
        return f"turn:{self.address}:{self.port}?transport=udp"

    @property
    def tcp(self) -> str:
        return f"turn:{self.address}:{self.port}?transport=tcp"

    @property
    def tls(self) -> str:
        return f"turns:{self.address}:{self.tls_port}?transport=tcp"

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe this server's certificate."""
        return ssl.create_default_context(cafile=str(self._folder / "cert.pem"))

    def start(self) -> "TurnServer":
        program = shutil.which("turnserver")
        if program is None:
            raise RuntimeError("These tests need coturn: install it (Debian: apt-get install coturn).")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_dies_with_us(), program, "-c", "turnserver.conf"],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not all(self._listens(port) for port in (self.port, self.tls_port)):
            if time.monotonic() > until or self._process.poll() is not None:
                raise RuntimeError(f"coturn did not start:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """As a crash would: nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        return (self._folder / "log").read_text("utf-8", "replace")

    def _listens(self, port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.address, port), 1):
            return True
        return False

    def _configuration(self, secret: str, media: str) -> str:
        text = CONFIGURATION.read_text("utf-8")
        filled = {
            "listening-ip": self.address,
            "relay-ip": self.address,
            "listening-port": str(self.port),
            "tls-listening-port": str(self.tls_port),
            "cert": "cert.pem",
            "pkey": "key.pem",
            "static-auth-secret": secret,
            "realm": "bangban.test",
            "allowed-peer-ip": media,
        }
        for name, value in filled.items():
            text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
            assert count == 1, f"{CONFIGURATION} has no single line for {name}"
        own = ["allow-loopback-peers", "log-file=stdout", "simple-log", "userdb=users", "pidfile=pid"]
        return "\n".join([text, *own, ""])


@contextlib.contextmanager
def running_turn_server(
    folder: Path, secret: str, address: str = LOOPBACK, media: str = LOOPBACK
) -> Iterator[TurnServer]:
    """One that runs until the block ends. Raises RuntimeError, saying what to do, when it can't."""
    server = TurnServer(folder, secret, address, media)
    try:
        yield server.start()
    finally:
        server.stop()


def make_certificate(folder: Path, address: str) -> None:
    """`cert.pem` and `key.pem` for that address, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _dies_with_us() -> list[str]:
    """The start of a command whose process ends when the tests are killed, where the system can do so."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
