"""The part of the API's description that is about files. Data only."""

from typing import Any

from server.openapi_schemas import TEXT, Schema, closed, many, ref

FILE_SCHEMAS: dict[str, Schema] = {
    "FileReceived": closed({"event": ref("Event"), "advice": many(TEXT)}),
}

_OF_CITIZEN: list[dict[str, list[str]]] = [{"conversation": []}]
_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]
_SENDS = (400, 401, 403, 404, 409, 413, 415)
_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf", "audio/mpeg")


def file_paths(operation: Any, path_id: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    citizen, staff = "/api/v1/conversations/{id}/files", "/api/v1/staff/conversations/{id}/files"
    return {
        citizen: {
            "parameters": [path_id()],
            "post": _sends("市民发一个文件", operation, (*_SENDS, 429), _OF_CITIZEN),
        },
        citizen + "/{file_id}": {
            "parameters": [path_id(), path_id("file_id")],
            "get": _gives("下载会话里的文件，语音可只取一段", operation, (401, 404, 416, 429), _OF_CITIZEN),
        },
        staff: {
            "parameters": [path_id()],
            "post": _sends("坐席发一个文件", operation, (*_SENDS, 429), _OF_STAFF),
        },
        staff + "/{file_id}": {
            "parameters": [path_id(), path_id("file_id")],
            "get": _gives(
                "下载会话里的文件，有记录，语音可只取一段", operation, (401, 403, 404, 416), _OF_STAFF
            ),
        },
    }


def _sends(summary: str, operation: Any, errors: tuple[int, ...], security: Any) -> dict[str, Any]:
    described: dict[str, Any] = operation(
        summary, {201: ref("FileReceived")}, errors=errors, security=security
    )
    file: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return described


def _gives(summary: str, operation: Any, errors: tuple[int, ...], security: Any) -> dict[str, Any]:
    described: dict[str, Any] = operation(summary, {200: None, 206: None}, errors=errors, security=security)
    data: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
    described["responses"]["206"]["content"] = {"audio/mpeg": {"schema": data}}
    described["responses"]["200"]["content"] = {
        **{each: {"schema": data} for each in _TYPES},
        "application/json": {"schema": {}},  # frozen forms, and confirmations by a typed name
    }
    return described
