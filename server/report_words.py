"""What the codes in a report are called, for people. Pure.

The page and the workbook say the same: both take their words from here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.statuses import HandoverMode, HandoverState
from video.call import CallEvent, CallMode
from video.holding import HoldingEvent

_MODES: Final = {CallMode.VIDEO.value: "视频", CallMode.AUDIO.value: "语音", CallMode.TEXT.value: "文字"}

WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "states": {
            HandoverState.WAITING.value: "等候中",
            HandoverState.TAKEN.value: "接待中",
            HandoverState.CLOSED.value: "已结束",
            HandoverState.ABANDONED.value: "没等到就离开",
            HandoverState.CALLBACK.value: "待回电或待有人",
            HandoverState.MESSAGE.value: "已留言",
        },
        "modes": {HandoverMode.TEXT.value: "文字", HandoverMode.VIDEO.value: "视频"},
        "outcomes": {
            "closed": "坐席办结",
            "handed_back": "交回机器人",
            "citizen_left": "市民结束",
            "citizen_gone": "市民离开",
            HoldingEvent.LEAVE.value: "市民不等了",
            HoldingEvent.EXPIRE.value: "等候超时或被关闭",
            HoldingEvent.MESSAGE_LEFT.value: "改为留言",
        },
        "reasons": {
            "asked": "主动要找人工",
            "call_back": "预约回电",
            "no_guide": "没有对应的指南",
            "not_in_guide": "指南里没有写",
            "item_not_in_district": "该区划没有这项指南",
            "own_case": "问自己的办件",
            "other_city": "问外地的事",
            "complaint": "表达不满",
            "unclear": "没听懂",
            "out_of_scope": "不属于办事咨询",
        },
        "call_modes": _MODES,
        "call_ends": {
            CallEvent.HANGUP.value: "挂断",
            CallEvent.DECLINE.value: "没有接受",
            CallEvent.EXPIRED.value: "没接通或掉线太久",
            CallEvent.CONVERSATION_ENDED.value: "随对话结束",
        },
        "call_quality": {
            "good": "良好", "fair": "一般", "poor": "较差", "none": "收不到", "unknown": "没有测到",
        },
        "ratings": {"5": "非常满意", "4": "满意", "3": "基本满意", "2": "不满意", "1": "非常不满意"},
        "estimate_error": {
            "count": "次数",
            "mean_absolute": "平均误差（秒）",
            "median_absolute": "中位误差（秒）",
            "worst_tenth": "九成以内误差（秒）",
            "bias": "平均偏差（秒）",
            "held": "大致准的比例",
            "kept": "没有超时太多的比例",
        },
    }
)  # fmt: skip


def words_for(kind: str, code: str) -> str:
    """What the code of that kind is called; an unknown one stands as it is."""
    return WORDS[kind].get(code, code)
