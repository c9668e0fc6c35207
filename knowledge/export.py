"""Guides out again: canonical JSON Lines, and a workbook that an editor can change and re-import.

Both give the same guides back when they are imported.
"""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core.errors import InvalidInput
from core.ports import KnowledgeStore
from knowledge.export_workbook import as_workbook
from knowledge.guide import Guide

SUFFIXES = (".jsonl", ".json", ".xlsx")


def as_json_lines(guides: Iterable[Guide]) -> Iterator[str]:
    """Each guide's canonical JSON on a line of its own."""
    for guide in guides:
        yield json.dumps(guide.as_json(), ensure_ascii=False) + "\n"


def as_json_list(guides: Iterable[Guide]) -> str:
    """The guides' canonical JSON as one list, laid out for reading."""
    return json.dumps([guide.as_json() for guide in guides], ensure_ascii=False, indent=1) + "\n"


async def published(store: KnowledgeStore, district: str = "") -> AsyncIterator[Guide]:
    """The published guides, each with the version that the store counts; of one district, if given."""
    async for record in store.published_guides():
        if district in ("", record.district):
            yield replace(Guide.from_json(record.body), version=record.version)


async def run_guides_export(store: KnowledgeStore, path: Path, *, district: str = "") -> int:
    """Writes the published guides to the file, replacing it at once; says how many there are.

    What `bangban guides export` does. Raises InvalidInput for a file of no known kind, and OSError
    when it can't be written; then the file is as it was.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInput(f"导出的文件名要以 {'、'.join(SUFFIXES)} 结尾，而不是“{path.name}”")
    guides = [guide async for guide in published(store, district)]
    if suffix == ".xlsx":
        data = as_workbook(guides)
    elif suffix == ".jsonl":
        data = "".join(as_json_lines(guides)).encode()
    else:
        data = as_json_list(guides).encode()
    _replace(path, data)
    return len(guides)


def _replace(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_bytes(data)
        os.replace(unfinished, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        # The caller knows nothing of the other name.
        raise OSError(error.errno, error.strerror, str(path)) from error
