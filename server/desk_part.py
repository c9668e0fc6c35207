"""Puts the desk together: queue, agents, supervisors, calls. Part of the wiring of `create_app`."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from aiohttp import web

from core.clock import utc_now
from core.errors import BangbanError
from core.metrics import Metrics
from core.ports import Handover
from core.statuses import HandoverMode
from server import keys
from server.call_book import CallBook
from server.call_evidence import CallEvidence
from server.call_guests import CallGuests
from server.call_listening import CallListening
from server.calls import Calls
from server.desk import Desk
from server.desk_events import DeskEvents
from server.desk_guides import DeskGuides
from server.desk_rounds import DeskRounds
from server.direct_calls import DirectCalls, DirectMedia
from server.guest_screens import GuestScreens
from server.handover import HandoverRules, Handovers
from server.knowledge_part import today
from server.recordings import Recordings
from server.replicas import Replicas
from server.service_secrets import recording_key
from server.signalling import Signalling
from server.staff_reading import StaffReading
from server.supervision import Supervision
from server.waiting_line import WaitingLine
from video.call import CallMode, Party
from video.client import shard_of
from video.opening import OpeningHours
from video.recording_upkeep import EVIDENCE, RECORDINGS


class _Accepted:
    """Sees to what follows an accept: the wait is counted, and a wish for video becomes a call."""

    def __init__(self, metrics: Metrics, calls: Calls) -> None:
        self._metrics = metrics
        self._calls = calls
        self._beginning: set[asyncio.Task[None]] = set()

    def accepted(self, handover: Handover) -> None:
        """An agent took a citizen."""
        if handover.created_at is not None and not handover.kept_place and handover.due is None:
            self._metrics.wait_ended((utc_now() - handover.created_at).total_seconds())
        if handover.mode is HandoverMode.VIDEO:
            task = asyncio.create_task(self._begin(handover), name="begin-call")
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    def left_agent(self, conversation_id: str) -> None:
        """Nothing follows here."""

    async def _begin(self, handover: Handover) -> None:
        with suppress(BangbanError):  # let go or called again in the same moment
            await self._calls.begin(handover.conversation_id, Party.CITIZEN, CallMode.VIDEO, answered=True)


def make(app: web.Application, *, mask: Callable[[str], str]) -> None:
    """Makes the use cases of the desk. Raises ConfigurationError for opening hours that can't be read."""
    settings, stores, fan_out, metrics = (
        app[keys.SETTINGS],
        app[keys.STORES],
        app[keys.FAN_OUT],
        app[keys.METRICS],
    )
    opening = OpeningHours.parse(settings.opening_hours, settings.opening_exceptions)
    line = WaitingLine(stores.desk, stores.calls, opening=opening, now=utc_now)
    screens = DeskEvents(fan_out)
    replicas = Replicas(
        app[keys.REPLICA_PARTS],
        fan_out=fan_out,
        screens=screens,
        store=stores.conversations,
        desk_store=stores.desk,
    )
    app[keys.CALL_EVIDENCE] = CallEvidence(settings.data / EVIDENCE, stores.conversations)
    calls = Calls(
        stores.conversations,
        stores.desk,
        stores.calls,
        app[keys.MEDIA],
        fan_out,
        now=utc_now,
        recorded=settings.call_media == "relay",
        observer=metrics,
        evidence=app[keys.CALL_EVIDENCE],
        book=CallBook(
            stores.calls,
            now=utc_now,
            shared=replicas.shared_locks,
            leads=replicas.leads,
        ),
    )
    relayed = settings.call_media == "relay"
    guests = CallGuests(
        calls,
        stores.guests,
        stores.desk,
        app[keys.MEDIA],
        tell=GuestScreens(screens, fan_out),
        now=utc_now,
        relayed=relayed,
        accesses=stores.access,
        evidence=app[keys.CALL_EVIDENCE],
    )
    listening = CallListening(
        calls,
        app[keys.MEDIA],
        tell=screens.tell,
        told=settings.listening_told,
        relayed=relayed,
        now=utc_now,
        accesses=stores.access,
        evidence=app[keys.CALL_EVIDENCE],
    )
    calls.company.extend((guests, listening))
    handovers = Handovers(
        stores.conversations,
        stores.desk,
        fan_out,
        look=line.look,
        guides=stores.knowledge,
        rules=HandoverRules(settings.hotline, opening),
        mask=mask,
        now=utc_now,
    )
    desk = Desk(
        stores.conversations,
        stores.desk,
        handovers,
        look=line.look,
        publish=fan_out.publish,
        observers=(screens, _Accepted(metrics, calls)),
        end_call=calls.end_of,
    )
    rounds = DeskRounds(
        store=stores.conversations,
        desk_store=stores.desk,
        calls=stores.calls,
        desk=desk,
        handovers=handovers,
        fan_out=fan_out,
        screens=screens,
        look=desk.line,
        now=utc_now,
        leads=replicas.leads,
        watched=replicas.watched,
    )
    replicas.changed = rounds.changed
    replicas.tell_again = calls.tell_again
    handovers.changed = replicas.queue_changed
    app[keys.REPLICAS] = replicas
    handovers.left = screens.left_agent
    app[keys.HANDOVERS] = handovers
    app[keys.SCREENS] = screens
    app[keys.DESK] = desk
    app[keys.READING] = StaffReading(stores.conversations, stores.desk, desk, stores.access, now=utc_now)
    app[keys.DESK_GUIDES] = DeskGuides(desk, stores.knowledge, today=today)
    app[keys.DESK_ROUNDS] = rounds
    app[keys.CALLS] = calls
    app[keys.CALL_GUESTS] = guests
    app[keys.CALL_LISTENING] = listening
    media, direct = app[keys.MEDIA], None
    if isinstance(media, DirectMedia):
        direct = DirectCalls(calls, stores.calls, media, fan_out, screens)
    app[keys.SIGNALLING] = Signalling(
        calls, guests, listening, hotline=settings.hotline, now=time.monotonic, direct=direct
    )
    app[keys.RECORDINGS] = Recordings(
        settings.data / RECORDINGS,
        stores.calls,
        app[keys.CALL_EVIDENCE],
        stores.access,
        key=partial(recording_key, settings),
        now=utc_now,
    )
    app[keys.SUPERVISION] = Supervision(
        store=stores.conversations,
        desk_store=stores.desk,
        calls=stores.calls,
        desk=desk,
        handovers=handovers,
        screens=screens,
        look=line.look,
        pass_call_on=calls.pass_on,
        accesses=stores.access,
        now=utc_now,
    )


def media_lost(app: web.Application, number: int) -> None:
    """A media process has lost its calls: their parties must rejoin."""
    processes = app[keys.SETTINGS].media_processes
    lost = app[keys.CALLS].media_lost(lambda call_id: shard_of(call_id, processes) == number)
    app[keys.BACKGROUND].start("rejoin-calls", lost)
