"""Deletes in time what the records of conversations don't take with them: recordings, evidence, accesses.

Media processes do the first two as well, more often; here they are done where none runs, or any more.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from core.desk_ports import CallStore
from core.evidence_ports import AccessLog
from core.settings import Settings
from server.call_evidence import CallEvidence
from server.service_secrets import recording_key
from video.recording_upkeep import EVIDENCE, RECORDINGS, RecordingUpkeep

log = structlog.get_logger(__name__)


async def keep_in_time(
    settings: Settings, *, calls: CallStore, evidence: CallEvidence, accesses: AccessLog, now: datetime
) -> None:
    """One look at everything: chains are ended, what is too old is deleted."""
    await evidence.finish(calls)
    await asyncio.to_thread(_look_after, settings, now)
    if deleted := await accesses.purge_before(now - timedelta(days=settings.recording_days)):
        log.info("old_accesses_deleted", count=deleted)


def _look_after(settings: Settings, now: datetime) -> None:
    if any((settings.data / name).is_dir() for name in (RECORDINGS, EVIDENCE)):
        RecordingUpkeep(settings.data, recording_key(settings), settings.recording_days).run(now)
