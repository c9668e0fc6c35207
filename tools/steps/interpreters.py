"""Finds a Python of a wanted version that really runs and can make environments.

A command called `python3.10` proves nothing: pyenv puts one on the path for every version it has
ever heard of, and it fails when called. So each candidate is run before it is believed.

Kept in words that Python 3.7 understands, because it is what finds a newer one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.steps.error import SetupError

_PROBE = """\
import sys, venv, ensurepip
print("%d.%d|%s" % (sys.version_info[0], sys.version_info[1], sys.executable))
"""

ADVICE = """\
No Python {version} was found, and {purpose} needs it. Any one of these brings it:

  uv python install {version}             (uv itself: pip install uv)
  pyenv install {version}
  apt-get install python{version} python{version}-venv    (where the distribution has it)
  conda create -n py{version} python={version}, then set {variable}=/path/to/envs/py{version}/bin/python

Looked at: {looked}
Then run the same command again; what is done already stays done."""


def probe(python: str | Path) -> tuple[str, str] | None:
    """Version ("3.10") and true path of an interpreter that runs and can make environments, or None."""
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version, _, path = done.stdout.decode(errors="replace").strip().partition("|")
    return (version, path) if done.returncode == 0 and path else None


def find(versions: Sequence[str], *, variable: str, purpose: str) -> Path:
    """The first interpreter of the first of `versions` that works.

    The environment variable `variable` may name one. As a last resort uv, where there is one, is
    asked to install it. Raises SetupError with the ways to get one.
    """
    looked = []
    for version in versions:
        for candidate in _candidates(version, os.environ.get(variable, "")):
            looked.append(str(candidate))
            found = probe(candidate)
            if found and found[0] == version:
                return Path(found[1])
    installed = _install_with_uv(versions[0])
    found = probe(installed) if installed else None
    if found and found[0] == versions[0]:
        return Path(found[1])
    raise SetupError(
        ADVICE.format(
            version=versions[0], purpose=purpose, variable=variable, looked=", ".join(looked) or "nothing"
        )
    )


def _candidates(version: str, named: str) -> Iterator[str | Path]:
    """Where a Python of this version may be, the likeliest first."""
    if named:
        yield named
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        yield sys.executable
    on_path = shutil.which("python" + version)
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    uv = shutil.which("uv")
    if uv:
        found = _output([uv, "python", "find", "--no-project", version])
        if found:
            yield found


def _install_with_uv(version: str) -> str:
    uv = shutil.which("uv")
    if not uv:
        return ""
    sys.stdout.write(f"  no Python {version} here; asking uv to install it\n")
    subprocess.run([uv, "python", "install", version], check=False)
    return _output([uv, "python", "find", "--no-project", version])


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
