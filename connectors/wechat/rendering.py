"""What an event of a conversation's log says to a citizen in WeChat. Pure.

An event becomes outgoing items, bodies of `core.outbox_ports.OutgoingItem`, or none: what the citizen said,
what is for staff, and what shows only on a page. A text is whole by itself; where the page shows more, the
item names the page (`page`), and the link to it is made when the item leaves, because links expire.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from core.messages import ReplyMessage
from core.ports import ConversationEvent
from core.statuses import HandoverMode

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

_TO_VIDEO: Final = (
    "进入视频帮办",
    "点这里打开网页，在那里等工作人员接通。接通前可以先检查摄像头和麦克风。",
)

READ_ON_PAGE: Final = "查看完整指南、材料清单和办理地点，也可以接着提问或找工作人员。"


def rendered(
    event: ConversationEvent, *, held_before: str, shown: Callable[[str], str] = lambda name: name
) -> Sequence[Item]:
    """What the citizen is told by this event.

    `held_before` held the conversation until it; `shown` gives the name by which citizens know of staff.
    """
    if event.kind == "holder":
        return _held(event.body, held_before, shown)
    if event.kind == "agent_message":
        return [_text(f"{_who(event.body, shown)}：{event.body['text']}")]
    say = _SAYS.get(event.kind)
    return say(event.body) if say else []


def _bot_message(body: Mapping[str, Any]) -> Sequence[Item]:
    items = [item for message in body["messages"] for item in _reply(ReplyMessage.from_json(message))]
    return [*items, *_way_to_video(body)]


def _notice(body: Mapping[str, Any]) -> Sequence[Item]:
    return [_text(body["text"]), *_way_to_video(body)]


def _way_to_video(body: Mapping[str, Any]) -> Sequence[Item]:
    """Behind the answer to a wish for video, the card of the page on which one waits and talks."""
    if body.get("wish") != HandoverMode.VIDEO:
        return []
    title, description = _TO_VIDEO
    return [_card(title, description, VIDEO_PAGE, minor=True)]


def _checklist(body: Mapping[str, Any]) -> Sequence[Item]:
    ticked = [f"{'☑' if entry.get('done') else '□'} {entry['name']}" for entry in body["items"]]
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
    """The text with its choices numbered, and a card where there is a guide to read on in."""
    lines = [message.text]
    if message.choices:
        lines += [f"{number}. {choice.title}" for number, choice in enumerate(message.choices, start=1)]
        lines.append("回复数字即可选择。")
    items = [_text("\n".join(lines))]
    if message.type == "answer" and message.sources:
        source = message.sources[0]
        title = message.title or source.title
        items.append(_card(title, READ_ON_PAGE, CHAT_PAGE, minor=True))
    return items


def _held(body: Mapping[str, Any], before: str, shown: Callable[[str], str]) -> Sequence[Item]:
    match body.get("holder"):
        case "agent":
            return [_text(f"{_who(body, shown)}已接入，您可以直接在这里和工作人员说。")]
        case "queue" if before == "agent":
            return [_text("正在为您转接其他工作人员，您的位置已保留。")]
        case "bot" if before == "agent":
            return [_text("人工服务已结束，现在由帮办答复。")]
        case _:
            return []


def _call(body: Mapping[str, Any]) -> Sequence[Item]:
    name = _CALLS.get(body.get("mode", ""), _CALLS["video"])
    match body.get("state"):
        case "ringing":
            return [_card(f"工作人员邀请您{name}", "点这里进入，先检查摄像头和麦克风。", CALL_PAGE)]
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


def _text(text: str, *, page: str = "") -> Item:
    return {"type": TEXT, "text": text, "page": page} if page else {"type": TEXT, "text": text}


def _card(title: str, description: str, page: str, *, minor: bool = False) -> Item:
    """`minor`: left out, with the link put into the text instead, where little may be sent."""
    card = {"type": CARD, "title": title, "description": description, "page": page}
    return {**card, "minor": True} if minor else card


def wish_of_menu(key: str) -> HandoverMode | None:
    """The wish for a person that a menu key stands for, if it is one."""
    return {"person": HandoverMode.TEXT, "video": HandoverMode.VIDEO}.get(key)


_SAYS: Final[Mapping[str, Callable[[Mapping[str, Any]], Sequence[Item]]]] = {
    "bot_message": _bot_message,
    "notice": _notice,
    "summary": lambda body: [_text(body["text"], page=CHAT_PAGE)],
    "guide_card": _guide_card,
    "checklist": _checklist,
    "file": _file,
    "show": _show,
    "form": _form,
    "signature": _signature,
    "call": _call,
}
