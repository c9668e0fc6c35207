"""What every CallStore promises. Subclasses override `conversations` and `store`, over the same records."""

import asyncio
from datetime import timedelta

import pytest

from core.desk_ports import Call
from core.errors import Conflict, NotFound
from tests.contracts.conversation_store import opened
from tests.contracts.over_conversations import OverConversations


def a_call(n: int | str = 1, conversation_id: str = "c1") -> Call:
    return Call(f"k{n}", conversation_id, "王芳", mode="video", state="ringing")


class CallStoreContract(OverConversations):
    """Inherit, and override `conversations` and `store` with fresh, empty ones that read `clock`."""

    @pytest.fixture
    async def ringing(self, conversations, store):
        await opened(conversations)
        return await store.add(a_call())

    async def test_a_call_comes_back(self, store, ringing, clock):
        assert ringing.started_at == clock()
        assert ringing == await store.get("k1") == await store.open_call_of("c1")
        assert await store.open_calls() == await store.calls_of("c1") == (ringing,)
        assert await store.get("k0") is None
        assert await store.open_call_of("c0") is None

    async def test_a_conversation_has_one_call_at_a_time(self, conversations, store, ringing):
        await opened(conversations, "c2")

        with pytest.raises(Conflict):
            await store.add(a_call(2))
        with pytest.raises(Conflict):
            await store.add(a_call(1, "c2"))
        with pytest.raises(NotFound):
            await store.add(a_call(3, "nobody"))

        await store.move("k1", "ended", expected=["ringing"], end_reason="citizen_hung_up")
        await store.add(a_call(2))
        assert [call.call_id for call in await store.calls_of("c1")] == ["k1", "k2"]

    async def test_of_many_calls_begun_at_once_there_is_one(self, conversations, store):
        await opened(conversations)

        outcomes = await asyncio.gather(*(store.add(a_call(n)) for n in range(8)), return_exceptions=True)

        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
        assert len(await store.open_calls()) == 1

    async def test_a_call_moves_from_an_expected_state_alone(self, store, ringing, clock):
        clock.advance(timedelta(seconds=3))
        live = await store.move("k1", "live", expected=["ringing", "held"], answered=True, mode="audio")
        answered_at = clock()
        clock.advance(timedelta(seconds=3))

        with pytest.raises(Conflict):
            await store.move("k1", "live", expected=["ringing"])
        again = await store.move("k1", "held", expected=["live"], answered=True, agent="李强")

        assert (live.state, live.mode, live.answered_at) == ("live", "audio", answered_at)
        assert (again.state, again.mode, again.answered_at) == ("held", "audio", answered_at)
        assert again.agent == "李强"
        with pytest.raises(NotFound):
            await store.move("k0", "live", expected=["ringing"])

    async def test_of_many_moves_from_one_state_one_is_made(self, store, ringing):
        moves = (store.move("k1", f"state{n}", expected=["ringing"]) for n in range(8))

        outcomes = await asyncio.gather(*moves, return_exceptions=True)

        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7

    async def test_a_call_ends_for_good(self, store, ringing, clock):
        await store.set_consent("k1", "v1", agrees=True)
        await store.set_recording("k1", on=True)

        ended = await store.move("k1", "ended", expected=["ringing"], end_reason="network")

        assert (ended.ended_at, ended.end_reason, ended.recording) == (clock(), "network", False)
        assert await store.open_calls() == ()
        for change in (
            store.move("k1", "live", expected=["ended"]),
            store.set_consent("k1", "v2", agrees=True),
            store.set_recording("k1", on=True),
        ):
            with pytest.raises(Conflict):
                await change
        assert (await store.get("k1")).consent_version == "v1"

    async def test_nothing_is_recorded_without_consent(self, store, ringing, clock):
        with pytest.raises(Conflict):
            await store.set_recording("k1", on=True)
        refused = await store.set_consent("k1", "2026-01", agrees=False)
        with pytest.raises(Conflict):
            await store.set_recording("k1", on=True)
        clock.advance(timedelta(seconds=5))

        agreed = await store.set_consent("k1", "2026-02", agrees=True)
        recorded = await store.set_recording("k1", on=True)
        withdrawn = await store.set_consent("k1", "2026-02", agrees=False)

        assert (refused.consented, refused.consent_version) == (False, "2026-01")
        assert (agreed.consented, agreed.consent_version, agreed.consent_at) == (True, "2026-02", clock())
        assert (recorded.recording, withdrawn.recording) == (True, False)
        for change in (
            store.set_consent("k0", "v", agrees=True),
            store.set_recording("k0", on=False),
            store.set_quality("k0", {}),
        ):
            with pytest.raises(NotFound):
                await change

    async def test_quality_can_be_noted_after_the_end_too(self, store, ringing):
        await store.move("k1", "ended", expected=["ringing"], end_reason="closed")

        await store.set_quality("k1", {"loss": 0.02, "freezes": 3})

        assert (await store.get("k1")).quality == {"loss": 0.02, "freezes": 3}

    async def test_reports_see_all_calls_of_a_time(self, conversations, store, ringing, clock):
        clock.advance(timedelta(hours=1))
        await opened(conversations, "c2")
        await store.add(a_call(2, "c2"))

        found = await store.calls_between(clock() - timedelta(hours=1), clock())

        assert [call.call_id for call in found] == ["k1"]
        assert [call.call_id for call in await store.open_calls()] == ["k1", "k2"]

    async def test_calls_go_with_their_conversation(self, conversations, store, ringing, clock):
        clock.advance(timedelta(days=1))

        await conversations.purge_before(clock())

        assert await store.get("k1") is None
        assert await store.open_calls() == await store.calls_of("c1") == ()
