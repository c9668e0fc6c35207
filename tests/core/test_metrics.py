"""What is measured, and how it is shown."""

from dataclasses import dataclass, field

import pytest

from core.metrics import Metrics
from core.statuses import TurnStatus


@dataclass(frozen=True)
class Turn:
    status: TurnStatus
    timings_ms: dict[str, float] = field(default_factory=dict)


@pytest.fixture
def metrics():
    return Metrics()


def lines(metrics: Metrics) -> list[str]:
    return metrics.render().decode().splitlines()


def test_turns_are_counted_by_status(metrics):
    metrics.turn_done(Turn(TurnStatus.ANSWERED))
    metrics.turn_done(Turn(TurnStatus.ANSWERED))
    metrics.turn_done(Turn(TurnStatus.NO_GUIDE))

    assert 'bangban_turns_total{status="answered"} 2.0' in lines(metrics)
    assert 'bangban_turns_total{status="no_guide"} 1.0' in lines(metrics)


def test_a_turn_that_the_engine_failed_is_counted_apart(metrics):
    metrics.turn_done(Turn(TurnStatus.ANSWERED))
    metrics.turn_done(Turn(TurnStatus.ERROR))

    assert "bangban_engine_failures_total 1.0" in lines(metrics)


def test_phases_are_measured_and_the_longest_is_the_turn(metrics):
    metrics.turn_done(Turn(TurnStatus.ANSWERED, {"engine": 150.0, "search": 20.0}))

    assert 'bangban_phase_seconds_sum{phase="search"} 0.02' in lines(metrics)
    assert "bangban_turn_seconds_sum 0.15" in lines(metrics)
    assert 'bangban_turn_seconds_bucket{le="0.1"} 0.0' in lines(metrics)
    assert 'bangban_turn_seconds_bucket{le="0.2"} 1.0' in lines(metrics)


def test_requests_are_counted_by_method_route_and_status(metrics):
    metrics.request_done("GET", "/api/v1/guides/{id}", 200, 0.01)
    metrics.request_done("BREW", "/coffee", 405, 0.01)

    assert 'bangban_http_requests_total{method="GET",route="/api/v1/guides/{id}",status="200"} 1.0' in lines(
        metrics
    )
    assert 'bangban_http_requests_total{method="other",route="/coffee",status="405"} 1.0' in lines(metrics)


def test_the_age_of_the_index_is_asked_for_when_it_is_read(metrics):
    ages = iter([5.0, 6.0])
    metrics.watch_snapshot_age(lambda: next(ages))

    assert "bangban_snapshot_age_seconds 5.0" in lines(metrics)
    assert "bangban_snapshot_age_seconds 6.0" in lines(metrics)


def test_how_far_the_index_is_behind_is_asked_for_when_it_is_read(metrics):
    lags = iter([0.25, 90.0])
    metrics.watch_index_lag(lambda: next(lags))

    assert "bangban_index_lag_seconds 0.25" in lines(metrics)
    assert "bangban_index_lag_seconds 90.0" in lines(metrics)


def test_the_queue_is_shown(metrics):
    metrics.set_queue_length(3)

    assert "bangban_queue_length 3.0" in lines(metrics)


def test_media_processes_tell_how_they_keep_up_and_who_does_not_answer_tells_nothing(metrics):
    metrics.set_media([{"loop_lag_ms": 250.0, "strained": True, "legs": 2}, {"refused": 7}])
    metrics.set_media([{"loop_lag_ms": 12.0, "strained": False, "dropped_datagrams": 3}, {}])

    shown = [line for line in lines(metrics) if line.startswith("bangban_media")]

    assert 'bangban_media_up{process="0"} 1.0' in shown
    assert 'bangban_media_up{process="1"} 0.0' in shown
    assert 'bangban_media_loop_lag_seconds{process="0"} 0.012' in shown
    assert 'bangban_media_strained{process="0"} 0.0' in shown
    assert 'bangban_media_dropped_datagrams{process="0"} 3.0' in shown
    assert len(shown) == 5


def test_two_applications_count_apart(metrics):
    other = Metrics()
    other.turn_done(Turn(TurnStatus.ANSWERED))

    assert not any("answered" in line for line in lines(metrics))
