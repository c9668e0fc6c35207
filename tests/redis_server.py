"""A private Redis server for the tests, reached by a Unix socket; it keeps nothing and can be stopped."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.postgresql import dies_with_us

START_SECONDS = 300


class RedisServer:
    """A server that listens on no network address, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._log = folder / "log"
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if not program:
            raise RuntimeError(
                "The tests of several replicas need Redis: install it (Debian: apt-get install redis-server) "
                "or put `redis-server` on PATH."
            )
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [*dies_with_us(), program, *options], stdout=output, stderr=output, cwd=self._socket.parent
            )
        until = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Redis did not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it at once; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_SECONDS)
            self._process = None
        self._socket.unlink(missing_ok=True)


@contextlib.contextmanager
def running_server() -> Iterator[RedisServer]:
    """A server that runs until the block ends.

    Raises RuntimeError, saying what to do, when Redis isn't installed or doesn't start.
    """
    with tempfile.TemporaryDirectory(prefix="bangban-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
