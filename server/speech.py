"""The one adapter of speech recognition: asks the service at `asr_url`; any can be put behind it.

`docs/howto/speech.md` describes it: the recording is posted as it is, with its type, and a JSON object
comes back. What goes wrong on the way is logged, without what was said, and counts as not being able to hear.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import structlog

from core.settings import Settings
from core.speech_ports import Heard, SpeechRecogniser
from server.citizen_text import MAX_CHARACTERS, clean

log = structlog.get_logger(__name__)

SECONDS: Final = 20.0
AT_ONCE: Final = 8
MOST_AUDIO_BYTES: Final = 5_000_000
"""WeChat's recordings have 60 seconds and 2 MB at most."""

MOST_ANSWER_BYTES: Final = 64 * 1024


class Deaf:
    """Where there is no speech recognition."""

    hears = False

    async def recognise(self, audio: bytes, media_type: str) -> Heard | None:
        """Nothing."""
        return None


class HttpSpeechRecogniser:
    """Has recordings written down by the service at `url`; `token`, if any, is sent as a bearer token."""

    hears = True

    def __init__(
        self, session: aiohttp.ClientSession, url: str, *, token: str = "", seconds: float = SECONDS
    ) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._seconds = seconds
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def recognise(self, audio: bytes, media_type: str) -> Heard | None:
        """What the service understood, or None."""
        if not audio or len(audio) > MOST_AUDIO_BYTES:
            log.info("recording_not_sent", bytes=len(audio))
            return None
        try:
            async with self._slots, asyncio.timeout(self._seconds):
                answer = await self._ask(audio, media_type)
            return _heard(json.loads(answer))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError) as error:
            # Errors of aiohttp name the address, which may hold a key.
            log.warning("speech_recognition_failed", reason=_reason(error))
            return None

    async def _ask(self, audio: bytes, media_type: str) -> bytes:
        headers = {**self._headers, "Content-Type": media_type or "application/octet-stream"}
        async with self._session.post(
            self._url, data=audio, headers=headers, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise _Refused(f"HTTP {response.status}")
            answer = b""
            async for part in response.content.iter_chunked(MOST_ANSWER_BYTES):
                answer += part
                if len(answer) > MOST_ANSWER_BYTES:
                    raise _Refused("an endless answer")
            return answer


@asynccontextmanager
async def open_recogniser(settings: Settings) -> AsyncIterator[SpeechRecogniser]:
    """The recogniser of the settings."""
    if not settings.asr_url:
        yield Deaf()
        return
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield HttpSpeechRecogniser(session, settings.asr_url, token=settings.asr_token.get_secret_value())


class _Refused(ValueError):
    """An answer that can't be used. The message is a fixed reason."""


def _heard(answer: Any) -> Heard:
    """What the answer says; without a confidence nothing is sure."""
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise _Refused("an answer without text")
    confidence = answer.get("confidence", 0)
    is_number = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    if not is_number or not math.isfinite(confidence) or not 0 <= confidence <= 1:
        raise _Refused("a confidence that isn't between 0 and 1")
    return Heard(clean(answer["text"]).strip()[:MAX_CHARACTERS], float(confidence))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _Refused) else type(error).__name__
