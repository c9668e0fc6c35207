"""The service guide (办事指南) and its elements.

The elements are those of the national element standard (GB/T 39554) and of what real guides
carry; `docs/glossary.md` maps each name to its Chinese term. A guide is a value: a change makes
another version. Nothing here parses messy input (see `knowledge.importing`) or stores anything.

`Guide.as_json` and `Guide.from_json` are the canonical encoding: what the store keeps, what
`bangban guides export` writes and what the sample files hold.
"""

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from core.statuses import GuideStatus


class Necessity(StrEnum):
    """Whether a material must be brought (材料必要性)."""

    REQUIRED = "required"  # 必要
    OPTIONAL = "optional"  # 非必要
    DEFERRABLE = "deferrable"  # 容缺后补


@dataclass(frozen=True, slots=True)
class Material:
    """One material (申请材料) of a situation."""

    name: str
    form: str = ""  # 原件 / 复印件 / 原件和复印件
    medium: str = ""  # 纸质 / 电子
    copies: int | None = None
    necessity: Necessity = Necessity.REQUIRED
    source: str = ""  # 来源渠道
    sample_url: str = ""
    blank_form_url: str = ""
    note: str = ""  # 填报须知
    exempt: bool = False  # 免提交: checked by electronic certificate


@dataclass(frozen=True, slots=True)
class Situation:
    """A situation (情形) with its materials; the name is empty where the guide knows only one."""

    name: str = ""
    materials: tuple[Material, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the matter is handled. `address` is verbatim."""

    address: str
    name: str = ""
    window: str = ""
    phone: str = ""
    hours: str = ""
    map_point: str = ""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number, verbatim, with whose it is."""

    number: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Time limits (办结时限). Days are working days unless `unit` says otherwise; 0 is at once."""

    promised_days: int | None = None
    statutory_days: int | None = None
    handling: str = ""  # 即办件 / 承诺件
    unit: str = "个工作日"


@dataclass(frozen=True, slots=True)
class Fee:
    """The fee (收费). `charged` is None where the guide doesn't say."""

    charged: bool | None = None
    standard: str = ""
    basis: str = ""
    reductions: str = ""


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """One step (办理环节) of the process."""

    name: str
    description: str = ""
    duration: str = ""


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A legal basis (设定依据)."""

    title: str
    article: str = ""
    url: str = ""
    effective_from: date | None = None
    repealed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Online:
    """How far the matter can be done without a visit."""

    fully: bool | None = None  # 全程网办
    depth: str = ""  # 网办深度
    url: str = ""
    visits: int | None = None  # 到现场次数
    appointment: str = ""  # 预约
    courier: str = ""  # 快递送达
    cross_region: str = ""  # 通办范围


@dataclass(frozen=True, slots=True)
class Result:
    """What the citizen gets (办理结果)."""

    name: str = ""
    sample_url: str = ""
    validity: str = ""


@dataclass(frozen=True, slots=True)
class Faq:
    """A question and its official answer that belong to the guide."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide: a business item (业务办理项) in a district, with all its elements."""

    guide_id: str
    district: str
    main_item: str
    business_item: str = ""  # empty where the main item has no sub-items
    parents: tuple[str, ...] = ()  # districts above, nearest first
    aliases: tuple[str, ...] = ()
    basic_code: str = ""
    implementation_code: str = ""
    business_code: str = ""
    item_type: str = ""
    level: str = ""
    authority: str = ""
    audiences: tuple[str, ...] = ()
    legal_basis: tuple[LegalBasis, ...] = ()
    conditions: str = ""
    commitment: str = ""  # 告知承诺
    deferral: str = ""  # 容缺受理
    situations: tuple[Situation, ...] = ()
    time_limit: TimeLimit = TimeLimit()
    fee: Fee = Fee()
    process: tuple[ProcessStep, ...] = ()
    online: Online = Online()
    places: tuple[Place, ...] = ()
    hours: str = ""
    phones: tuple[Phone, ...] = ()
    complaint_phones: tuple[Phone, ...] = ()
    result: Result = Result()
    faq: tuple[Faq, ...] = ()
    packages: tuple[str, ...] = ()  # 一件事
    url: str = ""
    owner_department: str = ""
    reviewer: str = ""
    last_checked: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    status: GuideStatus = GuideStatus.PUBLISHED
    version: int = 1

    @property
    def title(self) -> str:
        """The name a citizen would see: the business item, with its main item where it needs one."""
        if not self.business_item or self.business_item == self.main_item:
            return self.main_item
        return f"{self.main_item}（{self.business_item}）"

    def answerable_on(self, day: date) -> bool:
        """Whether the bot may answer from this version on `day`."""
        return (
            self.status is GuideStatus.PUBLISHED
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )

    def as_json(self) -> dict[str, Any]:
        """JSON values only; fields at their default are left out, so files stay short."""
        encoded = _encode(self)
        assert isinstance(encoded, dict)
        return encoded

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Guide":
        """The guide that `as_json` wrote.

        Raises ValueError naming the field for anything of the wrong type or name.
        """
        guide = _decode(cls, data, "guide")
        assert isinstance(guide, Guide)
        return guide

    def content_hash(self) -> str:
        """A digest of everything the public sees: equal content, equal digest, whatever version."""
        content = {
            k: v for k, v in self.as_json().items() if k not in {"version", "reviewer", "last_checked"}
        }
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {}
        for item in dataclasses.fields(value):
            current = getattr(value, item.name)
            if item.default is not dataclasses.MISSING and current == item.default:
                continue
            out[item.name] = _encode(current)
        return out
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return value


def _decode(expected: Any, value: Any, path: str) -> Any:  # noqa: PLR0911 - one return for each kind of type
    origin = typing.get_origin(expected)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _decode(next(a for a in typing.get_args(expected) if a is not type(None)), value, path)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{path}: a list is needed")
        inner = typing.get_args(expected)[0]
        return tuple(_decode(inner, item, f"{path}[{n}]") for n, item in enumerate(value))
    if dataclasses.is_dataclass(expected):
        return _decode_dataclass(expected, value, path)
    if expected is date:
        return _decode_date(value, path)
    if isinstance(expected, type) and issubclass(expected, StrEnum):
        try:
            return expected(value)
        except ValueError:
            raise ValueError(f"{path}: not one of {', '.join(expected)}") from None
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(f"{path}: {expected.__name__} is needed")
    return value


def _decode_dataclass(expected: Any, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: an object is needed")
    hints = typing.get_type_hints(expected)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise ValueError(f"{path}: unknown field {unknown[0]}")
    for item in dataclasses.fields(expected):
        if item.default is dataclasses.MISSING and item.name not in value:
            raise ValueError(f"{path}.{item.name}: missing")
    return expected(**{name: _decode(hints[name], item, f"{path}.{name}") for name, item in value.items()})


def _decode_date(value: Any, path: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{path}: a date like 2026-01-31 is needed") from None
