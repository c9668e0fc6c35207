"""What the fake service answers in browser tests and on screenshots: invented, but shaped like life.

Texts are written as `knowledge.answering` writes them, so that the page is tried with what it will get.
"""

from unicodedata import normalize

from core.messages import BotReply, Choice, ReplyMessage, Source, Statement
from core.statuses import TurnStatus

GUIDE = "sample-id-card-reissue-nanhu"


def _source(element: str, guide: str = GUIDE, district: str = "南湖区", version: int = 3) -> Source:
    return Source(guide, version, element, "居民身份证丢失补领", district, "https://guides.example/id-card")


def _answer(
    heading: str, statements: tuple[Statement, ...], sources: tuple[Source, ...], remark: str = ""
) -> ReplyMessage:
    """An answer whose text is put together as the service does it."""
    lines = [f"【{heading}】"]
    for statement in statements:
        value = "\n".join(part for part in (statement.text, statement.more) if part)
        label = statement.label.rpartition(" ")[2]
        lines.append(f"{label}：" + ("\n" if "\n" in value else "") + value)
    text = "\n".join([*lines, *([remark] if remark else [])])
    return ReplyMessage(text, "answer", heading, statements=statements, sources=sources)


MATERIALS = "\n".join(
    [
        "【本人办理】",
        "1. 居民户口簿（原件，1份）",
        "2. 数字相片采集凭证（原件，1份，非必要，有则提供，现场可免费拍照）",
        "【他人代为领取】",
        "1. 居民身份证领取凭证（原件，1份，必要）",
        "2. 代领人身份证（原件，1份，必要）",
        "3. 委托书（原件，1份，可容缺后补）",
    ]
)

ID_CARD_ANSWER = _answer(
    "南湖区·居民身份证丢失补领",
    statements=(
        Statement("materials", "所需材料", MATERIALS, (0,)),
        Statement("time_limit", "承诺办结时限", "20个工作日（承诺件）", (1,)),
        Statement("fee", "收费", "收费，40元/证", (2,)),
        Statement(
            "location",
            "办理地点",
            "1. 南湖区政务服务中心：湖滨路18号一楼，12至15号窗口，0555-6120018\n"
            "2. 南湖派出所户籍室：学府街203号，0555-6120110",
            (3,),
            more="3. 东岭派出所户籍室：东岭大街12333号，0555-6120220\n"
            "4. 新桥派出所户籍室：桥北路7号，0555-6120330",
        ),
        Statement(
            "hours",
            "办理时间",
            "夏季（5月至9月）：周一至周五 8:30—12:00，13:30—17:30\n冬季（10月至4月）：周一至周五 8:30—16:30",
            (4,),
        ),
        Statement("phone", "咨询电话", "0555-6120018，或拨打12345转公安专席", (5,)),
    ),
    sources=tuple(
        _source(e) for e in ("所需材料", "承诺办结时限", "收费", "办理地点", "办理时间", "咨询电话")
    ),
)

FEE_ANSWER = _answer(
    "居民身份证丢失补领",
    statements=(Statement("fee", "收费", "收费，40元/证", (0, 1)),),
    sources=(_source("收费"), _source("收费", "sample-id-card-reissue-donghu", "东湖区", 2)),
    remark="指南没有写明办理结果，可拨打咨询电话确认。",
)

RESIDENCE_CHOICES = (
    Choice("首次申领居住证", "guide:residence-first"),
    Choice("居住证签注（每年一次）", "guide:residence-renew"),
    Choice("居住证丢失补领", "guide:residence-lost"),
)

WHICH_RESIDENCE = ReplyMessage(
    type="question",
    text="居住证有几种情况，请问您要办哪一种？\n"
    "1. 首次申领居住证\n2. 居住证签注（每年一次）\n3. 居住证丢失补领",
    choices=RESIDENCE_CHOICES,
)

RESIDENCE_SOURCE = Source("sample-residence-first", 1, "收费", "居住证首次申领", "南湖区")

RESIDENCE_FIRST = _answer(
    "南湖区·居住证首次申领",
    statements=(Statement("fee", "收费", "不收费", (0,)),),
    sources=(RESIDENCE_SOURCE,),
)

LONG_CONDITIONS = "申请人应当在本市有合法稳定住所，并且连续居住满半年。" * 8

RESIDENCE_CONDITIONS = _answer(
    "南湖区·居住证首次申领",
    statements=(Statement("conditions", "受理条件", LONG_CONDITIONS, (0,)),),
    sources=(RESIDENCE_SOURCE,),
)

DISTRICTS = tuple(
    Choice(name, name) for name in ("南湖区", "东湖区", "东岭区", "新桥区", "临江市", "示例经济技术开发区")
)

WHICH_DISTRICT = ReplyMessage(
    type="question",
    text="\n".join(["请问您在哪个区县？", *(f"{n}. {c.title}" for n, c in enumerate(DISTRICTS, 1))]),
    choices=DISTRICTS,
)

TWO_FEES = _answer(
    "南湖区·居民身份证丢失补领、南湖区·居住证首次申领",
    statements=(
        Statement("fee", "南湖区·居民身份证丢失补领 收费", "收费，40元/证", (0,)),
        Statement("fee", "南湖区·居住证首次申领 收费", "不收费", (1,)),
    ),
    sources=(_source("收费"), RESIDENCE_SOURCE),
)

NO_GUIDE = ReplyMessage(
    type="notice",
    text="抱歉，现有办事指南里没有找到这件事。您可以换个说法，或者点“找人工”，也可以拨打服务热线 12345。",
)

DANGER = ReplyMessage(
    type="notice", text="如果有人身危险，请马上拨打 110；火灾拨打 119，急救拨打 120。请先确保自己的安全。"
)

THANKS = ReplyMessage(text="不客气，还有什么要办的，请随时告诉我。")

REPLIES: dict[str, BotReply] = {
    "身份证丢了怎么补办？要带什么？": BotReply(TurnStatus.ANSWERED, (ID_CARD_ANSWER,)),
    "那要多少钱？": BotReply(TurnStatus.ANSWERED, (FEE_ANSWER,)),
    "补身份证和办居住证各要多少钱？": BotReply(TurnStatus.ANSWERED, (TWO_FEES,)),
    "办居住证有什么条件？": BotReply(TurnStatus.ANSWERED, (RESIDENCE_CONDITIONS,)),
    "居住证在哪里办？": BotReply(TurnStatus.CLARIFYING, (WHICH_DISTRICT,)),
    "居住证怎么办？": BotReply(TurnStatus.CLARIFYING, (WHICH_RESIDENCE,)),
    "guide:residence-first": BotReply(TurnStatus.ANSWERED, (RESIDENCE_FIRST,)),
    "1": BotReply(TurnStatus.ANSWERED, (RESIDENCE_FIRST,)),
    "家里着火了": BotReply(TurnStatus.SAFETY, (DANGER,)),
    "谢谢": BotReply(TurnStatus.SMALL_TALK, (THANKS,)),
}


def reply_to(text: str) -> BotReply:
    """The scripted reply, full-width or half-width; for anything else, that no guide was found."""
    written = {normalize("NFKC", question): reply for question, reply in REPLIES.items()}
    return written.get(normalize("NFKC", text), BotReply(TurnStatus.NO_GUIDE, (NO_GUIDE,)))
