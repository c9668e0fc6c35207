"""What can be asked of the service by a menu's key or a scene code, as an operator writes it. Pure."""

import re
from typing import Final

from connectors.wechat.client import LONGEST_SCENE

KINDS: Final = ("ask:问题", "item:事项编码", "window:窗口名称", "kiosk:自助机编号", "person", "video")

_KNOWN: Final = re.compile(r"person|video|(ask|item|window|kiosk):(?=.*\S)[^\x00-\x1f\x7f]+")


def is_known(key: str) -> bool:
    """Whether something happens for that key or scene."""
    return _KNOWN.fullmatch(key) is not None


def problem_of(scene: str) -> str:
    """Why that can't be put on a code, in Chinese; empty if it can."""
    if len(scene) > LONGEST_SCENE:
        return f"场景最多 {LONGEST_SCENE} 个字符，现有 {len(scene)} 个"
    if not is_known(scene):
        return f"场景要写成 {'、'.join(KINDS)} 中的一种"
    return ""
