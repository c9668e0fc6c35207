"""What WeChat's API answers when it doesn't do what it was asked, each kind as an error of its own. Pure.

Rule: 「全局返回码说明」, see README.md. An answer with `errcode` other than 0 is a definite refusal:
nothing was done.

    WeChatRefusal           502 wechat_refused
    ├── TokenExpired        502 wechat_token_expired      40001 40014 41001 42001
    ├── WindowClosed        502 wechat_window_closed      45015
    ├── CountUsedUp         502 wechat_count_used_up      45047
    ├── UserRefuses         502 wechat_user_refuses       43004 43019 43101 48002 50002 50005
    ├── UserUnknown         502 wechat_user_unknown       40003 40031 46004
    ├── TooOften            502 wechat_too_often          45009 45011 45064 48006
    ├── Busy                503 wechat_busy               -1 61450
    ├── IpNotListed         502 wechat_ip_not_listed      40164 45035 61004 89503 …
    ├── WrongCredentials    502 wechat_wrong_credentials  40002 40013 40125 40243 41002 41004
    ├── NotPermitted        502 wechat_not_permitted      48001 48003 48004 48005 48008 50001
    ├── CodeUsed            502 wechat_code_used          40029 40163 41008 42003
    └── RequestRefused      502 wechat_request_refused    all others from 40000 to 47999

They say what to do by `then`, and to staff by `advice`. Citizens read their `citizen_text` only where
a page of theirs depends on WeChat.
"""

import re
from enum import StrEnum
from typing import ClassVar, Final

from core.errors import BangbanError


class Then(StrEnum):
    """What may help."""

    NOTHING = "nothing"  # the same request will be refused again
    REFRESH = "refresh"  # once, with a new access token
    LATER = "later"  # the same request, after a while


class WeChatRefusal(BangbanError):
    """WeChat refused a request of ours; nothing was done.

    `errcode` is WeChat's number, `errmsg` its words, for staff; an openid in them is left out.
    """

    status = 502
    code = "wechat_refused"
    citizen_text = "抱歉，微信暂时没有响应，请稍后再试。"
    then: ClassVar[Then] = Then.NOTHING
    advice: ClassVar[str] = "请对照微信「全局返回码说明」查找这个返回码。"

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        self.errcode = errcode
        self.errmsg = _OPENID.sub("…", errmsg)[:_MOST_WORDS]
        super().__init__(f"WeChat refused with {errcode}: {self.errmsg}")


class TokenExpired(WeChatRefusal):
    """The access token holds no longer, or there was none; or the AppSecret is wrong (40001 has both)."""

    code = "wechat_token_expired"
    then = Then.REFRESH
    advice = (
        "access_token 失效，会自动刷新一次；如果一直出现，请核对 AppSecret，"
        "并确认没有别的程序在刷新同一公众号的 token。"
    )


class WindowClosed(WeChatRefusal):
    """The user did nothing for too long, or follows no longer: no customer-service message may be sent."""

    code = "wechat_window_closed"
    advice = "用户超过 48 小时没有互动，或已取消关注；用户再发消息后，等着的内容会继续发送。"


class CountUsedUp(WeChatRefusal):
    """All customer-service messages that the user's last act granted are sent."""

    code = "wechat_count_used_up"
    advice = "客服消息条数已用完；用户再发消息后，等着的内容会继续发送。"


class UserRefuses(WeChatRefusal):
    """The user follows no longer, was blocked, or wants no such messages."""

    code = "wechat_user_refuses"
    advice = "用户已取消关注、拒收消息、退订了通知，或在黑名单里。"


class UserUnknown(WeChatRefusal):
    """No user of this account has that openid."""

    code = "wechat_user_unknown"
    advice = "openid 不属于这个公众号，请检查账号配置是否对应。"


class TooOften(WeChatRefusal):
    """More calls than a day or a minute may have."""

    code = "wechat_too_often"
    then = Then.LATER
    advice = (
        "调用次数超过微信的限制；每日额度可在微信开发者平台「接口管理 → 接口权限与额度」查看，零点后恢复。"
    )


class Busy(WeChatRefusal):
    """WeChat is busy, and asks to try again."""

    status = 503
    code = "wechat_busy"
    then = Then.LATER
    advice = "微信系统繁忙，会自动重试。"


class IpNotListed(WeChatRefusal):
    """The request came from an address that isn't in the account's white list.

    `address` is that address as WeChat saw it, empty if it doesn't say.
    """

    code = "wechat_ip_not_listed"
    advice = (
        "服务器的出口 IP 不在白名单里，"
        "请在微信开发者平台「我的业务 → 服务号 → 基础信息 → 开发密钥」的 IP 白名单添加。"
    )

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        super().__init__(errcode, errmsg)
        found = _ADDRESS.search(errmsg)
        self.address = found.group() if found else ""


class WrongCredentials(WeChatRefusal):
    """AppID or AppSecret isn't right, or the secret is frozen."""

    code = "wechat_wrong_credentials"
    advice = "AppID 或 AppSecret 不对，或 AppSecret 已冻结，请在微信开发者平台「服务号 → 基础信息」核对。"


class NotPermitted(WeChatRefusal):
    """The account may not use this part of the API."""

    code = "wechat_not_permitted"
    advice = (
        "服务号没有这个接口的权限（例如没有通过微信认证），或已被限制；"
        "请在微信开发者平台「接口管理 → 接口权限与额度」和公众平台「违规记录」查看。"
    )


class CodeUsed(WeChatRefusal):
    """A web page's authorisation code was used before, is over five minutes old, or is none."""

    code = "wechat_code_used"
    citizen_text = "这个页面已经失效，请回到微信对话，重新点开链接。"
    advice = "网页授权的 code 只能用一次，五分钟内有效；请用户重新打开链接。"


class RequestRefused(WeChatRefusal):
    """The request is too long, empty, malformed, or names something that isn't there."""

    code = "wechat_request_refused"
    advice = "发送的内容不符合微信的要求，例如过长、为空，或素材已过期。"


_OPENID: Final = re.compile(r"(?<![\w-])o[\w-]{27}(?![\w-])")
_MOST_WORDS: Final = 300
_ADDRESS: Final = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{1,4}\b")

_CODES: Final[dict[type[WeChatRefusal], tuple[int, ...]]] = {
    TokenExpired: (40001, 40014, 41001, 42001),
    WindowClosed: (45015,),
    CountUsedUp: (45047,),
    UserRefuses: (43004, 43019, 43101, 48002, 50002, 50005),
    UserUnknown: (40003, 40031, 46004),
    TooOften: (45009, 45011, 45064, 48006),
    Busy: (-1, 61450),
    IpNotListed: (40164, 45035, 61004, 89501, 89503, 89506, 89507),
    WrongCredentials: (40002, 40013, 40125, 40243, 41002, 41004),
    NotPermitted: (48001, 48003, 48004, 48005, 48008, 50001),
    CodeUsed: (40029, 40163, 41008, 42003),
    RequestRefused: (),
}
_CLASSES: Final = {number: kind for kind, numbers in _CODES.items() for number in numbers}

# Blocks of the list that are about the request: parameters (40…, 41…, 43…, 47…), media and texts (44…,
# 45…), things that aren't there (46…).
_REQUESTS = range(40000, 48000)


def error_of(errcode: int, errmsg: str = "") -> WeChatRefusal:
    """The error that a code other than 0 stands for; WeChatRefusal itself for one that isn't known."""
    kind = _CLASSES.get(errcode, RequestRefused if errcode in _REQUESTS else WeChatRefusal)
    return kind(errcode, errmsg)


def closes_window(errcode: int) -> bool:
    """Whether the code says that the user can't be written to, until they do something anew."""
    return _CLASSES.get(errcode) in {WindowClosed, CountUsedUp, UserRefuses, UserUnknown}
