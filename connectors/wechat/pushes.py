"""What WeChat pushes, read into one value each. Pure.

Rules: 「接收普通消息」, 「接收事件推送」, 「自定义菜单的事件推送」, 「模板消息」, 「订阅通知」 and
「授权用户信息变更」 of WeChat's documentation, see README.md. A kind that isn't known here becomes
`UnknownMessage` or `UnknownEvent`: WeChat adds kinds, and each must be answered. A field that is
missing, doubled or impossible raises InvalidPush.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.wechat.push_fields import Fields
from connectors.wechat.push_kinds import (
    AuthorizationChanged,
    Clicked,
    Event,
    ImageMessage,
    LinkMessage,
    Located,
    LocationMessage,
    MenuUsed,
    Message,
    Push,
    Scanned,
    Subscribed,
    SubscriptionAnswered,
    TemplateSent,
    TextMessage,
    UnknownEvent,
    UnknownMessage,
    Unsubscribed,
    VideoMessage,
    Viewed,
    VoiceMessage,
    who_leaves,
)
from connectors.wechat.xml_reading import read_xml

__all__ = [
    "AuthorizationChanged",
    "Clicked",
    "Event",
    "ImageMessage",
    "LinkMessage",
    "Located",
    "LocationMessage",
    "MenuUsed",
    "Message",
    "Push",
    "Scanned",
    "Subscribed",
    "SubscriptionAnswered",
    "TemplateSent",
    "TextMessage",
    "UnknownEvent",
    "UnknownMessage",
    "Unsubscribed",
    "VideoMessage",
    "Viewed",
    "VoiceMessage",
    "parse_push",
    "who_leaves",
]

_SCENE_PREFIX: Final = "qrscene_"


def parse_push(xml: bytes) -> Push:
    """The message or event. Raises InvalidPush, and nothing else, for anything that is none."""
    fields = Fields(read_xml(xml))
    kind = fields.word("MsgType").lower()
    if kind == "event":
        return _EVENTS.get(fields.word("Event").lower(), _unknown_event)(fields)
    return _MESSAGES.get(kind, _unknown_message)(fields)


def _head(fields: Fields) -> dict[str, Any]:
    return {
        "account_id": fields.account("ToUserName"),
        "openid": fields.account("FromUserName"),
        "created": fields.time("CreateTime"),
    }


def _message(fields: Fields) -> dict[str, Any]:
    # Both spellings stand in the documentation of voice messages.
    return {**_head(fields), "msg_id": fields.message_id("MsgId", "MsgID")}


def _event(fields: Fields) -> dict[str, Any]:
    return {**_head(fields), "event": fields.word("Event")}


def _text(fields: Fields) -> Push:
    return TextMessage(
        **_message(fields), text=fields.text("Content"), menu_id=fields.short("bizmsgmenuid", "")
    )


def _image(fields: Fields) -> Push:
    return ImageMessage(
        **_message(fields), media_id=fields.short("MediaId"), picture_url=fields.short("PicUrl", "")
    )


def _voice(fields: Fields) -> Push:
    return VoiceMessage(
        **_message(fields),
        media_id=fields.short("MediaId"),
        format=fields.short("Format", "").lower(),
        recognition=fields.text("Recognition", "").strip(),
        media_id_16k=fields.short("MediaId16K", ""),
    )


def _video(fields: Fields) -> Push:
    return VideoMessage(
        **_message(fields),
        media_id=fields.short("MediaId"),
        thumb_media_id=fields.short("ThumbMediaId", ""),
        is_short=fields.word("MsgType").lower() == "shortvideo",
    )


def _location(fields: Fields) -> Push:
    return LocationMessage(
        **_message(fields),
        latitude=fields.number("Location_X", 90),
        longitude=fields.number("Location_Y", 180),
        scale=int(fields.number("Scale", 100)),
        label=fields.text("Label", ""),
    )


def _link(fields: Fields) -> Push:
    return LinkMessage(
        **_message(fields),
        title=fields.text("Title", ""),
        description=fields.text("Description", ""),
        url=fields.text("Url", "").strip(),
    )


def _unknown_message(fields: Fields) -> Push:
    msg_id = fields.message_id("MsgId", "MsgID", default="")
    return UnknownMessage(**_head(fields), msg_id=msg_id, kind=fields.word("MsgType"))


def _subscribed(fields: Fields) -> Push:
    key = fields.short("EventKey", "")
    if not key.startswith(_SCENE_PREFIX):
        return Subscribed(**_head(fields))
    return Subscribed(
        **_head(fields), scene=key.removeprefix(_SCENE_PREFIX), ticket=fields.short("Ticket", "")
    )


def _unsubscribed(fields: Fields) -> Push:
    return Unsubscribed(**_head(fields))


def _scanned(fields: Fields) -> Push:
    return Scanned(**_head(fields), scene=fields.short("EventKey"), ticket=fields.short("Ticket", ""))


def _clicked(fields: Fields) -> Push:
    return Clicked(**_head(fields), menu_key=fields.short("EventKey"))


def _viewed(fields: Fields) -> Push:
    return Viewed(**_head(fields), url=fields.short("EventKey"), menu_id=fields.short("MenuId", ""))


def _menu_used(fields: Fields) -> Push:
    code = fields.within("ScanCodeInfo")
    scanned = code.text("ScanResult", "").strip() if code else ""
    return MenuUsed(**_event(fields), menu_key=fields.short("EventKey", ""), scanned=scanned)


def _located(fields: Fields) -> Push:
    return Located(
        **_head(fields),
        latitude=fields.number("Latitude", 90),
        longitude=fields.number("Longitude", 180),
        precision=fields.number("Precision", 99_999),
    )


def _template_sent(fields: Fields) -> Push:
    msg_id = fields.message_id("MsgID", "MsgId")
    return TemplateSent(**_head(fields), msg_id=msg_id, outcome=fields.short("Status"))


def _subscription_sent(fields: Fields) -> Push:
    told = fields.listed("SubscribeMsgSentEvent")
    if len(told) != 1:  # one message has one outcome
        return _unknown_event(fields)
    msg_id = told[0].message_id("MsgID", "MsgId")
    return TemplateSent(**_head(fields), msg_id=msg_id, outcome=told[0].short("ErrorStatus"))


def _subscription_answered(fields: Fields) -> Push:
    told = fields.listed("SubscribeMsgPopupEvent") + fields.listed("SubscribeMsgChangeEvent")
    answers = ((each.short("TemplateId"), each.short("SubscribeStatusString") == "accept") for each in told)
    return SubscriptionAnswered(**_event(fields), answers=tuple(answers))


def _authorization_changed(fields: Fields) -> Push:
    return AuthorizationChanged(**_event(fields), subject=fields.account("OpenID"))


def _unknown_event(fields: Fields) -> Push:
    return UnknownEvent(**_event(fields), event_key=fields.short("EventKey", ""))


_Readers = Mapping[str, Callable[[Fields], Push]]

_MESSAGES: Final[_Readers] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}

_MENU_USES: Final = (
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "view_miniprogram",
)

_EVENTS: Final[_Readers] = {
    "subscribe": _subscribed,
    "unsubscribe": _unsubscribed,
    "scan": _scanned,
    "click": _clicked,
    "view": _viewed,
    **dict.fromkeys(_MENU_USES, _menu_used),
    "location": _located,
    "templatesendjobfinish": _template_sent,
    "subscribe_msg_sent_event": _subscription_sent,
    "subscribe_msg_popup_event": _subscription_answered,
    "subscribe_msg_change_event": _subscription_answered,
    "user_info_modified": _authorization_changed,
    "user_authorization_revoke": _authorization_changed,
    "user_authorization_cancellation": _authorization_changed,
}
