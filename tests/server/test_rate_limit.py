"""Token buckets: a burst is allowed, then the average holds."""

import pytest

from core.errors import TooManyRequests
from server.rate_limit import Rate, RateLimiter


def test_a_silent_client_may_do_a_minutes_worth_at_once():
    limiter = RateLimiter(Rate(3))

    for _ in range(3):
        limiter.check("a", now=100.0)

    with pytest.raises(TooManyRequests):
        limiter.check("a", now=100.0)


def test_the_refusal_says_when_the_next_is_allowed():
    limiter = RateLimiter(Rate(6))
    for _ in range(6):
        limiter.check("a", now=0.0)

    with pytest.raises(TooManyRequests) as refused:
        limiter.check("a", now=0.0)

    assert refused.value.retry_after == 10
    limiter.check("a", now=10.0)


def test_waiting_fills_the_bucket_but_never_over_its_size():
    limiter = RateLimiter(Rate(2))
    limiter.check("a", now=0.0)

    limiter.check("a", now=3600.0)
    limiter.check("a", now=3600.0)

    with pytest.raises(TooManyRequests):
        limiter.check("a", now=3600.0)


def test_a_refused_attempt_costs_nothing():
    limiter = RateLimiter(Rate(60))
    for _ in range(60):
        limiter.check("a", now=0.0)
    for _ in range(5):
        with pytest.raises(TooManyRequests):
            limiter.check("a", now=0.5)

    limiter.check("a", now=1.0)


def test_clients_do_not_share_a_bucket():
    limiter = RateLimiter(Rate(1))

    limiter.check("a", now=0.0)
    limiter.check("b", now=0.0)


def test_a_clock_that_steps_back_gives_no_tokens():
    limiter = RateLimiter(Rate(1))
    limiter.check("a", now=100.0)

    with pytest.raises(TooManyRequests):
        limiter.check("a", now=0.0)


def test_memory_is_bounded_by_forgetting_the_longest_silent_client():
    limiter = RateLimiter(Rate(1), max_keys=2)
    for client in ("a", "b", "c"):
        limiter.check(client, now=0.0)

    limiter.check("a", now=0.0)  # forgotten, so it starts afresh
    with pytest.raises(TooManyRequests):
        limiter.check("c", now=0.0)
