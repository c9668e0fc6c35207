"""Has voice messages decoded by `voice_decoder.py`, in a process for each, so that none can harm the service.

Decoders are written in C and read what anybody sends. A process of its own keeps a fault of theirs to itself,
and can be ended when it takes too long, which a thread can't.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from core.errors import FileTooLarge, Unavailable, UnreadableFile

log = structlog.get_logger(__name__)

MOST_RECORDING_BYTES: Final = 2 * 1024 * 1024
"""So many has a voice message of WeChat at most."""

SECONDS: Final = 30.0
"""Decoding takes a tenth of a second. The process has a limit of its own for what it may work."""

AT_ONCE: Final = 2

PLAYABLE_TYPE: Final = "audio/mpeg"

_AMR: Final = (b"#!AMR\n", b"#!AMR-WB\n")
_TOO_LONG: Final = 4
_COMMAND: Final = (sys.executable, "-I", str(Path(__file__).with_name("voice_decoder.py")))


@dataclass(frozen=True, slots=True)
class PlayableVoice:
    """A voice message as every browser plays it, `PLAYABLE_TYPE`."""

    data: bytes = field(repr=False)
    milliseconds: int


class VoiceDecoder:
    """Decodes recordings, `AT_ONCE` at a time; `command` answers as `voice_decoder.py` does."""

    def __init__(self, command: Sequence[str] = _COMMAND, *, seconds: float = SECONDS) -> None:
        self._command = command
        self._seconds = seconds
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def decode(self, recording: bytes) -> PlayableVoice:
        """The voice to play. Raises UnreadableFile, FileTooLarge for too long a one, Unavailable."""
        if len(recording) > MOST_RECORDING_BYTES:
            raise FileTooLarge(f"more than {MOST_RECORDING_BYTES} bytes")
        if not recording.startswith(_AMR):  # no process is needed to see that
            raise UnreadableFile("no voice: it doesn't begin as AMR does")
        async with self._slots:
            status, answer = await self._run(recording)
        if status == _TOO_LONG:
            raise FileTooLarge("too long a recording")
        length, _, made = answer.partition(b"\n")
        if status != 0 or not made or not length.isdigit():
            raise UnreadableFile(f"no voice: the decoder ended with {status}")
        return PlayableVoice(made, int(length))

    async def _run(self, recording: bytes) -> tuple[int, bytes]:
        """How the process ended, and what it wrote."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},  # none of the service's secrets
            )
        except OSError as error:
            raise Unavailable(f"can't start a decoder: {error.strerror}") from None
        try:
            async with asyncio.timeout(self._seconds):
                answer, _ = await process.communicate(recording)
        except TimeoutError:
            raise UnreadableFile("no voice: the decoder took too long") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return process.returncode or 0, answer
