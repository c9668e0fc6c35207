"""How wrong the waits were that citizens were told lately."""

from datetime import datetime, timedelta

from core.desk_ports import DeskStore
from video.estimate import EstimateError, error

LATELY = timedelta(days=1)


async def recent_error(desk_store: DeskStore, now: datetime) -> EstimateError:
    """What citizens were told against what came, for those whom an agent took in the last day."""
    told = await desk_store.estimates(now - LATELY)
    return error([each.estimated_seconds for each in told], [each.actual_seconds for each in told])
