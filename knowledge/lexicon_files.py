"""Opens the lexicons, shipped and the city's own, and makes their readers; knows their files."""

import functools
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from pypinyin import lazy_pinyin

from core.errors import ConfigurationError
from knowledge.aspects import AspectReader
from knowledge.catalogue import CatalogueBuilder
from knowledge.districts import District, DistrictReader
from knowledge.facets import FacetReader
from knowledge.objects import ObjectReader
from knowledge.own_sayings import ExtendedSayings, extend
from knowledge.repair import Repairer
from knowledge.topics import OpenSaying, Topic, read_open_sayings, read_topics
from knowledge.understanding import Understanding

FOLDER = Path(__file__).with_name("lexicon")


class Lexicons:
    """The lexicons of a folder, read when first asked for.

    `own` is the folder of what the city adds to the sayings, if there is one. `is_word` tells
    dictionary words; `knowledge.segment` has it.
    """

    def __init__(
        self, *, is_word: Callable[[str], bool], folder: Path = FOLDER, own: Path | None = None
    ) -> None:
        self._folder, self._own, self._is_word = folder, own, is_word

    @property
    def topics(self) -> Sequence[Topic]:
        """All topics: the shipped ones, with what the city adds to them, then the city's own.

        Raises ConfigurationError when the city's files can't be read, as `open_sayings` does.
        """
        return self._sayings.topics

    @property
    def open_sayings(self) -> Sequence[OpenSaying]:
        """Sayings that leave the topic open, of both."""
        return self._sayings.open_sayings

    @functools.cached_property
    def _sayings(self) -> ExtendedSayings:
        files = sorted((self._folder / "says").glob("*.jsonl"))
        topics = [topic for file in files for topic in read_topics(file.read_text("utf-8").splitlines())]
        open_sayings = read_open_sayings(self._text("open.jsonl").splitlines())
        return extend(topics, open_sayings, own_lines(self._own) if self._own else {})

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


def own_lines(folder: Path) -> dict[str, list[str]]:
    """The lines of each `.jsonl` file of the folder, by its path, in order of name.

    Raises ConfigurationError when there is no such folder, or a file of it is no text.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"设置 lexicon：没有目录 {folder}")
    lines = {}
    for file in sorted(folder.glob("*.jsonl")):
        try:
            lines[str(file)] = file.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ConfigurationError(f"{file}：不是 UTF-8 编码的文字") from None
    return lines


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
