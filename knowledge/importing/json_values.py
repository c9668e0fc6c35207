"""JSON and JSON Lines files as a series of values, each with its position or its problem."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from knowledge.importing.batch import Position
from knowledge.importing.limits import Limits

# A file may wrap its list in an object, as exports of web services do.
_WRAPPERS = ("guides", "data", "items", "rows", "records", "list", "result")


class InvalidJsonText(ValueError):
    """The text is no JSON; the message is for the editor."""


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A value of the file, or why there is none."""

    position: Position
    value: Any = None
    problem: str = ""


def parse_json(text: str) -> Any:
    """The value that the text spells. Raises InvalidJsonText."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidJsonText(f"不是正确的 JSON（第 {error.lineno} 行第 {error.colno} 个字符附近）") from None
    except RecursionError:
        raise InvalidJsonText("JSON 嵌套得太深") from None
    except ValueError:
        raise InvalidJsonText("JSON 里有不能用的数字") from None


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def read_json_values(text: str, *, lines: bool, limits: Limits) -> Iterator[JsonValue]:
    """The values of a JSON Lines file (`lines`), or the entries of a JSON file's list.

    A file that is called `.json` but holds a value a line is read as JSON Lines.
    """
    if not lines:
        try:
            whole = parse_json(text)
        except InvalidJsonText as error:
            if not _first_line_is_object(text):
                yield JsonValue(Position(), problem=str(error))
                return
        else:
            yield from _entries(whole, limits)
            return
    yield from _lines(text, limits)


def _first_line_is_object(text: str) -> bool:
    head = next((line for line in text.split("\n") if line.strip()), "")
    try:
        return isinstance(parse_json(head), dict)
    except InvalidJsonText:
        return False


def _lines(text: str, limits: Limits) -> Iterator[JsonValue]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        position = Position(number)
        if number > limits.rows:
            yield JsonValue(position, problem=f"文件超过 {limits.rows} 行，从这一行起没有读")
            return
        try:
            value = parse_json(line)
        except InvalidJsonText:
            yield JsonValue(position, problem="这一行不是正确的 JSON")
        else:
            yield JsonValue(position, value)


def _entries(whole: Any, limits: Limits) -> Iterator[JsonValue]:
    entries = whole
    if isinstance(whole, dict):
        wrapped = next((whole[key] for key in _WRAPPERS if isinstance(whole.get(key), list)), None)
        entries = [whole] if wrapped is None else wrapped
    if not isinstance(entries, list):
        yield JsonValue(Position(), problem="JSON 里应是一个列表")
        return
    for number, value in enumerate(entries, start=1):
        position = Position(number, unit="条")
        if number > limits.rows:
            yield JsonValue(position, problem=f"超过 {limits.rows} 条，从这一条起没有读")
            return
        yield JsonValue(position, value)
