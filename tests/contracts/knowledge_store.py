"""What every KnowledgeStore promises. Subclasses override the `store` fixture."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import NotFound
from core.ports import Change, DocumentRecord, GuideRecord, KnowledgeStore, PutCounts
from core.statuses import GuideStatus
from tests.waiting import PATIENCE_S


def a_guide(guide_id: str = "g1", text: str = "v1", **fields) -> GuideRecord:
    record = GuideRecord(
        guide_id=guide_id,
        version=1,
        status=GuideStatus.PUBLISHED,
        district="朝阳区",
        main_item="居民身份证",
        business_item="丢失补领",
        body={"guide_id": guide_id, "conditions": text, "places": [{"address": "人民大街1号"}]},
        content_hash=f"hash of {text}",
    )
    return replace(record, **fields)


def a_document(document_id: str = "d1", text: str = "第一条", **fields) -> DocumentRecord:
    return replace(DocumentRecord(document_id, "document", "居住证条例", text), **fields)


async def collected(stream) -> list:
    return [record async for record in stream]


async def all_changes(store: KnowledgeStore) -> list[Change]:
    return list(await store.changes_after(0, 100_000))


class KnowledgeStoreContract:
    """Inherit, and override `store` with a fresh, empty one."""

    @pytest.fixture
    async def store(self):
        raise NotImplementedError

    # publishing

    async def test_an_empty_store_has_nothing(self, store):
        assert await store.guide("g1") is None
        assert await store.versions("g1") == ()
        assert await store.list_guides() == ((), 0)
        assert await store.last_change() == 0
        assert await store.changes_after(0) == ()
        assert await collected(store.published_guides()) == []

    async def test_a_store_keeps_its_name(self, store):
        name = await store.identity()
        await store.publish_guides([a_guide()])

        assert name
        assert await store.identity() == name

    async def test_publishing_nothing_changes_nothing(self, store):
        assert await store.publish_guides([]) == PutCounts()
        assert await store.last_change() == 0

    async def test_a_published_guide_comes_back_as_it_was(self, store):
        before = datetime.now(UTC)
        record = a_guide(valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))

        assert await store.publish_guides([record]) == PutCounts(added=1)

        stored = await store.guide("g1")
        assert replace(stored, updated_at=None, change=0) == record
        assert before - timedelta(seconds=1) <= stored.updated_at <= datetime.now(UTC)
        assert stored.updated_at.tzinfo is UTC
        assert stored.change == await store.last_change()

    async def test_the_version_and_status_given_are_ignored_when_publishing(self, store):
        await store.publish_guides([a_guide(version=9, status=GuideStatus.DRAFT)])

        stored = await store.guide("g1")
        assert (stored.version, stored.status) == (1, GuideStatus.PUBLISHED)

    async def test_publishing_the_same_content_again_changes_nothing(self, store):
        await store.publish_guides([a_guide("g1"), a_guide("g2")])
        last = await store.last_change()

        assert await store.publish_guides([a_guide("g2"), a_guide("g1")]) == PutCounts(unchanged=2)

        assert len(await store.versions("g1")) == 1
        assert await store.last_change() == last

    async def test_new_content_is_the_next_version_and_withdraws_the_one_before(self, store):
        await store.publish_guides([a_guide(text="v1")])

        assert await store.publish_guides([a_guide(text="v2")]) == PutCounts(changed=1)

        newest, oldest = await store.versions("g1")
        assert (newest.version, newest.status, newest.body["conditions"]) == (2, GuideStatus.PUBLISHED, "v2")
        assert (oldest.version, oldest.status, oldest.body["conditions"]) == (1, GuideStatus.WITHDRAWN, "v1")
        assert await store.guide("g1") == newest
        assert await store.guide("g1", 1) == oldest
        assert await store.guide("g1", 3) is None

    async def test_of_one_guide_twice_in_a_batch_the_later_is_public(self, store):
        counts = await store.publish_guides([a_guide(text="v1"), a_guide(text="v2"), a_guide(text="v2")])

        assert counts == PutCounts(added=1, changed=1, unchanged=1)
        assert (await store.guide("g1")).body["conditions"] == "v2"
        assert [record.version for record in await store.versions("g1")] == [2, 1]

    async def test_a_guide_that_was_withdrawn_is_added_again_as_the_next_version(self, store):
        await store.publish_guides([a_guide()])
        await store.set_status("g1", 1, GuideStatus.WITHDRAWN)

        assert await store.publish_guides([a_guide()]) == PutCounts(added=1)

        assert (await store.guide("g1")).version == 2

    async def test_the_published_versions_of_many_guides_are_told_at_once(self, store):
        await store.publish_guides([a_guide("g1"), a_guide("g2"), a_guide("g3")])
        await store.publish_guides([a_guide("g1", "v2")])
        await store.set_status("g2", 1, GuideStatus.WITHDRAWN)
        await store.save_draft(a_guide("g3", "v2"))
        await store.save_draft(a_guide("g4"))

        found = await store.published_versions(["g1", "g2", "g3", "g4", "g5", "g1"])

        assert found == {"g1": 2, "g3": 1}

    async def test_a_large_batch_is_published_whole(self, store):
        records = [a_guide(f"g{n:05}") for n in range(2500)]

        assert await store.publish_guides(records) == PutCounts(added=2500)

        records[7] = a_guide("g00007", "v2")
        assert await store.publish_guides(records) == PutCounts(changed=1, unchanged=2499)
        public = await collected(store.published_guides())
        assert [record.guide_id for record in public] == [record.guide_id for record in records]
        assert len(await store.guides([record.guide_id for record in records])) == 2500

    async def test_guides_published_at_the_same_time_are_all_kept(self, store):
        batches = [[a_guide(f"g{n}", f"by {writer}") for n in range(20)] for writer in range(5)]

        await asyncio.gather(*(store.publish_guides(batch) for batch in batches))

        for n in range(20):
            versions = await store.versions(f"g{n}")
            assert [record.version for record in versions] == [5, 4, 3, 2, 1]
            assert [record.status for record in versions].count(GuideStatus.PUBLISHED) == 1

    async def test_texts_of_any_kind_come_back(self, store):
        body = {
            "text": "引号\"'；--%_\\ 𠮷 🆔 \u0000",
            "number": 1.5,
            "none": None,
            "yes": True,
            "list": [1, [2]],
        }

        await store.publish_guides([a_guide("奇怪/的?id", body=body, district="", business_item="")])

        assert (await store.guide("奇怪/的?id")).body == body

    # drafts and states

    async def test_a_draft_leaves_the_published_version_public(self, store):
        await store.publish_guides([a_guide(text="v1")])
        last = await store.last_change()

        draft = await store.save_draft(a_guide(text="v2"))

        assert (draft.version, draft.status) == (2, GuideStatus.DRAFT)
        assert await store.guide("g1", 2) == draft
        assert (await store.guide("g1")).version == 1
        assert await store.last_change() == last

    async def test_a_draft_of_a_new_guide_is_not_public(self, store):
        assert (await store.save_draft(a_guide())).version == 1

        assert await store.guide("g1") is None
        assert await store.guides(["g1"]) == {}
        assert await store.list_guides() == ((), 0)
        assert await collected(store.published_guides()) == []

    async def test_published_guides_are_found_by_the_codes_of_their_item(self, store):
        codes = {
            "g1": {"basic_code": "000132003000", "implementation_code": "1122"},
            "g2": {"business_code": "1122"},
            "g3": {"implementation_code": "11220", "conditions": "见 1122"},
            "g4": {"conditions": "1122"},
        }
        await store.publish_guides(
            [a_guide(each, body={"guide_id": each, **body}) for each, body in codes.items()]
        )
        await store.save_draft(a_guide("g5", body={"implementation_code": "1122"}))

        async def of(code: str, **more) -> list[str]:
            return [record.guide_id for record in await store.guides_of_code(code, **more)]

        assert await of("1122") == ["g1", "g2"]
        assert await of("1122", limit=1) == ["g1"]
        assert await of("000132003000") == ["g1"]
        for none in ("", "112", "%", "_122", '"', "\ud800", "g1"):
            assert await of(none) == []

    async def test_publishing_a_draft_withdraws_the_version_before(self, store):
        await store.publish_guides([a_guide(text="v1")])
        await store.save_draft(a_guide(text="v2"))
        last = await store.last_change()

        published = await store.set_status("g1", 2, GuideStatus.PUBLISHED)

        assert published.status is GuideStatus.PUBLISHED
        assert await store.guide("g1") == published
        assert (await store.guide("g1", 1)).status is GuideStatus.WITHDRAWN
        assert published.change > last
        assert await store.changes_after(last) == (Change(published.change, "guide", "g1"),)

    async def test_review_is_nothing_the_index_hears_of(self, store):
        await store.save_draft(a_guide())

        assert (await store.set_status("g1", 1, GuideStatus.IN_REVIEW)).status is GuideStatus.IN_REVIEW

        assert await store.last_change() == 0

    async def test_withdrawing_the_published_version_is_a_change(self, store):
        await store.publish_guides([a_guide()])
        last = await store.last_change()

        await store.set_status("g1", 1, GuideStatus.WITHDRAWN)

        assert await store.guide("g1") is None
        assert [change.record_id for change in await store.changes_after(last)] == ["g1"]

    async def test_setting_the_status_a_version_has_changes_nothing(self, store):
        await store.publish_guides([a_guide()])
        stored = await store.guide("g1")

        assert await store.set_status("g1", 1, GuideStatus.PUBLISHED) == stored
        assert await store.last_change() == stored.change

    async def test_the_status_of_an_unknown_version_cannot_be_set(self, store):
        await store.publish_guides([a_guide()])

        with pytest.raises(NotFound):
            await store.set_status("g1", 2, GuideStatus.PUBLISHED)
        with pytest.raises(NotFound):
            await store.set_status("g2", 1, GuideStatus.PUBLISHED)

    # reading

    async def test_several_guides_are_read_at_once_and_absent_ones_left_out(self, store):
        await store.publish_guides([a_guide("g1"), a_guide("g2")])

        found = await store.guides(["g2", "missing", "g1", "g2"])

        assert set(found) == {"g1", "g2"}
        assert found["g2"] == await store.guide("g2")
        assert await store.guides([]) == {}

    async def test_published_guides_stream_in_order_of_id(self, store):
        await store.publish_guides([a_guide(guide_id) for guide_id in ("b", "a", "证", "B", "10", "9")])
        await store.save_draft(a_guide("c"))

        found = [record.guide_id async for record in store.published_guides()]

        assert found == ["10", "9", "B", "a", "b", "证"]

    async def test_the_store_can_be_written_while_guides_stream(self, store):
        await store.publish_guides([a_guide(f"g{n}") for n in range(3)])

        seen = []
        async for record in store.published_guides():
            seen.append(record.guide_id)
            await store.publish_guides([a_guide("g0", f"after {record.guide_id}")])

        assert seen == ["g0", "g1", "g2"]

    async def test_guides_are_listed_by_words_of_their_items_and_district(self, store):
        await store.publish_guides(
            [
                a_guide("g1", main_item="居民身份证", business_item="丢失补领"),
                a_guide("g2", main_item="居住证", business_item="首次申领", district="绿园区"),
                a_guide("g3", main_item="ETC办理", business_item="身份证核验"),
                a_guide("g4", main_item="100%_补贴", business_item=""),
            ]
        )

        async def listed(**query) -> list[str]:
            return [record.guide_id for record in (await store.list_guides(**query))[0]]

        assert await listed() == ["g1", "g2", "g3", "g4"]
        assert await listed(text="身份证") == ["g1", "g3"]
        assert await listed(text="身份证", district="绿园区") == []
        assert await listed(district="绿园区") == ["g2"]
        assert await listed(text="etc") == ["g3"]
        assert await listed(text="%_") == ["g4"]
        assert await listed(text="%") == ["g4"]
        assert await listed(text="没有这个") == []

    async def test_lists_come_in_pages_with_the_total(self, store):
        await store.publish_guides([a_guide(f"g{n}") for n in range(7)])

        page, total = await store.list_guides(offset=4, limit=2)
        assert ([record.guide_id for record in page], total) == (["g4", "g5"], 7)
        assert await store.list_guides(offset=9) == ((), 7)

    # documents

    async def test_a_document_comes_back_as_it_was(self, store):
        record = a_document(url="https://example.org/1", source="市政府", content_hash="h")

        assert await store.put_documents([record]) == PutCounts(added=1)

        stored = await store.document("d1")
        assert replace(stored, change=0) == record
        assert stored.change == await store.last_change()
        assert await store.document("d2") is None

    async def test_documents_are_replaced_by_id(self, store):
        await store.put_documents([a_document("d1"), a_document("d2")])
        last = await store.last_change()

        counts = await store.put_documents([a_document("d1", "第二条"), a_document("d2"), a_document("d3")])

        assert counts == PutCounts(added=1, changed=1, unchanged=1)
        assert (await store.document("d1")).text == "第二条"
        assert {change.record_id for change in await store.changes_after(last)} == {"d1", "d3"}

    async def test_of_one_document_twice_in_a_batch_the_later_stays(self, store):
        counts = await store.put_documents([a_document(text="旧"), a_document(text="新")])

        assert counts == PutCounts(added=1, changed=1)
        assert (await store.document("d1")).text == "新"

    async def test_a_withdrawn_document_is_a_change_and_no_longer_streamed(self, store):
        await store.put_documents([a_document("d1"), a_document("d2", kind="faq")])
        last = await store.last_change()

        await store.put_documents([a_document("d1", withdrawn=True)])

        assert [record.document_id async for record in store.documents()] == ["d2"]
        assert (await store.document("d1")).withdrawn
        assert [(c.kind, c.record_id) for c in await store.changes_after(last)] == [("document", "d1")]

    async def test_a_document_that_turns_into_an_faq_is_a_change_of_both_kinds(self, store):
        await store.put_documents([a_document("d1")])
        last = await store.last_change()

        await store.put_documents([a_document("d1", kind="faq")])

        assert {(c.kind, c.record_id) for c in await store.changes_after(last)} == {
            ("document", "d1"),
            ("faq", "d1"),
        }

    async def test_many_documents_stream_in_order_of_id(self, store):
        await store.put_documents([a_document(f"d{n:04}") for n in reversed(range(1500))])

        found = [record.document_id async for record in store.documents()]

        assert found == [f"d{n:04}" for n in range(1500)]

    # the change feed

    async def test_change_numbers_rise_and_name_what_changed(self, store):
        await store.publish_guides([a_guide("g1"), a_guide("g2")])
        await store.put_documents([a_document("d1"), a_document("q1", kind="faq")])

        changes = await all_changes(store)

        assert [(change.kind, change.record_id) for change in changes] == [
            ("guide", "g1"),
            ("guide", "g2"),
            ("document", "d1"),
            ("faq", "q1"),
        ]
        numbers = [change.number for change in changes]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == await store.last_change()

    async def test_the_feed_goes_on_where_the_reader_stopped(self, store):
        await store.publish_guides([a_guide(f"g{n}") for n in range(5)])

        first = await store.changes_after(0, limit=2)
        rest = await store.changes_after(first[-1].number)

        assert [change.record_id for change in (*first, *rest)] == ["g0", "g1", "g2", "g3", "g4"]
        assert await store.changes_after(rest[-1].number) == ()

    async def test_what_changed_again_is_named_under_its_newest_number(self, store):
        await store.publish_guides([a_guide("g1"), a_guide("g2")])
        seen = await store.last_change()

        await store.publish_guides([a_guide("g1", "v2")])

        (change,) = await store.changes_after(seen)
        assert (change.record_id, change.number) == ("g1", (await store.guide("g1")).change)
        assert [change.record_id for change in await all_changes(store)] == ["g2", "g1"]

    async def test_a_reader_of_the_feed_misses_nothing_while_others_write(self, store):
        async def write(writer: int) -> None:
            for n in range(10):
                await store.publish_guides([a_guide(f"g{writer}-{n}"), a_guide(f"h{writer}-{n}")])

        async def read() -> set[str]:
            seen: set[str] = set()
            number = 0
            while len(seen) < 80:
                for change in await store.changes_after(number, limit=7):
                    assert change.number > number
                    number = change.number
                    seen.add(change.record_id)
                await asyncio.sleep(0)
            return seen

        async with asyncio.timeout(PATIENCE_S):
            seen, *_ = await asyncio.gather(read(), *(write(writer) for writer in range(4)))

        assert len(seen) == 80
