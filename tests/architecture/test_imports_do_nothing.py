"""Importing a module opens nothing, writes nothing, starts nothing and reads no setting."""

import json
import subprocess
import sys

from tests.architecture.source_tree import PACKAGES, ROOT, python_files

# These run under Rasa's Python 3.10 and import Rasa; the bot's own tests watch them.
RASA_SIDE = ("bot.launcher", "bot.rasa_ext")

WATCH = """
import importlib, json, os, sys
root, modules = json.loads(sys.stdin.read())
seen, current = [], ""

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove",
                 "os.rename", "sqlite3.connect", "os.system"):
        # aiortc comes with ifaddr, which has ctypes look for libc: that asks ldconfig what there is.
        if not (current.startswith("video.relay") and "/sbin/ldconfig" in repr(arguments)):
            seen.append([current, event, repr(arguments)[:200]])
    elif event == "open" and isinstance(arguments[0], str):
        path, mode = arguments[0], arguments[1] or ""
        source = path.endswith((".py", ".pyc")) or "__pycache__" in path
        # An editable install answers package-metadata look-ups from a made-up path entry.
        ours = os.path.abspath(path).startswith(root) and "/.venv" not in path and "__editable__" not in path
        writes = any(letter in mode for letter in "wax+") and "__pycache__" not in path
        if writes or (ours and not source and os.path.exists(path)):
            seen.append([current, event, path])

sys.addaudithook(watch)
sys.dont_write_bytecode = True
for current in modules:
    importlib.import_module(current)
print(json.dumps(seen))
"""


def test_importing_any_module_touches_no_file_network_or_process():
    modules = [
        file.module
        for file in python_files(*PACKAGES)
        if not file.module.startswith(RASA_SIDE)
        and not file.module.endswith("__main__")
        # Alembic's own entry point runs when Alembic calls it.
        and not file.module.startswith("core.migrations")
    ]
    done = subprocess.run(
        [sys.executable, "-c", WATCH],
        input=json.dumps([str(ROOT), modules]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
