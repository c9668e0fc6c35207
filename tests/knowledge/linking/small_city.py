"""Guides of an invented city with two districts; own wording."""

from collections.abc import Iterable, Sequence
from datetime import date

from core.ports import GuideRecord
from knowledge.guide import Fee, Guide, Material, Phone, Place, ProcessStep, Situation, TimeLimit

TODAY = date(2026, 3, 2)
CITY, PROVINCE = "松江市", "吉林省"
DISTRICTS = ("东岭区", "河西区")


def guide(
    number: int,
    district: str,
    main_item: str,
    business_item: str = "",
    *,
    materials: Sequence[str] = ("户口簿",),
    days: int = 5,
    charged: bool = False,
    phone: str = "",
    **others,
) -> Guide:
    return Guide(
        guide_id=f"t{number}",
        district=district,
        main_item=main_item,
        business_item=business_item,
        parents=(CITY, PROVINCE) if district != CITY else (PROVINCE,),
        conditions=f"需要办理{main_item}的居民。",
        situations=others.pop("situations", (Situation(materials=tuple(Material(m) for m in materials)),)),
        time_limit=TimeLimit(promised_days=days),
        fee=Fee(charged=charged, standard="20元" if charged else ""),
        places=(Place(f"{district}政务大厅{number}号窗口"),),
        hours="周一至周五9:00-16:30",
        phones=(Phone(phone or f"0431-8000{number:04d}"),),
        **others,
    )


def small_city() -> list[Guide]:
    guides: list[Guide] = []
    for offset, district in ((0, "东岭区"), (100, "河西区")):
        slower = 2 if offset else 0
        guides += [
            guide(offset + 1, district, "丢失补领身份证", "丢失补领居民身份证", days=1, charged=True),
            guide(
                offset + 2, district, "丢失补领身份证", "丢失异地补领居民身份证",
                materials=("户口簿", "居住证明"), days=20, charged=True,
            ),
            guide(offset + 3, district, "首次申领居民身份证", materials=("户口簿", "监护人身份证"), days=1),
            guide(offset + 4, district, "居民身份证挂失申报", materials=("户口簿",), days=1),
            guide(offset + 5, district, "居住证丢失补领", materials=("身份证",), days=3 + slower),
            guide(offset + 6, district, "居住证签注", materials=("居住证",), days=1),
            guide(
                offset + 7, district, "残疾人证迁移", "户籍地申请",
                materials=("残疾人证", "变更申请表"), days=1,
            ),
            guide(
                offset + 8, district, "残疾人证迁移", "居住地申请",
                materials=("残疾人证", "变更申请表", "居住证"), days=1,
            ),
        ]  # fmt: skip
    guides.append(
        guide(
            201,
            CITY,
            "犬只饲养备案",
            days=7,
            process=(ProcessStep("提交申请"), ProcessStep("领取犬牌")),
            situations=(
                Situation("首次饲养", (Material("免疫证明"), Material("犬只照片"))),
                Situation("犬牌补发", (Material("身份证"),)),
            ),
        )
    )
    return guides


def records_of(guides: Iterable[Guide]) -> list[GuideRecord]:
    return [
        GuideRecord(
            g.guide_id, g.version, g.status, g.district, g.main_item, g.business_item, g.as_json(),
            g.content_hash(), g.valid_from, g.valid_until,
        )
        for g in guides
    ]  # fmt: skip
