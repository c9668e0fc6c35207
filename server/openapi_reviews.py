"""The part of the API's description that is about what staff look back on. Data only."""

from typing import Any

from server.openapi_desk import MOMENT_OR_NULL
from server.openapi_schemas import TEXT, Schema, closed, many, obj, ref

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
        }
    ),
    "FollowUps": closed({"follow_ups": many(ref("FollowUp"))}),
    "FollowUpDone": obj({"outcome": {"type": "string", "minLength": 1, "maxLength": 1000}}),
}

_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]


def review_paths(operation: Any, path_id: Any, query: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    base = "/api/v1/staff/follow-ups"
    return {
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
