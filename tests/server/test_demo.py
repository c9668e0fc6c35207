"""Sign-ins for trying out: made once, shown at each start, and lost by no crash."""

import json
import stat

import pytest

from core.accounts import verify_password
from core.statuses import Role
from server.demo import FILE_NAME, NAMES, PLANNED_NAME, add_user, prepare_demo
from server.stores_part import open_stores

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"demo": True})


async def accounts(settings):
    """The stored accounts by name."""
    async with open_stores(settings) as stores:
        return {user.name: user for user in await stores.users.all()}


async def assert_all_can_sign_in(settings, sign_ins):
    """Each of the three sign-ins is an account with that password and role."""
    stored = await accounts(settings)
    assert {s.name for s in sign_ins} == set(stored) == set(NAMES.values())
    for sign_in in sign_ins:
        assert stored[sign_in.name].role == sign_in.role
        assert verify_password(stored[sign_in.name].password_hash, sign_in.password)


async def test_a_new_data_folder_gets_an_account_for_each_kind_of_work(settings):
    await assert_all_can_sign_in(settings, await prepare_demo(settings))


async def test_the_next_start_shows_the_same(settings):
    assert await prepare_demo(settings) == await prepare_demo(settings)


async def test_only_the_operator_can_read_the_passwords(settings):
    await prepare_demo(settings)

    assert stat.S_IMODE((settings.data / FILE_NAME).stat().st_mode) == 0o600
    assert not (settings.data / PLANNED_NAME).exists()


async def test_without_the_setting_nothing_is_made(settings):
    assert await prepare_demo(settings.model_copy(update={"demo": False})) == ()
    assert not settings.data.exists()


async def test_an_installation_with_accounts_of_its_own_gets_none(settings):
    async with open_stores(settings) as stores:
        await add_user(stores.users, "王芳", Role.EDITOR, "a long enough password")

    assert await prepare_demo(settings) == ()
    assert set(await accounts(settings)) == {"王芳"}


@pytest.mark.parametrize("made", [0, 1, 3])
async def test_after_a_kill_at_any_account_the_next_start_makes_the_rest(settings, monkeypatch, made):
    left = iter(range(made))

    async def add_until_killed(*account):
        if next(left, None) is None:
            raise Killed
        await add_user(*account)

    def end(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("server.demo.add_user", add_until_killed)
        patched.setattr("server.demo.os.replace", end)
        with pytest.raises(Killed):
            await prepare_demo(settings)
    assert len(await accounts(settings)) == made

    await assert_all_can_sign_in(settings, await prepare_demo(settings))


@pytest.mark.parametrize("length", [0, 40])
async def test_half_a_plan_is_made_anew(settings, length):
    settings.data.mkdir()
    (settings.data / PLANNED_NAME).write_text(
        '[{"name": "agent", "role": "agent", "password": "x"}]'[:length]
    )

    await assert_all_can_sign_in(settings, await prepare_demo(settings))


@pytest.mark.parametrize("content", [b"", b"[{", b"3", b'[{"name": "x"}]', b"\xff"])
async def test_a_damaged_file_stops_no_start(settings, content):
    await prepare_demo(settings)
    (settings.data / FILE_NAME).write_bytes(content)

    assert list(await prepare_demo(settings)) == []
    assert len(await accounts(settings)) == 3


async def test_a_damaged_file_without_accounts_is_made_anew(settings):
    settings.data.mkdir()
    (settings.data / FILE_NAME).write_text("[{")

    sign_ins = await prepare_demo(settings)

    await assert_all_can_sign_in(settings, sign_ins)
    assert [entry["password"] for entry in json.loads((settings.data / FILE_NAME).read_text())] == [
        sign_in.password for sign_in in sign_ins
    ]
