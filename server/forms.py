"""The use case of forms that an agent begins and both sides fill in. Knows no HTTP.

What may happen is in `video.shared_form`; here it is stored, told to both sides' pages, frozen, and its
reading by staff written down. A finished form's frozen bytes are a file of the conversation, as those of
uploads are, so that reading, evidence and deletion treat both alike. What was filled in goes nowhere else.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.desk_ports import LogEntry
from core.errors import BangbanError, Conflict, InvalidInput, NotFound
from core.evidence_ports import AccessEntry, StoredFile
from core.paper_ports import Paper, PaperMoved, PaperStep, PaperStore
from core.ports import Conversation, Handover, User
from server.desk import Desk
from server.events import EventFanOut
from server.kept_files import KeptFiles
from server.staff_reading import StaffReading
from video.form_templates import MOST_CHARACTERS, FormTemplate
from video.shared_form import Filled, FormState, SharedForm, Writer

FORM = "form"
JSON_TYPE = "application/json"
AGENT, CITIZEN = "agent", "citizen"
MOST_PAPERS = 40
_TRIES = 3


@dataclass(frozen=True, slots=True)
class FormView:
    """A form as it is shown; `frozen` is the exact text that was or may be signed, once it is finished."""

    paper: Paper
    form: SharedForm
    frozen: str = ""

    @property
    def sha256(self) -> str:
        """The digest of the frozen form, or empty."""
        return str(frozen_of(self.paper).get("sha256", ""))


@dataclass(frozen=True, slots=True)
class FieldAct:
    """What a page does in a field: `hold` it, `write` over a version, `leave` it, with a value or not."""

    field: str
    act: str
    page: str
    value: str | None = None
    version: int = 0


class Forms:
    """All forms. `catalogue` are the templates by id."""

    def __init__(
        self,
        papers: PaperStore,
        desk: Desk,
        fan_out: EventFanOut,
        *,
        catalogue: Mapping[str, FormTemplate],
        kept: KeptFiles,
        reading: StaffReading,
        now: Callable[[], datetime],
    ) -> None:
        self._papers = papers
        self._desk = desk
        self._fan_out = fan_out
        self.catalogue = catalogue
        self._kept = kept
        self._reading = reading
        self._now = now
        self._typing: set[tuple[str, str]] = set()

    # --- beginning and ending --------------------------------------------------------------------

    async def begin(self, user: User, conversation_id: str, template_id: str, *, prefill: bool) -> FormView:
        """A new form on both sides' pages, with what is known in it if wished.

        Raises NotFound; Conflict if the agent doesn't hold the conversation or there are too many.
        """
        template = self.catalogue.get(template_id)
        if template is None:
            raise NotFound("no such form template")
        if len(await self._papers.papers_of(conversation_id)) >= MOST_PAPERS:
            raise Conflict(f"{MOST_PAPERS} forms and signatures already")
        form = SharedForm(template)
        if prefill:
            conversation, handover = await self._desk.access(user, conversation_id)
            form = _prefilled(form, conversation, handover)
        form_id = secrets.token_urlsafe(12)
        body = {**form.as_json(), "begun_by": user.name, "frozen": {}}
        paper = Paper(form_id, conversation_id, FORM, form.state.value, body)
        moved = await self._papers.add(paper, [_entry(paper, user.name)], agent=user.name)
        self._publish(moved)
        return FormView(moved.paper, form)

    async def finish(self, user: User, conversation_id: str, form_id: str) -> FormView:
        """Freezes the form; a finished one stays as it is.

        Raises NotFound, Conflict (not held, FieldLocked, IllegalMove), FormIncomplete, StorageUnavailable.
        """
        for _ in range(_TRIES):
            paper = await self._form(conversation_id, form_id)
            if paper.state == FormState.FINISHED:
                return await self._view(paper)
            at = self._now()
            done = _form_of(paper).finish(AGENT, at)
            by = await self._desk.shown_name(user.name)
            frozen = done.frozen(form_id, by=by, at=at)
            file = await self._kept.keep(
                conversation_id,
                f"{title_of(paper)}.json",
                JSON_TYPE,
                frozen.encode(),
                by=user.name,
                details={"form": form_id},
            )
            try:
                moved = await self._papers.change(
                    form_id, _freezing(done, file, paper, user.name), agent=user.name
                )
            except BangbanError as error:
                await self._kept.drop(file)
                if isinstance(error, _ChangedMeanwhile):
                    continue
                raise
            self._publish(moved)
            return FormView(moved.paper, done, frozen)
        raise Conflict("the form is being written in")

    async def discard(self, user: User, conversation_id: str, form_id: str) -> FormView:
        """Takes an open form away, with what was written. Raises NotFound, Conflict."""
        await self._form(conversation_id, form_id)

        def discard(paper: Paper) -> PaperStep:
            after = _with(paper, _form_of(paper).discard())
            return PaperStep(after, [_entry(after, user.name)])

        moved = await self._papers.change(form_id, discard, agent=user.name)
        self._publish(moved)
        return await self._view(moved.paper)

    # --- filling in --------------------------------------------------------------------------------

    async def write(
        self, conversation_id: str, form_id: str, side: str, act: FieldAct, *, agent: str = ""
    ) -> FormView:
        """What a side's page does in a field; both sides' pages hear of it.

        Raises NotFound, InvalidInput, IllegalMove, FieldLocked, StaleField; Conflict for another agent.
        """
        if len(act.value or "") > MOST_CHARACTERS:
            raise InvalidInput(f"value: at most {MOST_CHARACTERS} characters")
        await self._form(conversation_id, form_id)
        writer, now = Writer(side, act.page), self._now()

        def step(paper: Paper) -> PaperStep:
            return PaperStep(_with(paper, _after(_form_of(paper), writer, act, now)))

        self._typing.add((conversation_id, side))
        moved = await self._papers.change(form_id, step, agent=agent)
        form = _form_of(moved.paper)
        self._tell(moved.paper, form, act.field)
        return FormView(moved.paper, form)

    async def gone(self, conversation_id: str, side: str) -> None:
        """The side's last page is gone: whatever it had is free."""
        if (conversation_id, side) not in self._typing:
            return
        self._typing.discard((conversation_id, side))
        for paper in await self._papers.papers_of(conversation_id, FORM):
            held = [name for name, lock in _form_of(paper).locks.items() if lock.by.side == side]
            if not held or paper.state != FormState.OPEN:
                continue
            with suppress(NotFound):
                moved = await self._papers.change(
                    paper.paper_id, lambda p: PaperStep(_with(p, _form_of(p).gone(side)))
                )
                for name in held:
                    self._tell(moved.paper, _form_of(moved.paper), name)

    # --- reading -----------------------------------------------------------------------------------

    async def for_citizen(self, conversation_id: str, form_id: str) -> FormView:
        """A form of this conversation. Raises NotFound, StaleDocument, StorageUnavailable."""
        return await self._view(await self._form(conversation_id, form_id))

    async def for_staff(
        self, user: User, conversation_id: str, form_id: str, *, client: str = ""
    ) -> FormView:
        """A form, for who may see the conversation; asking for it is logged.

        Raises Forbidden, NotFound, StaleDocument, StorageUnavailable.
        """
        entry = AccessEntry(user.name, "read", FORM, form_id, conversation_id=conversation_id, client=client)

        async def find() -> tuple[FormView, datetime | None]:
            view = await self.for_citizen(conversation_id, form_id)
            return view, view.paper.changed_at

        return await self._reading.give(user, entry, find)

    def now(self) -> datetime:
        """The moment, by which locks run out."""
        return self._now()

    # --- steps -------------------------------------------------------------------------------------

    async def _form(self, conversation_id: str, form_id: str) -> Paper:
        paper = await self._papers.get(form_id)
        if paper is None or paper.kind != FORM or paper.conversation_id != conversation_id:
            raise NotFound("no such form in this conversation")
        return paper

    async def _view(self, paper: Paper) -> FormView:
        known, frozen = frozen_of(paper), ""
        if known:
            frozen = (await self._kept.read_unchanged(known["file_id"], known["sha256"])).decode()
        return FormView(paper, _form_of(paper), frozen)

    def _publish(self, moved: PaperMoved) -> None:
        for event in moved.events:
            self._fan_out.publish(event)

    def _tell(self, paper: Paper, form: SharedForm, name: str) -> None:
        news = {
            "type": "form.field",
            "form_id": paper.paper_id,
            "field": field_json(form, name, self._now()),
        }
        self._fan_out.announce(paper.conversation_id, news)


class _ChangedMeanwhile(Conflict):
    """The form was written in between being read and being frozen."""


def _after(form: SharedForm, writer: Writer, act: FieldAct, now: datetime) -> SharedForm:
    if act.act == "hold":
        return form.hold(act.field, writer, now)
    if act.value is not None:
        form = form.write(act.field, writer, act.value, act.version, now)
    return form.leave(act.field, writer) if act.act == "leave" else form


def _freezing(done: SharedForm, file: StoredFile, read: Paper, agent: str) -> Callable[[Paper], PaperStep]:
    """The step that makes the form what was frozen, if it is still what was read then."""

    def step(paper: Paper) -> PaperStep:
        if (paper.state, paper.body["values"]) != (read.state, read.body["values"]):
            raise _ChangedMeanwhile("written in meanwhile")
        known = {"file_id": file.file_id, "sha256": file.sha256}
        after = _with(paper, done)
        after = replace(after, body={**after.body, "frozen": known})
        return PaperStep(after, [_entry(after, agent)])

    return step


def _form_of(paper: Paper) -> SharedForm:
    return SharedForm.from_json(paper.state, paper.body)


def _with(paper: Paper, form: SharedForm) -> Paper:
    return replace(paper, state=form.state.value, body={**paper.body, **form.as_json()})


def frozen_of(paper: Paper) -> Mapping[str, str]:
    """Where the frozen form lies, `file_id` and `sha256`; empty until it is finished."""
    known: Mapping[str, str] = paper.body.get("frozen") or {}
    return known


def title_of(paper: Paper) -> str:
    """The form's title."""
    return str(paper.body["template"]["title"])


def _entry(paper: Paper, by: str) -> LogEntry:
    """The event: that the form is there, finished, or gone, and nothing of what stands in it."""
    body: dict[str, Any] = {
        "form_id": paper.paper_id,
        "title": title_of(paper),
        "state": paper.state,
        "by": by,
    }
    return LogEntry(FORM, body | dict(frozen_of(paper)))


def _prefilled(form: SharedForm, conversation: Conversation, handover: Handover | None) -> SharedForm:
    known = handover.known if handover else {}
    titles = known.get("titles") or ()
    facts = {
        "item": (titles[-1] if titles else "") or (handover.topic if handover else ""),
        "district": (handover.district if handover else "") or conversation.district,
    }
    values = {
        each.name: Filled(facts[each.prefill][: each.most], 1, AGENT)
        for each in form.template.fields
        if each.prefill and facts[each.prefill]
    }
    return replace(form, values=values)


def field_json(form: SharedForm, name: str, now: datetime) -> dict[str, Any]:
    """A field as pages see it: what stands in it, what is wrong, who has it for how many milliseconds."""
    filled, lock = form.filled(name), form.lock_on(name, now)
    return {
        "name": name,
        "value": filled.value,
        "version": filled.version,
        "by": filled.by,
        "problem": form.problem(name),
        "lock": {
            "by": lock.by.side,
            "page": lock.by.page,
            "ms": max(0, round((lock.until - now).total_seconds() * 1000)),
        }
        if lock
        else None,
    }
