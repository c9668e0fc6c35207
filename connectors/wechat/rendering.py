"""What an event of a conversation's log says to a citizen in WeChat. Pure.

An event becomes outgoing items, bodies of `core.outbox_ports.OutgoingItem`, or none: what the citizen said,
what is for staff, and what shows only on a page. A text is whole by itself; where the page shows more, the
item names the page (`page`), and the link to it is made when the item leaves, because links expire.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from core.messages import Choice, ReplyMessage, Source
from core.ports import ConversationEvent
from core.statuses import HandoverMode, Holder

TEXT: Final = "text"
CARD: Final = "card"
IMAGE: Final = "image"
CHAT_PAGE: Final = "chat"
CALL_PAGE: Final = "call"
VIDEO_PAGE: Final = "video"

Item = Mapping[str, Any]

_CALLS: Final = {"video": "视频通话", "audio": "语音通话", "text": "通话"}
_PICTURES: Final = ("image/jpeg", "image/png", "image/gif")
_LONGEST_DESCRIPTION = 120

_INTO_CALL: Final = "点这里进入，先检查摄像头和麦克风。"
_TO_VIDEO: Final = (
    "进入视频帮办",
    "点这里打开网页，在那里等工作人员接通。接通前可以先检查摄像头和麦克风。",
)
_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>]+")
SEVERAL: Final = 3
MOST_SOURCES: Final = 3

READ_ON_PAGE: Final = "查看完整指南、材料清单和办理地点，也可以接着提问或找工作人员。"
PICK_BY_NUMBER: Final = "回复数字即可选择。"
PICK_THE_ONE: Final = "要问这一项，请回复 1。"
WAIT_ON_PAGE: Final = "预约回电、留言，请点这里"
SERVICE_ENDED: Final = "人工服务已结束，接下来由我为您解答。"

ON_THE_PAGE: Final[Sequence[Item]] = (
    {"type": TEXT, "text": "有一条消息在微信里显示不了。", "page": CHAT_PAGE, "link": "点这里看"},
)
"""In place of an event that can't be rendered."""

_WAYS_OUT: Final = {"page": CHAT_PAGE, "link": WAIT_ON_PAGE}
"""What who waits can do on the page only."""


def rendered(event: ConversationEvent, *, shown: Callable[[str], str] = lambda name: name) -> Sequence[Item]:
    """What the citizen is told by this event. `shown` gives the name by which citizens know of staff."""
    if event.kind == "holder":
        return _held(event.body, shown)
    if event.kind == "agent_message":
        return [_text(f"{_who(event.body, shown)}：{event.body['text']}")]
    say = _SAYS.get(event.kind)
    return say(event.body) if say else []


def _bot_message(body: Mapping[str, Any]) -> Sequence[Item]:
    items = [item for message in body["messages"] for item in _reply(ReplyMessage.from_json(message))]
    if body.get("waits") and body.get("wish") != HandoverMode.VIDEO:
        items[-1] = {**items[-1], **_WAYS_OUT}
    return [*items, *_way_to_video(body)]


def _notice(body: Mapping[str, Any]) -> Sequence[Item]:
    ways = {"page": body.get("page", ""), "link": body.get("link", "")}
    if body.get("waits") and body.get("wish") != HandoverMode.VIDEO:
        ways = _WAYS_OUT
    return [_text(body["text"], **ways), *_way_to_video(body)]


def _way_to_video(body: Mapping[str, Any]) -> Sequence[Item]:
    """Behind the answer to a wish for video, the card of the page on which one waits and talks."""
    if body.get("wish") != HandoverMode.VIDEO:
        return []
    title, description = _TO_VIDEO
    return [_card(title, description, VIDEO_PAGE)]


def _checklist(body: Mapping[str, Any]) -> Sequence[Item]:
    ticked = [f"{'☑' if entry.get('checked') else '□'} {entry['name']}" for entry in body["items"]]
    return [_text("\n".join([f"{body['title']} 材料清单：", *ticked]), page=CHAT_PAGE)]


def _guide_card(body: Mapping[str, Any]) -> Sequence[Item]:
    return [_card(body["title"], _lines(body.get("statements", ())), CHAT_PAGE)]


def _show(body: Mapping[str, Any]) -> Sequence[Item]:
    name = body.get("name") or f"{body.get('title', '')} {body.get('label', '')}".strip()
    return [_card(f"工作人员请您看：{name}", "点这里打开，和工作人员一起看。", CHAT_PAGE)]


def _form(body: Mapping[str, Any]) -> Sequence[Item]:
    if body.get("state") != "open":
        return []
    return [_card(f"请填写：{body['title']}", "点这里打开，工作人员和您一起填。", CHAT_PAGE)]


def _signature(body: Mapping[str, Any]) -> Sequence[Item]:
    if body.get("state") != "asked":
        return []
    return [_card(f"请您签名：{body['title']}", "点这里打开，看清内容后再签。", CHAT_PAGE)]


def _reply(message: ReplyMessage) -> Sequence[Item]:
    """The text with its choices numbered and its sources named, and a card where there is a guide to read."""
    text = _with_paragraphs(message)
    if message.choices:
        text = _with_numbers(text, message.choices)
    if message.sources:
        text += f"\n\n来源：{_sources(message.sources)}"
    items = [_text(text)]
    if message.type == "answer" and message.sources:
        source = message.sources[0]
        title = message.title or source.title
        items.append(_card(title, READ_ON_PAGE, CHAT_PAGE))
    return items


def _with_numbers(text: str, choices: Sequence[Choice]) -> str:
    """The text with the choices as numbered lines, which the bot's own texts have already."""
    listed = "\n".join(f"{number}. {choice.title}" for number, choice in enumerate(choices, start=1))
    asked = text if text.endswith(listed) else f"{text}\n{listed}"
    return f"{asked}\n{PICK_BY_NUMBER if len(choices) > 1 else PICK_THE_ONE}"


def _with_paragraphs(message: ReplyMessage) -> str:
    """The text, with room between its statements where there are several: a chat shows no headings."""
    if len(message.statements) < SEVERAL:
        return message.text
    heads = tuple(f"{each.label}：" for each in message.statements)
    lines = [f"\n{line}" if line.startswith(heads) else line for line in message.text.split("\n")]
    return "\n".join(lines).lstrip("\n")


def _sources(sources: Sequence[Source]) -> str:
    """Each guide or document once, with its district, as a link where it has an address; the first few."""
    named: dict[str, None] = {}
    for source in sources:
        name = f"{source.district}《{source.title}》"
        named[f'<a href="{source.url}">{name}</a>' if _ADDRESS.fullmatch(source.url) else name] = None
    others = f"等 {len(named)} 份" if len(named) > MOST_SOURCES else ""
    return "；".join(list(named)[:MOST_SOURCES]) + others


def _held(body: Mapping[str, Any], shown: Callable[[str], str]) -> Sequence[Item]:
    """Who came. That somebody left stands in a notice or summary of its own."""
    if body.get("holder") != Holder.AGENT:
        return []
    return [_text(f"{_who(body, shown)}已接入，您可以直接在这里和工作人员说。")]


def _call(body: Mapping[str, Any]) -> Sequence[Item]:
    name = _CALLS.get(body.get("mode", ""), _CALLS["video"])
    match body.get("state"):
        case "ringing" if body.get("caller") != "citizen":
            return [_card(f"工作人员邀请您{name}", _INTO_CALL, CALL_PAGE)]
        case "consenting":  # the log has it of a call that the citizen had wished for, and nobody has to ring
            return [_card(f"{name}准备好了，请您进入", _INTO_CALL, CALL_PAGE)]
        case "ended":
            return [_text(f"{name}已结束。")]
        case _:
            return []


def _file(body: Mapping[str, Any]) -> Sequence[Item]:
    if body.get("by", "citizen") == "citizen":  # whose else it is, the name of staff says
        return []
    if body.get("media_type") in _PICTURES:
        return [{"type": IMAGE, "file_id": body["file_id"], "name": body["name"]}]
    return [_card(body["name"], "工作人员发来的文件，点这里打开。", CHAT_PAGE)]


def _who(body: Mapping[str, Any], shown: Callable[[str], str]) -> str:
    name = shown(body.get("agent", ""))
    return f"工作人员{name}" if name else "工作人员"


def _lines(statements: Sequence[Mapping[str, Any]]) -> str:
    lines = "\n".join(f"{each['label']}：{each['text']}" for each in statements)
    return lines if len(lines) <= _LONGEST_DESCRIPTION else lines[: _LONGEST_DESCRIPTION - 1] + "…"


def _text(text: str, *, page: str = "", link: str = "") -> Item:
    """The words of `link` lead to `page`; without, the page is where the text goes on."""
    given = {"page": page, "link": link if page else ""}
    return {"type": TEXT, "text": text, **{name: value for name, value in given.items() if value}}


def _card(title: str, description: str, page: str) -> Item:
    return {"type": CARD, "title": title, "description": description, "page": page}


_SAYS: Final[Mapping[str, Callable[[Mapping[str, Any]], Sequence[Item]]]] = {
    "bot_message": _bot_message,
    "notice": _notice,
    "summary": lambda body: [_text(f"{SERVICE_ENDED}\n{body['text']}", page=CHAT_PAGE)],
    "guide_card": _guide_card,
    "checklist": _checklist,
    "file": _file,
    "show": _show,
    "form": _form,
    "signature": _signature,
    "call": _call,
}
