"""Writes a conversation's log as the HTML that a citizen reads when no script runs.

Owns that markup; the class names are those of `server/static/js/components/`, which draws the same
messages with more comfort. Every text is escaped. No clock, no I/O.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from core.clock import local_time
from core.messages import Choice, ReplyMessage, Source, Statement
from core.ports import ConversationEvent
from core.statuses import Holder, TurnStatus

SATISFACTION = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
"""The five grades that government services are rated with in China (好差评)."""

CALL_LINES: Mapping[str, str] = {
    "ringing": "工作人员邀请您通话，需要打开脚本",
    "live": "通话已接通",
    "ended": "通话已结束",
}

PAPER_LINES: Mapping[str, Mapping[str, str]] = {
    "form": {"open": "工作人员请您填表，需要打开脚本", "finished": "表单已定稿"},
    "signature": {"asked": "工作人员请您签名，需要打开脚本", "signed": "您已签名"},
}

HOLDER_LINES: Mapping[str, str] = {
    Holder.AGENT: "工作人员已接入对话",
    Holder.QUEUE: "正在等待工作人员",
    Holder.BOT: "现在由帮办答复",
}


def transcript_html(events: Sequence[ConversationEvent], *, nonce: str = "") -> str:
    """List items for all events. Only what can still be picked becomes buttons."""
    open_at = open_choices_at(events)
    latest = max((event.sequence for event in events if event.kind == "citizen_message"), default=0)
    items = []
    for event in events:
        html = _event_html(event, open_choices=event.sequence == open_at, nonce=nonce)
        # `/#latest` is where a sent form leads: to the question, so that its answer is read from the top.
        items.append(html.replace("<li ", '<li id="latest" ', 1) if event.sequence == latest else html)
    return "\n".join(item for item in items if item)


def open_choices_at(events: Sequence[ConversationEvent]) -> int:
    """The sequence number of the bot message whose choices can still be picked; 0 for none.

    It is the last that offered any, unless a later reply put the offer aside (`open_choices`).
    """
    replies = [event for event in events if event.kind == "bot_message"]
    offers = [event for event in replies if any(m.get("choices") for m in event.body["messages"])]
    if not offers or (offers[-1] is not replies[-1] and not replies[-1].body.get("open_choices")):
        return 0
    return offers[-1].sequence


def without_choice_lines(text: str, choices: Sequence[Choice]) -> str:
    """The text without the numbered list of choices at its end, which channels without buttons need."""
    lines = text.rstrip().split("\n")
    for number in range(len(choices), 0, -1):
        if not lines or lines[-1].strip() != f"{number}. {choices[number - 1].title}":
            return text
        lines.pop()
    return "\n".join(lines).rstrip()


def remarks(message: ReplyMessage) -> str:
    """What an answer's text says beyond its statements, for example that a guide is silent on something."""
    stated: set[str] = set()
    for statement in message.statements:
        label = statement.label.rpartition(" ")[2]  # an answer to several questions names the item before it
        lines = [*statement.text.split("\n"), *statement.more.split("\n")]
        stated |= {f"{label}：", f"{label}：{statement.text}", *lines}
    text = without_choice_lines(message.text, message.choices)
    beyond = [line for line in text.split("\n") if line.strip() and line not in stated]
    return "\n".join(line for line in beyond if not (line.startswith("【") and line.endswith("】")))


def _event_html(event: ConversationEvent, *, open_choices: bool, nonce: str) -> str:
    if event.kind == "citizen_message":
        return _turn("citizen", "您说", f'<p class="bubble">{escape(event.body["text"])}</p>', event)
    if event.kind == "bot_message":
        messages = [ReplyMessage.from_json(m) for m in event.body["messages"]]
        if not messages:
            return ""
        is_danger = event.body["status"] == TurnStatus.SAFETY
        body = "\n".join(
            _message_html(m, is_danger=is_danger) + _choices_html(m, open_choices=open_choices, nonce=nonce)
            for m in messages
        )
        return _turn("bot", "帮办答", body, event)
    if desk := _desk_html(event):
        return desk
    line = _line_text(event)
    return f'<li class="turn turn--line"><p class="line">{escape(line)}</p></li>' if line else ""


def _desk_html(event: ConversationEvent) -> str:
    """What the agents' side brought; nothing for other kinds, and for what only staff may see."""
    body = event.body
    if event.kind == "agent_message":
        who = f"工作人员{body.get('agent', '')}"
        return _turn("agent", escape(who), f'<p class="bubble">{escape(body["text"])}</p>', event)
    if event.kind == "guide_card":
        return _turn("agent", "工作人员发来的办事指南", _card_html(_guide_card(body)), event)
    if event.kind == "checklist":
        items = "".join(
            f"<li>{escape(item['name'])}：{'已备好' if item['checked'] else '还缺'}</li>"
            for item in body["items"]
        )
        return _turn("agent", "材料核对清单", f'<ul class="checks">{items}</ul>', event)
    if event.kind in PAPER_LINES and (line := PAPER_LINES[event.kind].get(body["state"])):
        return _turn("agent", line, f'<p class="bubble">{escape(body["title"])}</p>', event)
    if event.kind == "summary":
        return _turn(
            "agent", "本次办理小结", f'<div class="bubble"><p>{escape(body["text"])}</p></div>', event
        )
    return ""


def _guide_card(body: Mapping[str, Any]) -> ReplyMessage:
    """An agent's guide card as the message that it looks like."""
    return ReplyMessage.from_json(
        {
            "text": "",
            "title": body["title"],
            "statements": body.get("statements", []),
            "sources": body.get("sources", []),
        }
    )


def _turn(who: str, says: str, body: str, event: ConversationEvent) -> str:
    return (
        f'<li class="turn turn--{who}">'
        f'<span class="visually-hidden">{says}：</span>{body}'
        f'<p class="turn__meta">{_time_html(event.at)}</p></li>'
    )


def _time_html(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{local_time(at):%H:%M}</time>'


def _message_html(message: ReplyMessage, *, is_danger: bool) -> str:
    if message.statements:
        return _card_html(message)
    text = without_choice_lines(message.text, message.choices)
    kind = " bubble--safety" if is_danger else " bubble--notice" if message.type == "notice" else ""
    title = f'<h3 class="bubble__title">{escape(message.title)}</h3>' if message.title else ""
    return f'<div class="bubble{kind}">{title}<p>{escape(text)}</p>{_sources_html(message.sources)}</div>'


def _card_html(message: ReplyMessage) -> str:
    districts = {source.district for source in message.sources}
    district = districts.pop() if len(districts) == 1 else ""
    place = f'<p class="card__district">{escape(district)}</p>' if district else ""
    title = message.title.replace(f"{district}·", "") if district else message.title
    rows = "\n".join(_statement_html(statement) for statement in message.statements)
    remark = escape(remarks(message))
    remark = f'<p class="card__remark">{remark}</p>' if remark else ""
    return (
        '<article class="card"><header class="card__header">'
        f'<h3 class="card__title">{escape(title)}</h3>{place}</header>'
        f'<dl class="facts">{rows}</dl>{remark}{_sources_html(message.sources)}</article>'
    )


def _statement_html(statement: Statement) -> str:
    more = (
        f'<details class="more"><summary>查看更多</summary><p>{escape(statement.more)}</p></details>'
        if statement.more
        else ""
    )
    return (
        f'<div class="fact fact--{escape(statement.element)}">'
        f'<dt class="fact__label">{escape(statement.label)}</dt>'
        f'<dd class="fact__value"><p>{escape(statement.text)}</p>{more}</dd></div>'
    )


def _sources_html(sources: Sequence[Source]) -> str:
    if not sources:
        return ""
    groups: dict[tuple[str, int, str], list[Source]] = {}
    for source in sources:
        groups.setdefault((source.guide_id, source.version, source.url), []).append(source)
    items = "".join(f"<li>{_guide_html(cited)}</li>" for cited in groups.values())
    return (
        '<details class="sources"><summary>查看出处</summary>'
        f'<ol class="sources__list">{items}</ol></details>'
    )


def _guide_html(cited: Sequence[Source]) -> str:
    """One guide version, and which of its elements are cited: that is how a citizen looks it up."""
    source = cited[0]
    version = f"办事指南第 {source.version} 版" if source.version else ""
    place = escape(" · ".join(part for part in (source.district, version) if part))
    elements = dict.fromkeys(one.element for one in cited)
    return (
        f'{_source_title_html(source)}<span class="sources__from">{place}</span>'
        f'<span class="sources__elements">引用：{escape("、".join(elements))}</span>'
    )


def _source_title_html(source: Source) -> str:
    title = escape(source.title)
    if not source.url.startswith(("https://", "http://")):
        return f'<span class="sources__title">{title}</span>'
    address = escape(source.url)
    return f'<a href="{address}" rel="noopener noreferrer" target="_blank">{title}（新窗口打开）</a>'


def _choices_html(message: ReplyMessage, *, open_choices: bool, nonce: str) -> str:
    if not message.choices:
        return ""
    if not open_choices:
        items = "".join(f"<li>{escape(choice.title)}</li>" for choice in message.choices)
        return f'<ol class="choices choices--past">{items}</ol>'
    buttons = "".join(
        f'<li><button class="choice" name="text" value="{escape(choice.value)}">'
        f'<span class="choice__number" aria-hidden="true">{number}</span>{escape(choice.title)}</button></li>'
        for number, choice in enumerate(message.choices, start=1)
    )
    hidden = f'<input type="hidden" name="client_message_id" value="{escape(nonce)}">'
    return f'<form method="post" action="/">{hidden}<ol class="choices">{buttons}</ol></form>'


def _line_text(event: ConversationEvent) -> str:
    body: Mapping[str, Any] = event.body
    if event.kind == "notice":
        return str(body["text"])
    if event.kind == "handover":
        mode = "视频" if body["mode"] == "video" else "文字"
        return f"已登记人工服务（{mode}），排在第 {body['position']} 位"
    if event.kind == "rating":
        return f"您的评价：{SATISFACTION[body['score']]}"
    return _desk_line(event.kind, body)


def _shown_name(body: Mapping[str, Any]) -> str:
    """What an event `show` shows, as people name it."""
    return str(body.get("name") or f"{body.get('title', '')} {body.get('label', '')}".strip())


def _desk_line(kind: str, body: Mapping[str, Any]) -> str:
    if kind == "file":
        is_voice = body["media_type"].startswith("audio/")
        return "您的语音（打开脚本后可以听）" if is_voice else f"文件：{body['name']}（打开脚本后可以查看）"
    if kind == "show":
        return f"工作人员请您看：{_shown_name(body)}"
    if kind == "call":
        return CALL_LINES.get(str(body["state"]), "")
    if kind != "holder":
        return ""
    if body["holder"] == Holder.AGENT and body.get("agent"):
        return f"工作人员{body['agent']}已接入对话"
    return HOLDER_LINES[body["holder"]]
