"""Whether a value fits its field, and its one written form; what is wrong in plain Chinese. Pure.

Identity numbers follow GB 11643-1999: 18 characters with a birth date and a check character.
"""

import re
import unicodedata
from datetime import date

from core.personal_numbers import has_valid_check
from video.form_templates import FieldType, FormField

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}-?[2-8][0-9]{6,7}(-[0-9]{1,6})?")
_SHORT_NUMBER = re.compile(r"(400|800)-?[0-9]{3}-?[0-9]{4}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID_LENGTH = 18


def written_form(field: FormField, value: str) -> str:
    """The value as it is frozen: trimmed, and numbers in plain digits without gaps."""
    if field.type in {FieldType.ID_NUMBER, FieldType.PHONE, FieldType.DATE}:
        plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", value))
        if field.type is FieldType.ID_NUMBER:
            plain = plain.upper()
        # Without the gap before it an accent joins its letter, and a capital may come in parts.
        plain = unicodedata.normalize("NFKC", plain).replace("—", "-")
        if field.type is FieldType.PHONE:
            plain = re.sub(r"^(\+86|-)+", "", plain)
        return plain
    if field.type is FieldType.LINES:
        lines = [line.rstrip() for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        return "\n".join(lines).strip()
    return " ".join(value.split())


def problem_of(field: FormField, value: str) -> str:
    """What is wrong with the value of that field, or empty."""
    written = written_form(field, value)
    if not written:
        return f"请填写{field.label}" if field.required else ""
    if field.type is FieldType.DATE:
        return "" if _is_date(written) else "请填写真实的日期，如 2026-03-08"
    if field.type is FieldType.CHOICE:
        return "" if written in field.choices else "请从选项里选一个"
    if field.type is FieldType.ID_NUMBER:
        return _problem_of_id(written)
    if field.type is FieldType.PHONE:
        return _problem_of_phone(written)
    too_long = len(written) - field.most
    return f"太长了，请减少 {too_long} 个字" if too_long > 0 else ""


def _problem_of_id(number: str) -> str:
    if len(number) != _ID_LENGTH:
        return f"身份证号是 18 位，现在是 {len(number)} 位"
    if not (number[:17].isascii() and number[:17].isdigit()) or number[17] not in "0123456789X":
        return "身份证号只有数字，最后一位可以是 X"
    if not _is_date(f"{number[6:10]}-{number[10:12]}-{number[12:14]}"):
        return "身份证号第 7 到 14 位是出生日期，请核对"
    return "" if has_valid_check(number) else "身份证号有一位不对，请对照证件逐位核对"


def _problem_of_phone(number: str) -> str:
    if any(kind.fullmatch(number) for kind in (_MOBILE, _LANDLINE, _SHORT_NUMBER)):
        return ""
    if number.isascii() and number.isdigit() and number.startswith("1"):
        return f"手机号是 11 位，现在是 {len(number)} 位" if len(number) != 11 else "这个手机号不对，请核对"
    return "请填写手机号，或带区号的座机号，如 0431-88888888"


def _is_date(written: str) -> bool:
    if not _DATE.fullmatch(written):
        return False
    try:
        return 1850 <= date.fromisoformat(written).year <= 2199
    except ValueError:
        return False
