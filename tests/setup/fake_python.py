"""A stand-in for a Python interpreter: a shell script that makes environments and logs what pip is asked.

Real interpreters, networks and packages are too slow and too lucky for these tests. The script keeps
its orders in files beside the environment: `pip-says` is what pip prints, `pip-status` how it ends,
`pip-dies` that set-up is killed after this, as soon as the file named in it exists.
"""

import stat
from pathlib import Path

SCRIPT = """\
#!/bin/sh
case "$1 $2" in
  "-c "*)
    echo "{version}|$0"; exit {probe_status} ;;
  "-m venv")
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && exit 0 ;;
  "-m pip")
    shift 2
    echo "$@" >> {folder}/pip-log
    case "$*" in *--dry-run*|*pip==*) exit 0 ;; esac
    [ -f {folder}/pip-says ] && cat {folder}/pip-says
    if [ -f {folder}/pip-dies ]; then
      awaited=$(cat {folder}/pip-dies); rm {folder}/pip-dies
      until [ -z "$awaited" ] || [ -e "$awaited" ]; do sleep 0.01; done
      kill -9 $PPID
    fi
    [ -f {folder}/pip-status ] && exit "$(cat {folder}/pip-status)"
    exit 0 ;;
  "-m "*)
    echo "$@" >> {folder}/module-log
    [ -f {folder}/module-says ] && cat {folder}/module-says
    [ -f {folder}/module-status ] && exit "$(cat {folder}/module-status)"
    exit 0 ;;
esac
exit 64
"""


def write_fake_python(path: Path, version: str, folder: Path, *, works: bool = True) -> Path:
    """An executable at `path` that passes for Python `version`, or fails as pyenv's shims do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(version=version, folder=folder, probe_status=0 if works else 127))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def log_lines(folder: Path, name: str = "pip-log") -> list[str]:
    """What was asked so far, one call a line."""
    log = folder / name
    return log.read_text().splitlines() if log.exists() else []
