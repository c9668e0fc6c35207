"""The few sentences that the service itself says to citizens. The bot's own are in `bot/domain`."""

import math
from datetime import datetime

from core.clock import local_time
from core.errors import BangbanError
from core.messages import ReplyMessage
from core.statuses import HandoverMode
from core.text import MAX_CHARACTERS as READ_CHARACTERS

_WISHES = {HandoverMode.VIDEO: "视频帮办", HandoverMode.TEXT: "人工服务"}

READ_PARTLY = f"您的话比较长，我先看了前 {READ_CHARACTERS} 个字。您也可以分几次说。"


def engine_failed(hotline: str) -> ReplyMessage:
    """The apology when the dialogue engine gives no answer."""
    return ReplyMessage(
        f"抱歉，我这边出了点问题，这句没能答上来。请您稍后再说一遍，或拨打服务热线 {hotline}；"
        "需要工作人员的话，请回复“转人工”。",
        type="notice",
    )


def waiting_in_line(mode: HandoverMode, position: int, wait_seconds: float | None, *, already: bool) -> str:
    """To someone who waits while agents are on line: the place, and the wait as far as it is known."""
    wish = _WISHES[mode]
    noted = f"您已经在排队等{wish}" if already else f"已为您排队等{wish}"
    return (
        f"{noted}，排在第 {position} 位，{wait_in_words(wait_seconds)}。接通前您说的话工作人员都能看到；"
        "不想等的话，可以预约回电或留言。"
    )


def why_nobody(*, is_open: bool, at_work: int, hours: str) -> str:
    """Why nobody can come now."""
    if not is_open:
        return f"现在不在服务时间（{hours}），"
    return "现在没有能接待您的工作人员在线，" if at_work else "现在没有工作人员在线，"


def nobody_on_line(mode: HandoverMode, position: int, why: str, hotline: str, *, already: bool) -> str:
    """To someone who asked for a person when none can come now; the bot goes on answering."""
    wish = _WISHES[mode]
    noted = f"您的{wish}需求已经登记过了" if already else f"已为您登记{wish}"
    return (
        f"{noted}，排在第 {position} 位。{why}有人上线会为您接着排队。"
        f"您也可以预约回电、留言，着急的话请拨打服务热线 {hotline}。等候期间您可以接着问我。"
    )


def wait_in_words(seconds: float | None) -> str:
    """An estimate as people say it, never more exact than it is."""
    if seconds is None:
        return "等候时间暂时估不准"
    minutes = math.ceil(seconds / 60)
    return f"预计等候 {minutes} 分钟左右" if minutes > 1 else "预计很快接通"


ALREADY_WITH_AGENT = "工作人员正在为您服务，请直接在这里说。"

AGENT_CAME_ON_LINE = "有工作人员上线了，正在为您排队。"

AGENTS_LEFT = "工作人员都下线了。您的登记还在，有人上线会接着为您排队；等候期间您可以接着问我。"

AGENT_LOST = "工作人员的网络断了，您的位置已保留，正在为您接回人工服务。"

TRANSFERRED = "正在为您转接，您的位置已保留。"

HANDED_BACK = "工作人员已结束服务，接下来由我为您解答。需要时可以再次转人工。"

CITIZEN_GONE = "您离开已有一段时间，人工服务先结束了。需要时可以再次转人工。"

CITIZEN_ENDED = "您已结束人工服务。需要时可以再次转人工。"

MESSAGE_LEFT = "留言已收到，工作人员看到后会在这里答复您。"

TAKEN_OVER = "接下来由另一位工作人员为您服务。"


CALL_EXPIRED = "通话断开的时间太长，已结束。可以继续用文字说，也可以再次发起通话。"

CONSENT_WITHDRAWN = "已按要求停止录制，通话照常进行。已录制的部分仍会按规定保存。"

RECORDING_BROKEN = "录像中断了，通话照常进行，接下来的内容不再录像。"


def guest_joined(name: str) -> str:
    """To those in a call whom somebody joins."""
    return f"{name}已加入通话。"


def guest_left(name: str) -> str:
    """To those in a call whom somebody leaves."""
    return f"{name}已离开通话。"


def call_back_promised(at: datetime) -> str:
    """To someone who chose when to be called back."""
    local = local_time(at)
    return f"已为您预约 {local.month} 月 {local.day} 日 {local:%H:%M} 回电，到时工作人员会联系您。"


LEFT_QUEUE = "已取消人工服务的排队。需要时可以再次转人工。"


def closed_by_staff(hotline: str) -> str:
    """What someone reads whose wish for a person was closed by staff."""
    return f"您的人工服务登记已由工作人员关闭。如还需要，可以再次转人工，或拨打服务热线 {hotline}。"


def waited_too_long(hotline: str) -> str:
    """The apology to someone for whom nobody came."""
    return (
        "抱歉，您登记的人工服务一直没有等到工作人员，登记已过期。"
        f"如还需要，可以再次转人工，或拨打服务热线 {hotline}。"
    )


def what_failed(error: BangbanError, hotline: str) -> str:
    """An error's sentence for a citizen; where trying differently won't help, with the hotline."""
    return f"{error.citizen_text}服务热线：{hotline}。" if error.status >= 500 else error.citizen_text
