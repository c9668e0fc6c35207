"""The few sentences that the service itself says to citizens. The bot's own are in `bot/domain`."""

from core.errors import BangbanError
from core.messages import ReplyMessage
from core.statuses import HandoverMode
from core.text import MAX_CHARACTERS as READ_CHARACTERS

READ_PARTLY = f"您的话比较长，我先看了前 {READ_CHARACTERS} 个字。您也可以分几次说。"


def engine_failed(hotline: str) -> ReplyMessage:
    """The apology when the dialogue engine gives no answer."""
    return ReplyMessage(
        f"抱歉，我这边出了点问题，这句没能答上来。请您稍后再说一遍，或拨打服务热线 {hotline}；"
        "需要工作人员的话，请回复“转人工”。",
        type="notice",
    )


def waiting_for_person(mode: HandoverMode, position: int, hotline: str, *, already: bool) -> ReplyMessage:
    """The honest notice to someone who asked for a person: nobody is on line until there is a console."""
    wish = "视频帮办" if mode is HandoverMode.VIDEO else "人工服务"
    noted = f"您的{wish}需求已经登记过了" if already else f"已为您登记{wish}"
    return ReplyMessage(
        f"{noted}，排在第 {position} 位。现在还没有工作人员在线，着急的话请拨打服务热线 {hotline}。"
        "等候期间您可以接着问我。",
        type="notice",
    )


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
