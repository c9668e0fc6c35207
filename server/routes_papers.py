"""Forms and signatures over HTTP. What the other side does comes over the WebSockets, as `form.field`.

What is typed goes up in requests of its own, not over the WebSocket: each gets an answer that says whether
it counted, it can be sent again, and it works where a network lets no WebSocket through.
"""

import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from core.errors import InvalidInput, NotFound
from server.answers import private_json
from server.citizen_access import conversation_of
from server.citizen_text import clean
from server.forms import AGENT, CITIZEN, FieldAct, FormView, field_json
from server.keys import FORMS, LIMITS, PAPER_RATE, READING, SIGNATURES
from server.paper_wire import form_json, signature_json, template_json
from server.requests import boolean_of, integer_of, path_text, query_text, read_object, text_of
from server.routes_files import read_file
from server.signatures import MOST_DRAWING_BYTES, SignatureView
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from video.form_templates import MOST_CHARACTERS
from video.signing import MOST_NAME

ACTS = ("hold", "write", "leave")


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    citizen, staff = "/api/v1/conversations/{id}", "/api/v1/staff/conversations/{id}"
    form, signature = "/forms/{form_id}", "/signatures/{signature_id}"
    return [
        web.get(citizen + form, read_form),
        web.put(citizen + form + "/fields/{field}", fill_in),
        web.get(citizen + signature, read_signature),
        web.post(citizen + signature + "/drawing", draw),
        web.post(citizen + signature + "/answer", answer),
        web.get("/api/v1/staff/form-templates", list_templates),
        web.post(staff + "/forms", begin_form),
        web.get(staff + form, read_form_as_staff),
        web.put(staff + form + "/fields/{field}", fill_in_as_agent),
        web.post(staff + form + "/end", end_form),
        web.post(staff + "/signatures", ask_for_signature),
        web.get(staff + signature, read_signature_as_staff),
        web.post(staff + signature + "/withdraw", withdraw),
    ]


# --- citizens --------------------------------------------------------------------------------------


async def read_form(request: web.Request) -> web.Response:
    """A form of the conversation, with what stands in it."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_transcript(conversation.conversation_id)
    view = await request.app[FORMS].for_citizen(conversation.conversation_id, path_text(request, "form_id"))
    return _form(request, view)


async def fill_in(request: web.Request) -> web.Response:
    """What the citizen does in a field."""
    conversation = await conversation_of(request)
    request.app[PAPER_RATE].check(conversation.conversation_id, time.monotonic())
    act = await _act_of(request)
    view = await request.app[FORMS].write(
        conversation.conversation_id, path_text(request, "form_id"), CITIZEN, act
    )
    return _field(request, view, act)


async def read_signature(request: web.Request) -> web.Response:
    """A request to sign."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_transcript(conversation.conversation_id)
    return _signature(
        await request.app[SIGNATURES].find(conversation.conversation_id, path_text(request, "signature_id"))
    )


async def draw(request: web.Request) -> web.Response:
    """Takes the citizen's handwritten signature, a PNG as the one part `file` of a multipart body."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_message(conversation.conversation_id)
    upload = await read_file(request, MOST_DRAWING_BYTES)
    view = await request.app[SIGNATURES].draw(
        conversation.conversation_id,
        path_text(request, "signature_id"),
        upload.data,
        document_sha256=query_text(request, "document_sha256"),
    )
    return _signature(view)


async def answer(request: web.Request) -> web.Response:
    """The citizen confirms by a typed name, or doesn't sign."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    agree = boolean_of(data, "agree")
    request.app[LIMITS].check_message(conversation.conversation_id)
    signatures, signature_id = request.app[SIGNATURES], path_text(request, "signature_id")
    if not agree:
        return _signature(await signatures.decline(conversation.conversation_id, signature_id))
    view = await signatures.type_name(
        conversation.conversation_id,
        signature_id,
        text_of(data, "name", limit=MOST_NAME, required=True),
        document_sha256=text_of(data, "document_sha256", limit=64, required=True),
    )
    return _signature(view)


# --- staff -----------------------------------------------------------------------------------------


async def list_templates(request: web.Request) -> web.Response:
    """What forms there are."""
    await signed_in(request, *DESK_ROLES)
    return private_json(
        {"templates": [template_json(each) for each in request.app[FORMS].catalogue.values()]}
    )


async def begin_form(request: web.Request) -> web.Response:
    """Begins a form in a conversation that the agent holds."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    prefill = data.get("prefill", True)
    if not isinstance(prefill, bool):
        raise InvalidInput("prefill: true or false")
    template = text_of(data, "template", limit=100, required=True)
    view = await request.app[FORMS].begin(user, path_text(request, "id"), template, prefill=prefill)
    return _form(request, view, status=201)


async def read_form_as_staff(request: web.Request) -> web.Response:
    """A form, for staff who may see the conversation."""
    user = await signed_in(request, *DESK_ROLES)
    view = await request.app[FORMS].for_staff(
        user,
        path_text(request, "id"),
        path_text(request, "form_id"),
        client=request.app[LIMITS].address_of(request),
    )
    return _form(request, view)


async def fill_in_as_agent(request: web.Request) -> web.Response:
    """What the agent does in a field."""
    user = await signed_in(request, *DESK_ROLES)
    request.app[PAPER_RATE].check(f"agent {user.name}", time.monotonic())
    act = await _act_of(request)
    view = await request.app[FORMS].write(
        path_text(request, "id"), path_text(request, "form_id"), AGENT, act, agent=user.name
    )
    return _field(request, view, act)


async def end_form(request: web.Request) -> web.Response:
    """Freezes the form, or takes it away."""
    user = await signed_in(request, *DESK_ROLES)
    outcome = text_of(await read_object(request), "outcome", limit=16, required=True)
    if outcome not in {"finish", "discard"}:
        raise InvalidInput("outcome: finish or discard")
    forms = request.app[FORMS]
    end = forms.finish if outcome == "finish" else forms.discard
    return _form(request, await end(user, path_text(request, "id"), path_text(request, "form_id")))


async def ask_for_signature(request: web.Request) -> web.Response:
    """Asks the citizen to sign a finished form or a file."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    form_id, file_id = (text_of(data, name, limit=100) for name in ("form_id", "file_id"))
    if bool(form_id) == bool(file_id):
        raise InvalidInput("form_id or file_id: one of them is needed")
    view = await request.app[SIGNATURES].ask(user, path_text(request, "id"), form_id=form_id, file_id=file_id)
    return _signature(view, status=201)


async def read_signature_as_staff(request: web.Request) -> web.Response:
    """A request to sign, for staff who may see the conversation; its picture is a file of its own."""
    user = await signed_in(request, *DESK_ROLES)
    conversation_id = path_text(request, "id")
    reading = await request.app[READING].check(user, conversation_id)
    view = await request.app[SIGNATURES].find(conversation_id, path_text(request, "signature_id"))
    if not reading.includes(view.paper.changed_at):
        raise NotFound("decided after the agent's part")
    return _signature(view)


async def withdraw(request: web.Request) -> web.Response:
    """The agent no longer asks."""
    user = await signed_in(request, *DESK_ROLES)
    view = await request.app[SIGNATURES].withdraw(
        user, path_text(request, "id"), path_text(request, "signature_id")
    )
    return _signature(view)


# --- reading and answering -------------------------------------------------------------------------


async def _act_of(request: web.Request) -> FieldAct:
    data = await read_object(request)
    act = text_of(data, "act", limit=16, required=True)
    if act not in ACTS:
        raise InvalidInput("act: hold, write or leave")
    value = _value_of(data)
    if (act == "write" and value is None) or (act == "hold" and value is not None):
        raise InvalidInput("value: needed for write, may be with leave")
    version = 0 if value is None else integer_of(data, "version")
    page = text_of(data, "page", limit=64, required=True)
    return FieldAct(path_text(request, "field"), act, page, value, version)


def _value_of(data: Mapping[str, Any]) -> str | None:
    """What was typed, as it was but for signs that nobody sees: spaces at its end belong to typing."""
    value = data.get("value")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise InvalidInput(f"value: a text of at most {MOST_CHARACTERS} characters")
    return clean(value.replace("\r\n", "\n"))


def _form(request: web.Request, view: FormView, *, status: int = 200) -> web.Response:
    return private_json(form_json(view, request.app[FORMS].now()), status=status)


def _field(request: web.Request, view: FormView, act: FieldAct) -> web.Response:
    return private_json(field_json(view.form, act.field, request.app[FORMS].now()))


def _signature(view: SignatureView, *, status: int = 200) -> web.Response:
    return private_json(signature_json(view), status=status)
