"""The part of the API's description that is about what staff look back on. Data only."""

from typing import Any

from core.statuses import HandoverMode, HandoverState
from server.openapi_desk import MOMENT_OR_NULL
from server.openapi_schemas import NUMBER, TEXT, Schema, closed, many, obj, one_of, ref

_FIGURE: Schema = {"type": "number"}
_COUNTS: Schema = {"type": "object", "additionalProperties": NUMBER}
_SPREAD = closed(
    {"count": NUMBER, "mean": _FIGURE, "median": _FIGURE, "worst_tenth": _FIGURE, "longest": _FIGURE}
)
_DAY: Schema = {"type": "string", "format": "date"}

REVIEW_SCHEMAS: dict[str, Schema] = {
    "FollowUp": closed(
        {
            "id": TEXT,
            "conversation_id": TEXT,
            "kind": {"type": "string", "enum": ["message", "rating"]},
            "text": TEXT,
            "agent": TEXT,
            "created_at": MOMENT_OR_NULL,
            "done_at": MOMENT_OR_NULL,
            "done_by": TEXT,
            "outcome": TEXT,
            "may_finish": {"type": "boolean"},
        }
    ),
    "Report": closed(
        {
            "first": _DAY,
            "last": _DAY,
            "words": {
                "type": "object",
                "description": "各类代码的中文叫法",
                "additionalProperties": {"type": "object", "additionalProperties": TEXT},
            },
            "handovers": NUMBER,
            "waits": ref("Spread"),
            "service": ref("Spread"),
            "states": {**_COUNTS, "propertyNames": one_of(HandoverState)},
            "modes": {**_COUNTS, "propertyNames": one_of(HandoverMode)},
            "outcomes": _COUNTS,
            "reasons": _COUNTS,
            "calls": NUMBER,
            "calls_answered": NUMBER,
            "calls_recorded": NUMBER,
            "call_time": ref("Spread"),
            "call_modes": _COUNTS,
            "call_ends": _COUNTS,
            "call_quality": _COUNTS,
            "ratings": _COUNTS,
            "hours": many(closed({"hour": NUMBER, "handovers": NUMBER, "calls": NUMBER})),
            "estimate_error": {"type": "object", "additionalProperties": _FIGURE},
            "agents": many(
                closed(
                    {
                        "agent": TEXT,
                        "taken": NUMBER,
                        "calls": NUMBER,
                        "service": ref("Spread"),
                        "ratings": NUMBER,
                        "score": {"type": ["number", "null"]},
                    }
                )
            ),
        }
    ),
    "Spread": _SPREAD,
    "FollowUps": closed({"follow_ups": many(ref("FollowUp"))}),
    "FollowUpDone": obj({"outcome": {"type": "string", "minLength": 1, "maxLength": 1000}}),
}

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]


def review_paths(operation: Any, path_id: Any, query: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    base = "/api/v1/staff/follow-ups"
    days = [{**query(name, _DAY), "required": True} for name in ("from", "to")]
    report = operation(
        "一段时间的人工服务报表，主管用",
        {200: ref("Report")},
        errors=(400, 401, 403),
        security=_OF_STAFF,
        parameters=days,
    )
    workbook = operation(
        "同一报表的 Excel 文件", {200: None}, errors=(400, 401, 403), security=_OF_STAFF, parameters=days
    )
    workbook["responses"]["200"]["content"] = {_XLSX: {"schema": {"type": "string"}}}
    return {
        "/api/v1/staff/reports": {"get": report},
        "/api/v1/staff/reports.xlsx": {"get": workbook},
        base: {
            "get": operation(
                "要跟进的事：留言、差评；?done=true 看已处理的",
                {200: ref("FollowUps")},
                errors=(400, 401, 403),
                security=_OF_STAFF,
                parameters=[query("done", {"type": "string", "enum": ["true", "false"]})],
            )
        },
        base + "/{id}/done": {
            "parameters": [path_id()],
            "post": operation(
                "已处理，写明结果",
                {200: ref("FollowUp")},
                errors=(400, 401, 403, 404, 413, 415),
                security=_OF_STAFF,
                body=ref("FollowUpDone"),
            ),
        },
    }
