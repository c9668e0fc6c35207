"""Keeps the index in step with the knowledge store.

Follows the store's feed of changes, indexes what a change brought and puts a new snapshot in force.
One process of all that share the folder writes; the others follow what it wrote. Nothing is lost
when one is killed: the change number that a snapshot is complete for is part of the snapshot.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import structlog

from core.errors import SnapshotUnavailable
from core.ports import Change, KnowledgeStore
from knowledge.compaction import merge_newest, parts_to_merge
from knowledge.indexing import Contribution, PartBuilder
from knowledge.snapshot import Merge, Snapshot, SnapshotParameters
from knowledge.snapshot_folder import OpenSnapshot, SnapshotFolder, SnapshotWriter, try_to_write
from knowledge.synchronise_plan import Outcome, plan_document, plan_guide

_log = structlog.get_logger(__name__)

# Changes taken into one part. A first build of many guides is so cut into steps that each survive a
# crash, and a publication waits for one step at most.
BATCH = 1000
# Merges up to this many rows and records are done on the way; larger ones beside the service.
_MERGED_ON_THE_WAY = 4000
_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What a synchronisation did. `change` is the number that the index is now complete for."""

    change: int
    outcomes: tuple[Outcome, ...] = ()
    seconds: float = 0.0

    def count(self, action: str) -> int:
        """How many records had that outcome."""
        return sum(outcome.action == action for outcome in self.outcomes)


class Synchroniser:
    """Owns the snapshot that this process answers from."""

    def __init__(
        self,
        store: KnowledgeStore,
        builder: PartBuilder,
        folder: Path,
        *,
        today: Callable[[], date] = date.today,
        now: Callable[[], float] = time.monotonic,
        on_step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._store = store
        self._builder = builder
        self._folder = folder
        self._today = today
        self._now = now
        self._on_step = on_step
        self._parameters: SnapshotParameters | None = None
        self._open: OpenSnapshot | None = None
        self._writer: SnapshotWriter | None = None
        self._busy = asyncio.Lock()
        self._wake = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._complete_at = now()
        self._merging: asyncio.Task[None] | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in force. Raises SnapshotUnavailable until the index has caught up.

        An index that is still being built knows of too little, and what it doesn't know would be
        told to citizens as if there were no guide.
        """
        if not self.caught_up:
            raise SnapshotUnavailable("索引还没有建完")
        return self._held

    @property
    def caught_up(self) -> bool:
        """Whether the index has held, once since it was opened, everything that was published."""
        return self._caught_up.is_set()

    async def wait_until_caught_up(self) -> None:
        """Returns when it has; `follow` must be running for that."""
        await self._caught_up.wait()

    @property
    def lag_seconds(self) -> float:
        """For how long the index isn't known to hold everything that is published.

        Less than a second while `follow` does its work, and growing when it can't.
        """
        return self._now() - self._complete_at

    async def synchronise(self) -> Synchronised:
        """Brings the index up to the store's last change, as the writer, or follows the writer.

        On return as the writer everything that was published before the call can be found. What is on
        disk and can't be used, being of another model or database, or damaged, the writer builds anew.
        Raises SnapshotMismatch or SnapshotUnavailable where another process writes what can't be used.
        """
        started = self._now()
        async with self._busy:
            asked_at, last = self._now(), await self._store.last_change()
            writing = await self._may_write()
            outcomes: list[Outcome] = []
            # Asked again, for another writer may have gone on before this one took over.
            if writing and self._change > last and self._change > await self._store.last_change():
                await self._start_anew("it knows changes that the database doesn't")
            while writing and self._change < last:
                changes = await self._store.changes_after(self._change, BATCH)
                if not changes:
                    break
                outcomes.extend(await self._take_in(changes))
            if writing or self._change >= last:
                self._complete_at = asked_at
                self._caught_up.set()
            if writing:
                self._merge_beside()
            return Synchronised(self._change, tuple(outcomes), self._now() - started)

    def wake(self) -> None:
        """Tells `follow` that something was published, so that it needn't find out by itself."""
        self._wake.set()

    async def follow(self, *, every: float = 0.5) -> None:
        """Synchronises now and again until cancelled; a failure is logged and tried again."""
        while True:
            self._wake.clear()
            pause = every
            try:
                await self.synchronise()
            except Exception:
                # Whatever the cause (database away, disk full, a broken part), the snapshot in
                # force goes on answering, and the next attempt may succeed.
                _log.exception("index_not_synchronised")
                pause = max(every, _RETRY_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def close(self) -> None:
        """Waits for a merge under way, and lets go of the folder."""
        if self._merging is not None:
            await asyncio.wait([self._merging])
        for held in (self._open, self._writer):
            if held is not None:
                held.close()
        self._open = self._writer = None
        self._caught_up.clear()

    async def merged(self) -> None:
        """Returns when no merge is under way."""
        if self._merging is not None:
            await asyncio.wait([self._merging])

    @property
    def _held(self) -> Snapshot:
        assert self._open is not None
        return self._open.snapshot

    @property
    def _change(self) -> int:
        return self._open.snapshot.change if self._open else -1

    async def _may_write(self) -> bool:
        """Whether this process writes; it does where no other does. Opens what is on disk."""
        if self._writer is not None:
            return True
        if self._parameters is None:
            self._parameters = replace(self._builder.parameters, database=await self._store.identity())
        self._writer = try_to_write(self._folder, self._parameters, on_step=self._on_step)
        if self._writer is None:
            await asyncio.to_thread(self._reopen, SnapshotFolder(self._folder, self._parameters))
            return False
        try:
            await self._take_over(self._writer)
        except BaseException:
            self._writer.close()
            self._writer = None
            raise
        return True

    async def _take_over(self, writer: SnapshotWriter) -> None:
        await asyncio.to_thread(writer.clear_away)
        try:
            await asyncio.to_thread(self._reopen, writer)
        except SnapshotUnavailable as error:
            await self._start_anew(str(error))
        if self._open is None:
            await self._commit((), Snapshot(writer.parameters), change=0)

    async def _start_anew(self, reason: str) -> None:
        """Puts an index of nothing in force, and in no one's view, for all of it to be taken in again."""
        assert self._writer is not None
        _log.warning("index_built_anew", reason=reason)
        self._caught_up.clear()
        await self._commit((), Snapshot(self._writer.parameters), change=0)

    def _reopen(self, folder: SnapshotFolder) -> None:
        if self._open is not None and folder.current_name() == self._open.name:
            return
        opened = folder.open(self._open.snapshot if self._open else None)
        if opened is not None:
            self._replace(opened)

    async def _take_in(self, changes: Sequence[Change]) -> list[Outcome]:
        snapshot, today = self._held, self._today()
        contributions: list[Contribution] = []
        outcomes: list[Outcome] = []
        keys = dict.fromkeys((change.kind, change.record_id) for change in changes)
        published = await self._store.guides([record_id for kind, record_id in keys if kind == "guide"])
        for kind, record_id in keys:
            known = snapshot.records.get((kind, record_id))
            if kind == "guide":
                guide = published.get(record_id)
                last = () if guide else await self._store.versions(record_id)
                planned, outcome = plan_guide(record_id, guide, known, last[0] if last else None, today)
            else:
                document = await self._store.document(record_id)
                planned, outcome = plan_document(kind, record_id, document, known)
            outcomes.append(outcome)
            if planned is not None:
                contributions.append(planned)
        await self._commit(contributions, snapshot, change=changes[-1].number)
        return outcomes

    async def _commit(self, contributions: Sequence[Contribution], base: Snapshot, *, change: int) -> None:
        opened = await asyncio.to_thread(self._build_and_commit, contributions, base, change)
        self._replace(opened)
        assert self._writer is not None
        await asyncio.to_thread(self._writer.clear_away)

    def _build_and_commit(
        self, contributions: Sequence[Contribution], base: Snapshot, change: int
    ) -> OpenSnapshot:
        assert self._writer is not None
        number = self._writer.next_number()
        if not contributions:
            return self._writer.commit(replace(base, number=number, change=change))
        name = f"part-{number:08d}"
        part = self._builder.build(name, contributions, base)
        count = parts_to_merge([p.size for p in (*base.parts, part)], most=_MERGED_ON_THE_WAY)
        if count <= 1:
            part = self._writer.store_part(part)
            return self._writer.commit(base.with_part(part, number=number, change=change))
        merge = merge_newest(base.with_part(part), count, name)
        merge = replace(merge, part=self._writer.store_part(merge.part))
        snapshot = base.with_part(part, change=change).with_merge(merge, number=number)
        return self._writer.commit(snapshot)

    def _replace(self, opened: OpenSnapshot) -> None:
        if self._open is not None:
            self._open.close()
        self._open = opened

    def _merge_beside(self) -> None:
        count = parts_to_merge([part.size for part in self._held.parts])
        if count > 1 and (self._merging is None or self._merging.done()):
            self._merging = asyncio.create_task(self._merge(count), name="merge index parts")

    async def _merge(self, count: int) -> None:
        """Merges beside the service; what is published meanwhile comes after the merged part."""
        assert self._writer is not None
        name = f"merge-{self._writer.next_number():08d}"
        try:
            merge = await asyncio.to_thread(self._store_merge, self._writer, self._held, count, name)
            async with self._busy:
                snapshot = self._held.with_merge(merge, number=self._writer.next_number())
                self._replace(await asyncio.to_thread(self._writer.commit, snapshot))
                await asyncio.to_thread(self._writer.clear_away)
        except (ValueError, OSError) as error:
            # The unmerged parts answer as well; the next synchronisation tries again.
            _log.warning("index_parts_not_merged", reason=str(error))
            self._writer.give_up(name)

    @staticmethod
    def _store_merge(writer: SnapshotWriter, base: Snapshot, count: int, name: str) -> Merge:
        merge = merge_newest(base, count, name)
        return replace(merge, part=writer.store_part(merge.part))
