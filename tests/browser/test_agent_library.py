"""What the desk's pure modules promise, tried in the browser that runs them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.desk_examples import GUIDE
from tests.browser.fake_desk import FakeDeskService

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def library(browser: Browser) -> Iterator[Page]:
    """One page for all: pure functions leave nothing behind."""
    service = FakeDeskService()
    service.start()
    page = browser.new_page(base_url=service.url, locale="zh-CN", timezone_id="Asia/Shanghai")
    page.goto("/agent")
    yield page
    page.close()
    service.stop()


def call(page: Page, module: str, function: str, *arguments: object) -> object:
    return page.evaluate(
        """async ([module, name, arguments]) => {
             const loaded = await import(`/static/js/lib/${module}.js`)
             return loaded[name](...arguments)
           }""",
        [module, function, list(arguments)],
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "不到 1 分钟"), (59, "不到 1 分钟"), (60, "1 分钟"), (3599, "59 分钟"), (3900, "1 小时 5 分")],
)
def test_a_wait_is_said_in_words(library: Page, seconds: int, words: str):
    assert call(library, "desk_words", "durationWords", seconds) == words


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        ({"priority": 0}, "掉线重连"),
        ({"priority": 1}, "预约"),
        ({"priority": 2}, "老年人、残疾人"),
        ({"priority": 3}, ""),
        ({"priority": 3, "kept_place": True}, "转接"),
        ({"priority": "elderly"}, "老年人"),
    ],
)
def test_a_priority_is_said_in_words(library: Page, waiting: dict[str, object], words: str):
    assert call(library, "desk_words", "priorityWords", waiting) == words


def test_a_trace_without_anything_says_only_the_outcome(library: Page):
    assert call(library, "desk_words", "traceWords", {"status": "error"}) == [
        {"label": "结果", "text": "系统出错，没能答复"}
    ]


def test_a_trace_names_intent_items_and_likelihood(library: Page):
    reply = {
        "status": "clarifying",
        "trace": {
            "intent": "ask_fee",
            "confidence": 0.5,
            "kept": [["甲", "主题 0.5 → 0.512"], ["乙", "没有分数"]],
            "elsewhere": ["护照", 0.01],
        },
    }

    assert call(library, "desk_words", "traceWords", reply) == [
        {"label": "结果", "text": "追问了一句"},
        {"label": "意图", "text": "问收费，把握 50%"},
        {"label": "认定事项", "text": "甲（51%）；乙"},
    ]


def test_situations_keep_materials_with_their_marks(library: Page):
    situations = call(library, "guide_reading", "situationsOf", GUIDE["guide"])

    assert [s["name"] for s in situations] == ["本人办理", "他人代为领取"]
    assert situations[0]["items"][1] == {
        "name": "数字相片采集凭证",
        "details": "原件，1份，现场可免费拍照",
        "mark": "可选",
    }
    assert situations[0]["items"][2]["mark"] == "免交"


@pytest.mark.parametrize(
    ("guide", "facts"),
    [
        ({}, []),
        (
            {"time_limit": {"promised_days": 0}},
            [{"element": "time_limit", "label": "时限", "text": "当场办结"}],
        ),
        (
            {"time_limit": {"statutory_days": 5}},
            [{"element": "time_limit", "label": "时限", "text": "5个工作日"}],
        ),
        ({"fee": {"charged": False}}, [{"element": "fee", "label": "收费", "text": "不收费"}]),
        ({"online": {"fully": True}}, [{"element": "online", "label": "网办", "text": "可全程网办"}]),
    ],
)
def test_a_guide_says_nothing_that_it_does_not_hold(library: Page, guide: dict[str, object], facts: list):
    assert call(library, "guide_reading", "keyFacts", guide) == facts


def key(code: str, **held: bool) -> dict[str, object]:
    return {"code": code, "key": "", "altKey": False, "ctrlKey": False, "metaKey": False, **held}


@pytest.mark.parametrize(
    ("event", "writing", "act"),
    [
        (key("KeyA", altKey=True), True, "accept"),
        (key("KeyA"), False, ""),
        (key("KeyA", altKey=True, ctrlKey=True), False, ""),
        ({**key("Slash"), "key": "?"}, False, "help"),
        ({**key("Slash"), "key": "？"}, False, "help"),
        ({**key("Slash"), "key": "?"}, True, ""),
    ],
)
def test_keys_mean_something_only_as_listed(library: Page, event: dict, writing: bool, act: str):
    assert call(library, "shortcuts", "actOf", event, {"writing": writing}) == act


def sample(at: int, received: int, lost: int, **more: object) -> dict[str, object]:
    zero = {"bytesIn": 0, "bytesOut": 0, "framesDecoded": 0, "audioLevel": 0, "roundTrip": 20, "lossOut": 0}
    return {"at": at, "received": received, "lost": lost, **zero, **more}


@pytest.mark.parametrize(
    ("now", "level"),
    [
        (sample(2000, 200, 0), "good"),
        (sample(2000, 195, 6), "fair"),
        (sample(2000, 180, 20), "poor"),
        (sample(2000, 200, 0, roundTrip=900), "poor"),
        (sample(2000, 200, 0, lossOut=0.05), "fair"),
        (sample(2000, 0, 0), "none"),
    ],
)
def test_a_connection_is_judged_by_loss_and_delay(library: Page, now: dict, level: str):
    quality = call(library, "call_quality", "qualityBetween", sample(0, 0, 0), now)

    assert quality["level"] == level


def test_rates_are_those_between_two_samples(library: Page):
    before = sample(1000, 100, 2, bytesIn=1000, framesDecoded=10)
    now = sample(3000, 200, 2, bytesIn=126_000, framesDecoded=60)
    numbers = call(library, "call_quality", "qualityBetween", before, now)["numbers"]

    assert (numbers["kbps_in"], numbers["fps"], numbers["loss_in"]) == (500, 25, 0)
