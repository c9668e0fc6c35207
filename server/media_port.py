"""What the use cases of calls need of others: who carries them, who counts them. Protocols, and one rule."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from core.errors import BangbanError, NotFound

log = structlog.get_logger(__name__)


class Media(Protocol):
    """What carries sound and picture. `video.client.MediaClient` is the real one."""

    async def join(self, call_id: str, party: str, sdp: str, *, record: bool = False) -> str:
        """Connects a party, again if need be; the answer to its offer. Raises MediaFull, InvalidInput."""

    async def leave(self, call_id: str, party: str) -> None:
        """Disconnects a party."""

    async def close(self, call_id: str) -> None:
        """Ends the call."""

    async def record(self, call_id: str, *, on: bool) -> None:
        """Starts or ends recording. Raises NotFound."""

    async def call_stats(self, call_id: str) -> Mapping[str, Any]:
        """Figures of the call, with `legs`: for each party its `state`. Raises NotFound."""

    async def stats(self) -> Sequence[Mapping[str, Any]]:
        """Figures of each process; empty ones of those that don't answer."""


class CallObserver(Protocol):
    """Is told what is worth measuring."""

    def call_ended(self, reason: str, seconds: float) -> None:
        """A call ended; `seconds` since it was answered, 0 if it never was."""


async def disconnect(media: Media, call_id: str, party: str) -> None:
    """Takes a party out, as far as the media can be reached; nobody there is no mistake."""
    try:
        await media.leave(call_id, party)
    except NotFound:
        pass
    except BangbanError as error:
        log.warning("party_not_disconnected", call_id=call_id, party=party, code=error.code)
