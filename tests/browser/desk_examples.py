"""What the fake desk holds: invented conversations, a guide, canned replies, shaped like life."""

from typing import Any

from tests.browser.scripted_replies import GUIDE as GUIDE_ID
from tests.browser.scripted_replies import ID_CARD_ANSWER

GUIDE: dict[str, Any] = {
    "id": GUIDE_ID,
    "version": 3,
    "title": "居民身份证丢失补领",
    "district": "南湖区",
    "guide": {
        "guide_id": GUIDE_ID,
        "district": "南湖区",
        "main_item": "居民身份证丢失补领",
        "conditions": "身份证丢失，由本人申请补领。",
        "situations": [
            {
                "name": "本人办理",
                "materials": [
                    {"name": "居民户口簿", "form": "原件", "copies": 1},
                    {
                        "name": "数字相片采集凭证",
                        "form": "原件",
                        "copies": 1,
                        "necessity": "optional",
                        "note": "现场可免费拍照",
                    },
                    {"name": "指纹信息", "exempt": True},
                ],
            },
            {
                "name": "他人代为领取",
                "materials": [
                    {"name": "居民身份证领取凭证", "form": "原件", "copies": 1},
                    {"name": "代领人身份证", "form": "原件", "copies": 1},
                    {"name": "委托书", "form": "原件", "copies": 1, "necessity": "deferrable"},
                ],
            },
        ],
        "time_limit": {"promised_days": 20, "handling": "承诺件"},
        "fee": {"charged": True, "standard": "40元/证"},
        "places": [
            {
                "name": "南湖区政务服务中心",
                "address": "湖滨路18号一楼",
                "window": "12至15号窗口",
            }
        ],
        "hours": "周一至周五 8:30—12:00，13:30—17:30",
        "phones": [{"number": "0555-6120018"}],
    },
}

SHOWN: dict[str, tuple[str, list[str]]] = {
    "fee": ("收费", ["40元/证"]),
    "materials": (
        "所需材料",
        ["1. 居民户口簿（原件，1份）", "2. 数字相片采集凭证（原件，1份）", "3. 指纹信息"],
    ),
}

GUIDES: list[dict[str, Any]] = [
    {"id": GUIDE_ID, "title": "居民身份证丢失补领", "district": "南湖区"},
    {"id": "residence-first", "title": "居住证首次申领", "district": "南湖区"},
    {"id": "residence-renew", "title": "居住证签注", "district": "南湖区"},
]

CARD: dict[str, Any] = {
    "title": GUIDE["title"],
    "district": GUIDE["district"],
    "version": GUIDE["version"],
    "statements": ID_CARD_ANSWER.as_json()["statements"],
    "sources": ID_CARD_ANSWER.as_json()["sources"],
}

FORM: dict[str, Any] = {
    "form_id": "form-1",
    "template": "appointment",
    "title": "预约登记",
    "note": "",
    "statement": "",
    "state": "open",
    "fields": [
        {
            "name": "name",
            "label": "姓名",
            "type": "text",
            "required": True,
            "choices": [],
            "hint": "",
            "most": 40,
            "value": "张三",
            "version": 1,
            "problem": "",
            "lock": None,
        }
    ],
    "frozen": "",
    "sha256": "",
    "begun_at": "2026-01-05T01:00:00+00:00",
}

CANNED = [
    {"id": "1", "title": "问候", "text": "您好，我是帮办工作人员，请问您要办什么事？"},
    {"id": "2", "title": "稍等", "text": "我查一下指南，请您稍等一分钟。"},
    {"id": "3", "title": "看材料", "text": "请把材料对着摄像头，或者拍照发给我。"},
    {"id": "4", "title": "再见", "text": "还有别的事要问吗？没有的话我先办结，小结会发给您。"},
]

ASKED_BACK: dict[str, Any] = {
    "status": "clarifying",
    "messages": [
        {
            "text": "您要办哪一项？\n1. 居住证首次申领\n2. 居住证签注",
            "type": "question",
            "choices": [
                {"title": "居住证首次申领", "value": "居住证首次申领"},
                {"title": "居住证签注", "value": "居住证签注"},
            ],
        }
    ],
    "reply_to": 1,
    "open_choices": [],
    "trace": {
        "intent": "ask_materials",
        "confidence": 0.8,
        "offered": [
            ["residence-first", "居住证首次申领", "南湖区"],
            ["residence-renew", "居住证签注", "南湖区"],
        ],
    },
}
"""The bot's only reply, a question with choices."""

DRAFT = (
    "您咨询的事项：居民身份证丢失补领（南湖区）。\n"
    "已齐材料：居民户口簿。\n"
    "还缺：数字相片采集凭证（可现场免费拍照）。\n"
    "办理地点：南湖区政务服务中心，湖滨路18号一楼 12至15号窗口。\n"
    "如还有疑问，可以在这里继续问，或拨打服务热线 12345。"
)


def dialogue(handover: dict[str, Any], agent: str) -> list[tuple[str, dict[str, Any]]]:
    """What was said before the agent came."""
    answer = ID_CARD_ANSWER.as_json()
    return [
        ("citizen_message", {"text": "身份证丢了怎么补办？要带什么？", "client_message_id": "m1"}),
        (
            "bot_message",
            {
                "status": "answered",
                "messages": [answer],
                "reply_to": 1,
                "open_choices": [],
                "trace": {
                    "intent": "ask_materials",
                    "confidence": 0.94,
                    "kept": [["居民身份证丢失补领", "主题 0.91，名称 0.62 → 0.874"]],
                    "rejected": [
                        ["居民身份证到期换领", "主题 0.05 → 0.061"],
                        ["临时居民身份证办理", "主题 0.02 → 0.024"],
                    ],
                    "elsewhere": ["护照补发", 0.02],
                },
            },
        ),
        ("citizen_message", {"text": "我户口在外地，孩子上学急用，能快点吗", "client_message_id": "m2"}),
        (
            "bot_message",
            {
                "status": "no_guide",
                "messages": [
                    {"text": "加急办理的规定，指南里没有写。可以找工作人员问清楚。", "type": "notice"}
                ],
                "reply_to": 3,
                "open_choices": [],
                "trace": {"intent": "ask_time_limit", "confidence": 0.71, "elsewhere": ["加急办理", 0.42]},
            },
        ),
        ("handover", {"mode": handover["mode"], "topic": handover["topic"], "position": 1}),
        ("holder", {"holder": "queue"}),
        ("holder", {"holder": "agent", "agent": agent, "cause": "accept"}),
    ]
