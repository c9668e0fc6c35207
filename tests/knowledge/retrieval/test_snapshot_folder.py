"""Snapshots on disk: what is committed can be read, and a crash leaves the old or the new one."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SnapshotMismatch, SnapshotUnavailable
from knowledge.entries import Field
from knowledge.indexing import document_contribution, guide_contribution
from knowledge.snapshot import Snapshot, SnapshotParameters
from knowledge.snapshot_folder import SnapshotFolder, try_to_write
from knowledge.vector_index import VectorParameters
from tests.knowledge.retrieval.material import GUIDES, document


@pytest.fixture
def writer(builder, folder):
    writer = try_to_write(folder, builder.parameters)
    assert writer is not None
    yield writer
    writer.close()


def commit(writer, builder, base: Snapshot, *contributions) -> Snapshot:
    number = writer.next_number()
    part = writer.store_part(builder.build(f"part-{number:08d}", contributions, base))
    snapshot = base.with_part(part, number=number, change=number)
    writer.commit(snapshot).close()
    return snapshot


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_folder_has_no_snapshot(builder, folder):
    assert SnapshotFolder(folder, builder.parameters).open() is None


def test_what_was_committed_is_read_again(builder, folder, writer):
    first = commit(writer, builder, Snapshot(builder.parameters), *map(guide_contribution, GUIDES))
    text = "第一条，本办法适用于居住证。" * 30
    second = commit(writer, builder, first, document_contribution(document("d", "居住证办法", text)))
    opened = SnapshotFolder(folder, builder.parameters).open()
    assert opened is not None
    found = opened.snapshot
    assert (found.number, found.change) == (second.number, second.change)
    assert found.items() == second.items()
    assert found.records == second.records
    for field in Field:
        for ours, theirs in zip(second.view(field).rows, found.view(field).rows, strict=True):
            assert (ours.vectors.vectors == theirs.vectors.vectors).all()
            assert [ours.texts[n] for n in range(ours.size)] == [theirs.texts[n] for n in range(theirs.size)]


def test_the_lists_of_a_large_field_are_stored_with_it(builder, folder, writer, monkeypatch):
    monkeypatch.setattr(VectorParameters, "for_size", lambda _size: VectorParameters("lists", 2, 2))
    commit(writer, builder, Snapshot(builder.parameters), *map(guide_contribution, GUIDES))
    opened = SnapshotFolder(folder, builder.parameters).open()
    assert opened is not None
    view = opened.snapshot.view(Field.ITEM_NAME)
    assert view.rows[0].vectors.parameters == VectorParameters("lists", 2, 2)
    vector = view.rows[0].vectors.vectors[1]
    assert view.rows[0].vectors.search(vector, view.alive[0], 1)[0].tolist() == [1]


def test_parts_that_are_known_are_not_read_again(builder, folder, writer):
    first = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
    reader = SnapshotFolder(folder, builder.parameters)
    before = reader.open()
    assert before is not None
    commit(writer, builder, first, guide_contribution(GUIDES[3]))
    after = reader.open(before.snapshot)
    assert after is not None
    assert after.snapshot.parts[0] is before.snapshot.parts[0]
    assert set(after.snapshot.items()) == {"居民身份证补领|", "残疾人证新办|户籍地申请"}


@pytest.mark.parametrize(
    "changed",
    [{"model_id": "other"}, {"dimension": 8}, {"schema": 0}, {"dictionary": "x"}, {"database": "x"}],
)
def test_a_snapshot_built_otherwise_is_refused(builder, folder, writer, changed):
    commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
    other = SnapshotParameters(**{**builder.parameters.as_json(), **changed})
    with pytest.raises(SnapshotMismatch, match=next(iter(changed))):
        SnapshotFolder(folder, other).open()


@pytest.mark.parametrize("damaged", ["arrays.bin", "records.jsonl", "part.json"])
def test_a_damaged_part_is_refused_and_not_half_read(builder, folder, writer, damaged):
    snapshot = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
    path = folder / snapshot.parts[0].name / damaged
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SnapshotUnavailable):
        SnapshotFolder(folder, builder.parameters).open()


def test_a_manifest_that_leaves_out_a_part_is_refused(builder, folder, writer):
    first = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
    commit(writer, builder, first, guide_contribution(GUIDES[1]))  # shares the names with the first
    manifest = folder / (folder / "current").read_text() / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "parts": told["parts"][1:]}))
    with pytest.raises(SnapshotUnavailable, match="对不上"):
        SnapshotFolder(folder, builder.parameters).open()


def test_only_one_may_write_at_a_time(builder, folder, writer):
    assert try_to_write(folder, builder.parameters) is None
    writer.close()
    second = try_to_write(folder, builder.parameters)
    assert second is not None
    second.close()


class TestClearingAway:
    def test_what_is_neither_in_force_nor_held_goes(self, builder, folder, writer):
        first = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
        second = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[1]))
        writer.clear_away()
        assert first.parts[0].name not in names(folder)
        assert second.parts[0].name in names(folder)
        assert [n for n in names(folder) if n.startswith("snapshot-")] == [f"snapshot-{second.number:08d}"]

    def test_what_a_reader_holds_stays_until_it_lets_go(self, builder, folder, writer):
        first = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
        reader = SnapshotFolder(folder, builder.parameters).open()
        assert reader is not None
        commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[1]))
        writer.clear_away()
        assert first.parts[0].name in names(folder)
        reader.close()
        writer.clear_away()
        assert first.parts[0].name not in names(folder)

    def test_parts_shared_with_the_snapshot_in_force_stay(self, builder, folder, writer):
        first = commit(writer, builder, Snapshot(builder.parameters), guide_contribution(GUIDES[0]))
        commit(writer, builder, first, guide_contribution(GUIDES[3]))
        writer.clear_away()
        assert first.parts[0].name in names(folder)

    def test_a_stored_part_waits_for_its_snapshot_unless_given_up(self, builder, folder, writer):
        empty = Snapshot(builder.parameters)
        writer.store_part(builder.build("merge-00000001", [guide_contribution(GUIDES[0])], empty))
        writer.clear_away()
        assert "merge-00000001" in names(folder)
        writer.give_up("merge-00000001")
        writer.clear_away()
        assert "merge-00000001" not in names(folder)


CRASHING = """
import os, signal, sys
from pathlib import Path
from knowledge.indexing import PartBuilder, guide_contribution
from knowledge.segment import Segmenter
from knowledge.snapshot_folder import try_to_write
from tests.fake_embedder import HashEmbedder
from tests.knowledge.retrieval.material import GUIDES
from dataclasses import replace

def crash(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

builder = PartBuilder(HashEmbedder(dimension=64), Segmenter(words=["公租房"], cache_folder=Path(sys.argv[3])))
writer = try_to_write(Path(sys.argv[1]), builder.parameters, on_step=crash)
opened = writer.open()
changed = replace(GUIDES[0], conditions="改过的条件。", version=2)
number = writer.next_number()
part = builder.build(f"part-{number:08d}", [guide_contribution(changed)], opened.snapshot)
part = writer.store_part(part)
writer.commit(opened.snapshot.with_part(part, number=number, change=99))
"""


@pytest.mark.parametrize(
    ("step", "survives"),
    [
        ("part written", "old"),
        ("manifest written", "old"),
        ("pointer written", "old"),
        ("pointer renamed", "new"),
    ],
)
def test_killed_at_any_step_the_old_or_the_new_snapshot_is_in_force(
    builder, folder, dictionary_folder, step, survives
):
    writer = try_to_write(folder, builder.parameters)
    assert writer is not None
    old = commit(writer, builder, Snapshot(builder.parameters), *map(guide_contribution, GUIDES))
    writer.close()

    command = [sys.executable, "-c", CRASHING, str(folder), step, str(dictionary_folder)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    assert done.returncode == -signal.SIGKILL

    after = try_to_write(folder, builder.parameters)
    assert after is not None
    opened = after.open()
    assert opened is not None
    version = opened.snapshot.records["guide", "g-1"].guide.version
    assert (version, opened.snapshot.change) == ((1, old.change) if survives == "old" else (2, 99))
    # What the crash left half done goes, and the next change works.
    after.clear_away()
    named = {part.name for part in opened.snapshot.parts} | {f"snapshot-{opened.snapshot.number:08d}"}
    assert names(folder) - {"current", "current.new", "writer.lock"} == named
    again = commit(after, builder, opened.snapshot, guide_contribution(replace(GUIDES[0], version=3)))
    assert again.items()["居民身份证补领|"].guides[0].version == 3
    opened.close()
    after.close()
