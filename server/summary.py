"""Drafts what a citizen takes home from a consultation, from the facts in the log. Pure.

Nothing is made up: matters and their guides, the materials that were ticked and those that are still
missing, and what the agent said they would do. The agent changes it as they like before it is sent.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.ports import ConversationEvent

_PROMISE = re.compile(r"我会|我来|我们会|我帮您|给您回|回电|稍后|明天|下周|为您预约|帮您预约")
_SENTENCE = re.compile(r"[^。！!；;\n]+")
MOST_PROMISES = 5


def draft_summary(events: Sequence[ConversationEvent], hotline: str) -> str:
    """The draft, a paragraph for each kind of fact that there is."""
    begun = _since_person_asked(events)
    parts = [
        _matters(events, begun),
        _materials(begun),
        _promises(begun),
        f"如还有疑问，可以在这里继续问，或拨打服务热线 {hotline}。",
    ]
    return "\n".join(part for part in parts if part)


def _since_person_asked(events: Sequence[ConversationEvent]) -> Sequence[ConversationEvent]:
    """From the last time that the citizen asked for a person; all, if that isn't in the log."""
    starts = [place for place, event in enumerate(events) if event.kind == "handover"]
    return events[starts[-1] :] if starts else events


def _matters(events: Sequence[ConversationEvent], begun: Sequence[ConversationEvent]) -> str:
    cards = [event.body for event in begun if event.kind == "guide_card"]
    titles = [_cited(card.get("title", ""), card.get("district", ""), card.get("version")) for card in cards]
    if not titles:
        titles = _answered(events)[-1:]
    if not titles and begun and (topic := begun[0].body.get("topic")):
        titles = [topic]
    return "您咨询的事项：" + "；".join(dict.fromkeys(titles)) + "。" if titles else ""


def _answered(events: Sequence[ConversationEvent]) -> list[str]:
    """What the bot answered from guides, the last matter last."""
    answers = [e.body for e in events if e.kind == "bot_message" and e.body.get("status") == "answered"]
    messages = [message for body in answers for message in body.get("messages", ())]
    sources = [source for message in messages for source in message.get("sources", ())[:1]]
    titles = (_cited(s.get("title", ""), s.get("district", ""), s.get("version")) for s in sources)
    return [title for title in titles if title]


def _cited(title: str, district: str, version: object) -> str:
    place = "，".join(part for part in (district, f"指南第 {version} 版" if version else "") if part)
    return f"{title}（{place}）" if title and place else title


def _materials(begun: Sequence[ConversationEvent]) -> str:
    last: dict[str, Mapping[str, Any]] = {}
    for event in begun:
        if event.kind == "checklist":
            last[event.body.get("guide_id", "")] = event.body
    items = [item for body in last.values() for item in body.get("items", ())]
    ready = "、".join(item["name"] for item in items if item["checked"])
    missing = "、".join(item["name"] for item in items if not item["checked"])
    lines = [f"已备好的材料：{ready}。" if ready else "", f"还缺的材料：{missing}。" if missing else ""]
    return "\n".join(line for line in lines if line)


def _promises(begun: Sequence[ConversationEvent]) -> str:
    said = [event.body.get("text", "") for event in begun if event.kind == "agent_message"]
    promises = [
        sentence.strip() for text in said for sentence in _SENTENCE.findall(text) if _PROMISE.search(sentence)
    ]
    return "工作人员答应的事：" + "；".join(promises[-MOST_PROMISES:]) + "。" if promises else ""
