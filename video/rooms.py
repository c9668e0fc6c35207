"""The calls of one media process: who is connected, who gets what from whom, what is recorded.

A call has a leg for each party; who gets what from whom is the table of `video.seats`. When a party
comes again, its new leg takes the place of the old one and the legs of the others stay as they are. A
call exists from its first leg until it is closed, or until neither citizen nor agent has been connected
for a while: the service that should have closed it may be gone.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from core.errors import MediaFull, NotFound, RecordingUnavailable
from video.legs import Leg, OpenLeg
from video.recording_note import RecordingState
from video.seats import EXTRA, PLAIN_LOAD, SEATS, load_of, sends
from video.taps import OpenRecorder, Recorder

FORGET_AFTER_S = 120.0  # without anybody; returning after a dead network takes less

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class _Call:
    call_id: str
    legs: dict[str, Leg] = field(default_factory=dict)
    extra: set[str] = field(default_factory=set)  # parties beside the two that were admitted
    recorder: Recorder | None = None
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)  # one change at a time
    forgetting: asyncio.TimerHandle | None = None
    ever_joined: bool = False
    closed: bool = False


class Rooms:
    """All calls of the process. `max_calls` is the admission limit, in calls between two."""

    def __init__(
        self, open_leg: OpenLeg, *, max_calls: int, open_recorder: OpenRecorder | None = None
    ) -> None:
        self._open_leg = open_leg
        self._open_recorder = open_recorder
        self._max_calls = max_calls
        self._is_strained: Callable[[], bool] = lambda: False
        self._calls: dict[str, _Call] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.refused = 0
        """How many calls were refused because the process was full or couldn't keep up."""

    def refuse_new_while(self, is_strained: Callable[[], bool]) -> None:
        """From now on, calls that would be new are refused while this is true; those that go on are not."""
        self._is_strained = is_strained

    async def join(self, call_id: str, party: str, offer: str, *, record: bool) -> str:
        """Connects the party and returns the answer to its offer; it may be connected already.

        `record` is for the whole call: without it a recording that runs is ended.
        Raises MediaFull above the admission limit or when the process can't keep up, InvalidInput for an
        offer that can't be answered, RecordingUnavailable when recording is wanted and can't be had.
        """
        call = self._admit(call_id, party)
        try:
            async with call.changing:
                if call.closed:
                    raise NotFound("the call has ended")
                if record:  # before anything is said
                    await self._start_recording(call)
                else:
                    await self._stop_recording(call)
                return await self._replace_leg(call, party, offer)
        except BaseException:
            if party not in call.legs:
                call.extra.discard(party)
            raise
        finally:
            self._forget_later(call)

    async def leave(self, call_id: str, party: str) -> None:
        """Disconnects the party; one that isn't connected is no mistake. Raises NotFound."""
        call = self._find(call_id)
        async with call.changing:
            call.extra.discard(party)
            if (leg := call.legs.get(party)) is not None:
                await self._remove(call, party, leg)
        self._forget_later(call)

    async def close(self, call_id: str) -> None:
        """Ends the call: connections, recording and all. Raises NotFound."""
        await self._close(self._find(call_id))

    async def record(self, call_id: str, *, on: bool) -> None:
        """Starts or ends recording; either twice is no mistake. Raises NotFound, RecordingUnavailable."""
        call = self._find(call_id)
        async with call.changing:
            if on:
                await self._start_recording(call)
            else:
                await self._stop_recording(call)

    def call_stats(self, call_id: str) -> Mapping[str, object]:
        """Figures of one call. Raises NotFound."""
        call = self._find(call_id)
        return {
            "legs": {party: leg.stats() for party, leg in call.legs.items()},
            "recording": dict(call.recorder.stats()) if call.recorder else None,
        }

    def stats(self) -> Mapping[str, int]:
        """Figures of all calls."""
        return {
            "calls": len(self._calls),
            "max_calls": self._max_calls,
            "legs": sum(len(call.legs) for call in self._calls.values()),
            "recording": sum(call.recorder is not None for call in self._calls.values()),
            "refused": self.refused,
        }

    async def close_all(self) -> None:
        """Ends every call."""
        closing = (self._close(call) for call in list(self._calls.values()))
        ends = await asyncio.gather(*closing, return_exceptions=True)
        ends += await asyncio.gather(*self._closing, return_exceptions=True)  # also what that began
        for end in ends:
            if end is not None:
                log.error("call_not_closed", exc_info=end)

    # --- what happens inside ---

    def _find(self, call_id: str) -> _Call:
        try:
            return self._calls[call_id]
        except KeyError:
            raise NotFound("no such call") from None

    def _admit(self, call_id: str, party: str) -> _Call:
        """The call with a place for the party: kept for citizen and agent, for others until they leave."""
        call = self._calls.get(call_id)
        admitted = call.extra if call else set()
        wanted = admitted | ({party} & EXTRA)
        if call is None and self._is_strained():
            self.refused += 1
            raise MediaFull("the process can't keep up with what goes on")
        others = sum(_load(each.extra) for each in self._calls.values() if each is not call)
        if (call is None or wanted != admitted) and others + _load(wanted) > self._max_calls * PLAIN_LOAD:
            self.refused += 1
            raise MediaFull(f"as much goes on as {self._max_calls} calls between two")
        if call is None:
            call = self._calls[call_id] = _Call(call_id)
        call.extra = wanted
        return call

    async def _replace_leg(self, call: _Call, party: str, offer: str) -> str:
        leg = await self._open_leg(
            offer,
            seats=len(SEATS[party]),
            sends=sends(party),
            on_end=lambda: self._leg_ended(call, party, leg),
        )
        if call.closed:  # while the offer was being answered
            await leg.close()
            raise NotFound("the call has ended")
        previous = call.legs.get(party)
        call.legs[party] = leg
        call.ever_joined = True
        if call.recorder is not None:
            _tap(call.recorder, party, leg)
        _seat(call)
        if previous is not None:
            self._in_background(previous.close())
        log.info("party_connected", call_id=call.call_id, party=party, again=previous is not None)
        return leg.answer

    def _leg_ended(self, call: _Call, party: str, leg: Leg) -> None:
        """The connection broke; unless another has taken its place, the party is gone for now."""

        async def remove() -> None:
            async with call.changing:
                if call.legs.get(party) is leg:
                    log.info("party_lost", call_id=call.call_id, party=party)
                    await self._remove(call, party, leg)
                else:
                    await leg.close()
            self._forget_later(call)

        self._in_background(remove())

    async def _remove(self, call: _Call, party: str, leg: Leg) -> None:
        del call.legs[party]
        _seat(call)
        await leg.close()

    async def _close(self, call: _Call) -> None:
        call.closed = True
        async with call.changing:
            if self._calls.get(call.call_id) is call:
                del self._calls[call.call_id]
            if call.forgetting is not None:
                call.forgetting.cancel()
            legs = list(call.legs.values())
            call.legs.clear()
            try:
                ends = await asyncio.gather(*(leg.close() for leg in legs), return_exceptions=True)
            finally:
                await self._stop_recording(call)
            for end in ends:
                if end is not None:
                    log.error("leg_not_closed", call_id=call.call_id, exc_info=end)

    async def _start_recording(self, call: _Call) -> None:
        if call.recorder is not None:
            if call.recorder.stats().get("state", RecordingState.RECORDING) == RecordingState.RECORDING:
                return
            await self._stop_recording(call)  # it has given up; another may have more luck
        if self._open_recorder is None:
            raise RecordingUnavailable("this media process has no recorder")
        call.recorder = self._open_recorder(call.call_id)
        for party, leg in call.legs.items():
            _tap(call.recorder, party, leg)

    async def _stop_recording(self, call: _Call) -> None:
        recorder, call.recorder = call.recorder, None
        if recorder is not None:
            await recorder.close()

    def _forget_later(self, call: _Call) -> None:
        """Has the call closed if neither of the two is there for long; a first offer that failed, at once."""
        if call.forgetting is not None:
            call.forgetting.cancel()
            call.forgetting = None
        if call.closed or not call.legs.keys() <= EXTRA:
            return
        after = FORGET_AFTER_S if call.ever_joined else 0.0
        loop = asyncio.get_running_loop()
        call.forgetting = loop.call_later(after, lambda: self._in_background(self._close_if_empty(call)))

    async def _close_if_empty(self, call: _Call) -> None:
        if call.legs.keys() <= EXTRA and not call.changing.locked():
            await self._close(call)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="end-of-a-leg")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _load(extra: set[str]) -> int:
    return load_of({"citizen", "agent"} | extra)


def _seat(call: _Call) -> None:
    """Has each leg get what those send who are there now."""
    for party, leg in call.legs.items():
        leg.receive_from([call.legs.get(other) for other in SEATS[party]])


def _tap(recorder: Recorder, party: str, leg: Leg) -> None:
    for receiver in leg.receivers:
        recorder.tap(party, receiver)
