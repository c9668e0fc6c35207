"""What every TokenStore promises."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.wechat_ports import AccessToken

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_token(value: str, *, lasts: int = 7200) -> AccessToken:
    return AccessToken(value, NOON + timedelta(seconds=lasts))


class TokenStoreContract:
    """Inherit, and override `store` with a fresh, empty one."""

    @pytest.fixture
    async def store(self):
        raise NotImplementedError

    async def test_a_token_comes_back_with_its_time(self, store):
        assert await store.get("hall", "access_token") is None

        first = a_token("first")

        assert await store.put("hall", "access_token", first, instead_of="") == first
        assert await store.get("hall", "access_token") == first

    async def test_accounts_and_kinds_are_apart(self, store):
        await store.put("hall", "access_token", a_token("one"), instead_of="")
        await store.put("hall", "jsapi_ticket", a_token("two"), instead_of="")
        await store.put("tax", "access_token", a_token("three"), instead_of="")

        assert (await store.get("hall", "access_token")).value == "one"
        assert (await store.get("hall", "jsapi_ticket")).value == "two"
        assert (await store.get("tax", "access_token")).value == "three"
        assert await store.get("tax", "jsapi_ticket") is None

    async def test_a_token_takes_the_place_of_the_one_that_its_bringer_knew(self, store):
        await store.put("hall", "access_token", a_token("first"), instead_of="")
        second = a_token("second", lasts=60)  # however short it lasts

        assert await store.put("hall", "access_token", second, instead_of="first") == second
        assert await store.get("hall", "access_token") == second

    async def test_who_comes_too_late_gets_what_the_faster_one_stored(self, store):
        await store.put("hall", "access_token", a_token("first"), instead_of="")
        await store.put("hall", "access_token", a_token("second"), instead_of="first")

        for known in ("first", ""):
            held = await store.put("hall", "access_token", a_token("late"), instead_of=known)
            assert held == a_token("second") == await store.get("hall", "access_token")

    @pytest.mark.parametrize("known", ["", "first"])
    async def test_of_many_at_once_one_is_stored_and_all_get_it(self, store, known):
        if known:
            await store.put("hall", "access_token", a_token(known), instead_of="")

        got = await asyncio.gather(
            *(store.put("hall", "access_token", a_token(f"of {n}"), instead_of=known) for n in range(8))
        )

        assert {each.value for each in got} == {(await store.get("hall", "access_token")).value}
        assert got[0].value != known

    async def test_a_token_is_in_no_repr(self, store):
        await store.put("hall", "access_token", a_token("secret"), instead_of="")

        assert "secret" not in repr(await store.get("hall", "access_token"))
