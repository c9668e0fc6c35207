"""Policy documents and FAQ out of JSON Lines (or a JSON list), one object for each."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.ports import DocumentRecord
from knowledge.importing.batch import Notice, Position, Rejection, excerpt
from knowledge.importing.cleaning import clean_text, is_broken
from knowledge.importing.encoding import decode
from knowledge.importing.json_values import read_json_values
from knowledge.importing.limits import DEFAULT_LIMITS, Limits
from knowledge.importing.soundness import LONGEST_ID
from knowledge.importing.workbook import as_text

_ID = re.compile(rf"^[^\s/?#%\\\"'<>&]{{1,{LONGEST_ID}}}$")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the keys of one kind of file are called; the first name is the one to use."""

    name: str
    title: tuple[str, ...]
    text: tuple[str, ...]
    url: tuple[str, ...] = ("url", "link", "source_url", "链接", "网址")
    source: tuple[str, ...] = ("source", "department", "来源", "发文机关", "部门")

    def known(self) -> frozenset[str]:
        return frozenset({"id", "编号", *self.title, *self.text, *self.url, *self.source})


DOCUMENT = _Kind("document", ("title", "标题", "名称"), ("text", "content", "original_text", "正文", "内容"))
FAQ = _Kind("faq", ("question", "title", "问题", "问"), ("answer", "text", "答案", "解答", "回答", "答"))


@dataclass(frozen=True, slots=True)
class DocumentBatch:
    """The documents or FAQ of one file, and all that was wrong with it."""

    name: str = ""
    records: tuple[DocumentRecord, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    notices: tuple[Notice, ...] = ()


def read_documents(name: str, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> DocumentBatch:
    """The documents (`id, title, text, url`) of the file."""
    return _read(DOCUMENT, name, data, limits)


def read_faq_pairs(name: str, data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> DocumentBatch:
    """The questions and answers (`id, question, answer, source`) of the file."""
    return _read(FAQ, name, data, limits)


def _read(kind: _Kind, name: str, data: bytes, limits: Limits) -> DocumentBatch:
    if len(data) > limits.file_bytes:
        return DocumentBatch(name, rejections=(Rejection(Position(), "", "", "文件太大，请拆开导入"),))
    records: dict[str, DocumentRecord] = {}
    rejections: list[Rejection] = []
    unknown: dict[str, Position] = {}
    found = False
    for item in read_json_values(decode(data), lines=not name.lower().endswith(".json"), limits=limits):
        found = True
        try:
            if item.problem:
                raise _UnreadableEntry("", item.problem)
            record = _record(kind, item.value, limits)
            if records.setdefault(record.document_id, record) != record:
                raise _UnreadableEntry("id", "编号重复，内容却不同")
        except _UnreadableEntry as error:
            rejections.append(Rejection(item.position, error.key, "", error.reason))
            continue
        for key in item.value.keys() - kind.known():
            unknown.setdefault(key, item.position)
    if not found:
        rejections.append(Rejection(Position(), "", "", "文件是空的"))
    notices = [
        Notice(at, excerpt(_printable(key)), "", "不认识的内容，没有导入") for key, at in unknown.items()
    ]
    return DocumentBatch(name, tuple(records.values()), tuple(rejections), tuple(notices))


class _UnreadableEntry(ValueError):
    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


def _record(kind: _Kind, value: Any, limits: Limits) -> DocumentRecord:
    if not isinstance(value, dict):
        raise _UnreadableEntry("", "应是一个对象（{…}）")
    document_id = _text(value, ("id", "编号"), limits.cell_characters)
    if not _ID.match(document_id):
        raise _UnreadableEntry("id", f"编号不能为空、不能含空格和 / ? # 等符号，最长 {LONGEST_ID} 字")
    title = _text(value, kind.title, limits.cell_characters)
    text = _text(value, kind.text, limits.document_characters)
    for key, content in ((kind.title[0], title), (kind.text[0], text)):
        if not content:
            raise _UnreadableEntry(key, "缺少这一项")
    url = _text(value, kind.url, limits.cell_characters)
    source = _text(value, kind.source, limits.cell_characters)
    canonical = json.dumps([kind.name, title, text, url, source], ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return DocumentRecord(document_id, kind.name, title, text, url, source, digest)


def _text(value: Mapping[str, Any], keys: tuple[str, ...], most_characters: int) -> str:
    key = next((key for key in keys if value.get(key) not in (None, "")), keys[0])
    content = value.get(key)
    if isinstance(content, (list, dict)):
        raise _UnreadableEntry(key, "应是文字")
    text = clean_text(as_text(content))
    if is_broken(text):
        raise _UnreadableEntry(key, "含有无法识别的字符，请检查文件的编码")
    if len(text) > most_characters:
        raise _UnreadableEntry(key, f"内容太长（超过 {most_characters} 字）")
    return text


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
