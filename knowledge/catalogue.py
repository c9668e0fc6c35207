"""The items that can be asked about, with what linking needs to know of each.

Made from an index snapshot's item table: names are read once for the facets and objects they state
and for their topic in the lexicon. Siblings are the business items of one main item; what a sibling
states and an item leaves unsaid is the item's `otherwise` (补领身份证 beside 异地补领身份证 is the local
one). Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from knowledge.facets import FacetReader
from knowledge.objects import ObjectReader
from knowledge.topics import Topic, topic_of_item, topics_by_name


class ListedItem(Protocol):
    """What the catalogue takes of an index item."""

    @property
    def item_key(self) -> str:
        """`main|business`."""

    @property
    def main_item(self) -> str:
        """主项."""

    @property
    def business_item(self) -> str:
        """业务办理项, or empty."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Colloquial names that editors gave."""


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """An item with what its names state."""

    key: str
    main: str
    business: str
    aliases: tuple[str, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)
    objects: frozenset[str] = frozenset()
    topic: str = ""

    @property
    def title(self) -> str:
        """The name a citizen sees."""
        if not self.business or self.business == self.main:
            return self.main
        return f"{self.main}（{self.business}）"

    @property
    def short_title(self) -> str:
        """The name among its siblings."""
        return self.business or self.main


class Catalogue:
    """All items of one snapshot."""

    def __init__(
        self,
        items: Iterable[CatalogueItem],
        topics: Mapping[str, Topic],
        topic_objects: Mapping[str, frozenset[str]],
    ) -> None:
        self.items = {item.key: item for item in items}
        self.topics = topics
        self.topic_objects = topic_objects

    @cached_property
    def by_topic(self) -> Mapping[str, tuple[CatalogueItem, ...]]:
        """The items of each topic that has any."""
        table: dict[str, list[CatalogueItem]] = {}
        for item in self.items.values():
            if item.topic:
                table.setdefault(item.topic, []).append(item)
        return {topic: tuple(items) for topic, items in table.items()}

    @cached_property
    def families(self) -> Mapping[str, tuple[CatalogueItem, ...]]:
        """The business items of each main item."""
        table: dict[str, list[CatalogueItem]] = {}
        for item in self.items.values():
            table.setdefault(item.main, []).append(item)
        return {main: tuple(items) for main, items in table.items()}

    @cached_property
    def objects(self) -> frozenset[str]:
        """Every object that some item is about."""
        return frozenset().union(*(item.objects for item in self.items.values()))

    def siblings(self, item: CatalogueItem) -> tuple[CatalogueItem, ...]:
        """The item's family, itself included."""
        return self.families[item.main]

    def of_same_object(self, item: CatalogueItem) -> tuple[CatalogueItem, ...]:
        """The items that are about exactly the things this one is about, itself included."""
        return self._by_objects[item.objects] if item.objects else (item,)

    @cached_property
    def _by_objects(self) -> Mapping[frozenset[str], tuple[CatalogueItem, ...]]:
        table: dict[frozenset[str], list[CatalogueItem]] = {}
        for item in self.items.values():
            table.setdefault(item.objects, []).append(item)
        return {objects: tuple(items) for objects, items in table.items()}


class CatalogueBuilder:
    """Builds catalogues, reading each name only once in its life."""

    def __init__(self, topics: Iterable[Topic], facets: FacetReader, objects: ObjectReader) -> None:
        self._topics = {topic.topic: topic for topic in topics}
        self._by_name = topics_by_name(self._topics.values())
        self._facets = facets
        self._objects = objects
        self._topic_objects = {
            name: objects.names(" ".join(n.replace("|", " ") for n in topic.names[:2]))
            for name, topic in self._topics.items()
        }
        self._read: dict[str, CatalogueItem] = {}

    def build(self, listed: Iterable[ListedItem]) -> Catalogue:
        """The catalogue of these items."""
        items = [self._item(one) for one in listed]
        families: dict[str, list[CatalogueItem]] = {}
        for item in items:
            families.setdefault(item.main, []).append(item)
        complete = [self._with_otherwise(item, families[item.main]) for item in items]
        return Catalogue(complete, self._topics, self._topic_objects)

    def _item(self, listed: ListedItem) -> CatalogueItem:
        known = self._read.get(listed.item_key)
        if known is None or known.aliases != listed.aliases:
            name = f"{listed.main_item}|{listed.business_item}"
            known = CatalogueItem(
                listed.item_key,
                listed.main_item,
                listed.business_item,
                listed.aliases,
                self._facets.of_name(name),
                self._objects.names(f"{listed.business_item} {listed.main_item}"),
                topic_of_item(listed.main_item, listed.business_item, self._by_name),
            )
            self._read[listed.item_key] = known
        return known

    def _with_otherwise(self, item: CatalogueItem, family: list[CatalogueItem]) -> CatalogueItem:
        stated = {name for sibling in family for name in sibling.facets}
        added = {
            facet.name: facet.otherwise
            for facet in self._facets.facets
            if facet.otherwise and facet.name in stated and facet.name not in item.facets
        }
        if not added:
            return item
        return CatalogueItem(
            item.key,
            item.main,
            item.business,
            item.aliases,
            {**item.facets, **added},
            item.objects,
            item.topic,
        )
