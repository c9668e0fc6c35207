"""Opens the shipped lexicons and makes their readers; the one place that knows their files."""

import functools
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from pypinyin import lazy_pinyin

from knowledge.aspects import AspectReader
from knowledge.catalogue import CatalogueBuilder
from knowledge.districts import District, DistrictReader
from knowledge.facets import FacetReader
from knowledge.objects import ObjectReader
from knowledge.repair import Repairer
from knowledge.topics import OpenSaying, Topic, read_open_sayings, read_topics
from knowledge.understanding import Understanding

FOLDER = Path(__file__).with_name("lexicon")


class Lexicons:
    """The lexicons of a folder, read when first asked for.

    `extra_says` are further files of sayings, such as a city's own. `is_word` tells dictionary
    words; `knowledge.segment` has it.
    """

    def __init__(
        self, *, is_word: Callable[[str], bool], folder: Path = FOLDER, extra_says: Sequence[Path] = ()
    ) -> None:
        self._folder, self._extra_says, self._is_word = folder, tuple(extra_says), is_word

    @functools.cached_property
    def topics(self) -> list[Topic]:
        """All topics, the shipped files in order of name, then the city's own."""
        files = [*sorted((self._folder / "says").glob("*.jsonl")), *self._extra_says]
        return [topic for file in files for topic in read_topics(file.read_text("utf-8").splitlines())]

    @functools.cached_property
    def open_sayings(self) -> list[OpenSaying]:
        """Sayings that leave the topic open."""
        return read_open_sayings(self._text("open.jsonl").splitlines())

    @functools.cached_property
    def facets(self) -> FacetReader:
        """The reader of facets."""
        return FacetReader.from_toml(self._text("facets.toml"))

    @functools.cached_property
    def objects(self) -> ObjectReader:
        """The reader of objects."""
        return ObjectReader.from_toml(self._text("objects.toml"))

    @functools.cached_property
    def aspects(self) -> AspectReader:
        """The reader of aspects."""
        return AspectReader.from_toml(self._text("aspects.toml"))

    @functools.cached_property
    def cities(self) -> tuple[str, ...]:
        """Provinces and cities of the country."""
        table = tomllib.loads(self._text("cities.toml"))
        return (*table["provinces"], *table["cities"])

    def catalogue_builder(self) -> CatalogueBuilder:
        """A builder of catalogues over these lexicons."""
        return CatalogueBuilder(self.topics, self.facets, self.objects)

    def district_reader(self, districts: Sequence[District], city: str) -> DistrictReader:
        """A reader of these districts in `city`; with an empty city, of the one above most of them."""
        return DistrictReader(
            districts,
            city=city or city_of(districts),
            other_cities=self.cities,
            pronounce=pronounce,
            is_word=self._is_word,
        )

    def understanding(self, districts: Sequence[District] = (), city: str = "") -> Understanding:
        """A reader of sentences."""
        vocabulary = self._text("repair.txt").split()
        return Understanding(
            self.aspects,
            self.facets,
            self.objects,
            self.district_reader(districts, city),
            Repairer(vocabulary, pronounce, self._is_word),
        )

    def _text(self, name: str) -> str:
        return (self._folder / name).read_text("utf-8")


@functools.lru_cache(maxsize=50_000)
def pronounce(text: str) -> tuple[str, ...]:
    """The toneless syllables of `text`; what isn't Chinese stays as it is."""
    return tuple(lazy_pinyin(text))


def city_of(districts: Sequence[District]) -> str:
    """The city that most districts lie in: the nearest parent they share; empty without any."""
    counts: dict[str, int] = {}
    for district in districts:
        for parent in district.parents[:2]:
            if parent.endswith("市"):
                counts[parent] = counts.get(parent, 0) + 1
                break
    return max(sorted(counts), key=lambda name: counts[name], default="")
