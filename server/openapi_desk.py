"""The part of the API's description that is about persons: waiting for one, the desk, calls. Data only."""

from typing import Any

from core.statuses import AgentState, HandoverMode, HandoverState, Holder
from server.citizen_text import MAX_CHARACTERS
from server.openapi_schemas import MOMENT, NUMBER, TEXT, Schema, closed, many, obj, one_of, ref
from video.call import CallMode, CallState
from video.recording_note import RecordingState

MOMENT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
FLAG: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}


def _text(most: int, *, least: int = 0) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most}


_WAITING = {
    "id": TEXT,
    "conversation_id": TEXT,
    "channel": TEXT,
    "mode": one_of(HandoverMode),
    "topic": TEXT,
    "reason": TEXT,
    "known": FREE,
    "position": {"type": "integer", "minimum": 1},
    "department": TEXT,
    "district": TEXT,
    "language": TEXT,
    "priority": NUMBER,
    "kept_place": FLAG,
    "for_agent": TEXT,
    "offered_to": TEXT,
    "due": MOMENT_OR_NULL,
    "created_at": MOMENT_OR_NULL,
}
_AGENT = {
    "name": TEXT,
    "display_name": TEXT,
    "state": one_of(AgentState),
    "departments": many(TEXT),
    "districts": many(TEXT),
    "languages": many(TEXT),
    "video": FLAG,
    "max_chats": NUMBER,
}

DESK_SCHEMAS: dict[str, Schema] = {
    "AskForPerson": obj(
        {
            "mode": one_of(HandoverMode),
            "topic": _text(200),
            "language": _text(32),
            "priority": {"type": "string", "enum": ["", "elderly", "disabled"]},
        },
        required=("mode",),
    ),
    "Handover": closed(
        {
            "status": one_of(("waiting_for_agent", "with_agent")),
            "holder": {**one_of(Holder), "description": "bot：现在没人能接待，已登记，机器人接着答"},
            "mode": one_of(HandoverMode),
            "position": {"type": "integer", "minimum": 1},
            "wait_seconds": {"type": ["integer", "null"], "minimum": 0},
            "agents": NUMBER,
            "open": FLAG,
            "hours": TEXT,
            "messages": many(ref("Message")),
        }
    ),
    "CallBack": obj({"at": MOMENT, "contact": _text(32, least=1)}),
    "LeftMessage": obj(
        {"text": _text(MAX_CHARACTERS, least=1), "client_message_id": _text(100)}, required=("text",)
    ),
    "AskForCall": obj({"mode": one_of(CallMode)}, required=()),
    "CallView": closed(
        {
            "call_id": TEXT,
            "state": one_of(CallState),
            "mode": one_of(CallMode),
            "recording": FLAG,
            "consented": {"type": ["boolean", "null"]},
        }
    ),
    "Consent": obj({"version": _text(64, least=1), "agree": FLAG}),
    "Ice": closed(
        {
            "ice_servers": many(FREE),
            "media": one_of(("relay", "direct")),
            "video_codec": one_of(("vp8", "h264")),
        }
    ),
    "WaitingHandover": closed(_WAITING),
    "WaitingHandovers": closed({"handovers": many(ref("WaitingHandover"))}),
    "Queue": closed(
        {
            "waiting": many(ref("WaitingHandover")),
            "callbacks": many(ref("WaitingHandover")),
            "agents": NUMBER,
            "open": FLAG,
            "hours": TEXT,
        }
    ),
    "HeldConversation": closed(
        {
            "handover_id": TEXT,
            "conversation_id": TEXT,
            "channel": TEXT,
            "state": one_of(HandoverState),
            "agent": TEXT,
            "mode": one_of(HandoverMode),
            "topic": TEXT,
            "reason": TEXT,
            "known": FREE,
            "department": TEXT,
            "district": TEXT,
            "language": TEXT,
            "priority": NUMBER,
            "contact": TEXT,
            "due": MOMENT_OR_NULL,
            "created_at": MOMENT_OR_NULL,
            "taken_at": MOMENT_OR_NULL,
        }
    ),
    "EndedConversations": closed(
        {
            "conversations": many(
                closed(
                    {
                        "conversation_id": TEXT,
                        "channel": TEXT,
                        "topic": TEXT,
                        "mode": one_of(HandoverMode),
                        "outcome": TEXT,
                        "taken_at": MOMENT_OR_NULL,
                        "closed_at": MOMENT_OR_NULL,
                    }
                )
            )
        }
    ),
    "OwnConversations": closed({"state": one_of(AgentState), "conversations": many(ref("HeldConversation"))}),
    "AgentView": closed(_AGENT),
    "SetAgentState": obj({"state": one_of(AgentState)}),
    "CallOfDesk": closed(
        {
            "call_id": TEXT,
            "conversation_id": TEXT,
            "agent": TEXT,
            "state": one_of(CallState),
            "mode": one_of(CallMode),
            "recording": FLAG,
            "started_at": MOMENT_OR_NULL,
            "answered_at": MOMENT_OR_NULL,
            "quality": FREE,
        }
    ),
    "DeskConversation": closed(
        {
            "id": TEXT,
            "channel": TEXT,
            "district": TEXT,
            "holder": one_of(Holder),
            "events": many(ref("Event")),
            "handover": {"oneOf": [ref("HeldConversation"), {"type": "null"}]},
            "call": {"oneOf": [ref("CallOfDesk"), {"type": "null"}]},
            "citizen_present": FLAG,
            "standing": {"oneOf": [ref("Standing"), {"type": "null"}]},
        }
    ),
    "Standing": closed(
        {
            "reachable": FLAG,
            "left": NUMBER,
            "until": MOMENT_OR_NULL,
            "waiting": NUMBER,
            "sending": NUMBER,
            "unclear": FLAG,
            "waiting_events": many(NUMBER),
            "reminded": FLAG,
        }
    ),
    "AgentSays": obj(
        {"text": _text(MAX_CHARACTERS, least=1), "client_message_id": _text(100)}, required=("text",)
    ),
    "StaffText": obj({"text": _text(MAX_CHARACTERS, least=1)}),
    "Tags": obj({"tags": {**many(_text(40, least=1)), "maxItems": 12}}),
    "SendCard": obj({"guide_id": _text(200, least=1), "situation": _text(200)}, required=("guide_id",)),
    "SendChecklist": obj(
        {
            "guide_id": _text(200, least=1),
            "situation": _text(200),
            "checked": {**many(_text(500, least=1)), "maxItems": 200},
        },
        required=("checked", "guide_id"),
    ),
    "TransferTo": obj(
        {
            "to_agent": _text(100),
            "skills": obj(
                {"department": _text(100), "district": _text(100), "language": _text(100)}, required=()
            ),
        },
        required=(),
    ),
    "CloseConversation": obj({"summary": _text(2000, least=1)}),
    "SummaryDraft": closed({"text": TEXT}),
    "CannedReplies": closed(
        {"canned": many(closed({"id": TEXT, "title": TEXT, "text": TEXT, "department": TEXT}))}
    ),
    "Wall": closed(
        {
            "waiting": many(ref("WaitingHandover")),
            "agents": many(closed({**_AGENT, "available": FLAG, "chats": NUMBER, "calls": NUMBER})),
            "conversations": many(ref("HeldConversation")),
            "calls": many(ref("CallOfDesk")),
            "call_media": one_of(("relay", "direct")),
            "follow_ups": NUMBER,
            "estimate_error": {"type": "object", "additionalProperties": {"type": "number"}},
            "alarms": many(closed({"code": TEXT, "text": TEXT})),
            "open": FLAG,
            "hours": TEXT,
        }
    ),
    "Recordings": closed(
        {
            "recordings": many(
                closed(
                    {
                        "id": TEXT,
                        "call_id": TEXT,
                        "party": TEXT,
                        "media_type": TEXT,
                        "state": one_of(RecordingState),
                        "started_at": MOMENT,
                        "milliseconds": NUMBER,
                        "bytes": NUMBER,
                    }
                )
            )
        }
    ),
}

_OF_CITIZEN: list[dict[str, list[str]]] = [{"conversation": []}]
_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]
_READS = (401, 403)
_ACTS = (400, 401, 403, 404, 409, 413, 415)
_CITIZEN_ACTS = (400, 401, 403, 404, 409, 413, 415, 429)


def desk_paths(operation: Any, path_id: Any, query: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    return {**_citizen(operation, path_id), **_staff(operation, path_id, query)}


def _citizen(operation: Any, path_id: Any) -> dict[str, Any]:
    one = "/api/v1/conversations/{id}"

    def path(what: str, method: str, summary: str, done: dict[int, Any], body: str = "") -> dict[str, Any]:
        errors = _CITIZEN_ACTS if method == "post" else (401, 429)
        described = operation(
            summary, done, errors=errors, body=ref(body) if body else None, security=_OF_CITIZEN
        )
        names = ("id", "call_id") if "{call_id}" in what else ("id",)
        return {one + what: {"parameters": [path_id(name) for name in names], method: described}}

    return {
        **path("/callback", "post", "预约回电，不再排队", {204: None}, "CallBack"),
        **path("/message", "post", "留言，不再排队", {204: None}, "LeftMessage"),
        **path("/ice", "get", "通话要用的 ICE 服务器", {200: ref("Ice")}),
        **path("/calls", "post", "向坐席要求通话，或接听坐席的呼叫", {200: ref("CallView")}, "AskForCall"),
        **path(
            "/calls/{call_id}/consent",
            "post",
            "是否同意录音录像",
            {200: ref("CallView")},
            "Consent",
        ),
        **path("/calls/{call_id}/decline", "post", "不接坐席的呼叫", {204: None}),
    }


def _staff(operation: Any, path_id: Any, query: Any) -> dict[str, Any]:
    base, one = "/api/v1/staff", "/api/v1/staff/conversations/{id}"

    def get(summary: str, done: Any, errors: tuple[int, ...] = _READS, **more: Any) -> dict[str, Any]:
        described: dict[str, Any] = operation(summary, {200: done}, errors=errors, security=_OF_STAFF, **more)
        return described

    def post(summary: str, done: Any = None, body: str = "") -> dict[str, Any]:
        responses = {204: None} if done is None else {200: done}
        described: dict[str, Any] = operation(
            summary, responses, errors=_ACTS, security=_OF_STAFF, body=ref(body) if body else None
        )
        return described

    def in_conversation(what: str, described: dict[str, Any], method: str = "post") -> dict[str, Any]:
        return {one + what: {"parameters": [path_id()], method: described}}

    state = operation(
        "坐席上线、小休或离线",
        {200: ref("AgentView")},
        errors=(400, 401, 403, 413, 415),
        security=_OF_STAFF,
        body=ref("SetAgentState"),
    )
    watch = operation(
        "WebSocket：等候变化、自己会话里的每件事、通话信令；?after=ID:SEQ 接着上次",
        {101: None},
        errors=(400, 401, 403, 429),
        security=_OF_STAFF,
    )
    read = get(
        "读会话记录，含帮办考虑过的事项",
        ref("DeskConversation"),
        (400, 401, 403, 404),
        parameters=[query("after", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1})],
    )
    return {
        base + "/me": {"get": get("登录的坐席", ref("AgentView")), "put": state},
        base + "/events": {"get": watch},
        base + "/queue": {"get": get("谁在等，按接待顺序", ref("Queue"))},
        base + "/handovers/{id}/accept": {
            "parameters": [path_id()],
            "post": post("接待一位市民；多人同时接，先到先得", ref("HeldConversation")),
        },
        base + "/conversations": {"get": get("自己的会话", ref("OwnConversations"))},
        base + "/ended-conversations": {
            "get": get("近期在自己这里结束的会话，七天内可以回看", ref("EndedConversations"))
        },
        base + "/canned": {"get": get("常用语", ref("CannedReplies"))},
        base + "/wall": {"get": get("值班总览，主管用", ref("Wall"))},
        base + "/recordings": {
            "get": get(
                "一次会话的录像",
                ref("Recordings"),
                (400, 401, 403),
                parameters=[{**query("conversation", _text(100, least=1)), "required": True}],
            )
        },
        base + "/recordings/{id}": {
            "parameters": [path_id()],
            "get": operation(
                "录像本身，可用 Range 只取一段；?download=1 存为文件",
                {200: None, 206: None},
                errors=(401, 403, 404, 409, 416),
                security=_OF_STAFF,
                parameters=[query("download", {"type": "string", "enum": ["1"]})],
            ),
        },
        base + "/ice": {"get": get("通话要用的 ICE 服务器", ref("Ice"))},
        **in_conversation("", read, "get"),
        **in_conversation("/messages", post("对市民说一句话", ref("Event"), "AgentSays")),
        **in_conversation("/notes", post("写内部备注", ref("Event"), "StaffText")),
        **in_conversation("/tags", post("设标签", ref("Event"), "Tags")),
        **in_conversation("/guide-card", post("发办事指南", ref("Event"), "SendCard")),
        **in_conversation("/checklist", post("发材料核对清单", ref("Event"), "SendChecklist")),
        **in_conversation("/hand-back", post("交回机器人")),
        **in_conversation("/transfer", post("转给另一坐席或技能组", None, "TransferTo")),
        **in_conversation("/close", post("办结并发小结", None, "CloseConversation")),
        **in_conversation("/summary-draft", get("小结草稿", ref("SummaryDraft"), (401, 403, 404)), "get"),
        **in_conversation("/calls", post("呼叫市民，或接听市民的呼叫", ref("CallView"), "AskForCall")),
        **in_conversation("/listen", post("旁听，主管用")),
        **in_conversation("/whisper", post("对坐席说悄悄话，主管用", ref("Event"), "StaffText")),
        **in_conversation("/take-over", post("接管，主管用", ref("HeldConversation"))),
    }
