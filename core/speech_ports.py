"""Writing down what a citizen said. Record and Protocol, as in `core.ports`."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of a recording: `text` is empty where nothing was. `confidence` is 0 to 1."""

    text: str = field(repr=False)
    confidence: float


class SpeechRecogniser(Protocol):
    """Writes down speech. Its failures aren't the citizen's, who can type: it never raises."""

    @property
    def hears(self) -> bool:
        """Whether there is anything that can hear: without, nobody need fetch a recording."""

    async def recognise(self, audio: bytes, media_type: str) -> Heard | None:
        """What a recording says, without spaces around it; `media_type` such as `audio/amr`.

        None: nothing here can hear, or not now.
        """


__all__ = ["Heard", "SpeechRecogniser"]
