"""How good calls are, as the browsers in them measure it: told to the other side, kept for reports."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from core.desk_ports import CallStore
from server.events import EventFanOut
from server.open_call import OpenCall
from video.call import Party

STORE_QUALITY_EVERY = timedelta(seconds=10)


class CallQuality:
    """The figures of all calls. What a browser claims, no more."""

    def __init__(self, calls: CallStore, fan_out: EventFanOut, *, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._fan_out = fan_out
        self._now = now

    async def take(self, entry: OpenCall, party: Party, stats: Mapping[str, Any], *, shared: bool) -> None:
        """What a party's browser measured; the other side is told how good it is. Raises NotFound.

        `shared`: other replicas store figures of the same call.
        """
        entry.measured(party, stats)
        news = {
            "type": "call.quality",
            "call_id": entry.call_id,
            "party": party.value,
            "level": stats.get("level", ""),
            "sound_only": bool(stats.get("sound_only")),
        }
        self._fan_out.announce(entry.conversation_id, news)
        now = self._now()
        if entry.quality_stored is None or now - entry.quality_stored >= STORE_QUALITY_EVERY:
            entry.quality_stored = now
            async with entry.lock if shared else nullcontext():
                entry.measured(party, stats)  # beside what the other party sent to another replica
                await self._calls.set_quality(entry.call_id, entry.quality)
