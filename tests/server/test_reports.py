"""Reports: what is counted, and who gets it."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from bot.actions.consult import OFFER_A_PERSON
from core.clock import local_midnight, local_today, utc_now
from core.desk_ports import Call, WaitEstimate
from core.ports import Handover
from core.statuses import HandoverMode, HandoverState, Role
from server.report_words import WORDS
from server.report_workbook import as_workbook
from server.reports import Rating, Records, Spread, make_report
from tests.server.conftest import assert_canonical_error
from tests.server.desk_api import Citizen, desk_of
from tests.server.test_api_files import held_by
from video.call import CallMode
from video.estimate import EstimateError

NINE = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # nine o'clock in China
DAY = date(2026, 1, 5)
CLOSED = HandoverState.CLOSED


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def handover(number: int, **more) -> Handover:
    wish = {"mode": HandoverMode.TEXT, "topic": "", "reason": "asked", "created_at": NINE, **more}
    return Handover(f"h{number}", f"c{number}", **wish)


RECORDS = Records(
    handovers=[
        handover(1, state=CLOSED, agent="王芳", taken_at=at(60), closed_at=at(360), outcome="closed"),
        handover(2, state=CLOSED, agent="王芳", taken_at=at(120), closed_at=at(220), outcome="closed"),
        handover(3, state=HandoverState.ABANDONED, reason="no_guide", created_at=at(7200)),
        handover(4, state=CLOSED, agent="李强", due=at(9000), taken_at=at(9000), closed_at=at(9010)),
    ],
    calls=[
        Call("k1", "c1", "王芳", "video", "ended", started_at=at(60), answered_at=at(70), ended_at=at(370),
             end_reason="hung_up", consented=True, quality={"level": "good"}),
        Call("k2", "c2", "王芳", "audio", "ended", started_at=at(120), end_reason="not_answered"),
    ],
    estimates=[WaitEstimate("h1", at(60), 90, 60), WaitEstimate("h2", at(120), 90, 120)],
    ratings=[Rating(5, "王芳"), Rating(2, "王芳"), Rating(4)],
)  # fmt: skip


def test_a_report_counts_what_came_and_how_long_it_took():
    report = make_report(DAY, DAY, RECORDS)

    assert report.handovers == 4
    assert (report.waits.count, report.waits.mean, report.waits.longest) == (2, 90.0, 120.0)
    assert report.service == Spread(3, 136.7, 100.0, 100.0, 300.0)
    assert report.states == {"closed": 3, "abandoned": 1}
    assert report.outcomes == {"closed": 2}
    assert report.reasons == {"asked": 3, "no_guide": 1}
    assert (report.calls, report.calls_answered, report.calls_recorded) == (2, 1, 1)
    assert report.call_time.mean == 300.0
    assert report.call_ends == {"hung_up": 1, "not_answered": 1}
    assert report.call_quality == {"good": 1, "unknown": 1}
    assert report.ratings == {"1": 0, "2": 1, "3": 0, "4": 1, "5": 1}
    assert (report.estimate_error["count"], report.estimate_error["mean_absolute"]) == (2, 30.0)


def test_load_is_counted_by_the_hour_on_the_wall():
    hours = {each.hour: each for each in make_report(DAY, DAY, RECORDS).hours}

    assert (hours[9].handovers, hours[9].calls) == (3, 2)
    assert hours[11].handovers == 1
    assert sum(each.handovers for each in hours.values()) == 4


def test_each_agent_has_figures_of_their_own():
    li, wang = make_report(DAY, DAY, RECORDS).agents

    assert (wang.agent, wang.taken, wang.calls, wang.ratings, wang.score) == ("王芳", 2, 2, 2, 3.5)
    assert (li.agent, li.taken, li.calls, li.score) == ("李强", 1, 0, None)
    assert wang.service.mean == 200.0


def test_a_period_without_anything_is_a_report_of_zeros():
    report = make_report(DAY, DAY, Records())

    assert (report.handovers, report.calls, report.waits, report.agents) == (0, 0, Spread(), ())
    assert len(as_workbook(report)) > 0


def test_the_workbook_says_the_same_and_runs_no_formula():
    records = Records(handovers=[handover(1, reason="=HYPERLINK(1)", agent="@x", taken_at=at(1))])
    book = load_workbook(BytesIO(as_workbook(make_report(DAY, DAY, records))))

    assert book.sheetnames == ["总览", "分类", "分时", "等候预估", "坐席"]
    assert ("找人工", 1) in [row[:2] for row in book["总览"].iter_rows(values_only=True)]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "'=HYPERLINK(1)" in [cell.value for cell in cells]
    assert not any(cell.data_type == "f" for cell in cells)


def test_the_workbook_has_no_codes_where_there_are_words():
    book = load_workbook(BytesIO(as_workbook(make_report(DAY, DAY, RECORDS))))

    rows = [row[:3] for row in book["分类"].iter_rows(values_only=True)]
    assert ("状态", "已结束", 3) in rows
    assert ("结果", "坐席办结", 2) in rows
    assert ("原因", "没有对应的指南", 1) in rows
    assert ("评价", "非常满意", 1) in rows


def test_every_code_of_the_rules_has_its_words():
    assert set(WORDS["states"]) == set(HandoverState)
    assert set(WORDS["modes"]) == set(HandoverMode)
    assert set(WORDS["call_modes"]) == set(CallMode)
    assert set(WORDS["reasons"]) >= OFFER_A_PERSON
    assert set(WORDS["estimate_error"]) == set(EstimateError().as_json())


def test_a_day_begins_at_midnight_in_china():
    assert local_midnight(DAY) == datetime(2026, 1, 4, 16, tzinfo=UTC)


# --- over HTTP -------------------------------------------------------------------------------------


@pytest.fixture
async def service(start_service):
    return await start_service(rate_messages_per_minute=1000)


@pytest.fixture
async def chief(service):
    return await desk_of(service, "赵主管", Role.SUPERVISOR)


async def test_a_supervisor_gets_what_happened_today(service, chief):
    first = local_today(utc_now()).isoformat()
    agent, citizen = await desk_of(service), Citizen(service, await service.started())
    await held_by(agent, citizen)
    await agent.done("POST", f"/conversations/{citizen.id}/close", json={"summary": "好了"})
    await citizen.call("POST", "/rating", json={"score": 2})
    await citizen.call("POST", "/rating", json={"score": 4})
    period = f"from={first}&to={local_today(utc_now()).isoformat()}"  # midnight may come in between
    report = await chief.done("GET", f"/reports?{period}")
    response, _ = await chief.call("GET", f"/reports.xlsx?{period}")

    assert (report["handovers"], report["waits"]["count"], report["ratings"]["4"]) == (1, 1, 1)
    assert report["ratings"]["2"] == 0
    assert [(each["agent"], each["taken"], each["score"]) for each in report["agents"]] == [("王芳", 1, 4)]
    assert response.status == 200
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert load_workbook(BytesIO(await response.read())).sheetnames[0] == "总览"


@pytest.mark.parametrize(
    "query",
    ["", "?from=2026-01-01", "?from=x&to=y", "?from=2026-01-02&to=2026-01-01",
     "?from=2026-01-01&to=2026-06-01",
     "?from=0001-01-01&to=0001-01-01", "?from=9999-12-31&to=9999-12-31", "?from=2026-13-01&to=2026-13-01"],
)  # fmt: skip
async def test_a_period_that_is_none_is_refused(chief, query):
    for path in ("/reports", "/reports.xlsx"):
        assert_canonical_error(*await chief.call("GET", path + query), 400, "invalid_input")


async def test_agents_get_no_reports(service):
    agent = await desk_of(service)

    for path in ("/reports", "/reports.xlsx"):
        refused = await agent.call("GET", f"{path}?from=2026-01-01&to=2026-01-01")
        assert_canonical_error(*refused, 403, "forbidden")
