"""Staff sign in, see who waits, and read what the bot considered; each by role."""

from dataclasses import replace

import pytest

from core import accounts
from core.messages import BotReply, ReplyMessage
from core.ports import User
from core.statuses import Role, TurnStatus
from server.staff_sessions import SESSION_SECONDS, StaffSessions
from tests.fakes import InMemoryUserStore
from tests.server.conftest import CONVERSATIONS, assert_canonical_error

SESSION = "/api/v1/staff/session"
PASSWORD = "correct horse 12"


async def signed_in(service, role: Role = Role.AGENT, name: str = "王芳") -> None:
    await service.users.add(User(name, role, accounts.hash_password(PASSWORD)))
    response, _ = await service.call("POST", SESSION, json={"name": name, "password": PASSWORD})
    assert response.status == 200


async def test_signing_in_sets_a_cookie_that_no_script_and_no_other_site_gets(service):
    await service.users.add(User("王芳", Role.AGENT, accounts.hash_password(PASSWORD)))

    response, data = await service.call("POST", SESSION, json={"name": "王芳", "password": PASSWORD})

    cookie = response.cookies["bangban_staff"]
    assert data == {"name": "王芳", "role": "agent"}
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert PASSWORD not in cookie.value


async def test_behind_https_the_cookie_is_secure(start_service):
    service = await start_service(public_url="https://help.example.gov.cn")
    await service.users.add(User("王芳", Role.AGENT, accounts.hash_password(PASSWORD)))

    response, _ = await service.call("POST", SESSION, json={"name": "王芳", "password": PASSWORD})

    assert response.cookies["bangban_staff"]["secure"]


@pytest.mark.parametrize(
    "body", [{"name": "王芳", "password": "wrong"}, {"name": "nobody", "password": PASSWORD}]
)
async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(service, body):
    await service.users.add(User("王芳", Role.AGENT, accounts.hash_password(PASSWORD)))

    response, data = await service.call("POST", SESSION, json=body)

    assert_canonical_error(response, data, 401, "unauthenticated")
    assert "bangban_staff" not in response.cookies


async def test_guessing_passwords_is_slowed_down(service):
    for _ in range(5):
        await service.call("POST", SESSION, json={"name": "王芳", "password": "guess"})

    response, data = await service.call("POST", SESSION, json={"name": "王芳", "password": "guess"})

    assert_canonical_error(response, data, 429, "too_many_requests")


async def test_who_is_signed_in_and_signing_out(service):
    await signed_in(service)
    _, who = await service.call("GET", SESSION)
    await service.call("DELETE", SESSION)
    response, data = await service.call("GET", SESSION)

    assert who == {"name": "王芳", "role": "agent"}
    assert_canonical_error(response, data, 401, "unauthenticated")


async def test_an_agent_sees_who_waits_longest_first(service):
    for topic in ("身份证", "居住证"):
        conversation_id, token = await service.started()
        await service.call(
            "POST",
            f"{CONVERSATIONS}/{conversation_id}/handover",
            token=token,
            json={"mode": "text", "topic": topic},
        )
    await signed_in(service)

    _, waiting = await service.call("GET", "/api/v1/staff/handovers")

    assert [(h["position"], h["topic"]) for h in waiting["handovers"]] == [(1, "身份证"), (2, "居住证")]


async def test_an_agent_closes_a_wait_and_the_citizen_reads_so(service):
    conversation_id, token = await service.started()
    wish = f"{CONVERSATIONS}/{conversation_id}/handover"
    await service.call("POST", wish, token=token, json={"mode": "text"})
    await signed_in(service)
    _, waiting = await service.call("GET", "/api/v1/staff/handovers")
    path = f"/api/v1/staff/handovers/{waiting['handovers'][0]['id']}/close"

    closed = [(await service.call("POST", path))[0].status for _ in range(2)]

    assert closed == [204, 204]
    _, waiting = await service.call("GET", "/api/v1/staff/handovers")
    assert waiting["handovers"] == []
    _, transcript = await service.call("GET", f"{CONVERSATIONS}/{conversation_id}", token=token)
    assert [event["kind"] for event in transcript["events"]] == ["handover", "notice", "notice"]
    assert "关闭" in transcript["events"][-1]["body"]["text"]


async def test_a_wait_that_there_never_was_is_not_found(service):
    await signed_in(service)

    response, data = await service.call("POST", "/api/v1/staff/handovers/unknown/close")

    assert_canonical_error(response, data, 404, "not_found")


@pytest.mark.parametrize(("role", "status"), [(None, 401), (Role.EDITOR, 403)])
async def test_only_who_looks_after_waiting_citizens_closes_a_wait(service, role, status):
    conversation_id, token = await service.started()
    wish = f"{CONVERSATIONS}/{conversation_id}/handover"
    await service.call("POST", wish, token=token, json={"mode": "text"})
    [wait] = await service.stores.desk.callbacks()
    if role:
        await signed_in(service, role)

    response, _ = await service.call("POST", f"/api/v1/staff/handovers/{wait.handover_id}/close")

    assert response.status == status
    assert await service.stores.desk.callbacks() == (wait,)


async def test_a_supervisor_reads_a_conversation_with_what_the_bot_considered(service):
    service.engine.otherwise = BotReply(
        TurnStatus.ANSWERED, (ReplyMessage("好"),), trace={"rejected": ["居住证补领"]}
    )
    started = await service.started()
    await service.said(started, "身份证")
    await signed_in(service, Role.SUPERVISOR)

    _, transcript = await service.call("GET", f"/api/v1/staff/conversations/{started[0]}")

    assert transcript["events"][1]["body"]["trace"] == {"rejected": ["居住证补领"]}


async def test_an_unknown_conversation_is_not_found(service):
    await signed_in(service)

    response, data = await service.call("GET", "/api/v1/staff/conversations/unknown")

    assert_canonical_error(response, data, 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/staff/handovers", "/api/v1/staff/conversations/x", SESSION])
async def test_nothing_is_shown_to_who_is_not_signed_in(service, path):
    response, data = await service.call("GET", path)

    assert_canonical_error(response, data, 401, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.AGENT, 200), (Role.SUPERVISOR, 200), (Role.ADMIN, 200), (Role.EDITOR, 403)],
)
async def test_an_editor_has_no_business_in_conversations(service, role, status):
    await signed_in(service, role)

    response, _ = await service.call("GET", "/api/v1/staff/handovers")

    assert response.status == status


class TestSessions:
    """The signed cookie, without HTTP."""

    @pytest.fixture
    async def users(self):
        users = InMemoryUserStore()
        await users.add(User("王芳", Role.AGENT, "hash of secret"))
        return users

    def sessions(self, users, *, secret: bytes = b"s" * 32, now: float = 0.0) -> StaffSessions:
        return StaffSessions(
            secret,
            users,
            verify=lambda stored, password: stored == f"hash of {password}",
            make_decoy=lambda: "hash of nothing",
            now=lambda: now,
        )

    async def cookie(self, users) -> str:
        return (await self.sessions(users).sign_in("王芳", "secret")).cookie

    async def test_a_session_holds_until_it_ends(self, users):
        cookie = await self.cookie(users)

        assert (
            await self.sessions(users, now=SESSION_SECONDS - 1).access_staff(cookie, Role.AGENT)
        ).name == "王芳"
        with pytest.raises(Exception, match="no such session"):
            await self.sessions(users, now=SESSION_SECONDS).access_staff(cookie, Role.AGENT)

    async def test_a_session_of_another_secret_is_forged(self, users):
        cookie = await self.cookie(users)

        with pytest.raises(Exception, match="forged"):
            await self.sessions(users, secret=b"t" * 32).access_staff(cookie, Role.AGENT)

    @pytest.mark.parametrize("change", ["", "x", ".", "é.é", "a" * 5000, "{cookie}0", "0{cookie}"])
    async def test_a_changed_cookie_is_forged(self, users, change):
        cookie = change.replace("{cookie}", await self.cookie(users))

        with pytest.raises(Exception, match="forged"):
            await self.sessions(users).access_staff(cookie, Role.AGENT)

    async def test_a_changed_role_counts_at_once(self, users):
        cookie = await self.cookie(users)
        users._users["王芳"] = replace(users._users["王芳"], role=Role.EDITOR)

        with pytest.raises(Exception, match="another role"):
            await self.sessions(users).access_staff(cookie, Role.AGENT)
