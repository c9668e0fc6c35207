"""Guides and documents to index."""

from core.ports import DocumentRecord, GuideRecord
from core.statuses import GuideStatus
from knowledge.guide import Guide, Material, Situation


def guide(guide_id: str, district: str, main_item: str, business_item: str = "", **more) -> Guide:
    materials = more.pop("materials", ("居民户口簿",))
    situations = (Situation(materials=tuple(Material(name) for name in materials)),)
    return Guide(guide_id, district, main_item, business_item, situations=situations, **more)


def record_of(guide: Guide) -> GuideRecord:
    return GuideRecord(
        guide_id=guide.guide_id,
        version=guide.version,
        status=GuideStatus.PUBLISHED,
        district=guide.district,
        main_item=guide.main_item,
        business_item=guide.business_item,
        body=guide.as_json(),
        content_hash=guide.content_hash(),
        valid_from=guide.valid_from,
        valid_until=guide.valid_until,
    )


def document(document_id: str, title: str, text: str, kind: str = "document", **more) -> DocumentRecord:
    return DocumentRecord(document_id, kind, title, text, content_hash=f"{title}{text}", **more)


GUIDES = (
    guide("g-1", "南关区", "居民身份证补领", conditions="居民身份证丢失的公民可以申请补领。"),
    guide("g-2", "朝阳区", "居民身份证补领", conditions="身份证遗失，本人到派出所申请。"),
    guide("g-3", "南关区", "居住证签注", materials=("居住证", "房屋租赁合同")),
    guide("g-4", "朝阳区", "残疾人证新办", "户籍地申请", aliases=("办残疾证",), materials=("申请表", "照片")),
)
