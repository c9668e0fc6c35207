"""Choosing an intent by what would be done about it.

Many intents lead to the same action: whether a question is about the time limit or about hours, it
goes to the consultation. So their confidences are added first, and a question whose elements are
in doubt doesn't lose to a surer piece of chat. A route's `weight` says how bad it would be to miss
it; danger to life is worth a false alarm. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Ranking = Sequence[tuple[str, float]]  # intents with their confidences, the surest first


@dataclass(frozen=True)
class Route:
    """Intents that lead to the same action; an intent in no route is a route of its own."""

    intents: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Routing:
    """The routes, and the weighted share below which no route is taken."""

    routes: tuple[Route, ...] = ()
    doubt_below: float = 0.0

    @classmethod
    def from_config(cls, routes: Mapping[str, Any], doubt_below: float) -> Routing:
        """The routing that config.yml describes."""
        return cls(
            tuple(Route(tuple(r["intents"]), float(r.get("weight", 1.0))) for r in routes.values()),
            doubt_below,
        )

    def choose(self, ranking: Ranking) -> str | None:
        """The surest intent of the best route; None if no route is sure enough."""
        route_of = {intent: route for route in self.routes for intent in route.intents}
        worth: dict[Route, float] = {}
        for intent, confidence in ranking:
            route = route_of.get(intent) or Route((intent,))
            worth[route] = worth.get(route, 0.0) + route.weight * confidence
        best = max(worth, key=worth.__getitem__)
        if worth[best] < self.doubt_below:
            return None
        return next(intent for intent, _ in ranking if intent in best.intents)
