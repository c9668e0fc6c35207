"""The part of the API's description that is about forms and signatures. Data only."""

from typing import Any

from server.openapi_schemas import MOMENT, NUMBER, TEXT, Schema, closed, many, obj, one_of, ref
from server.routes_papers import ACTS
from video.form_templates import MOST_CHARACTERS, FieldType
from video.shared_form import FormState
from video.signing import MOST_NAME, SigningState

FLAG: Schema = {"type": "boolean"}
_SIDE = one_of(("", "citizen", "agent"))
_DIGEST: Schema = {"type": "string", "description": "SHA-256，十六进制；没有时为空"}


def _text(most: int, *, least: int = 0) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most}


_FILLED: Schema = {
    "name": TEXT,
    "value": TEXT,
    "version": NUMBER,
    "by": _SIDE,
    "problem": {"type": "string", "description": "哪里不对；没有问题时为空"},
    "lock": {
        "description": "谁正在填，还占用多少毫秒",
        "oneOf": [closed({"by": _SIDE, "page": TEXT, "ms": NUMBER}), {"type": "null"}],
    },
}

PAPER_SCHEMAS: dict[str, Schema] = {
    "FormTemplates": closed({"templates": many(closed({"id": TEXT, "title": TEXT, "note": TEXT}))}),
    "BeginForm": obj({"template": _text(100, least=1), "prefill": FLAG}, required=("template",)),
    "Filled": closed(_FILLED),
    "FillIn": obj(
        {
            "act": one_of(ACTS),
            "page": {**_text(64, least=1), "description": "由页面自取，一个页面一个"},
            "value": {**_text(MOST_CHARACTERS), "description": "write 必填，leave 可填"},
            "version": {**NUMBER, "maximum": 2**31 - 1, "description": "所见的版本，有 value 时必填"},
        },
        required=("act", "page"),
    ),
    "Form": closed(
        {
            "form_id": TEXT,
            "template": TEXT,
            "title": TEXT,
            "note": TEXT,
            "statement": TEXT,
            "state": one_of(FormState),
            "fields": many(
                closed(
                    {
                        **_FILLED,
                        "label": TEXT,
                        "type": one_of(FieldType),
                        "required": FLAG,
                        "hint": TEXT,
                        "choices": many(TEXT),
                        "most": NUMBER,
                        "prefill": TEXT,
                    }
                )
            ),
            "frozen": {"type": "string", "description": "定稿原文（规范 JSON），未定稿时为空"},
            "sha256": _DIGEST,
            "begun_at": MOMENT,
        }
    ),
    "EndForm": obj({"outcome": one_of(("finish", "discard"))}),
    "AskForSignature": obj({"form_id": _text(100), "file_id": _text(100)}, required=()),
    "AnswerSignature": obj(
        {
            "agree": FLAG,
            "name": {**_text(MOST_NAME), "description": "同意时填：以输入姓名代替手写"},
            "document_sha256": {**_text(64), "description": "同意时填：页面所示文件的摘要"},
        },
        required=("agree",),
    ),
    "Signature": closed(
        {
            "signature_id": TEXT,
            "subject": one_of(("form", "file")),
            "subject_id": TEXT,
            "title": TEXT,
            "file_id": {"type": "string", "description": "所签内容的文件"},
            "document_sha256": _DIGEST,
            "state": one_of(SigningState),
            "method": {**one_of(("", "drawn", "typed")), "description": "drawn 手写，typed 输入姓名确认"},
            "signature_file_id": TEXT,
            "sha256": _DIGEST,
            "chain": {"type": "string", "description": "所在的证据链"},
            "asked_at": TEXT,
            "decided_at": TEXT,
        }
    ),
}

_OF_CITIZEN: list[dict[str, list[str]]] = [{"conversation": []}]
_OF_STAFF: list[dict[str, list[str]]] = [{"staff": []}]
_SENDS = (400, 401, 403, 404, 409, 413, 415)


def paper_paths(operation: Any, path_id: Any) -> dict[str, Any]:
    """The paths, made with the words of `server.openapi`."""
    citizen, staff = "/api/v1/conversations/{id}", "/api/v1/staff/conversations/{id}"
    form, signature = "/forms/{form_id}", "/signatures/{signature_id}"

    def path(*more: str, **operations: Any) -> dict[str, Any]:
        return {"parameters": [path_id(), *map(path_id, more)], **operations}

    def of_citizen(summary: str, gives: str, takes: str = "") -> Any:
        errors = (*_SENDS, 429) if takes else (401, 404, 409, 429)
        return operation(
            summary,
            {200: ref(gives)},
            errors=errors,
            body=ref(takes) if takes else None,
            security=_OF_CITIZEN,
        )

    def of_staff(summary: str, gives: str, takes: str = "", *, status: int = 200) -> Any:
        errors = (*_SENDS, 429) if takes else (401, 403, 404, 409, 429)
        return operation(
            summary,
            {status: ref(gives)},
            errors=errors,
            body=ref(takes) if takes else None,
            security=_OF_STAFF,
        )

    templates = operation("有哪些表单", {200: ref("FormTemplates")}, errors=(401, 403), security=_OF_STAFF)
    return {
        citizen + form: path("form_id", get=of_citizen("读表单", "Form")),
        citizen + form + "/fields/{field}": path(
            "form_id", "field", put=of_citizen("填表单的一栏：占用、写、离开", "Filled", "FillIn")
        ),
        citizen + signature: path("signature_id", get=of_citizen("读签名请求", "Signature")),
        citizen + signature + "/drawing": path("signature_id", post=_drawing(operation)),
        citizen + signature + "/answer": path(
            "signature_id", post=of_citizen("以输入姓名确认，或不签", "Signature", "AnswerSignature")
        ),
        "/api/v1/staff/form-templates": {"get": templates},
        staff + "/forms": path(post=of_staff("开始一份表单", "Form", "BeginForm", status=201)),
        staff + form: path("form_id", get=of_staff("读表单，有记录", "Form")),
        staff + form + "/fields/{field}": path(
            "form_id", "field", put=of_staff("填表单的一栏：占用、写、离开", "Filled", "FillIn")
        ),
        staff + form + "/end": path("form_id", post=of_staff("定稿或作废", "Form", "EndForm")),
        staff + "/signatures": path(
            post=of_staff("请市民签名，签定稿的表单或文件", "Signature", "AskForSignature", status=201)
        ),
        staff + signature: path("signature_id", get=of_staff("读签名请求", "Signature")),
        staff + signature + "/withdraw": path("signature_id", post=of_staff("撤回签名请求", "Signature")),
    }


def _drawing(operation: Any) -> dict[str, Any]:
    described: dict[str, Any] = operation(
        "交手写签名（PNG）",
        {200: ref("Signature")},
        errors=(*_SENDS, 429),
        security=_OF_CITIZEN,
        parameters=[
            {
                "name": "document_sha256",
                "in": "query",
                "required": True,
                "description": "页面所示文件的摘要",
                "schema": {"type": "string", "maxLength": 100},
            }
        ],
    )
    file: Schema = {"type": "string", "contentMediaType": "image/png"}
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return described
