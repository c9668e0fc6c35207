"""What every UserStore promises. Subclasses override the `store` fixture."""

import pytest

from core.errors import Conflict, NotFound
from core.ports import User
from core.statuses import Role


class UserStoreContract:
    """Inherit, and override `store` with a fresh, empty one."""

    @pytest.fixture
    async def store(self):
        raise NotImplementedError

    async def test_an_account_comes_back_with_the_time_it_was_made(self, store):
        await store.add(User("王芳", Role.EDITOR, "hash"))

        user = await store.get("王芳")
        assert (user.name, user.role, user.password_hash) == ("王芳", Role.EDITOR, "hash")
        assert user.created_at.utcoffset().total_seconds() == 0

    async def test_a_name_is_taken_once(self, store):
        await store.add(User("wang", Role.EDITOR, "hash"))

        with pytest.raises(Conflict):
            await store.add(User("wang", Role.ADMIN, "other"))

        assert (await store.get("wang")).role is Role.EDITOR

    async def test_a_password_is_replaced(self, store):
        await store.add(User("wang", Role.AGENT, "old"))

        await store.set_password("wang", "new")

        assert (await store.get("wang")).password_hash == "new"

    async def test_the_password_of_nobody_cannot_be_set(self, store):
        with pytest.raises(NotFound):
            await store.set_password("nobody", "new")

    async def test_nobody_is_none(self, store):
        assert await store.get("nobody") is None
        assert await store.get("x\x00\ud800") is None
        assert await store.all() == ()

    async def test_all_accounts_come_by_name(self, store):
        for name in ("li", "王", "Zhao"):
            await store.add(User(name, Role.AGENT, "hash"))

        assert [user.name for user in await store.all()] == ["Zhao", "li", "王"]

    async def test_a_hash_does_not_show_in_the_repr(self, store):
        await store.add(User("wang", Role.AGENT, "argon2-hash"))

        assert "argon2-hash" not in repr(await store.get("wang"))
