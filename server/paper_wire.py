"""The JSON of forms and signatures, for citizens and staff alike. Pure."""

from datetime import datetime
from typing import Any

from core.paper_ports import Paper
from server.forms import FormView, field_json
from server.signatures import SignatureView
from video.form_templates import FormTemplate


def template_json(template: FormTemplate) -> dict[str, Any]:
    """A template in the list that agents choose from."""
    return {"id": template.template_id, "title": template.title, "note": template.note}


def form_json(view: FormView, now: datetime) -> dict[str, Any]:
    """A form with everything in it."""
    template = view.form.template
    shown = template.as_json()["fields"]
    return {
        "form_id": view.paper.paper_id,
        "template": template.template_id,
        "title": template.title,
        "note": template.note,
        "statement": template.statement,
        "state": view.form.state.value,
        "fields": [{**each, **field_json(view.form, each["name"], now)} for each in shown],
        "frozen": view.frozen,
        "sha256": view.sha256,
        "begun_at": _moment(view.paper),
    }


def signature_json(view: SignatureView) -> dict[str, Any]:
    """A request to sign, with what is to be signed, and what became of it."""
    request = view.request
    return {
        "signature_id": view.paper.paper_id,
        "subject": request.subject_kind,
        "subject_id": request.subject,
        "title": request.title,
        "file_id": request.file_id,
        "document_sha256": request.document_sha256,
        "state": request.state.value,
        "method": request.method,
        "signature_file_id": request.signature_file_id,
        "sha256": request.sha256,
        "chain": request.chain,
        "asked_at": request.asked_at,
        "decided_at": request.decided_at,
    }


def _moment(paper: Paper) -> str | None:
    return paper.begun_at.isoformat() if paper.begun_at else None
