"""What a publication does to what is stored, without a database."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.ports import Change, DocumentRecord, PutCounts
from core.statuses import GuideStatus
from core.stores.publication import PublicVersion, plan_documents, plan_publication
from tests.contracts.knowledge_store import a_guide

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def planned(records, stored=None, last_change=10):
    return plan_publication(records, stored or {}, last_change=last_change, now=NOW)


def test_a_new_guide_starts_at_version_one():
    plan = planned([a_guide("g1")])

    (version,) = plan.new_versions
    assert (version.version, version.status, version.updated_at, version.change) == (
        1,
        GuideStatus.PUBLISHED,
        NOW,
        11,
    )
    assert plan.superseded == []
    assert plan.changes == [Change(11, "guide", "g1")]


def test_a_known_guide_goes_on_after_its_newest_version_be_that_a_draft():
    plan = planned([a_guide("g1", "v2")], {"g1": PublicVersion(7, "hash of v1")})

    assert plan.new_versions[0].version == 8
    assert plan.superseded == ["g1"]


def test_what_is_public_already_is_left_alone():
    plan = planned([a_guide("g1", "v1")], {"g1": PublicVersion(7, "hash of v1")})

    assert plan.counts == PutCounts(unchanged=1)
    assert (plan.new_versions, plan.changes, plan.numbers_taken) == ([], [], 0)


records = st.lists(
    st.builds(a_guide, st.sampled_from("abc"), st.sampled_from(["v1", "v2", "v3"])), max_size=12
)
public = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(PublicVersion, st.integers(1, 5), st.sampled_from([None, "hash of v1", "hash of v2"])),
)


@given(records, public)
def test_of_every_guide_the_last_record_is_public_and_nothing_else(batch, stored):
    plan = planned(batch, stored)

    for guide_id in {record.guide_id for record in batch}:
        last = [record.content_hash for record in batch if record.guide_id == guide_id][-1]
        new = [v.content_hash for v in plan.new_versions if v.guide_id == guide_id]
        shown = [
            v.content_hash
            for v in plan.new_versions
            if v.guide_id == guide_id and v.status is GuideStatus.PUBLISHED
        ]
        if new:
            assert shown == [last]
        else:
            assert stored[guide_id].published_hash == last


@given(records, public)
def test_versions_and_change_numbers_rise_one_by_one(batch, stored):
    plan = planned(batch, stored)

    assert [version.change for version in plan.new_versions] == [11 + n for n in range(plan.numbers_taken)]
    for guide_id in "abc":
        newest = stored.get(guide_id, PublicVersion()).newest_version
        versions = [v.version for v in plan.new_versions if v.guide_id == guide_id]
        assert versions == list(range(newest + 1, newest + 1 + len(versions)))
    counts = plan.counts
    assert counts.added + counts.changed + counts.unchanged == len(batch)


def test_a_document_that_changes_its_kind_is_to_be_dropped_under_the_old_one():
    stored = {"d": DocumentRecord("d", "document", "标题", "正文", change=3)}

    plan = plan_documents([DocumentRecord("d", "faq", "标题", "正文")], stored, last_change=10)

    assert plan.changes == [Change(11, "document", "d"), Change(12, "faq", "d")]
    assert plan.numbers_taken == 2
    assert plan.put[0].change == 12
