"""A private PostgreSQL server for the tests, in a temporary folder, reached by a Unix socket.

It runs as an ordinary user, because PostgreSQL refuses to run as root: as the user of the tests,
or if that is root, as `postgres` or `nobody`. It listens on no network address.
"""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

START_SECONDS = 300


@contextlib.contextmanager
def running_server() -> Iterator[Path]:
    """The folder of the socket of a server that runs until the block ends.

    Raises RuntimeError, saying what to do, when PostgreSQL isn't installed or doesn't start.
    """
    programs = find_programs()
    account = ordinary_account()
    with tempfile.TemporaryDirectory(prefix="bangban-pg-") as folder:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data, log = Path(folder, "data"), Path(folder, "log")
        run_as(
            account,
            [f"{programs}/initdb", "-D", data, "-U", "bangban", "-A", "trust", "-E", "UTF8", "--locale=C"],
        )
        with log.open("wb") as output:
            # `-F` skips fsync, which only a crash of the whole machine would need.
            server = subprocess.Popen(
                [*dies_with_us(), f"{programs}/postgres", "-D", data, "-k", folder, "-h", "", "-F"],
                stdout=output,
                stderr=output,
                **credentials(account),
            )
        try:
            wait_until_ready(server, Path(folder), log)
            yield Path(folder)
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing here is worth saving
            server.wait(START_SECONDS)


def database_url(socket_folder: Path, name: str) -> str:
    return f"postgresql://bangban@/{name}?host={socket_folder}"


def find_programs() -> Path:
    """The folder with PostgreSQL's programs, of the newest version there is."""
    versions = sorted(
        glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4])
    )
    on_path = shutil.which("initdb")
    found = versions[-1] if versions else on_path and os.path.realpath(on_path)
    if not found:
        raise RuntimeError(
            "The store tests need PostgreSQL: install it (Debian: apt-get install postgresql) "
            "or put its `initdb` and `postgres` on PATH."
        )
    return Path(found).parent


def ordinary_account() -> pwd.struct_passwd | None:
    """Whom to run the server as; None for the user of the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL doesn't run as root, and there is neither a user `postgres` nor `nobody`.")


def credentials(account: pwd.struct_passwd | None) -> dict:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def dies_with_us() -> Sequence[str]:
    """The start of a command whose process ends when the tests are killed, where the system can do so."""
    return ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []


def run_as(account: pwd.struct_passwd | None, command: Sequence) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **credentials(account))
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")


def wait_until_ready(server: subprocess.Popen, folder: Path, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    pid_file = folder / "data" / "postmaster.pid"
    while time.monotonic() < until and server.poll() is None:
        # Its last line says how the server is.
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
