"""Reports of the fake desk: counted by the real rules from a busy day that is always the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from core.desk_ports import Call, WaitEstimate
from core.ports import Handover
from core.statuses import HandoverMode, HandoverState
from server.report_words import WORDS
from server.reports import Rating, Records, make_report

BASE = "/api/v1/staff"
EIGHT = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)  # eight o'clock in China
REASONS = ("asked", "asked", "no_guide", "own_case", "call_back")
ENDS = ("hangup", "hangup", "conversation_ended", "expired")
LEVELS = ("good", "good", "fair", "poor")


class FakeReports:
    """Answers every period with the same day, and remembers which was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.records = busy_day()

    def routes(self) -> list[web.RouteDef]:
        return [web.get(BASE + "/reports", self._show), web.get(BASE + "/reports.xlsx", self._export)]

    async def _show(self, request: web.Request) -> web.Response:
        first, last = request.query["from"], request.query["to"]
        self.asked.append((first, last))
        report = make_report(date.fromisoformat(first), date.fromisoformat(last), self.records)
        words: dict[str, Any] = {kind: dict(each) for kind, each in WORDS.items()}
        return web.json_response({**report.as_json(), "words": words})

    async def _export(self, request: web.Request) -> web.Response:
        name = f"report-{request.query['from']}-{request.query['to']}.xlsx"
        return web.Response(body=b"PK", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def busy_day() -> Records:
    """Forty citizens from eight to five, the most at ten."""
    handovers, calls, estimates = [], [], []
    for number in range(40):
        hour = (2, 2, 2, 1, 3, 6, 7, 8)[number % 8]
        began = EIGHT + timedelta(hours=hour, minutes=number)
        taken, agent = began + timedelta(seconds=20 + 9 * number), ("王芳", "李敏", "赵磊")[number % 3]
        gone = number % 9 == 0
        handovers.append(
            Handover(
                f"h{number}",
                f"c{number}",
                HandoverMode.VIDEO if number % 2 else HandoverMode.TEXT,
                topic="",
                reason=REASONS[number % len(REASONS)],
                state=HandoverState.ABANDONED if gone else HandoverState.CLOSED,
                agent="" if gone else agent,
                created_at=began,
                taken_at=None if gone else taken,
                closed_at=taken + timedelta(minutes=3 + number % 7),
                outcome="" if gone else ("closed", "closed", "handed_back")[number % 3],
            )
        )
        if number % 2 and not gone:
            answered = taken + timedelta(seconds=15)
            calls.append(
                Call(
                    f"k{number}", f"c{number}", agent, "video" if number % 4 else "audio", "ended",
                    consented=True, started_at=taken, answered_at=answered,
                    ended_at=answered + timedelta(minutes=2 + number % 5),
                    end_reason=ENDS[number % len(ENDS)], quality={"level": LEVELS[number % len(LEVELS)]},
                )
            )  # fmt: skip
        if not gone:
            waited = (taken - began).total_seconds()
            estimates.append(WaitEstimate(f"h{number}", taken, 150.0, waited))
    ratings = [Rating(5, "王芳"), Rating(5, "李敏"), Rating(4, "李敏"), Rating(2, "赵磊"), Rating(5, "赵磊")]
    return Records(handovers, calls, estimates, ratings)
