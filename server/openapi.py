"""The API's description in OpenAPI 3.1, served at /api/openapi.json.

Written by hand beside the routes; tests hold it true: every route is in it, every response of the
test suite is validated against it.
"""

from typing import Any

from aiohttp import web

from server.openapi_company import COMPANY_SCHEMAS, company_paths
from server.openapi_desk import DESK_SCHEMAS, desk_paths
from server.openapi_files import FILE_SCHEMAS, file_paths
from server.openapi_papers import PAPER_SCHEMAS, paper_paths
from server.openapi_reviews import REVIEW_SCHEMAS, review_paths
from server.openapi_schemas import SCHEMAS, Schema, ref
from server.openapi_showing import SHOWING_SCHEMAS, showing_paths
from server.openapi_wechat import WECHAT_SCHEMAS, wechat_paths

_SUMMARIES_OF_ERRORS = {
    400: "内容有误",
    401: "没有凭证，或凭证无效",
    403: "没有权限",
    404: "不存在",
    409: "与现状冲突",
    413: "内容太大",
    415: "格式不支持",
    416: "请求的部分不存在",
    429: "太频繁，见 Retry-After",
    500: "内部错误",
    502: "微信拒绝了请求",
    503: "暂不可用",
}
_OF_RECORDS = (500, 503)
"""What any request may get that reads or writes records: a mistake of ours, a database that is away."""

_OF_CITIZEN: list[dict[str, list[str]]] = [{"conversation": []}]
_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/api/openapi.json", describe)]


async def describe(_: web.Request) -> web.Response:
    """The document."""
    return web.json_response(document(), headers={"Cache-Control": "no-cache"})


def document() -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "帮办",
            "version": "1",
            "description": "按办事指南回答市民的问题。出错时总是返回 Error。",
        },
        "paths": {
            **_conversations(),
            **_guides(),
            **_staff(),
            **desk_paths(_operation_of, _path_id, _query),
            **company_paths(_operation_of, _path_id),
            **file_paths(_operation_of, _path_id),
            **showing_paths(_operation_of, _path_id),
            **paper_paths(_operation_of, _path_id),
            **review_paths(_operation_of, _path_id, _query),
            **wechat_paths(_operation_of, _path_id, _query),
            **_operation(),
        },
        "components": {
            "schemas": SCHEMAS
            | DESK_SCHEMAS
            | COMPANY_SCHEMAS
            | FILE_SCHEMAS
            | SHOWING_SCHEMAS
            | PAPER_SCHEMAS
            | REVIEW_SCHEMAS
            | WECHAT_SCHEMAS,
            "securitySchemes": {
                "conversation": {"type": "http", "scheme": "bearer", "description": "开始会话时给出的 token"},
                "guest": {"type": "http", "scheme": "bearer", "description": "用链接进入时给出的 token"},
                "staff": {"type": "apiKey", "in": "cookie", "name": "bangban_staff"},
            },
        },
    }


def _conversations() -> dict[str, Any]:
    base, one = "/api/v1/conversations", [_path_id()]
    return {
        base: {
            "post": _operation_of(
                "开始会话",
                {201: ref("StartedConversation")},
                errors=(400, 403, 413, 415, 429),
                body=ref("StartConversation"),
                body_required=False,
            )
        },
        base + "/{id}": {
            "parameters": one,
            "get": _operation_of(
                "读会话记录",
                {200: ref("Transcript")},
                errors=(400, 401, 429),
                security=_OF_CITIZEN,
                parameters=[_query("after", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1})],
            ),
        },
        base + "/{id}/messages": {
            "parameters": one,
            "post": _operation_of(
                "说一句话",
                {200: ref("Turn")},
                errors=(400, 401, 403, 413, 415, 429),
                body=ref("SayMessage"),
                security=_OF_CITIZEN,
            ),
        },
        base + "/{id}/events": {
            "parameters": one,
            "get": _operation_of(
                "WebSocket：会话里 after 之后的每件事，不缺不乱；token 用子协议 bearer.TOKEN 或请求头",
                {101: None},
                errors=(400, 401, 403, 429),
                security=_OF_CITIZEN,
                parameters=[_query("after", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1})],
            ),
        },
        base + "/{id}/handover": {
            "parameters": one,
            "post": _operation_of(
                "要人工或视频帮办",
                {200: ref("Handover"), 201: ref("Handover")},
                errors=(400, 401, 403, 409, 413, 415, 429),
                body=ref("AskForPerson"),
                security=_OF_CITIZEN,
            ),
            "delete": _operation_of(
                "不再等人工，或结束人工服务；都没有也算成功",
                {204: None},
                errors=(401, 403, 409, 429),
                security=_OF_CITIZEN,
            ),
        },
        base + "/{id}/rating": {
            "parameters": one,
            "post": _operation_of(
                "评价",
                {204: None},
                errors=(400, 401, 403, 413, 415, 429),
                body=ref("Rating"),
                security=_OF_CITIZEN,
            ),
        },
    }


def _guides() -> dict[str, Any]:
    return {
        "/api/v1/guides": {
            "get": _operation_of(
                "列出已发布的办事指南",
                {200: ref("GuideList")},
                errors=(400, 429),
                parameters=[
                    _query("q", {"type": "string", "maxLength": 100}),
                    _query("district", {"type": "string", "maxLength": 100}),
                    _query("page", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}),
                ],
            )
        },
        "/api/v1/guides/{id}": {
            "parameters": [_path_id()],
            "get": _operation_of(
                "读一份办事指南，可指定版本",
                {200: ref("Guide")},
                errors=(400, 404, 429),
                parameters=[_query("version", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1})],
            ),
        },
    }


def _staff() -> dict[str, Any]:
    base = "/api/v1/staff"
    return {
        base + "/session": {
            "post": _operation_of(
                "登录",
                {200: ref("Staff")},
                errors=(400, 401, 403, 413, 415, 429),
                body=ref("SignIn"),
            ),
            "get": _operation_of("谁登录了", {200: ref("Staff")}, errors=(401, 403), security=_OF_STAFF),
            "delete": _operation_of("退出", {204: None}, errors=(403,), of_records=False),
        },
        base + "/handovers": {
            "get": _operation_of(
                "谁在等人工", {200: ref("WaitingHandovers")}, errors=(401, 403), security=_OF_STAFF
            )
        },
        base + "/handovers/{id}/close": {
            "parameters": [_path_id()],
            "post": _operation_of(
                "关闭一份等候；已经结束的不变",
                {204: None},
                errors=(401, 403, 404),
                security=_OF_STAFF,
            ),
        },
    }


def _operation() -> dict[str, Any]:
    return {
        "/api/openapi.json": {"get": _operation_of("这份说明", {200: {"type": "object"}}, of_records=False)},
        "/healthz": {"get": _operation_of("进程在运行", {200: ref("Alive")}, of_records=False)},
        "/readyz": {
            "get": _operation_of(
                "能正常回答", {200: ref("Readiness"), 503: ref("Readiness")}, of_records=False
            ),
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus 指标，只给本机",
                "responses": {
                    "200": {"description": "指标", "content": {"text/plain": {"schema": {"type": "string"}}}},
                    **_errors(404, *_OF_RECORDS),
                },
            }
        },
    }


def _operation_of(
    summary: str,
    responses: dict[int, Schema | None],
    *,
    errors: tuple[int, ...] = (),
    of_records: bool = True,
    body: Schema | None = None,
    body_required: bool = True,
    security: list[dict[str, list[str]]] | None = None,
    parameters: list[Schema] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "security": security or [],
        "responses": {str(status): _response("成功", schema) for status, schema in responses.items()}
        | _errors(*errors, *(_OF_RECORDS if of_records else ())),
    }
    if body is not None:
        operation["requestBody"] = {
            "required": body_required,
            "content": {"application/json": {"schema": body}},
        }
    if parameters:
        operation["parameters"] = parameters
    return operation


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): _response(_SUMMARIES_OF_ERRORS[status], ref("Error")) for status in statuses}


def _response(description: str, schema: Schema | None) -> dict[str, Any]:
    if schema is None:
        return {"description": description}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _path_id(name: str = "id") -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema}
