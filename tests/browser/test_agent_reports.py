"""A supervisor looks back over some days: figures, plots with their tables, a workbook."""

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from core.clock import local_today, utc_now
from server.reports import Records
from tests.browser.agent import Agent
from tests.browser.fake_desk import FakeDeskService
from tests.browser.test_accessibility import LOOKS, SIZES, assert_axe_is_content

pytestmark = pytest.mark.slow


@pytest.fixture
def reading(agent: Agent, desk: FakeDeskService) -> Agent:
    desk.role = "supervisor"
    agent.opens_desk()
    agent.presses("报表")
    agent.sees("找人工 40 次")
    return agent


def part(agent: Agent, title: str) -> Locator:
    return agent.page.locator(".report__part", has=agent.page.get_by_role("heading", name=title, exact=True))


def choose(page: Page, first: str, last: str) -> None:
    page.get_by_label("从", exact=True).fill(first)
    page.get_by_label("到", exact=True).fill(last)
    page.get_by_role("button", name="查看", exact=True).click()


def test_the_last_seven_days_are_shown_at_once(reading: Agent, desk: FakeDeskService):
    [(first, last)] = desk.reports.asked

    assert last == local_today(utc_now()).isoformat()
    assert (local_today(utc_now()) - date.fromisoformat(first)).days == 6


def test_every_plot_says_in_words_what_it_shows_and_has_its_table_beside_it(reading: Agent):
    parts = reading.page.locator(".report__part:has(svg)")
    assert parts.count() == 11
    for one in parts.all():
        words = one.locator("svg[role=img]").get_attribute("aria-label")
        assert re.search(r"\d", words or ""), words
        assert one.locator("table tbody tr").count() >= 1

    hours = part(reading, "一天各时段")
    assert "10 时找人工最多，15 次" in (hours.locator("svg").get_attribute("aria-label") or "")
    expect(hours.get_by_role("row", name="10 时")).to_contain_text("15")
    expect(part(reading, "结果").get_by_role("row", name="坐席办结")).to_be_visible()
    expect(part(reading, "通话质量").get_by_role("row", name="较差")).to_be_visible()


def test_the_height_of_a_bar_is_its_figure(reading: Agent):
    heights = (
        part(reading, "一天各时段")
        .locator(".plot__bar--0")
        .evaluate_all("bars => bars.map((bar) => bar.height.baseVal.value)")
    )
    table = part(reading, "一天各时段").locator("tbody tr td:nth-child(2)").all_inner_texts()
    figures = [int(text) for text in table]

    assert len(heights) == len(figures)
    assert [round(height / max(heights), 3) for height in heights] == [
        round(figure / max(figures), 3) for figure in figures
    ]


def test_another_period_is_chosen_by_days_or_with_one_press(reading: Agent, desk: FakeDeskService):
    choose(reading.page, "2026-01-05", "2026-01-09")
    reading.sees("2026-01-05 至 2026-01-09")
    reading.presses("今天")
    today = local_today(utc_now()).isoformat()
    reading.sees(f"{today} 至 {today}")

    assert desk.reports.asked[1:] == [("2026-01-05", "2026-01-09"), (today, today)]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-01-09", "2026-01-05", "结束日期不能早于开始日期。"),
        ("2026-01-01", "2026-06-30", "一次最多看 92 天。"),
        ("", "2026-01-05", "请选开始和结束日期。"),
    ],
)
def test_a_period_that_cannot_be_is_said_and_not_asked_for(
    reading: Agent, desk: FakeDeskService, first: str, last: str, said: str
):
    choose(reading.page, first, last)

    expect(reading.page.locator("bb-desk-reports [role=alert]")).to_have_text(said)
    assert len(desk.reports.asked) == 1


def test_the_same_is_saved_as_a_workbook(reading: Agent):
    choose(reading.page, "2026-01-05", "2026-01-09")
    reading.sees("2026-01-05 至 2026-01-09")
    with reading.page.expect_download() as saved:
        reading.page.get_by_role("link", name="下载表格（XLSX）").click()

    assert saved.value.suggested_filename == "report-2026-01-05-2026-01-09.xlsx"


def test_days_without_anything_are_said_to_be_so(agent: Agent, desk: FakeDeskService):
    desk.role = "supervisor"
    desk.reports.records = Records()
    agent.opens_desk()
    agent.presses("报表")

    agent.sees("找人工 0 次")
    expect(part(agent, "结果")).to_contain_text("这段时间没有。")
    agent.sees("这段时间没有人找人工。")


def test_reports_are_loaded_when_they_are_opened(agent: Agent, desk: FakeDeskService):
    desk.role = "supervisor"
    agent.opens_desk()
    agent.page.wait_for_load_state("networkidle")
    parts = {"reports.js", "charts.js", "report_days.js", "desk-reports.css"}
    assert parts & loaded(agent.page) == set()
    agent.presses("报表")
    agent.sees("找人工 40 次")

    assert parts <= loaded(agent.page)


def loaded(page: Page) -> set[str]:
    names: list[str] = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    return {name.rpartition("/")[2] for name in names}


def test_reports_that_cannot_be_loaded_are_said_to_be_so(agent: Agent, desk: FakeDeskService):
    desk.role = "supervisor"
    agent.page.route("**/reports.js", lambda route: route.abort())
    agent.opens_desk()
    agent.presses("报表")

    agent.sees("没有打开，请稍后再点一次")


def test_an_agent_has_no_reports(agent: Agent):
    agent.opens_desk()

    expect(agent.page.get_by_role("button", name="报表")).to_be_hidden()


@pytest.mark.parametrize(
    ("size", "look"),
    [*((size, "light") for size in SIZES), *(("desktop", look) for look in LOOKS if look != "light")],
)
def test_axe_finds_nothing_serious_in_the_reports(agent_page: Page, reading: Agent, size: str, look: str):
    width, height = SIZES[size]
    agent_page.set_viewport_size({"width": width, "height": height})
    for name, value in LOOKS[look].items():
        agent_page.evaluate(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    agent_page.reload()
    reading.presses("报表")
    reading.sees("找人工 40 次")

    assert_axe_is_content(agent_page)
    assert agent_page.evaluate("document.documentElement.scrollWidth") <= width
