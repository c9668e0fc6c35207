"""The JSON schemas (draft 2020-12) of what the API takes and gives. Data only."""

from typing import Any

from core.statuses import GuideStatus, Holder, Role, TurnStatus
from core.text import MAX_CHARACTERS as READ_CHARACTERS
from server.citizen_text import MAX_CHARACTERS

Schema = dict[str, Any]


def obj(properties: Schema, *, required: tuple[str, ...] | None = None, **more: Any) -> Schema:
    """An object whose fields are all required unless `required` says otherwise."""
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties if required is None else required),
        **more,
    }


def closed(properties: Schema) -> Schema:
    """An object that has these fields and no others."""
    return obj(properties, additionalProperties=False)


def ref(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(values: Any) -> Schema:
    """A text out of a closed vocabulary."""
    return {"type": "string", "enum": [str(value) for value in values]}


def many(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DATE_OR_NULL: Schema = {"type": ["string", "null"], "format": "date"}

EVENT_KINDS = (
    "citizen_message",
    "bot_message",
    "holder",
    "handover",
    "rating",
    "notice",
    "agent_message",
    "guide_card",
    "checklist",
    "file",
    "form",
    "signature",
    "call",
    "summary",
    "show",
    "show_ended",
    "note",
    "tags",
    "whisper",
    "hidden",
)

SCHEMAS: dict[str, Schema] = {
    "Error": closed({"error": closed({"code": TEXT, "message": TEXT, "request_id": TEXT})}),
    "StartConversation": obj(
        {
            "channel": {"type": "string", "enum": ["web", "kiosk"], "default": "web"},
            "district": {
                "type": "string",
                "maxLength": 100,
                "description": "市民所在的区县，全称或简称，可不填",
            },
        },
        required=(),
    ),
    "StartedConversation": closed({"id": TEXT, "token": TEXT}),
    "SayMessage": obj(
        {
            "text": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_CHARACTERS,
                "description": f"市民的话，或所提供选项的 value；超过 {READ_CHARACTERS} 字的部分不读",
            },
            "client_message_id": {
                "type": "string",
                "maxLength": 100,
                "description": "同一个编号发两次，得到同一个答复",
            },
        },
        required=("text",),
    ),
    "Choice": closed({"title": TEXT, "value": TEXT}),
    "Source": closed(
        {"guide_id": TEXT, "version": NUMBER, "element": TEXT, "title": TEXT, "district": TEXT, "url": TEXT}
    ),
    "Statement": closed(
        {"element": TEXT, "label": TEXT, "text": TEXT, "sources": many(NUMBER), "more": TEXT}
    ),
    "Message": closed(
        {
            "type": one_of(("text", "answer", "question", "notice")),
            "text": TEXT,
            "title": TEXT,
            "choices": many(ref("Choice")),
            "sources": many(ref("Source")),
            "statements": many(ref("Statement")),
        }
    ),
    "Turn": closed(
        {
            "status": one_of(TurnStatus),
            "messages": many(ref("Message")),
            "open_choices": {
                **many(ref("Choice")),
                "description": "此刻可选的选项：本次答复给出的，或先前给出、仍然有效的",
            },
            "timings_ms": {"type": "object", "additionalProperties": {"type": "number"}},
            "sequence": NUMBER,
            "reply_sequence": NUMBER,
        }
    ),
    "Event": closed(
        {"sequence": NUMBER, "kind": one_of(EVENT_KINDS), "body": {"type": "object"}, "at": MOMENT}
    ),
    "Transcript": closed(
        {
            "id": TEXT,
            "channel": TEXT,
            "district": TEXT,
            "holder": one_of(Holder),
            "events": many(ref("Event")),
        }
    ),
    "Rating": obj(
        {
            "score": {"type": "integer", "minimum": 1, "maximum": 5},
            "comment": {"type": "string", "maxLength": 1000},
        },
        required=("score",),
    ),
    "GuideSummary": obj(
        {
            "id": TEXT,
            "version": NUMBER,
            "title": TEXT,
            "district": TEXT,
            "main_item": TEXT,
            "business_item": TEXT,
            "valid_from": DATE_OR_NULL,
            "valid_until": DATE_OR_NULL,
            "updated_at": {"type": ["string", "null"], "format": "date-time"},
        }
    ),
    "GuideList": closed(
        {"guides": many(ref("GuideSummary")), "page": NUMBER, "pages": NUMBER, "total": NUMBER}
    ),
    "Guide": {
        "allOf": [
            ref("GuideSummary"),
            obj({"status": one_of(GuideStatus), "guide": {"type": "object"}}),
        ]
    },
    "SignIn": obj(
        {
            "name": {"type": "string", "minLength": 1, "maxLength": 100},
            "password": {"type": "string", "minLength": 1, "maxLength": 200},
        }
    ),
    "Staff": closed({"name": TEXT, "role": one_of(Role)}),
    "Alive": closed({"status": {"const": "ok"}}),
    "Readiness": closed(
        {
            "status": one_of(("ready", "not_ready")),
            "checks": {"type": "object", "additionalProperties": one_of(("ok", "degraded", "failing"))},
        }
    ),
}
