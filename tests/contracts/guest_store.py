"""What every GuestStore promises. Subclasses override `conversations` and `store`, over the same records."""

import asyncio
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.guest_ports import CallGuest
from tests.contracts.conversation_store import opened
from tests.contracts.over_conversations import OverConversations


def a_guest(
    n: int | str = 1, *, call: str = "k1", conversation: str = "c1", agent: str = "李敏"
) -> CallGuest:
    return CallGuest(f"g{n}", call, conversation, "李敏（户籍科）", "王芳", "invited", agent, token_hash="h1")


class GuestStoreContract(OverConversations):
    """Inherit, and override `conversations` and `store` with fresh, empty ones that read `clock`."""

    @pytest.fixture
    async def invited(self, conversations, store):
        await opened(conversations)
        return await store.add(a_guest())

    async def test_a_guest_comes_back(self, store, invited, clock):
        assert invited.invited_at == clock()
        assert invited == await store.get("g1") == await store.open_guest_of("k1")
        assert await store.invitations_of("李敏") == (invited,)
        assert await store.get("g0") is None
        assert await store.open_guest_of("k0") is None
        assert await store.invitations_of("王芳") == ()

    async def test_a_call_has_one_guest_at_a_time(self, store, invited):
        with pytest.raises(Conflict):
            await store.add(a_guest(2))
        with pytest.raises(Conflict):
            await store.add(a_guest(1, call="k2"))
        with pytest.raises(NotFound):
            await store.add(a_guest(3, call="k3", conversation="nobody"))

        await store.move("g1", "ended", expected=["invited"], end_reason="declined")
        assert (await store.add(a_guest(2))).guest_id == "g2"
        assert [each.guest_id for each in await store.invitations_of("李敏")] == ["g2"]

    async def test_of_many_who_come_by_one_link_one_does(self, store, invited):
        async def come(n):
            try:
                return await store.move("g1", "arrived", expected=["invited"], token_hash=f"page {n}")
            except Conflict:
                return None

        came = [each for each in await asyncio.gather(*(come(n) for n in range(8))) if each]

        assert len(came) == 1
        assert await store.get("g1") == came[0]
        assert came[0].token_hash.startswith("page")

    async def test_an_end_is_for_good(self, store, invited, clock):
        ended = await store.move("g1", "ended", expected=["invited"], end_reason="expired")

        assert (ended.ended_at, ended.end_reason) == (clock(), "expired")
        for change in (
            store.move("g1", "joined", expected=["ended"]),
            store.set_consent("g1", "1", agrees=True),
        ):
            with pytest.raises(Conflict):
                await change
        assert await store.open_guest_of("k1") is None

    async def test_the_answer_for_the_recording_is_kept_with_version_and_time(self, store, invited, clock):
        said = await store.set_consent("g1", "1-abc", agrees=True)

        assert (said.consented, said.consent_version, said.consent_at) == (True, "1-abc", clock())
        with pytest.raises(NotFound):
            await store.set_consent("g0", "1-abc", agrees=True)
        with pytest.raises(NotFound):
            await store.move("g0", "ended", expected=["invited"])

    async def test_guests_go_with_their_conversation(self, conversations, store, invited, clock):
        clock.time += timedelta(seconds=1)
        await conversations.purge_before(clock())

        assert await store.get("g1") is None

    async def test_a_token_is_in_no_repr(self, invited):
        assert "h1" not in repr(invited)
