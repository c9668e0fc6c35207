"""What the documentation says of each setting. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One row of the settings table in the documentation."""

    name: str
    variable: str
    default: str
    help: str


def describe(fields: Mapping[str, Any], prefix: str) -> tuple[SettingDescription, ...]:
    """The rows of a model's fields, in their order; `prefix` begins the variables' names."""
    return tuple(
        SettingDescription(
            name=name,
            variable=prefix + name.upper(),
            default=_default_text(field.default),
            help=field.description or "",
        )
        for name, field in fields.items()
    )


def _default_text(default: object) -> str:
    if hasattr(default, "get_secret_value") or isinstance(default, dict):
        return ""
    return ",".join(default) if isinstance(default, tuple) else str(default)
