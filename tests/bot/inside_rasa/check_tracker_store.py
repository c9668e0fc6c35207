"""A conversation stays small in the store however long it gets, and loses nothing that is still needed."""

import asyncio
import tempfile
import time
import unittest
from pathlib import Path

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rasa_ext import tracker_store
from bot.rasa_ext.tracker_store import BoundedTrackerStore

DOMAIN = Domain.load(Path("bot/domain"))
SENDER = "c1"


class BoundedStore(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name, "tracker.db"))
        self.store = self.opened()

    def opened(self, **changed):
        return BoundedTrackerStore(DOMAIN, path=self.path, **changed)

    def began(self):
        first = [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")]
        return DialogueStateTracker.from_events(SENDER, first, DOMAIN.slots)

    async def say(self, tracker, n, *more):
        """A turn as Rasa plays it: read, a question and its answer, saved."""
        for event in (
            UserUttered(f"问题{n}", intent={"name": "ask_fee", "confidence": 0.9}),
            ActionExecuted("action_consult"),
            SlotSet("focus", {"turn": n}),
            BotUttered(f"回答{n}", {"custom": {"sources": ["x" * 2000]}, "buttons": [{"title": "甲"}]}),
            *more,
            ActionExecuted("action_listen"),
        ):
            tracker.update(event)
        await self.store.save(tracker)
        return await self.store.retrieve(SENDER)

    async def test_two_hundred_turns_take_no_more_room_than_six(self):
        tracker, sizes = self.began(), []
        for n in range(200):
            tracker = await self.say(tracker, n)
            row = self.store._connection.execute("select events from tracker").fetchone()
            sizes.append(len(row[0]))
            assert sum(isinstance(event, UserUttered) for event in tracker.events) <= 5

        assert max(sizes) <= max(sizes[:6]) * 1.1
        assert max(sizes) < 20_000
        assert await self.store.keys() == [SENDER]

    async def test_slots_and_the_last_turns_are_as_they_were(self):
        tracker = self.began()
        for n in range(50):
            tracker = await self.say(tracker, n)

        assert tracker.get_slot("focus") == {"turn": 49}
        assert [e.text for e in tracker.events if isinstance(e, UserUttered)][-2:] == ["问题48", "问题49"]
        assert tracker.latest_message.intent["name"] == "ask_fee"
        assert tracker.latest_action_name == "action_listen"

    async def test_what_the_citizen_was_sent_is_not_kept_a_second_time(self):
        tracker = await self.say(self.began(), 1)

        (answer,) = (event for event in tracker.events if isinstance(event, BotUttered))
        assert answer.text == "回答1"
        assert "custom" not in answer.data
        assert "buttons" not in answer.data

    async def test_a_form_and_a_pause_outlive_the_turns_that_began_them(self):
        tracker = await self.say(self.began(), 0, ActiveLoop("district_form"))
        for n in range(1, 20):
            tracker = await self.say(tracker, n)
        assert tracker.active_loop_name == "district_form"

        tracker = await self.say(tracker, 20, ConversationPaused())
        for n in range(21, 40):
            tracker = await self.say(tracker, n)
        assert tracker.is_paused()

    async def test_what_came_before_a_restart_is_gone(self):
        tracker = self.began()
        for n in range(5):
            tracker = await self.say(tracker, n)
        tracker = await self.say(tracker, 5, Restarted())

        assert tracker.get_slot("focus") is None

    async def test_another_process_reads_it_also_after_a_kill(self):
        await self.say(self.began(), 7)

        other = self.opened()  # the first is never closed, as if it had been killed

        assert (await other.retrieve(SENDER)).get_slot("focus") == {"turn": 7}

    async def test_an_unknown_and_an_expired_conversation_are_none(self):
        assert await self.store.retrieve("nobody") is None
        await self.say(self.began(), 1)

        assert await self.opened(ttl=0).retrieve(SENDER) is None

    async def test_expired_conversations_are_deleted_though_nobody_asks_for_them(self):
        await self.say(self.began(), 1)
        self.store._connection.execute("update tracker set at = ?", (time.time() - 8 * 86400,))

        store = self.opened()
        await store.save(DialogueStateTracker.from_events("c2", [SessionStarted()], DOMAIN.slots))

        until = time.monotonic() + 30  # far more than it takes
        while await store.keys() != ["c2"]:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)

    async def test_of_what_was_deleted_nothing_remains_in_the_files(self):
        await self.say(self.began(), 1234567)
        assert "问题1234567" in self.everything_on_disk()
        assert tracker_store.purge(self.path, ttl=60) == 0

        assert tracker_store.purge(self.path, ttl=0) == 1

        assert "问题1234567" not in self.everything_on_disk()

    def everything_on_disk(self):
        files = Path(self.path).parent.iterdir()
        return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)
