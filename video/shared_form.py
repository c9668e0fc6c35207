"""A form that citizen and agent fill in together, one at a time in each field. Pure.

Who types in a field has it for `LOCK_FOR` after the last sign of typing; the other side can neither type
there nor finish the form meanwhile. A lock ends by time, by leaving the field, or with the connection.
Each field has a version: who writes names the one they saw, and what was written over another's words is
refused. The same value sent again is no mistake, so that nothing is lost when an answer was.

What may happen, by who has the field (nobody and a lock that has run out are the same):

    | event                    | nobody      | oneself      | another     |
    | hold                     | has it      | keeps it     | FieldLocked |
    | write, version as it is  | writes, has | writes, keeps| FieldLocked |
    | write, version gone by   | StaleField  | StaleField   | FieldLocked |
    | leave                    | –           | nobody       | –           |
    | finish (agent)           | finished    | finished     | FieldLocked |

A finished or discarded form takes nothing any more: IllegalMove.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.errors import FieldLocked, FormIncomplete, IllegalMove, NotFound, StaleField
from video.evidence import as_written, canonical
from video.form_rules import problem_of, written_form
from video.form_templates import FormField, FormTemplate

LOCK_FOR = timedelta(seconds=8)
"""Typing pages say so every few seconds; a pause for thought longer than this lets the other in."""

FORMAT = "bangban-form/1"


class FormState(StrEnum):
    """How a form stands."""

    OPEN = "open"
    FINISHED = "finished"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who types: a side of the conversation, and which of its pages."""

    side: str  # citizen | agent
    page: str


@dataclass(frozen=True, slots=True)
class Lock:
    """Who has a field, and until when unless they go on."""

    by: Writer
    until: datetime


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in a field: `version` counts its changes."""

    value: str = ""
    version: int = 0
    by: str = ""  # the side that wrote it


@dataclass(frozen=True, slots=True)
class SharedForm:
    """A form as it stands."""

    template: FormTemplate
    state: FormState = FormState.OPEN
    values: Mapping[str, Filled] = field(default_factory=dict)
    locks: Mapping[str, Lock] = field(default_factory=dict)

    # --- what stands in it -----------------------------------------------------------------------

    def filled(self, name: str) -> Filled:
        """What stands in the field."""
        return self.values.get(name, Filled())

    def lock_on(self, name: str, now: datetime) -> Lock | None:
        """Who has the field now, if anybody."""
        lock = self.locks.get(name)
        return lock if lock is not None and now < lock.until else None

    def problem(self, name: str) -> str:
        """What is wrong in the field, or empty. Raises NotFound."""
        return problem_of(self._field(name), self.filled(name).value)

    def problems(self) -> Mapping[str, str]:
        """What is wrong, by field."""
        found = {each.name: self.problem(each.name) for each in self.template.fields}
        return {name: problem for name, problem in found.items() if problem}

    # --- steps -----------------------------------------------------------------------------------

    def hold(self, name: str, writer: Writer, now: datetime) -> "SharedForm":
        """Gives the field to the writer for a while. Raises NotFound, IllegalMove, FieldLocked."""
        self._check_open()
        self._field(name)
        lock = self.lock_on(name, now)
        if lock is not None and lock.by != writer:
            raise FieldLocked("another is writing there")
        return replace(self, locks={**self.locks, name: Lock(writer, now + LOCK_FOR)})

    def write(self, name: str, writer: Writer, value: str, version: int, now: datetime) -> "SharedForm":
        """Writes over that version of the field, and holds it.

        Raises NotFound, IllegalMove, FieldLocked, StaleField.
        """
        held = self.hold(name, writer, now)
        there = self.filled(name)
        if value == there.value:
            return held
        if version != there.version:
            raise StaleField("that version of the field has gone by")
        written = Filled(value, there.version + 1, writer.side)
        return replace(held, values={**self.values, name: written})

    def leave(self, name: str, writer: Writer) -> "SharedForm":
        """Lets the field go, if the writer has it. Raises NotFound."""
        self._field(name)
        lock = self.locks.get(name)
        return self._without([name]) if lock is not None and lock.by == writer else self

    def gone(self, side: str) -> "SharedForm":
        """That side's connection has ended: it has no field any more."""
        return self._without([name for name, lock in self.locks.items() if lock.by.side == side])

    def finish(self, side: str, now: datetime) -> "SharedForm":
        """Nothing changes from now on. Raises IllegalMove, FieldLocked, FormIncomplete."""
        self._check_open()
        for name in self.locks:
            lock = self.lock_on(name, now)
            if lock is not None and lock.by.side != side:
                raise FieldLocked("the other side is still writing")
        if problems := self.problems():
            raise FormIncomplete(f"not right yet: {', '.join(problems)}")
        return replace(self, state=FormState.FINISHED, locks={})

    def discard(self) -> "SharedForm":
        """The form isn't wanted any more; what was written goes with it. Raises IllegalMove."""
        self._check_open()
        return replace(self, state=FormState.DISCARDED, values={}, locks={})

    def _without(self, names: list[str]) -> "SharedForm":
        return replace(self, locks={name: lock for name, lock in self.locks.items() if name not in names})

    def _check_open(self) -> None:
        if self.state is not FormState.OPEN:
            raise IllegalMove(f"the form is {self.state}")

    def _field(self, name: str) -> FormField:
        if (found := self.template.field(name)) is None:
            raise NotFound("no such field")
        return found

    # --- stored, frozen --------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """What is stored of it beside the state; `from_json` gives it back."""
        return {
            "template": self.template.as_json(),
            "values": {
                name: {"value": each.value, "version": each.version, "by": each.by}
                for name, each in self.values.items()
            },
            "locks": {
                name: {"side": each.by.side, "page": each.by.page, "until": each.until.isoformat()}
                for name, each in self.locks.items()
            },
        }

    @classmethod
    def from_json(cls, state: str, data: Mapping[str, Any]) -> "SharedForm":
        """The form that `as_json` gave."""
        return cls(
            FormTemplate.from_json(data["template"]),
            FormState(state),
            {name: Filled(**each) for name, each in data["values"].items()},
            {
                name: Lock(Writer(each["side"], each["page"]), datetime.fromisoformat(each["until"]))
                for name, each in data["locks"].items()
            },
        )

    def frozen(self, form_id: str, *, by: str, at: datetime) -> str:
        """The form as it is frozen: canonical JSON (see `video.evidence`), whose SHA-256 is signed."""
        return canonical(
            {
                "format": FORMAT,
                "form": form_id,
                "template": self.template.template_id,
                "template_version": self.template.version,
                "title": self.template.title,
                "note": self.template.note,
                "statement": self.template.statement,
                "fields": [
                    {
                        "name": each.name,
                        "label": each.label,
                        "value": written_form(each, self.filled(each.name).value),
                    }
                    for each in self.template.fields
                ],
                "finished_by": by,
                "finished_at": as_written(at),
            }
        )
