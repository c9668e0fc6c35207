"""The pure modules behind waiting and calls, tried in the browser that runs them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.fake_service import FakeService
from tests.browser.test_library import call

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all: pure functions leave nothing behind."""
    service = FakeService()
    service.start()
    page = browser.new_page(base_url=service.url, locale="zh-CN", timezone_id="Asia/Shanghai")
    page.goto("/")
    yield page
    page.close()
    service.stop()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "暂时估不准"),
        (0, "不到 1 分钟"),
        (59, "不到 1 分钟"),
        (61, "约 2 分钟"),
        (3600, "约 60 分钟"),
        (5400, "约 1.5 小时"),
        (7200, "约 2 小时"),
    ],
)
def test_a_wait_is_said_without_false_precision(page: Page, seconds: int | None, words: str):
    assert call(page, "waits", "waitWords", seconds) == words


@pytest.mark.parametrize(
    ("step", "event", "after"),
    [
        ("loading", "found", "check"),
        ("loading", "known", "back"),
        ("check", "checked", "consent"),
        ("consent", "consented", "joining"),
        ("joining", "live", "live"),
        ("live", "lost", "away"),
        ("away", "live", "live"),
        ("live", "write", "text"),
        ("text", "consented", "joining"),
        ("failed", "consented", "joining"),
        ("live", "gone", "ended"),
        ("ended", "live", "ended"),
        ("text", "live", "text"),
        ("check", "lost", "check"),
    ],
)
def test_a_call_goes_by_its_table_and_nothing_comes_back_from_the_end(
    page: Page, step: str, event: str, after: str
):
    assert call(page, "call_steps", "stepAfter", step, event) == after


@pytest.mark.parametrize(
    ("now", "day", "first"),
    [
        ("2026-01-05T10:10:00+08:00", "今天 1月5日周一", "2026-01-05T11:00:00+08:00"),
        ("2026-01-05T07:00:00+08:00", "今天 1月5日周一", "2026-01-05T09:00:00+08:00"),
        ("2026-01-05T18:00:00+08:00", "明天 1月6日周二", "2026-01-06T09:00:00+08:00"),
    ],
)
def test_call_backs_are_offered_from_the_next_half_hour_on(page: Page, now: str, day: str, first: str):
    [offered, *others] = page.evaluate(
        """async (now) => {
             const { callBackDays } = await import('/static/js/lib/slots.js')
             return callBackDays(new Date(now))
           }""",
        now,
    )

    assert offered["name"] == day
    assert offered["times"][0]["at"] == first
    assert len(others) == 4


def holding(page: Page, *events: dict) -> dict:
    return page.evaluate(
        """async (events) => {
             const { AT_BOT, holdingAfter, holdingWithNews } = await import('/static/js/lib/holding.js')
             return events.reduce((h, e) => (e.type ? holdingWithNews(h, e) : holdingAfter(h, e)), AT_BOT)
           }""",
        list(events),
    )


HANDOVER = {"kind": "handover", "body": {"mode": "video", "position": 2}}
QUEUE = {"kind": "holder", "body": {"holder": "queue"}}
AGENT = {"kind": "holder", "body": {"holder": "agent", "agent": "李敏"}}
BOT = {"kind": "holder", "body": {"holder": "bot"}}
NEWS = {"type": "queue", "position": 3, "wait_seconds": 60, "agents": 2, "open": True}


def call_event(state: str) -> dict:
    return {"kind": "call", "body": {"call_id": "c1", "state": state, "mode": "audio"}}


def test_news_that_overtakes_the_log_is_kept(page: Page):
    assert holding(page, NEWS, HANDOVER, QUEUE)["position"] == 3
    assert holding(page, HANDOVER, QUEUE, NEWS)["position"] == 3
    assert holding(page, HANDOVER, QUEUE)["position"] == 2


def test_after_the_agent_comes_the_bot_with_nothing_left_of_them(page: Page):
    after = holding(page, HANDOVER, QUEUE, NEWS, AGENT, call_event("ringing"), BOT)

    assert after["holder"] == "bot"
    assert after["agent"] == ""
    assert after["call"] is None


def test_a_call_that_ended_is_remembered_by_its_id(page: Page):
    ringing = holding(page, QUEUE, AGENT, call_event("ringing"))
    ended = holding(page, QUEUE, AGENT, call_event("ringing"), call_event("ended"))

    assert ringing["call"] == {"id": "c1", "state": "ringing", "mode": "audio"}
    assert (ended["call"], ended["lastCall"]) == (None, "c1")


def test_a_transfer_is_known_as_one(page: Page):
    assert holding(page, QUEUE, AGENT, QUEUE)["again"] is True
    assert holding(page, QUEUE)["again"] is False


def test_what_is_asked_for_while_an_older_answer_is_under_way_is_read_anew(page: Page):
    told = page.evaluate(
        """async () => {
             const { freshly } = await import('/static/js/lib/freshly.js')
             let state = 'before', reads = 0
             const answers = []
             const read = freshly(() => {
               const seen = state
               reads += 1
               return new Promise((resolve) => answers.push(() => resolve(seen)))
             })
             const settled = async (...asked) => {
               const all = Promise.all(asked)
               while (answers.length) { answers.shift()(); await new Promise((r) => setTimeout(r)) }
               return all
             }
             const early = read()
             state = 'after'
             const seen = await settled(early, read(), read())
             return { seen, reads, later: await settled(read()) }
           }"""
    )

    assert told == {"seen": ["before", "after", "after"], "reads": 2, "later": ["after"]}


def test_a_read_that_fails_keeps_nobody_from_the_next(page: Page):
    told = page.evaluate(
        """async () => {
             const { freshly } = await import('/static/js/lib/freshly.js')
             let reads = 0
             const read = freshly(async () => {
               reads += 1
               if (reads === 1) throw new Error('lost')
             })
             return (await Promise.allSettled([read(), read()])).map(({ status }) => status)
           }"""
    )

    assert told == ["rejected", "fulfilled"]


def test_a_third_party_who_has_the_recording_stopped_leaves_and_reads_what_becomes_of_the_rest(page: Page):
    told = page.evaluate(
        """async () => {
             const { CitizenCall } = await import('/static/js/lib/citizen_call.js')
             const asked = []
             const session = Object.assign(new EventTarget(), {
               isGuest: true,
               live: Object.assign(new EventTarget(), { send: () => false }),
               ask: async (method, path, { body }) => {
                 asked.push([method, path, body])
                 return { state: 'ended' }
               },
             })
             const memory = { read: () => ({ version: '1-a', agree: true, mode: 'video' }), write: () => {} }
             const call = new CitizenCall({ session, memory, callId: 'c1', mode: 'video' })
             await call.withdraw()
             return { asked, step: call.step, problem: call.problem }
           }"""
    )

    body = {"version": "1-a", "agree": False}
    assert told["asked"] == [["POST", "calls/c1/consent", body]]
    assert told["step"] == "ended"
    assert told["problem"].endswith("已录制的部分仍会按规定保存。")
