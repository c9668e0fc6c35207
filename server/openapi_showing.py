"""The part of the API's description that is about showing something. Data only."""

from typing import Any

from server.openapi_schemas import Schema, obj, ref
from video.showing import ELEMENTS

SHOWING_SCHEMAS: dict[str, Schema] = {
    "ShowSomething": {
        **obj(
            {
                "file_id": {"type": "string", "minLength": 1, "maxLength": 64},
                "guide_id": {"type": "string", "minLength": 1, "maxLength": 200},
                "element": {"type": "string", "enum": [element.value for element in ELEMENTS]},
                "situation": {"type": "string", "maxLength": 200},
            },
            required=(),
        ),
        "description": "file_id，或 guide_id 和 element",
    },
}

_OF_CITIZEN: list[dict[str, list[str]]] = [{"conversation": []}]
_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]


def showing_paths(operation: Any, path_id: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    citizen, staff = "/api/v1/conversations/{id}/shows", "/api/v1/staff/conversations/{id}/shows"
    return {
        staff: {
            "parameters": [path_id()],
            "post": operation(
                "在市民页面上打开会话里的文件或指南的一项",
                {200: ref("Event")},
                errors=(400, 401, 403, 404, 409, 413, 415),
                body=ref("ShowSomething"),
                security=_OF_STAFF,
            ),
        },
        staff + "/{show}/close": {
            "parameters": [path_id(), path_id("show")],
            "post": operation(
                "收起正在展示的内容", {204: None}, errors=(401, 403, 404, 409), security=_OF_STAFF
            ),
        },
        citizen + "/{show}/close": {
            "parameters": [path_id(), path_id("show")],
            "post": operation(
                "市民关上坐席展示的内容", {204: None}, errors=(401, 403, 404, 429), security=_OF_CITIZEN
            ),
        },
    }
