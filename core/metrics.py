"""What the service counts and measures, in Prometheus' text format.

Each `Metrics` has a registry of its own, so that tests and several applications in one process
don't share counters. No label holds an id, an address or a text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core.statuses import TurnStatus

_TURN_SECONDS: Final = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0)
_PHASE_SECONDS: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_WAIT_SECONDS: Final = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)
_CALL_SECONDS: Final = (15.0, 60.0, 180.0, 300.0, 600.0, 1200.0, 2400.0, 3600.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


# What a media process tells, by its own name for it: our name, how many of its units are one of ours.
_MEDIA: Final = {
    "calls": ("bangban_media_calls", "Calls that a media process carries.", 1),
    "refused": ("bangban_media_refused", "Calls that it refused since it started.", 1),
    "loop_lag_ms": ("bangban_media_loop_lag_seconds", "Its longest pause of the last ten seconds.", 1000),
    "long_pauses": ("bangban_media_long_pauses", "Its pauses of over 0.1 seconds since it started.", 1),
    "strained": ("bangban_media_strained", "1 while it can't keep up and refuses new calls.", 1),
    "dropped_datagrams": (
        "bangban_media_dropped_datagrams",
        "Datagrams dropped at its sockets since it started, since it didn't take them in time.",
        1,
    ),
    "rss_bytes": ("bangban_media_resident_bytes", "Its memory.", 1),
}


class FinishedTurn(Protocol):
    """What is measured of a citizen's turn."""

    @property
    def status(self) -> TurnStatus:
        """What became of it."""

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """How long its phases took. The longest encloses the others and counts as the whole turn."""


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._turns = Counter(
            "bangban_turns", "Finished turns of citizens.", ["status"], registry=self._registry
        )
        self._turn_seconds = Histogram(
            "bangban_turn_seconds",
            "Time from a message to its reply.",
            buckets=_TURN_SECONDS,
            registry=self._registry,
        )
        self._phase_seconds = Histogram(
            "bangban_phase_seconds",
            "Time of one phase of a turn.",
            ["phase"],
            buckets=_PHASE_SECONDS,
            registry=self._registry,
        )
        self._engine_failures = Counter(
            "bangban_engine_failures",
            "Turns that the dialogue engine failed or left without a reply.",
            registry=self._registry,
        )
        self._snapshot_age = Gauge(
            "bangban_snapshot_age_seconds",
            "Age of the index that answers come from.",
            registry=self._registry,
        )
        self._index_lag = Gauge(
            "bangban_index_lag_seconds",
            "Time since the index was last known to hold everything that is published.",
            registry=self._registry,
        )
        self._queue_length = Gauge(
            "bangban_queue_length", "Citizens who wait for a person.", registry=self._registry
        )
        self._agents = Gauge(
            "bangban_agents_at_work", "Agents who take on conversations now.", registry=self._registry
        )
        self._wait_seconds = Histogram(
            "bangban_wait_seconds",
            "Time from asking for a person until an agent came.",
            buckets=_WAIT_SECONDS,
            registry=self._registry,
        )
        self._estimate_error = Gauge(
            "bangban_wait_estimate_error",
            "How far the waits that citizens were told were from what came, over the last day.",
            ["measure"],
            registry=self._registry,
        )
        self._calls_open = Gauge("bangban_calls_open", "Calls that go on now.", registry=self._registry)
        self._calls = Counter("bangban_calls", "Calls that ended.", ["reason"], registry=self._registry)
        self._call_seconds = Histogram(
            "bangban_call_seconds",
            "How long calls went on since both sides were connected.",
            buckets=_CALL_SECONDS,
            registry=self._registry,
        )
        self._media_up = Gauge(
            "bangban_media_up", "1 for a media process that answers.", ["process"], registry=self._registry
        )
        self._media = {
            figure: Gauge(name, told, ["process"], registry=self._registry)
            for figure, (name, told, _) in _MEDIA.items()
        }
        self._requests = Counter(
            "bangban_http_requests", "HTTP requests.", ["method", "route", "status"], registry=self._registry
        )
        self._request_seconds = Histogram(
            "bangban_http_request_seconds",
            "Time of an HTTP request.",
            ["route"],
            buckets=_TURN_SECONDS,
            registry=self._registry,
        )

    def turn_done(self, turn: FinishedTurn) -> None:
        """Counts a turn by its status, and each of its phases."""
        self._turns.labels(turn.status.value).inc()
        if turn.status is TurnStatus.ERROR:
            self._engine_failures.inc()
        for phase, milliseconds in turn.timings_ms.items():
            self._phase_seconds.labels(phase).observe(milliseconds / 1000)
        if turn.timings_ms:
            self._turn_seconds.observe(max(turn.timings_ms.values()) / 1000)

    def request_done(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request. `route` is the pattern of its path, never the path."""
        # Anything may come as a method; each new one would be a series for ever.
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def watch_snapshot_age(self, seconds: Callable[[], float]) -> None:
        """Asks `seconds` for the age of the index whenever the metrics are read."""
        self._snapshot_age.set_function(seconds)

    def watch_index_lag(self, seconds: Callable[[], float]) -> None:
        """Asks `seconds` for how far the index is behind whenever the metrics are read."""
        self._index_lag.set_function(seconds)

    def set_queue_length(self, waiting: int) -> None:
        """Says how many citizens wait for a person now."""
        self._queue_length.set(waiting)

    def set_agents(self, at_work: int) -> None:
        """Says how many agents take on conversations now."""
        self._agents.set(at_work)

    def set_calls_open(self, calls: int) -> None:
        """Says how many calls go on now."""
        self._calls_open.set(calls)

    def set_media(self, processes: Sequence[Mapping[str, float]]) -> None:
        """Says what each media process tells of itself; nothing of one that doesn't answer."""
        for gauge in (self._media_up, *self._media.values()):
            gauge.clear()
        for number, figures in enumerate(processes):
            self._media_up.labels(str(number)).set(bool(figures))
            for figure in figures.keys() & self._media.keys():
                self._media[figure].labels(str(number)).set(figures[figure] / _MEDIA[figure][2])

    def set_estimate_error(self, measures: Mapping[str, float]) -> None:
        """Says how wrong the estimates of waits were, by measure."""
        for measure, value in measures.items():
            self._estimate_error.labels(measure).set(value)

    def wait_ended(self, seconds: float) -> None:
        """Counts a wait that an agent ended."""
        self._wait_seconds.observe(seconds)

    def call_ended(self, reason: str, seconds: float) -> None:
        """Counts a call that ended; `reason` is one of the few words of the calls' table."""
        self._calls.labels(reason or "unknown").inc()
        if seconds:
            self._call_seconds.observe(seconds)

    def render(self) -> bytes:
        """All metrics in the text format, version 0.0.4."""
        return generate_latest(self._registry)
