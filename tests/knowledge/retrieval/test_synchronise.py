"""The index follows the store, says what it did, and survives whoever else uses the folder."""

import asyncio
import copy
import itertools
import os
import shutil
from dataclasses import replace
from datetime import date

import pytest

from core.errors import SnapshotMismatch, SnapshotUnavailable
from core.statuses import GuideStatus
from knowledge.entries import Field
from knowledge.guide import Faq
from knowledge.indexing import PartBuilder
from knowledge.snapshot_folder import SnapshotWriter
from knowledge.synchronise import BATCH, Synchroniser
from tests.fake_embedder import HashEmbedder
from tests.fakes import InMemoryKnowledgeStore
from tests.knowledge.retrieval.material import GUIDES, document, guide, record_of
from tests.knowledge.retrieval.test_snapshot import texts_in_force
from tests.waiting import PATIENCE_S, comes_true

TODAY = date(2026, 11, 22)


@pytest.fixture
def store() -> InMemoryKnowledgeStore:
    return InMemoryKnowledgeStore()


@pytest.fixture
async def open_synchroniser(store, builder, folder):
    opened = []

    def make(**changed) -> Synchroniser:
        arguments = {"store": store, "builder": builder, "folder": folder}
        made = Synchroniser(**{**arguments, "today": lambda: TODAY, **changed})
        opened.append(made)
        return made

    yield make
    for made in opened:
        await made.close()


@pytest.fixture
async def synchroniser(open_synchroniser) -> Synchroniser:
    return open_synchroniser()


async def publish(store, *guides) -> None:
    await store.publish_guides([record_of(guide) for guide in guides])


def outcomes(result) -> list[tuple[str, str, str]]:
    return [(outcome.record_id, outcome.action, outcome.reason) for outcome in result.outcomes]


async def test_before_anything_is_loaded_there_is_no_snapshot(synchroniser):
    with pytest.raises(SnapshotUnavailable):
        _ = synchroniser.snapshot


async def test_an_empty_store_gives_an_empty_snapshot(synchroniser):
    await synchroniser.synchronise()
    assert synchroniser.snapshot.items() == {}


async def test_published_guides_are_indexed(store, synchroniser):
    await publish(store, *GUIDES)
    result = await synchroniser.synchronise()
    assert result.count("indexed") == 4
    assert result.change == await store.last_change() == synchroniser.snapshot.change
    assert len(synchroniser.snapshot.items()) == 3


async def test_the_questions_of_a_guide_come_and_go_with_it(store, synchroniser):
    asked = replace(GUIDES[0], faq=(Faq("身份证丢了咋办", "到派出所补领。"),))
    await publish(store, asked, *GUIDES[1:])
    await synchroniser.synchronise()
    assert texts_in_force(synchroniser.snapshot, Field.EXAMPLE) == ["身份证丢了咋办"]
    await store.set_status("g-1", 1, GuideStatus.WITHDRAWN)
    await synchroniser.synchronise()
    assert texts_in_force(synchroniser.snapshot, Field.EXAMPLE) == []


async def test_a_withdrawn_guide_is_removed_and_the_reason_said(store, synchroniser):
    await publish(store, *GUIDES)
    await synchroniser.synchronise()
    await store.set_status("g-3", 1, GuideStatus.WITHDRAWN)
    assert outcomes(await synchroniser.synchronise()) == [("g-3", "removed", "is withdrawn")]
    assert "居住证签注|" not in synchroniser.snapshot.items()


async def test_what_was_never_indexed_is_skipped_with_the_reason(store, synchroniser):
    expired = replace(GUIDES[0], valid_until=date(2026, 11, 21))
    broken = replace(record_of(GUIDES[1]), body={"guide_id": "g-2", "colour": "red"})
    await store.publish_guides([record_of(expired), broken])
    await store.put_documents([document("d", "旧办法", "正文。", withdrawn=True), document("e", "", " ")])
    found = {
        record_id: (action, reason)
        for record_id, action, reason in outcomes(await synchroniser.synchronise())
    }
    assert found["g-1"] == ("skipped", "expired on 2026-11-21")
    assert found["g-2"][0] == "skipped"
    assert found["g-2"][1].startswith("can't be read: guide: unknown field colour")
    assert found["d"] == ("skipped", "is withdrawn")
    assert found["e"] == ("skipped", "holds no text")


async def test_a_guide_of_the_future_is_indexed_but_holds_only_from_its_day(store, synchroniser):
    await publish(store, replace(GUIDES[2], valid_from=date(2027, 1, 1)))
    assert outcomes(await synchroniser.synchronise()) == [("g-3", "indexed", "holds from 2027-01-01")]
    item = synchroniser.snapshot.items()["居住证签注|"]
    assert item.guides_on(TODAY) == ()
    assert len(item.guides_on(date(2027, 1, 1))) == 1


async def test_documents_and_faq_are_indexed_replaced_and_withdrawn(store, synchroniser):
    await store.put_documents(
        [document("d", "办法", "旧文。"), document("f", "学费多少？", "不收。", kind="faq")]
    )
    assert (await synchroniser.synchronise()).count("indexed") == 2
    await store.put_documents([document("d", "办法", "新文。")])
    await synchroniser.synchronise()
    assert texts_in_force(synchroniser.snapshot, Field.DOCUMENT_WHOLE) == ["办法\n新文。"]
    await store.put_documents([document("f", "学费多少？", "不收。", kind="faq", withdrawn=True)])
    assert outcomes(await synchroniser.synchronise()) == [("f", "removed", "is withdrawn")]
    assert texts_in_force(synchroniser.snapshot, Field.FAQ_QUESTION) == []


async def test_a_change_embeds_only_what_it_changed(store, synchroniser, embedder):
    await publish(store, *GUIDES)
    await synchroniser.synchronise()
    embedder.embedded.clear()
    await publish(store, replace(GUIDES[2], conditions="居住满半年。"))
    await synchroniser.synchronise()
    assert embedder.embedded == ["居住证签注\n居住满半年。\n居住证、房屋租赁合同"]


async def test_nothing_to_do_writes_nothing(store, synchroniser):
    await publish(store, *GUIDES)
    await synchroniser.synchronise()
    before = synchroniser.snapshot
    result = await synchroniser.synchronise()
    assert result.outcomes == ()
    assert synchroniser.snapshot is before


async def test_more_changes_than_a_batch_are_all_taken_in(store, synchroniser):
    await publish(store, *(guide(f"g-{n}", "南关区", f"事项{n}") for n in range(BATCH + 5)))
    assert (await synchroniser.synchronise()).count("indexed") == BATCH + 5
    assert len(synchroniser.snapshot.items()) == BATCH + 5


async def test_a_restart_goes_on_where_the_index_stands(store, open_synchroniser, embedder):
    first = open_synchroniser()
    await publish(store, *GUIDES)
    await first.synchronise()
    await first.close()
    embedder.embedded.clear()
    await publish(store, guide("g-9", "南关区", "结婚登记"))
    second = open_synchroniser()
    assert (await second.synchronise()).count("indexed") == 1
    assert set(embedder.embedded) == {"结婚登记", "结婚登记\n居民户口簿"}


async def test_a_second_process_follows_the_one_that_writes(store, open_synchroniser):
    writing, following = open_synchroniser(), open_synchroniser()
    await publish(store, *GUIDES[:3])
    await writing.synchronise()
    assert (await following.synchronise()).outcomes == ()
    assert following.snapshot.items() == writing.snapshot.items()
    await publish(store, GUIDES[3])
    await writing.synchronise()
    await following.synchronise()
    assert len(following.snapshot.items()) == 3


async def test_a_follower_takes_over_when_the_writer_is_gone(store, open_synchroniser):
    writing, following = open_synchroniser(), open_synchroniser()
    await publish(store, *GUIDES[:3])
    await writing.synchronise()
    await following.synchronise()
    await writing.close()
    await publish(store, GUIDES[3])
    assert (await following.synchronise()).count("indexed") == 1


async def test_what_another_model_indexed_is_indexed_anew(store, open_synchroniser, segmenter):
    first = open_synchroniser()
    await publish(store, *GUIDES)
    await first.synchronise()
    await first.close()
    other = open_synchroniser(builder=PartBuilder(HashEmbedder(32, "another@1"), segmenter))
    assert (await other.synchronise()).count("indexed") == 4
    assert other.snapshot.parameters.model_id == "another@1"


async def test_what_another_model_writes_now_is_refused(store, open_synchroniser, segmenter):
    await open_synchroniser().synchronise()
    other = open_synchroniser(builder=PartBuilder(HashEmbedder(32, "another@1"), segmenter))
    with pytest.raises(SnapshotMismatch, match="another@1"):
        await other.synchronise()
    assert not other.caught_up


async def test_many_small_changes_leave_few_parts_and_files(store, synchroniser, folder):
    await publish(store, *GUIDES)
    for n in range(30):
        await publish(store, replace(GUIDES[2], conditions=f"第{n}次修改。"))
        await synchroniser.synchronise()
    assert len(synchroniser.snapshot.parts) <= 4
    assert len([path for path in folder.iterdir() if path.is_dir()]) <= 6
    assert [t for t in texts_in_force(synchroniser.snapshot, Field.ITEM_FULL) if "次修改" in t] == [
        "居住证签注\n第29次修改。\n居住证、房屋租赁合同"
    ]


async def test_large_merges_run_beside_and_change_nothing_that_is_in_force(store, synchroniser, monkeypatch):
    monkeypatch.setattr("knowledge.synchronise._MERGED_ON_THE_WAY", 0)
    for n in range(12):
        await publish(store, guide(f"g-{n}", "南关区", f"事项{n}"))
        await synchroniser.synchronise()
    await synchroniser.merged()
    await synchroniser.synchronise()
    await synchroniser.merged()
    assert len(synchroniser.snapshot.parts) <= 4
    assert len(synchroniser.snapshot.items()) == 12


async def test_following_picks_up_what_is_published(store, synchroniser):
    await synchroniser.synchronise()
    following = asyncio.create_task(synchroniser.follow(every=0.01))
    try:
        await publish(store, GUIDES[0])
        synchroniser.wake()
        await comes_true(lambda: "居民身份证补领|" in synchroniser.snapshot.items())
    finally:
        following.cancel()


async def test_a_failing_store_leaves_the_snapshot_answering(store, synchroniser, monkeypatch):
    await publish(store, *GUIDES)
    await synchroniser.synchronise()
    asked = asyncio.Event()

    async def away(*_arguments):
        asked.set()
        raise OSError("the database is away")

    monkeypatch.setattr(store, "last_change", away)
    following = asyncio.create_task(synchroniser.follow(every=0.01))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asked.wait()
        assert len(synchroniser.snapshot.items()) == 3
        assert not following.done()
    finally:
        following.cancel()


class TestCatchingUp:
    async def test_an_index_that_is_half_built_is_nobodys_to_answer_from(
        self, store, synchroniser, monkeypatch
    ):
        monkeypatch.setattr("knowledge.synchronise.BATCH", 2)
        await publish(store, *GUIDES)
        feed, seen = store.changes_after, []

        async def changes_after(*arguments):
            with pytest.raises(SnapshotUnavailable, match="索引还没有建完"):
                _ = synchroniser.snapshot
            seen.append(arguments)
            return await feed(*arguments)

        monkeypatch.setattr(store, "changes_after", changes_after)
        await synchroniser.synchronise()

        assert len(seen) == 2
        assert len(synchroniser.snapshot.items()) == 3

    async def test_an_index_of_yesterday_is_not_answered_from_before_it_has_todays_changes(
        self, store, open_synchroniser
    ):
        first = open_synchroniser()
        await publish(store, *GUIDES[:3])
        await first.synchronise()
        await first.close()
        await publish(store, GUIDES[3])
        second = open_synchroniser()

        assert not second.caught_up
        with pytest.raises(SnapshotUnavailable):
            _ = second.snapshot

        following = asyncio.create_task(second.follow())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await second.wait_until_caught_up()
            assert len(second.snapshot.items()) == 3
        finally:
            following.cancel()

    async def test_who_follows_a_writer_that_is_behind_has_not_caught_up(self, store, open_synchroniser):
        writing, following = open_synchroniser(), open_synchroniser()
        await publish(store, *GUIDES[:3])
        await writing.synchronise()
        await publish(store, GUIDES[3])

        await following.synchronise()
        assert not following.caught_up

        await writing.synchronise()
        await following.synchronise()
        assert following.caught_up

    async def test_once_caught_up_the_index_answers_while_it_takes_in_more(
        self, store, synchroniser, monkeypatch
    ):
        await publish(store, *GUIDES[:3])
        await synchroniser.synchronise()
        await publish(store, GUIDES[3])
        feed, found = store.changes_after, []

        async def changes_after(*arguments):
            found.append(len(synchroniser.snapshot.items()))
            return await feed(*arguments)

        monkeypatch.setattr(store, "changes_after", changes_after)
        await synchroniser.synchronise()

        assert found == [2]


class TestLag:
    async def test_it_is_the_time_since_the_index_held_all_that_was_published(self, store, open_synchroniser):
        clock = itertools.count()  # each look at it takes a second
        synchroniser = open_synchroniser(now=lambda: float(next(clock)))
        await publish(store, *GUIDES)
        await synchroniser.synchronise()
        first = synchroniser.lag_seconds
        later = synchroniser.lag_seconds
        await synchroniser.synchronise()

        assert later == first + 1
        assert synchroniser.lag_seconds <= first

    async def test_it_grows_while_the_store_is_away(self, store, open_synchroniser, monkeypatch):
        time = 0.0
        synchroniser = open_synchroniser(now=lambda: time)
        await synchroniser.synchronise()

        async def away():
            raise OSError("the database is away")

        monkeypatch.setattr(store, "last_change", away)
        time = 60.0
        with pytest.raises(OSError, match="away"):
            await synchroniser.synchronise()

        assert synchroniser.lag_seconds == 60

    async def test_it_grows_while_the_writer_doesnt_write(self, store, open_synchroniser):
        time = 0.0
        writing, following = open_synchroniser(), open_synchroniser(now=lambda: time)
        await writing.synchronise()
        await following.synchronise()
        await publish(store, *GUIDES)
        time = 60.0
        await following.synchronise()
        assert following.lag_seconds == 60

        await writing.synchronise()
        await following.synchronise()
        assert following.lag_seconds == 0


class TestAnotherDatabase:
    async def test_what_was_indexed_from_another_database_is_indexed_anew(self, store, open_synchroniser):
        first = open_synchroniser()
        await publish(store, *GUIDES)
        await first.synchronise()
        await first.close()
        other_store = InMemoryKnowledgeStore()
        await publish(other_store, *(guide(f"h-{n}", "南关区", f"事项{n}") for n in range(4)))
        second = open_synchroniser(store=other_store)

        assert (await second.synchronise()).count("indexed") == 4
        assert set(second.snapshot.items()) == {f"事项{n}|" for n in range(4)}

    @pytest.mark.parametrize("running", [True, False])
    async def test_after_an_older_state_was_restored_the_index_is_built_anew(
        self, store, open_synchroniser, running
    ):
        await publish(store, *GUIDES[:2])
        backup = copy.deepcopy(vars(store))
        synchroniser = open_synchroniser()
        await publish(store, *GUIDES[2:])
        await synchroniser.synchronise()
        if not running:
            await synchroniser.close()
            synchroniser = open_synchroniser()

        vars(store).update(backup)
        result = await synchroniser.synchronise()

        assert result.change == await store.last_change()
        assert set(synchroniser.snapshot.items()) == {"居民身份证补领|"}


class TestDamage:
    @pytest.fixture
    async def folder_with_index(self, store, open_synchroniser, folder):
        """What a service left that ended in an orderly way."""
        first = open_synchroniser()
        await publish(store, *GUIDES[:3])
        await first.synchronise()
        await publish(store, GUIDES[3])
        await first.synchronise()
        await first.close()
        return folder

    @pytest.mark.parametrize(
        ("path", "damage"),
        [
            ("current", lambda path: path.write_bytes(b"\x00\xff\xff")),
            ("current", lambda path: path.write_text("snapshot-00000099")),
            ("snapshot-*", shutil.rmtree),
            ("snapshot-*/manifest.json", lambda path: path.write_text('{"number": 1, "par')),
            ("snapshot-*/manifest.json", lambda path: path.write_text('{"number": 1, "parts": 7}')),
            ("snapshot-*/manifest.json", lambda path: path.unlink()),
            ("part-*", shutil.rmtree),
            ("part-*/arrays.bin", lambda path: os.truncate(path, 100)),
            ("part-*/part.json", lambda path: path.write_text("")),
            ("part-*/records.jsonl", lambda path: path.unlink()),
        ],
    )  # fmt: skip
    async def test_a_damaged_index_is_built_anew(
        self, store, open_synchroniser, folder_with_index, path, damage
    ):
        damage(sorted(folder_with_index.glob(path))[-1])
        second = open_synchroniser()

        assert (await second.synchronise()).count("indexed") == 4
        assert len(second.snapshot.items()) == 3
        await second.close()
        third = open_synchroniser()
        assert (await third.synchronise()).outcomes == ()

    async def test_a_folder_that_cant_be_opened_now_is_tried_again(
        self, open_synchroniser, folder_with_index, monkeypatch
    ):
        second = open_synchroniser()
        with monkeypatch.context() as patched:
            patched.setattr(SnapshotWriter, "clear_away", _no_space)
            with pytest.raises(OSError, match="no space"):
                await second.synchronise()
        await second.synchronise()

        assert len(second.snapshot.items()) == 3


def _no_space(_writer) -> None:
    raise OSError("no space left on the device")
