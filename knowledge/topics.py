"""The lexicon of service topics: what people ask for, and how they say it.

A topic is a matter that citizens ask about anywhere in the country, with the official names that
cities give to it, colloquial names, and whole questions. It exists whether or not this city has a
guide for it: a question about a topic without a guide is then known to have none, instead of being
answered from the guide that looks most like it. Reads `lexicon/says/*.jsonl`. Pure.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One matter as citizens speak of it. `names` are official, `main|business` or plain."""

    topic: str
    names: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    says: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """A name to show to a citizen where no guide exists: the first plain official name."""
        plain = [n for n in self.names if "|" not in n]
        return plain[0] if plain else self.names[0].replace("|", "：").strip("：")


def read_topics(lines: Iterable[str]) -> list[Topic]:
    """The topics of JSON Lines; blank lines are passed over. Raises ValueError for a malformed one."""
    topics = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        data = json.loads(line)
        try:
            topics.append(
                Topic(
                    data["topic"],
                    tuple(data["names"]),
                    tuple(data.get("aliases", ())),
                    tuple(data.get("says", ())),
                )
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"line {number}: {error!r} in a topic") from error
    return topics


@dataclass(frozen=True, slots=True)
class OpenSaying:
    """Something people say that leaves open which of several topics they mean (「换身份证」)."""

    says: str
    topics: tuple[str, ...]


def read_open_sayings(lines: Iterable[str]) -> list[OpenSaying]:
    """The open sayings of JSON Lines `{"topics", "says"}`. Raises ValueError for a malformed line."""
    sayings: list[OpenSaying] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        data = json.loads(line)
        try:
            sayings.extend(OpenSaying(text, tuple(data["topics"])) for text in data["says"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"line {number}: {error!r} in an open saying") from error
    return sayings


def item_key(main_item: str, business_item: str) -> str:
    """What names an item across districts: `main|business`."""
    return f"{main_item}|{business_item}"


def plain_name(name: str) -> str:
    """A name with everything dropped that cities write differently: width, brackets, spaces, 的."""
    folded = unicodedata.normalize("NFKC", name).lower()
    return re.sub(r"[\s()（）\[\]【】《》〈〉“”\"'、，,。．.·;；:：/-]|居民(?=身份证|户口)", "", folded)


def topics_by_name(topics: Iterable[Topic]) -> Mapping[str, str]:
    """Plain official name (or `main|business`, each part plain) → topic."""
    table: dict[str, str] = {}
    for topic in topics:
        for name in topic.names:
            if "|" in name:
                main, _, business = name.partition("|")
                table.setdefault(f"{plain_name(main)}|{plain_name(business)}", topic.topic)
            else:
                table.setdefault(plain_name(name), topic.topic)
    return table


def topic_of_item(main_item: str, business_item: str, table: Mapping[str, str]) -> str:
    """The topic of an item, by exact name, else by its business item, else by its main item."""
    main, business = plain_name(main_item), plain_name(business_item)
    if business == main:
        business = ""
    candidates = [f"{main}|{business}", f"{main}|{main}", business]
    if not business:
        candidates += [main]
    for candidate in candidates:
        if candidate and candidate in table:
            return table[candidate]
    return ""
