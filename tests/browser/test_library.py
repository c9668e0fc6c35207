"""The pure modules of the page, tried in the browser that runs them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.fake_service import FakeService

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


def call(page: Page, module: str, function: str, *arguments: object) -> object:
    return page.evaluate(
        """async ([module, name, arguments]) => {
             const loaded = await import(`/static/js/lib/${module}.js`)
             return loaded[name](...arguments)
           }""",
        [module, function, list(arguments)],
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("咨询电话 0431-88776655。", ["tel:043188776655"]),
        ("(0431)88776655", ["tel:043188776655"]),
        ("0431-12393", ["tel:043112393"]),
        ("手机13912345678，热线12345", ["tel:13912345678", "tel:12345"]),
        ("400-818-1234", ["tel:4008181234"]),
        ("0555-6120018、0555-6120019", ["tel:05556120018", "tel:05556120019"]),
        ("人民大街12345号", []),
        ("12000元", []),
        ("2026年12月31日", []),
        ("证号220102199001011234", []),
        ("拨打110报警", []),
        ("网址 https://example.cn/a?b=1。", ["https://example.cn/a?b=1"]),
        ("javascript:alert(1)", []),
    ],
)
def test_only_what_can_be_called_or_opened_becomes_a_link(page: Page, text: str, numbers: list[str]):
    parts = call(page, "text_parts", "textParts", text)

    assert [part["href"] for part in parts if "href" in part] == numbers
    assert "".join(part["text"] for part in parts) == text, "no character is lost"


def test_emergency_numbers_are_links_where_there_is_danger(page: Page):
    parts = call(page, "text_parts", "textParts", "请拨打110或120，路长1100米", {"danger": True})

    assert [part["href"] for part in parts if "href" in part] == ["tel:110", "tel:120"]


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("1. 身份证\n2. 户口簿", [{"heading": "", "start": 1, "items": ["身份证", "户口簿"]}]),
        ("6. 第六项\n7. 第七项", [{"heading": "", "start": 6, "items": ["第六项", "第七项"]}]),
        (
            "【本人】\n1. 甲\n2. 乙\n【代办】\n委托书",
            [
                {"heading": "本人", "start": 1, "items": ["甲", "乙"]},
                {"heading": "代办", "start": 1, "items": ["委托书"]},
            ],
        ),
        ("无需提交材料", []),
        ("1. 甲\n另需说明", []),
        ("20个工作日", []),
        ("3.5元/页", []),
        ("", []),
    ],
)
def test_a_text_is_read_as_lists_only_if_every_line_belongs_to_one(page: Page, text: str, lists: list):
    assert call(page, "lists", "readLists", text) == lists


@pytest.mark.parametrize(
    ("item", "name", "details", "mark"),
    [
        ("居民身份证", "居民身份证", "", ""),
        ("居民身份证（原件，1份）", "居民身份证", "原件，1份", ""),
        ("照片（2份，非必要，有则提供，白底）", "照片", "2份，白底", "可选"),
        ("委托书（原件，可容缺后补）", "委托书", "原件", "容缺"),
        ("营业执照（可免提交）", "营业执照", "", "免交"),
        ("申请表（必要）", "申请表", "", "必要"),
        ("身份证（户口簿）复印件", "身份证（户口簿）复印件", "", ""),
    ],
)
def test_a_material_is_marked_only_with_what_is_said(
    page: Page, item: str, name: str, details: str, mark: str
):
    assert call(page, "lists", "readMaterial", item) == {"name": name, "details": details, "mark": mark}


@pytest.mark.parametrize(
    ("text", "titles", "left"),
    [
        ("哪一种？\n1. 甲\n2. 乙", ["甲", "乙"], "哪一种？"),
        ("哪一种？\n1. 甲", ["甲", "乙"], "哪一种？\n1. 甲"),
        ("哪一种？", [], "哪一种？"),
    ],
)
def test_lines_that_repeat_the_choices_are_left_out(page: Page, text: str, titles: list[str], left: str):
    choices = [{"title": title} for title in titles]

    assert call(page, "replies", "withoutChoiceLines", text, choices) == left


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("0431-88776655", "0 4 3 1，8 8 7 7 6 6 5 5"),
        ("请拨12345", "请拨1 2 3 4 5"),
        ("12000元", "12000元"),
        ("20个工作日", "20个工作日"),
        ("2026年", "2026年"),
    ],
)
def test_numbers_to_dial_are_spoken_digit_by_digit_and_sums_whole(page: Page, text: str, spoken: str):
    assert call(page, "speech", "spokenText", text) == spoken


def test_long_texts_are_spoken_in_pieces_of_whole_sentences(page: Page):
    text = "第一句话在这里。" * 30
    pieces = call(page, "speech", "sentences", text)

    assert "".join(pieces) == text
    assert all(len(piece) <= 80 and piece.endswith("。") for piece in pieces)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-22T06:05:00Z", "14:05"),
        ("2026-11-21T06:05:00Z", "昨天 14:05"),
        ("2026-11-03T06:05:00Z", "11月3日 14:05"),
    ],
)
def test_times_are_written_as_people_say_them(page: Page, at: str, shown: str):
    assert (
        page.evaluate(
            """async ([at, now]) => {
                 const { clockTime } = await import('/static/js/lib/time.js')
                 return clockTime(new Date(at), new Date(now))
               }""",
            [at, "2026-11-22T10:00:00Z"],
        )
        == shown
    )


def test_waits_between_attempts_double_up_to_a_limit_and_are_never_equal_for_all(page: Page):
    waits = page.evaluate(
        """async () => {
             const { backOff } = await import('/static/js/lib/delivery.js')
             const waits = (random) => [1, 2, 3, 4, 20].map((n) => backOff(n, { random: () => random }))
             return { shortest: waits(0), longest: waits(1) }
           }"""
    )

    assert waits["longest"] == [800, 1600, 3200, 6400, 30_000]
    assert waits["shortest"] == [400, 800, 1600, 3200, 15_000]
