"""Readiness is tried, not assumed."""

import asyncio

import pytest

from server import health
from server.health import Health


async def passing() -> bool:
    return True


async def failing() -> bool:
    return False


async def raising() -> bool:
    raise OSError("disk full")


async def test_all_checks_passing_is_ready():
    report = await Health({"engine": passing, "database": passing}).report()

    assert report.ready
    assert report.checks == {"engine": "ok", "database": "ok"}


@pytest.mark.parametrize("bad", [failing, raising])
async def test_one_check_that_fails_or_raises_is_enough_not_to_be(bad):
    report = await Health({"engine": bad, "database": passing}).report()

    assert not report.ready
    assert report.checks == {"engine": "failing", "database": "ok"}


@pytest.mark.parametrize("bad", [failing, raising])
async def test_what_only_helps_may_be_away_and_is_named(bad):
    report = await Health({"engine": passing}, {"replicas": bad}).report()

    assert report.ready
    assert report.checks == {"engine": "ok", "replicas": "degraded"}


async def test_a_check_that_hangs_fails(monkeypatch):
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.01)

    async def hanging() -> bool:
        await asyncio.Event().wait()
        return True

    assert not (await Health({"engine": hanging}).report()).ready


async def test_many_probes_cost_one_check_until_the_finding_is_old():
    now, runs = 0.0, 0

    async def counting() -> bool:
        nonlocal runs
        runs += 1
        return True

    checks = Health({"engine": counting}, now=lambda: now)
    await asyncio.gather(*(checks.report() for _ in range(5)))
    assert runs == 1

    now = health.FRESH_SECONDS
    await checks.report()
    assert runs == 2
