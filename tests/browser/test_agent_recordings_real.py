"""A recording as it lies sealed on the disk, played in the supervisor's page by the real service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import accounts
from core.clock import utc_now
from core.desk_ports import Call, FollowUp
from core.ports import Conversation, User
from core.settings import Settings
from core.statuses import Role
from server import keys
from server.app import create_app
from server.service_secrets import recording_key
from tests.browser.agent import Agent
from tests.browser.conftest import is_breach
from tests.browser.fake_follow_ups import film
from tests.browser.patience import comes_true
from tests.browser.real_service import serving
from tests.fakes import ScriptedEngine
from video.recording_files import create, make_folder, write_note
from video.recording_note import RecordingNote, RecordingState

pytestmark = pytest.mark.slow

PASSWORD = "a password that is long enough"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A service that has had a recorded call and got a bad rating for it."""
    settings = Settings.load({"data": tmp_path / "var", "log_level": "error", "city": "示例市"})
    app = create_app(settings, engine=ScriptedEngine())

    async def prepare() -> None:
        stores = app[keys.STORES]
        await stores.users.add(User("zhao", Role.SUPERVISOR, accounts.hash_password(PASSWORD)))
        await stores.conversations.create(Conversation("c1", "web", "hash"))
        await stores.calls.add(Call("call-1", "c1", "wang.fang", "video", "live"))
        await stores.calls.move("call-1", "ended", expected=["live"], end_reason="hangup")
        await stores.desk.add_follow_up(FollowUp("f1", "c1", "rating", "评分 1：太慢", "wang.fang"))
        _record(settings)

    with serving(app, prepare) as url:
        yield url


def _record(settings: Settings) -> None:
    folder = settings.data / "recordings"
    make_folder(folder)
    name, writer = create(folder, "call-1", "citizen", "webm", recording_key(settings))
    writer.write(film())
    writer.finish()
    writer.close()
    note = RecordingNote(
        name,
        "call-1",
        "citizen",
        1,
        "video/webm",
        utc_now().timestamp(),
        RecordingState.COMPLETE,
        1000,
        content_bytes=len(film()),
    )
    write_note(folder, note)


def test_a_supervisor_plays_a_sealed_recording_and_sees_to_the_rating(page: Page, url: str):
    breaches = []
    page.on("console", lambda message: breaches.append(message.text) if is_breach(message) else None)
    agent = Agent(page)
    page.goto(f"{url}agent")
    page.get_by_label("账号").fill("zhao")
    page.get_by_label("密码").fill(PASSWORD)
    agent.presses("登录")
    agent.presses("跟进")
    page.get_by_role("button", name="看对话").click()
    agent.presses("查看录像")
    film_shown = page.get_by_label("录像：市民").first
    film_shown.evaluate("video => { video.muted = true }")
    agent.presses("播放")
    comes_true(page, lambda: film_shown.evaluate("video => video.videoWidth") == 160)

    page.get_by_role("button", name="处理：差评").click()
    page.get_by_label("怎么处理的").fill("已致电道歉")
    agent.presses("记为已处理")
    agent.sees("没有要跟进的。")
    page.get_by_label("看已处理的").check()
    expect(page.locator(".follow__outcome")).to_have_text("zhao 已处理：已致电道歉")
    assert breaches == []
