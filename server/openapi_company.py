"""The part of the API's description that is about who else is in a call. Data only."""

from typing import Any

from core.statuses import AgentState
from server.openapi_schemas import TEXT, Schema, closed, many, obj, one_of, ref
from video.guest import GuestState

_FLAG: Schema = {"type": "boolean"}
_ONE = {"type": "string", "minLength": 1, "maxLength": 100}
_INVITATION = {
    "call_id": TEXT,
    "guest_id": TEXT,
    "name": TEXT,
    "invited_by": TEXT,
    "state": one_of(GuestState),
}
_GUEST = {
    "call_id": TEXT,
    "name": TEXT,
    "state": one_of(GuestState),
    "consented": {"type": ["boolean", "null"]},
}

COMPANY_SCHEMAS: dict[str, Schema] = {
    "Colleagues": closed(
        {
            "agents": many(
                closed(
                    {
                        "name": TEXT,
                        "display_name": TEXT,
                        "departments": many(TEXT),
                        "districts": many(TEXT),
                        "languages": many(TEXT),
                        "state": one_of(AgentState),
                    }
                )
            )
        }
    ),
    "Invitation": closed(_INVITATION),
    "Invitations": closed(
        {
            "invitations": many(ref("Invitation")),
            "consent": closed({"version": TEXT, "text": many(TEXT)}),
        }
    ),
    "Invite": {
        "oneOf": [obj({"agent": _ONE}), obj({"companion": _ONE})],
    },
    "Invited": closed(
        {**_INVITATION, "token": {**TEXT, "description": "链接里的凭证，只给这一次；邀请坐席时为空"}}
    ),
    "GuestConsent": obj({"version": {"type": "string", "maxLength": 64}, "agree": _FLAG}),
    "Arrive": obj({"invitation": _ONE}),
    "Arrived": closed({**_GUEST, "token": TEXT}),
    "Guest": closed(_GUEST),
}

_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]
_OF_GUEST: list[dict[str, list[str]]] = [{"guest": []}]
_ACTS = (400, 401, 403, 404, 409, 413, 415)
_GUEST_ACTS = (400, 401, 403, 404, 409, 413, 415, 429)


def company_paths(operation: Any, path_id: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    call = [path_id("call_id")]
    staff, guest = "/api/v1/staff/calls/{call_id}", "/api/v1/calls/{call_id}/guest"

    def of_staff(summary: str, done: dict[int, Any], body: str = "") -> dict[str, Any]:
        described: dict[str, Any] = operation(
            summary, done, errors=_ACTS, security=_OF_STAFF, body=ref(body) if body else None
        )
        return described

    def of_guest(summary: str, done: dict[int, Any], body: str = "") -> dict[str, Any]:
        described: dict[str, Any] = operation(
            summary, done, errors=_GUEST_ACTS, security=_OF_GUEST, body=ref(body) if body else None
        )
        return described

    return {
        "/api/v1/staff/colleagues": {"get": of_staff("别的在线坐席", {200: ref("Colleagues")})},
        "/api/v1/staff/invitations": {"get": of_staff("邀请我加入的通话", {200: ref("Invitations")})},
        staff + "/guest": {
            "parameters": call,
            "post": of_staff("邀请坐席，或群众的同伴（给一次性链接）", {201: ref("Invited")}, "Invite"),
            "delete": of_staff("请第三方离开通话", {204: None}),
        },
        staff + "/visit": {
            "parameters": call,
            "post": of_staff("受邀坐席同意录制并加入，或不同意", {200: ref("Invitation")}, "GuestConsent"),
            "delete": of_staff("受邀坐席不来，或离开", {204: None}),
        },
        staff + "/listen": {
            "parameters": call,
            "post": of_staff("旁听通话，主管用", {204: None}),
            "delete": of_staff("不再旁听，主管用", {204: None}),
        },
        guest: {
            "parameters": call,
            "post": operation(
                "用链接进入；链接只能用一次",
                {200: ref("Arrived")},
                errors=_GUEST_ACTS,
                body=ref("Arrive"),
            ),
            "get": of_guest("同伴自己的状态", {200: ref("Guest")}),
            "delete": of_guest("同伴不来，或离开", {204: None}),
        },
        guest + "/consent": {
            "parameters": call,
            "post": of_guest("同伴是否同意录音录像；不同意就不能加入", {200: ref("Guest")}, "GuestConsent"),
        },
        guest + "/ice": {"parameters": call, "get": of_guest("通话要用的 ICE 服务器", {200: ref("Ice")})},
        guest + "/events": {
            "parameters": call,
            "get": of_guest("WebSocket：通话状态和信令；token 用子协议 bearer.TOKEN", {101: None}),
        },
    }
