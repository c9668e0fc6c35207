"""A SpeechRecogniser that hears what it is told, and passes the same contract tests as the real one."""

from collections.abc import Mapping

from core.speech_ports import Heard


class ScriptedSpeech:
    """Hears what `says` has for a recording, and nothing in any other."""

    hears = True

    def __init__(self, says: Mapping[bytes, Heard] | None = None) -> None:
        self.says = dict(says or {})
        self.asked: list[tuple[bytes, str]] = []

    async def recognise(self, audio: bytes, media_type: str) -> Heard | None:
        self.asked.append((audio, media_type))
        return self.says.get(audio)
