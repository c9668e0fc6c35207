"""What is wrong with settings, in the operator's language. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

_PROBLEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bool_parsing": "要写 true 或 false",
        "bool_type": "要写 true 或 false",
        "dict_type": "要写成表，一项一行",
        "extra_forbidden": "没有这项设置",
        "float_parsing": "要写数字",
        "float_type": "要写数字",
        "greater_than": "要大于 {gt}",
        "greater_than_equal": "不能小于 {ge}",
        "int_from_float": "要写整数",
        "int_parsing": "要写整数",
        "int_type": "要写整数",
        "less_than": "要小于 {lt}",
        "less_than_equal": "不能大于 {le}",
        "literal_error": "只能是 {expected}",
        "missing": "没有写",
        "model_type": "要写成表，一项一行",
        "path_type": "要写文件的路径",
        "string_pattern_mismatch": "写法不对，要符合 {pattern}",
        "string_too_long": "不能超过 {max_length} 个字符",
        "string_too_short": "至少要 {min_length} 个字符",
        "string_type": "要写文字",
        "too_long": "不能超过 {max_length} {unit}",
        "too_short": "至少要 {min_length} {unit}",
    }
)
"""Those kinds of errors that settings meet (https://docs.pydantic.dev/latest/errors/validation_errors/)."""


def _in_words(problem: Mapping[str, Any]) -> str:
    """What is wrong with a setting, without its value: it may be a secret."""
    facts = {"unit": "项", **problem.get("ctx", {})}
    if facts.get("field_type") == "Value":  # a secret, which pydantic counts by characters
        facts["unit"] = "个字符"
    if "expected" in facts:
        facts["expected"] = str(facts["expected"]).replace(", ", "、").replace(" or ", " 或 ")
    if problem["type"] == "value_error":  # raised by a check above
        return str(facts["error"])
    words = _PROBLEMS.get(problem["type"])
    return words.format(**facts) if words else f"值不对（{problem['type']}）"


def explain(problems: Iterable[Mapping[str, Any]]) -> str:
    """One line about all of pydantic's error details; it holds no values, which may be secrets."""
    lines = sorted(
        "：".join(filter(None, (".".join(str(part) for part in problem["loc"]), _in_words(problem))))
        for problem in problems
    )
    return "设置有误：" + "；".join(lines)
