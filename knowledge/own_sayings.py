"""What a city adds to the shipped lexicon: matters of its own, and its own ways of speaking of known ones.

JSON Lines of two kinds. `{"topic", "names", "aliases", "says"}` is a matter; of one that the lexicon
knows, each list is added to the lexicon's and may be left out. `{"topics", "says"}` is something
people say that leaves open which of these matters they mean. How to write them is in
`docs/howto/own-sayings.md`. Pure.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import ConfigurationError
from knowledge.topics import OpenSaying, Topic, plain_name

_TOPIC_FIELDS = frozenset({"topic", "names", "aliases", "says"})
_OPEN_FIELDS = frozenset({"topics", "says"})


@dataclass(frozen=True, slots=True)
class ExtendedSayings:
    """The shipped topics and open sayings, with the city's among them."""

    topics: tuple[Topic, ...]
    open_sayings: tuple[OpenSaying, ...]


def extend(
    topics: Sequence[Topic], open_sayings: Sequence[OpenSaying], own: Mapping[str, Iterable[str]]
) -> ExtendedSayings:
    """The lexicon with what the city's files add, given as lines by file name.

    Raises ConfigurationError naming file and line of what can't be read, of a new matter without an
    official name, of a name that is another matter's, and of an open saying about no known matter.
    """
    known = {topic.topic: topic for topic in topics}
    owner = {_name_key(name): topic.topic for topic in topics for name in topic.names}
    added: list[OpenSaying] = []
    open_rows: list[tuple[str, dict[str, Any]]] = []
    for where, row in _rows(own):
        if "topics" in row:
            open_rows.append((where, row))
            continue
        if row["topic"] not in known and not row.get("names"):
            raise ConfigurationError(f"{where}：词库里没有“{row['topic']}”，新的事项要写 names")
        for name in row.get("names", ()):
            if owner.setdefault(_name_key(name), row["topic"]) != row["topic"]:
                raise ConfigurationError(f"{where}：“{name}”已经是“{owner[_name_key(name)]}”的名称")
        known[row["topic"]] = _joined(known.get(row["topic"], Topic(row["topic"], ())), row)
    for where, row in open_rows:
        for topic in row["topics"]:
            if topic not in known:
                raise ConfigurationError(f"{where}：词库里没有“{topic}”")
        added.extend(OpenSaying(says, tuple(row["topics"])) for says in row["says"])
    return ExtendedSayings(tuple(known.values()), (*open_sayings, *added))


def _joined(topic: Topic, row: Mapping[str, Any]) -> Topic:
    def both(shipped: tuple[str, ...], field: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*shipped, *row.get(field, ()))))

    return replace(
        topic,
        names=both(topic.names, "names"),
        aliases=both(topic.aliases, "aliases"),
        says=both(topic.says, "says"),
    )


def _name_key(name: str) -> str:
    return "|".join(plain_name(part) for part in name.split("|"))


def _rows(files: Mapping[str, Iterable[str]]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Each line with where it stands, checked for its fields and their types."""
    for file, lines in files.items():
        for number, line in enumerate(lines, 1):
            if line.strip():
                where = f"{file} 第 {number} 行"
                yield where, _row(line, where)


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise ConfigurationError(f"{where}：不是一个 JSON 对象") from None
    if not isinstance(row, dict):
        raise ConfigurationError(f"{where}：不是一个 JSON 对象")
    is_open = "topics" in row
    fields, needed = (_OPEN_FIELDS, _OPEN_FIELDS) if is_open else (_TOPIC_FIELDS, {"topic"})
    if not needed <= row.keys() <= fields:
        raise ConfigurationError(f"{where}：要写 topic、names、aliases、says，或者 topics、says")
    for field, value in row.items():
        texts = [value] if field == "topic" else value
        if not isinstance(texts, list) or not all(isinstance(t, str) and t.strip() for t in texts):
            wanted = "要是文字" if field == "topic" else "要是一组文字，每条都不能空"
            raise ConfigurationError(f"{where}：{field} {wanted}")
    return row
