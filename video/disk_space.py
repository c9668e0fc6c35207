"""When a disk is too full to record: the rule. Looking at the disk is `video.recording_files`'."""

from dataclasses import dataclass
from enum import StrEnum

MIB = 1 << 20


class DiskSpace(StrEnum):
    """What the free space allows."""

    ENOUGH = "enough"
    LOW = "low"  # record on, and tell the operator
    EXHAUSTED = "exhausted"  # begin nothing, finish what is being written


@dataclass(frozen=True, slots=True)
class DiskRule:
    """`floor` bytes stay free for the database and the logs; the warning comes at `warning` bytes."""

    floor: int = 1024 * MIB
    warning: int = 5120 * MIB

    def judge(self, free: int) -> DiskSpace:
        """What so many free bytes allow."""
        if free < self.floor:
            return DiskSpace.EXHAUSTED
        return DiskSpace.LOW if free < self.warning else DiskSpace.ENOUGH
