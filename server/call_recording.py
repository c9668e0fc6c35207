"""Has a call recorded exactly while the citizen agrees, whatever becomes of the media meanwhile."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from core.desk_ports import CallStore
from core.errors import BangbanError, NotFound, RecordingUnavailable
from server.media_port import Media
from server.open_call import OpenCall
from video.call import CallMode
from video.recording_note import RecordingState

log = structlog.get_logger(__name__)


class CallRecording:
    """Starts and stops recording, and holds what is known of it against what the media say.

    Whoever calls holds the call's lock. `tell` tells both parties how the call stands,
    `tell_broken` that and why a recording has ended that was wanted.
    """

    def __init__(
        self,
        media: Media,
        calls: CallStore,
        tell: Callable[[OpenCall], None],
        tell_broken: Callable[[OpenCall, str], Awaitable[None]],
    ) -> None:
        self._media = media
        self._calls = calls
        self._tell = tell
        self._tell_broken = tell_broken

    def is_wanted(self, entry: OpenCall) -> bool:
        """Whether what passes now is to be recorded."""
        return entry.may_record and entry.call.mode is not CallMode.TEXT

    async def joined(self, entry: OpenCall) -> None:
        """A party came, and the media were told then whether to record."""
        await self.note(entry, on=self.is_wanted(entry))

    async def follow(self, entry: OpenCall) -> None:
        """The citizen answered: starts or stops. What nobody is connected for yet starts at a look."""
        entry.recording_broken = False  # said anew, it is tried anew
        if not self.is_wanted(entry):
            await self.stop(entry)
        elif entry.call.connected and not entry.recording:
            await self._start(entry)

    async def stop(self, entry: OpenCall) -> None:
        """Stops recording; media that can't be reached now are told again at the next look."""
        try:
            await self._media.record(entry.call_id, on=False)
        except NotFound:
            pass  # nothing is carried, so nothing is recorded
        except BangbanError as error:
            log.warning("recording_not_stopped", call_id=entry.call_id, code=error.code)
            return
        await self.note(entry, on=False)

    async def look(self, entry: OpenCall, figures: Mapping[str, Any]) -> None:
        """Sets right what differs from what the media say; without `figures` they don't know the call."""
        found = figures.get("recording")
        if not self.is_wanted(entry):
            if found is not None or entry.recording:
                await self.stop(entry)
        elif found is not None:
            state = found.get("state", RecordingState.RECORDING)
            if state == RecordingState.RECORDING:
                await self.note(entry, on=True)
            else:
                await self._broken(entry, state)
        elif figures.get("legs"):
            await self._start(entry)
        else:
            await self.note(entry, on=False)  # who comes back brings it back

    async def note(self, entry: OpenCall, *, on: bool) -> None:
        """Stores and tells whether the call is recorded, if that is news; else again at the next look."""
        if on == entry.recording:
            return
        try:
            await self._calls.set_recording(entry.call_id, on=on)
        except BangbanError as error:
            log.warning("recording_not_noted", call_id=entry.call_id, on=on, code=error.code)
            return
        entry.recording = on
        self._tell(entry)

    async def _start(self, entry: OpenCall) -> None:
        try:
            await self._media.record(entry.call_id, on=True)
        except RecordingUnavailable as error:
            await self._broken(entry, error.code)
        else:
            await self.note(entry, on=True)

    async def _broken(self, entry: OpenCall, reason: str) -> None:
        """The recorder has given up, on a full disk above all: the call goes on, and both know."""
        log.warning("recording_broken", call_id=entry.call_id, reason=reason)
        entry.recording_broken = True
        await self.stop(entry)
        await self.note(entry, on=False)
        await self._tell_broken(entry, reason)
