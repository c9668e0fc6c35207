"""The one way in which commands write to the terminal."""

import contextlib
import io
import json
import os
import sys
from typing import IO, Any


class NobodyReadsError(Exception):
    """The reader of the output has gone, as `head` does when it has seen enough."""


def prepare_streams() -> None:
    """Makes sure that every text can be written, whatever the locale says of the terminal.

    An encoding without Chinese comes of a locale that nobody set, on a terminal that shows UTF-8;
    in one with Chinese, a sign that it lacks is written as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                encoding=stream.encoding if _has_chinese(stream.encoding) else "utf-8",
                errors="backslashreplace",
            )


def say(text: str) -> None:
    """Writes a line for the user. Raises NobodyReadsError."""
    write(sys.stdout, text + "\n")


def complain(text: str) -> None:
    """Writes a line about something that went wrong."""
    with contextlib.suppress(NobodyReadsError):
        write(sys.stderr, text + "\n")


def say_json(data: Any) -> None:
    """Writes data for another program, which can read it in any locale. Raises NobodyReadsError."""
    is_utf8 = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    say(json.dumps(data, ensure_ascii=not is_utf8, indent=2))


def write(stream: IO[str] | None, text: str) -> None:
    """Writes to a stream at once; to none, if it was closed before the start.

    Raises NobodyReadsError, and OSError if the text can't be written, say on a full disk.
    """
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        _let_go(stream)
        if isinstance(error, BrokenPipeError):
            raise NobodyReadsError from None
        raise


def _let_go(stream: IO[str]) -> None:
    """Leads the stream nowhere: what it still holds would fail again, with a trace, at the very end."""
    with contextlib.suppress(OSError):  # a stream without a file has nothing to lead elsewhere
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _has_chinese(encoding: str) -> bool:
    try:
        "帮办".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
