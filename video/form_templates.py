"""What forms ask for: templates, read from TOML that a city can add to. Pure.

    title = "预约登记"
    version = 1                     # counted up by whoever changes the wording
    note = "……"                     # stands above the fields
    statement = "……"                # stands below them, and is signed with them

    [[fields]]
    name = "phone"                  # letters, digits and _; names the value in the frozen form
    label = "联系电话"
    type = "phone"                  # text | lines | date | choice | id_number | phone
    required = true
    hint = "……"
    choices = ["……"]                # for `choice` alone
    most = 40                       # characters, for `text` and `lines`
    prefill = "item"                # item | district: filled in with what is known

A template's id is the name of its file. A mistake is told with the file and the field.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from core.errors import ConfigurationError

MOST_FIELDS = 40
MOST_CHARACTERS = 1000
"""Of a value, in any field."""
MOST_WORDING = 2000
USUAL_TEXT, USUAL_LINES = 60, 500

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KNOWN = frozenset({"title", "version", "note", "statement", "fields"})
_KNOWN_OF_FIELD = frozenset({"name", "label", "type", "required", "hint", "choices", "most", "prefill"})


class FieldType(StrEnum):
    """What a field takes."""

    TEXT = "text"
    LINES = "lines"
    DATE = "date"
    CHOICE = "choice"
    ID_NUMBER = "id_number"
    PHONE = "phone"


PREFILLS = ("item", "district")


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. `most` is how many characters its value may have."""

    name: str
    label: str
    type: FieldType
    required: bool = False
    hint: str = ""
    choices: tuple[str, ...] = ()
    most: int = USUAL_TEXT
    prefill: str = ""


@dataclass(frozen=True, slots=True)
class FormTemplate:
    """What a form asks for. A value: a form that was begun keeps its own copy."""

    template_id: str
    title: str
    version: int
    fields: tuple[FormField, ...]
    note: str = ""
    statement: str = ""

    def field(self, name: str) -> FormField | None:
        """The field of that name, or None."""
        return next((each for each in self.fields if each.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """The template as JSON; `from_json` gives it back."""
        return {
            "template_id": self.template_id,
            "title": self.title,
            "version": self.version,
            "note": self.note,
            "statement": self.statement,
            "fields": [{**asdict(each), "choices": list(each.choices)} for each in self.fields],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "FormTemplate":
        """The template that `as_json` gave."""
        fields = tuple(
            FormField(**{**each, "type": FieldType(each["type"]), "choices": tuple(each["choices"])})
            for each in data["fields"]
        )
        return cls(**{**data, "fields": fields})


def parse_template(file: str, template_id: str, text: str) -> FormTemplate:
    """The template in that file's text. Raises ConfigurationError with file, field and what is wrong."""
    if not _ID.fullmatch(template_id):
        raise ConfigurationError(f"{file}：文件名只能用小写字母、数字和 -")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}：不是有效的 TOML（{error}）") from None
    table = _Table(data, file, _KNOWN)
    fields = data.get("fields")
    if not isinstance(fields, list) or not 0 < len(fields) <= MOST_FIELDS:
        raise ConfigurationError(f"{file}：fields 要有 1 到 {MOST_FIELDS} 个栏目")
    parsed = tuple(_field(each, file, place) for place, each in enumerate(fields, start=1))
    names = [each.name for each in parsed]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ConfigurationError(f"{file}，栏目 {twice}：name 用了两次")
    return FormTemplate(
        template_id,
        table.text("title", required=True, most=40),
        table.number("version", low=1, high=10**6),
        parsed,
        table.text("note", most=MOST_WORDING),
        table.text("statement", most=MOST_WORDING),
    )


def _field(data: object, file: str, place: int) -> FormField:
    if not isinstance(data, dict):
        raise ConfigurationError(f"{file}：第 {place} 个栏目要写成 [[fields]]")
    name = data.get("name")
    where = f"{file}，第 {place} 个栏目" + (f" {name}" if isinstance(name, str) else "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(f"{where}：name 要用小写字母、数字和 _，以字母开头")
    table = _Table(data, where, _KNOWN_OF_FIELD)
    kind = table.one_of("type", tuple(FieldType), required=True)
    field_type = FieldType(kind)
    has_length = field_type in {FieldType.TEXT, FieldType.LINES}
    if "most" in data and not has_length:
        raise ConfigurationError(f"{where}：most 只用于 text 和 lines")
    usual = USUAL_LINES if field_type is FieldType.LINES else USUAL_TEXT
    return FormField(
        name,
        table.text("label", required=True, most=40),
        field_type,
        table.flag("required"),
        table.text("hint", most=200),
        table.choices(needed=field_type is FieldType.CHOICE),
        table.number("most", low=1, high=MOST_CHARACTERS, default=usual),
        table.one_of("prefill", PREFILLS),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the file, with where it stands, to be told when something is wrong."""

    data: Mapping[str, Any]
    where: str
    known: frozenset[str]

    def __post_init__(self) -> None:
        for name in self.data:
            if name not in self.known:
                raise ConfigurationError(f"{self.where}：不认识 {name}，可用 {'、'.join(sorted(self.known))}")

    def text(self, name: str, *, most: int, required: bool = False) -> str:
        value = self.data.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise ConfigurationError(f"{self.where}：{name} 要是文字，最多 {most} 字")
        if required and not value.strip():
            raise ConfigurationError(f"{self.where}：缺少 {name}")
        return value.strip()

    def number(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        value = self.data.get(name, default)
        if type(value) is not int or not low <= value <= high:
            raise ConfigurationError(f"{self.where}：{name} 要是 {low} 到 {high} 的整数")
        return value

    def flag(self, name: str) -> bool:
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            raise ConfigurationError(f"{self.where}：{name} 要是 true 或 false")
        return value

    def one_of(self, name: str, values: tuple[str, ...], *, required: bool = False) -> str:
        value = self.data.get(name, "")
        if (value == "" and not required) or value in values:
            return str(value)
        raise ConfigurationError(f"{self.where}：{name} 要是 {'、'.join(values)} 之一")

    def choices(self, *, needed: bool) -> tuple[str, ...]:
        values = self.data.get("choices", [])
        if not needed:
            if values:
                raise ConfigurationError(f"{self.where}：choices 只用于 choice")
            return ()
        proper = isinstance(values, list) and all(
            isinstance(each, str) and 0 < len(each.strip()) <= 60 for each in values
        )
        if not proper or not 2 <= len(values) <= 30 or len(set(values)) < len(values):
            raise ConfigurationError(f"{self.where}：choices 要有 2 到 30 个不同的选项")
        return tuple(each.strip() for each in values)
