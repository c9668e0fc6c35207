"""What a turn works on: a snapshot with its catalogue and districts, and decoded guides.

Made once for each snapshot and day, and kept while it is the newest.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from core.ports import KnowledgeStore
from knowledge.catalogue import Catalogue, CatalogueBuilder
from knowledge.districts import District, DistrictReader
from knowledge.guide import Guide
from knowledge.snapshot import Item, Snapshot
from knowledge.understanding import Understanding


@dataclass(frozen=True, slots=True)
class View:
    """What one turn works on: a snapshot with its catalogue and districts."""

    snapshot: Snapshot
    catalogue: Catalogue
    districts: Mapping[str, District]
    understanding: Understanding


class Views:
    """Makes the view of a snapshot once and keeps the newest."""

    def __init__(
        self,
        store: KnowledgeStore,
        builder: CatalogueBuilder,
        understanding: Understanding,
        make_districts: Callable[[Sequence[District]], DistrictReader],
        today: Callable[[], date],
    ) -> None:
        self._store, self._builder, self._understanding = store, builder, understanding
        self._make_districts, self._today = make_districts, today
        self._districts: dict[str, District] = {}
        self._view: View | None = None
        self._day: date | None = None
        self._lock = asyncio.Lock()

    async def of(self, snapshot: Snapshot) -> View:
        """The view of that snapshot today."""
        async with self._lock:
            today = self._today()
            if self._view is not None and self._view.snapshot is snapshot and self._day == today:
                return self._view
            items = [item for item in snapshot.items().values() if item.guides_on(today)]
            await self._read_districts(items, today)
            present = {ref.district for item in items for ref in item.guides_on(today)}
            districts = {name: self._districts[name] for name in sorted(present) if name in self._districts}
            known = self._view.districts if self._view else None
            understanding = self._view.understanding if self._view else self._understanding
            if known != districts:
                understanding = self._understanding.with_districts(
                    self._make_districts(list(districts.values()))
                )
            self._view = View(snapshot, self._builder.build(items), districts, understanding)
            self._day = today
            return self._view

    async def _read_districts(self, items: Sequence[Item], today: date) -> None:
        """Learns the parents of new districts from a guide of each."""
        sample = {
            ref.district: ref.guide_id
            for item in items
            for ref in item.guides_on(today)
            if ref.district not in self._districts
        }
        if not sample:
            return
        records = await self._store.guides(list(sample.values()))
        for district, guide_id in sample.items():
            if guide_id in records:
                parents = tuple(map(str, records[guide_id].body.get("parents", ())))
                self._districts[district] = District(district, parents)


class GuideCache:
    """Decoded guides, fetched when first needed; a version never changes.

    Which version is published is asked of the store each time: the index may lag behind, and a guide
    that was withdrawn meanwhile must not be answered from.
    """

    def __init__(self, store: KnowledgeStore, size: int = 4096) -> None:
        self._store, self._size = store, size
        self._guides: dict[tuple[str, int], Guide] = {}

    async def fetch(self, guide_ids: Sequence[str]) -> dict[str, Guide]:
        """The published versions of these guides, by id; those without one are left out."""
        published = await self._store.published_versions(guide_ids)
        found = {
            guide_id: self._guides[guide_id, version]
            for guide_id, version in published.items()
            if (guide_id, version) in self._guides
        }
        if missing := [guide_id for guide_id in published if guide_id not in found]:
            for guide_id, record in (await self._store.guides(missing)).items():
                guide = replace(Guide.from_json(record.body), version=record.version, status=record.status)
                found[guide_id] = self._guides[guide_id, record.version] = guide
        while len(self._guides) > self._size:
            self._guides.pop(next(iter(self._guides)))
        return found
