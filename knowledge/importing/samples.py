"""Sample guides make way: a citizen mustn't get made-up and real guides side by side.

What a fresh installation shows is withdrawn as soon as other guides come, and left out of imports
where such guides are. Samples are known by their ids.
"""

from dataclasses import replace

from core.ports import KnowledgeStore
from core.statuses import GuideStatus
from knowledge.guide import Guide
from knowledge.importing.batch import ImportedBatch, Notice, Position
from knowledge.importing.documents import DocumentBatch

SAMPLE_PREFIX = "sample-"  # of the ids of all sample guides, documents and FAQ
_LEFT_OUT = Notice(Position(), "", "", "已经有正式的指南，示例内容没有导入")


def is_real(guide: Guide) -> bool:
    """Whether the guide would be public and is no sample."""
    return guide.status is GuideStatus.PUBLISHED and not guide.guide_id.startswith(SAMPLE_PREFIX)


async def has_real_guides(store: KnowledgeStore) -> bool:
    """Whether any guide that is no sample is public."""
    async for record in store.published_guides():
        if not record.guide_id.startswith(SAMPLE_PREFIX):
            return True
    return False


def without_samples(batch: ImportedBatch) -> ImportedBatch:
    """The batch with its samples left out, and a notice if there were any."""
    kept = tuple(guide for guide in batch.guides if not guide.guide_id.startswith(SAMPLE_PREFIX))
    if len(kept) == len(batch.guides):
        return batch
    return replace(batch, guides=kept, notices=(*batch.notices, _LEFT_OUT))


def without_sample_documents(batch: DocumentBatch) -> DocumentBatch:
    """The same for documents and FAQ."""
    kept = tuple(record for record in batch.records if not record.document_id.startswith(SAMPLE_PREFIX))
    if len(kept) == len(batch.records):
        return batch
    return replace(batch, records=kept, notices=(*batch.notices, _LEFT_OUT))


async def withdraw_samples(store: KnowledgeStore) -> int:
    """Withdraws the sample guides, documents and FAQ that are public; says how many they were."""
    guides = [
        record async for record in store.published_guides() if record.guide_id.startswith(SAMPLE_PREFIX)
    ]
    for record in guides:
        await store.set_status(record.guide_id, record.version, GuideStatus.WITHDRAWN)
    documents = [
        replace(record, withdrawn=True)
        async for record in store.documents()
        if record.document_id.startswith(SAMPLE_PREFIX)
    ]
    await store.put_documents(documents)
    return len(guides) + len(documents)
