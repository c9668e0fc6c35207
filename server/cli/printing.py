"""The one way in which commands write to the terminal."""

import json
import sys
from typing import Any


def say(text: str) -> None:
    """Writes a line for the user."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Writes a line about something that went wrong."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_json(data: Any) -> None:
    """Writes data for another program."""
    say(json.dumps(data, ensure_ascii=False, indent=2))
