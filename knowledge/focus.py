"""What a conversation is about, from one turn to the next.

The dialogue engine keeps it in a slot as JSON; only knowledge reads it. It holds item keys, a
district, what the citizen said of their situation, what was asked and what was offered, and never
the citizen's words. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from core.statuses import Aspect

HISTORY = 6
# Facts about the citizen hold for every matter; facts about a paper only for that matter.
PERSONAL_FACETS = frozenset({"hukou_here", "person"})


@dataclass(frozen=True, slots=True)
class Option:
    """Something offered: its value, and what picking it settles."""

    value: str
    items: tuple[str, ...] = ()
    district: str = ""
    situation: str = ""


@dataclass(frozen=True, slots=True)
class Focus:
    """The state of a conversation as knowledge sees it."""

    items: tuple[str, ...] = ()
    district: str = ""
    situation: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    aspects: tuple[Aspect, ...] = ()
    open: bool = False  # the last question is still unanswered
    offered: tuple[Option, ...] = ()
    history: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()  # matters that were answered side by side in the last turn

    def as_json(self) -> dict[str, Any]:
        """JSON values; `from_json` gives the focus back."""
        return {
            "items": list(self.items),
            "district": self.district,
            "situation": self.situation,
            "facets": dict(self.facets),
            "aspects": [a.value for a in self.aspects],
            "open": self.open,
            "offered": [
                {"value": o.value, "items": list(o.items), "district": o.district, "situation": o.situation}
                for o in self.offered
            ],
            "history": [list(h) for h in self.history],
            "together": [list(t) for t in self.together],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The focus that `as_json` wrote; an empty one for anything else, for a slot may be stale."""
        try:
            return cls(
                items=tuple(map(str, data.get("items", ()))),
                district=str(data.get("district", "")),
                situation=str(data.get("situation", "")),
                facets={str(k): str(v) for k, v in data.get("facets", {}).items()},
                aspects=tuple(Aspect(a) for a in data.get("aspects", ())),
                open=bool(data.get("open", False)),
                offered=tuple(
                    Option(
                        str(o["value"]), tuple(map(str, o["items"])), str(o["district"]), str(o["situation"])
                    )
                    for o in data.get("offered", ())
                ),
                history=tuple(tuple(map(str, h)) for h in data.get("history", ())),
                together=tuple(tuple(map(str, t)) for t in data.get("together", ())),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls()

    def option(self, value: str) -> Option | None:
        """The offered option of that value."""
        return next((o for o in self.offered if o.value == value), None)

    def about(self, items: Sequence[str]) -> Self:
        """The focus on these items; those before go to the history unless they overlap."""
        chosen = tuple(items)
        if chosen == self.items:
            return self
        history = self.history
        if self.items and not set(chosen) & set(self.items):
            history = (self.items, *(h for h in history if h != self.items))[:HISTORY]
            kept = {f: v for f, v in self.facets.items() if f in PERSONAL_FACETS}
            return replace(self, items=chosen, history=history, facets=kept, situation="")
        return replace(self, items=chosen, situation="")
