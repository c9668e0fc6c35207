"""An index part as files in a folder of its own.

    arrays.bin       every array of every field, one after another, mapped into memory when read
    records.jsonl    the records
    <field>.lists    the lists of a large field's vector index, written by faiss
    part.json        where each array stands, and how each field was built; written last

All are on the disk, not merely handed to the system, when `save_part` returns. Few files, because
each must be waited for.
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SnapshotUnavailable
from knowledge.entries import Field
from knowledge.index_part import FieldRows, GuideRef, IndexPart, Record, Texts
from knowledge.keyword_index import KeywordPart
from knowledge.vector_index import VectorIndex, VectorParameters

_ALIGNMENT = 64  # of each array in the file, so that mapped arrays are as fast as others


def save_part(part: IndexPart, folder: Path) -> None:
    """Writes the part to `folder`, which must not exist; it is durable on return."""
    folder.mkdir(parents=True)
    directory: dict[str, Any] = {"name": part.name, "fields": {}}
    with (folder / "arrays.bin").open("wb") as file:
        for name, rows in part.fields.items():
            arrays = {key: _append(file, array) for key, array in _arrays_of(rows).items()}
            directory["fields"][name.value] = {
                "vector_index": rows.vectors.parameters.as_json(),
                "arrays": arrays,
            }
        flush_to_disk(file)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as lines:
        for record in part.records:
            lines.write(json.dumps(_record_as_json(record), ensure_ascii=False, separators=(",", ":")) + "\n")
        flush_to_disk(lines)
    for name, rows in part.fields.items():
        lists = folder / f"{name.value}.lists"
        rows.vectors.save_lists(lists)
        if lists.exists():
            with lists.open("rb") as written:
                os.fsync(written.fileno())
    write_durably(folder / "part.json", json.dumps(directory))
    flush_folder(folder)
    flush_folder(folder.parent)


def load_part(folder: Path) -> IndexPart:
    """The part that `save_part` wrote. Raises SnapshotUnavailable if it isn't there or not whole."""
    try:
        directory = json.loads((folder / "part.json").read_text("utf-8"))
        blob = _map(folder / "arrays.bin")
        fields = {
            Field(name): _rows_of(blob, described, folder / f"{name}.lists")
            for name, described in directory["fields"].items()
        }
        with (folder / "records.jsonl").open(encoding="utf-8") as lines:
            records = tuple(_record_from_json(json.loads(line)) for line in lines)
        return IndexPart(directory["name"], fields, records)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise SnapshotUnavailable(f"索引的 {folder.name} 部分读不了：{error}") from error


def write_durably(path: Path, text: str) -> None:
    """Writes a whole file; on return its content is on the disk, its name only with its folder."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        flush_to_disk(file)


def flush_to_disk(file: Any) -> None:
    """Waits until what was written to the open file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Waits until the names in the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _arrays_of(rows: FieldRows) -> dict[str, NDArray[Any]]:
    owners = Texts.of(rows.owners)
    return {
        "ids": rows.ids,
        "text_digests": rows.text_digests,
        "owner_of_row": rows.owner_of_row,
        "owners.blob": owners.blob,
        "owners.ends": owners.ends,
        "titles.blob": rows.titles.blob,
        "titles.ends": rows.titles.ends,
        "texts.blob": rows.texts.blob,
        "texts.ends": rows.texts.ends,
        "vectors": rows.vectors.vectors,
        **{f"keywords.{key}": array for key, array in rows.keywords.arrays().items()},
    }


def _rows_of(blob: NDArray[np.uint8], described: Mapping[str, Any], lists: Path) -> FieldRows:
    arrays = {key: _view(blob, place) for key, place in described["arrays"].items()}
    keywords = {key.removeprefix("keywords."): a for key, a in arrays.items() if key.startswith("keywords.")}
    owners = Texts(arrays["owners.blob"], arrays["owners.ends"])
    return FieldRows(
        ids=arrays["ids"],
        text_digests=arrays["text_digests"],
        owners=tuple(owners[n] for n in range(len(owners))),
        owner_of_row=arrays["owner_of_row"],
        titles=Texts(arrays["titles.blob"], arrays["titles.ends"]),
        texts=Texts(arrays["texts.blob"], arrays["texts.ends"]),
        vectors=VectorIndex.open(arrays["vectors"], VectorParameters(**described["vector_index"]), lists),
        keywords=KeywordPart.from_arrays(keywords),
    )


def _append(file: Any, array: NDArray[Any]) -> list[Any]:
    """Appends the array and returns where it stands: type, shape, offset."""
    file.write(b"\0" * (-file.tell() % _ALIGNMENT))
    place = [array.dtype.str, list(array.shape), file.tell()]
    file.write(np.ascontiguousarray(array).data)
    return place


def _view(blob: NDArray[np.uint8], place: Iterable[Any]) -> NDArray[Any]:
    kind, shape, offset = place
    dtype = np.dtype(kind)
    size = int(np.prod(shape)) * dtype.itemsize
    if offset + size > len(blob):
        raise ValueError("arrays.bin is cut short")
    array: NDArray[Any] = blob[offset : offset + size].view(dtype).reshape(shape)
    return array


def _map(path: Path) -> NDArray[np.uint8]:
    if path.stat().st_size == 0:  # a part of records alone; an empty file can't be mapped
        return np.zeros(0, np.uint8)
    return np.memmap(path, np.uint8, "r")


def _record_as_json(record: Record) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": record.kind, "id": record.record_id}
    if record.gone:
        data["gone"] = record.gone
    if record.entries:
        data["entries"] = record.entries
    if record.item:
        data["item"] = record.item
    if record.aliases:
        data["aliases"] = record.aliases
    if record.guide is not None:
        guide = record.guide
        data["guide"] = [guide.version, guide.district, _day(guide.valid_from), _day(guide.valid_until)]
    return data


def _record_from_json(data: Mapping[str, Any]) -> Record:
    guide = None
    if "guide" in data:
        version, district, valid_from, valid_until = data["guide"]
        guide = GuideRef(data["id"], version, district, _parse_day(valid_from), _parse_day(valid_until))
    return Record(
        kind=data["kind"],
        record_id=data["id"],
        entries=tuple(data.get("entries", ())),
        gone=data.get("gone", ""),
        item=data.get("item", ""),
        guide=guide,
        aliases=tuple(data.get("aliases", ())),
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _parse_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
