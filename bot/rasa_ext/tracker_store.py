"""A tracker store that stays small however long a citizen talks.

Rasa's own stores keep every event of a conversation and hand all of them to every action call: at
150 turns SQLite needs 170 ms a message and Redis 1.4 s. The transcript is Bangban's, in its own
database; Rasa only needs the slots and the last turns. So when a conversation gets longer than
`max_turns`, everything before the last `keep_turns` is folded into the values that it left behind.

One row a conversation in SQLite. Write-ahead logging survives `kill -9` with
`synchronous=normal`; a power cut may lose the last turns' slots, never the file, and never
anything that was acknowledged to a citizen. Several Rasa processes may share one file.

What citizens said is personal: each conversation goes when its time is up, whether or not anybody
talks then, and leaves no remains in the file.

Rasa calls this a documented extension point: `tracker_store.type` in the endpoints file.
Remove when Rasa lets `max_event_history` be set for a store.
"""

# Rasa lives in another interpreter, so the type checker of this project can't see it.
# mypy: disable-error-code="misc,no-any-return"

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

log = logging.getLogger(__name__)

PURGE_EVERY_S = 300.0

_SCHEMA = """
create table if not exists tracker (
    sender text primary key, at real not null, events text not null
) without rowid;
create index if not exists tracker_at on tracker (at);
"""


class BoundedTrackerStore(TrackerStore):
    """Keeps the last turns and all slots of each conversation, for `ttl` seconds after its last turn."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        *,
        path: str,
        keep_turns: int = 2,
        max_turns: int = 5,
        ttl: float = 7 * 86400.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker, **kwargs)
        self._keep_turns = int(keep_turns)
        self._max_turns = int(max_turns)
        self._ttl = float(ttl)
        self._connection = _open(path)
        self._connection.executescript(_SCHEMA)
        # A thread, since Rasa makes its stores before there is a loop to wait in.
        threading.Thread(
            target=_purge_for_ever, args=(path, self._ttl), name="purge-trackers", daemon=True
        ).start()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Stores the conversation, folded if it has grown long."""
        await self.stream_events(tracker)
        events = json.dumps(self._events_to_keep(tracker), ensure_ascii=False, separators=(",", ":"))
        self._connection.execute(
            "insert into tracker values (?, ?, ?)"
            " on conflict (sender) do update set at = excluded.at, events = excluded.events",
            (tracker.sender_id, time.time(), events),
        )

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation, or None if it is unknown or has expired."""
        row = self._connection.execute(
            "select events from tracker where sender = ? and at >= ?", (sender_id, time.time() - self._ttl)
        ).fetchone()
        if row is None:
            return None
        return DialogueStateTracker.from_dict(sender_id, json.loads(row[0]), self.domain.slots)

    async def keys(self) -> Iterable[str]:
        """The senders of all stored conversations."""
        return [row[0] for row in self._connection.execute("select sender from tracker")]

    def _events_to_keep(self, tracker: DialogueStateTracker) -> list[dict[str, Any]]:
        events = self._folded(tracker)
        last_set = {e.key: n for n, e in enumerate(events) if isinstance(e, SlotSet)}
        return [
            _without_custom(event)
            for n, event in enumerate(events)
            if not (isinstance(event, SlotSet) and self._is_memory(event.key) and last_set[event.key] != n)
        ]

    def _is_memory(self, slot_name: str) -> bool:
        """Whether no policy looks at the slot, so that its earlier values mean nothing."""
        slot = next((s for s in self.domain.slots if s.name == slot_name), None)
        return slot is not None and not slot.influence_conversation

    def _folded(self, tracker: DialogueStateTracker) -> list[Event]:
        if sum(isinstance(event, UserUttered) for event in tracker.events) <= self._max_turns:
            return list(tracker.events)
        events = tracker.applied_events()  # what was reverted or restarted is gone
        turns = [
            # A turn begins with the `action_listen` that waited for it.
            n - 1 if n and isinstance(events[n - 1], ActionExecuted) else n
            for n, event in enumerate(events)
            if isinstance(event, UserUttered)
        ]
        if len(turns) <= self._keep_turns:
            return list(events)
        cut = turns[-self._keep_turns]
        past = DialogueStateTracker.from_events(tracker.sender_id, events[:cut], self.domain.slots)
        at = events[cut].timestamp or time.time()
        head: list[Event] = [SessionStarted(timestamp=at)]
        head += [SlotSet(s.name, s.value, timestamp=at) for s in past.slots.values() if s.value is not None]
        if past.active_loop_name:
            head.append(ActiveLoop(past.active_loop_name, timestamp=at))
        if past.is_paused():
            head.append(ConversationPaused(timestamp=at))
        return head + list(events[cut:])


def purge(path: str, ttl: float) -> int:
    """Deletes the conversations that were silent for over `ttl` seconds; returns how many."""
    connection = _open(path)
    try:
        deleted = connection.execute("delete from tracker where at < ?", (time.time() - ttl,)).rowcount
        if deleted:
            # The log still holds the pages as they were; emptied, it holds nothing.
            connection.execute("pragma wal_checkpoint(truncate)")
        return deleted
    finally:
        connection.close()


def _purge_for_ever(path: str, ttl: float) -> None:
    while True:
        try:
            purge(path, ttl)
        except sqlite3.Error as error:
            log.warning("conversations not purged: %s", error)
        time.sleep(PURGE_EVERY_S)


def _open(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=normal")
    connection.execute("pragma secure_delete=on")  # what is deleted is overwritten, not only let go
    return connection


def _without_custom(event: Event) -> dict[str, Any]:
    """The event as JSON; a bot message loses its `custom` part.

    That part holds the whole answer with its sources. The citizen has it, Bangban has stored it,
    and no policy or action reads it again.
    """
    encoded = event.as_dict()
    if isinstance(event, BotUttered) and isinstance(encoded.get("data"), dict):
        encoded["data"] = {k: v for k, v in encoded["data"].items() if k not in {"custom", "buttons"}}
    return encoded
