"""Gathers from the stores what a report is counted from."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from core.clock import local_midnight
from core.desk_ports import CallStore, DeskStore
from core.errors import InvalidInput
from core.ports import ConversationEvent, ConversationStore
from server.reports import Rating, Records, Report, make_report

MOST_DAYS = 92


class Reports:
    """The use case of reports."""

    def __init__(self, store: ConversationStore, desk_store: DeskStore, calls: CallStore) -> None:
        self._store = store
        self._desk_store = desk_store
        self._calls = calls

    async def report(self, first: date, last: date) -> Report:
        """The figures of the days `first` to `last`, both included. Raises InvalidInput."""
        if not first <= last < first + timedelta(days=MOST_DAYS):
            raise InvalidInput(f"from, to: one to {MOST_DAYS} days in order")
        since, until = local_midnight(first), local_midnight(last) + timedelta(days=1)
        handovers = await self._desk_store.handovers_between(since, until)
        records = Records(
            handovers=handovers,
            calls=await self._calls.calls_between(since, until),
            estimates=[e for e in await self._desk_store.estimates(since) if e.taken_at < until],
            ratings=await self._ratings({each.conversation_id for each in handovers}, since, until),
        )
        return make_report(first, last, records)

    async def _ratings(self, conversations: set[str], since: datetime, until: datetime) -> Sequence[Rating]:
        """The last rating within the period of each of these conversations, where there is one."""
        found = []
        for conversation_id in sorted(conversations):
            ratings = [e for e in await self._events(conversation_id) if since <= e.at < until]
            if ratings:
                body = ratings[-1].body
                found.append(Rating(body["score"], body.get("agent", "")))
        return found

    async def _events(self, conversation_id: str) -> Sequence[ConversationEvent]:
        ratings: list[ConversationEvent] = []
        after = 0
        while page := await self._store.events(conversation_id, after=after):
            ratings += [event for event in page if event.kind == "rating"]
            after = page[-1].sequence
        return ratings
