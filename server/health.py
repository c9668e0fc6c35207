"""Says whether the service can do its work now, by trying it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[bool]]

CHECK_SECONDS = 8.0
FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What each check found: `ok`, `failing`, or `degraded` where the service does its work without."""

    checks: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether everything that is needed works."""
        return all(found != "failing" for found in self.checks.values())


class Health:
    """Runs the readiness checks, at most once in `FRESH_SECONDS` however often it is asked.

    `helping` are those whose failing leaves the service ready.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        helping: Mapping[str, Check] | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._helping = frozenset(helping or ())
        self._checks = {**checks, **(helping or {})}
        self._now = now
        self._report = HealthReport({})
        self._fresh_until = float("-inf")
        self._lock = asyncio.Lock()

    async def report(self) -> HealthReport:
        """The state of everything a turn needs."""
        async with self._lock:
            if self._now() >= self._fresh_until:
                found = await asyncio.gather(*(self._run(*check) for check in self._checks.items()))
                self._report = HealthReport(dict(zip(self._checks, found, strict=True)))
                self._fresh_until = self._now() + FRESH_SECONDS
            return self._report

    async def _run(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                passed = await check()
        except Exception as error:  # whatever a check raises, the answer is that it fails
            log.warning("check_failed", check=name, error=type(error).__name__)
            passed = False
        if passed:
            return "ok"
        return "degraded" if name in self._helping else "failing"
