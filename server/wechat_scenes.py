"""What can be asked of the service by a menu's key or a scene code, as an operator writes it. Pure."""

from typing import Final

from connectors.wechat.client import LONGEST_SCENE
from connectors.wechat.scenes import Unknown, read_scene

KINDS: Final = ("ask:问题", "item:事项编码", "window:窗口名称", "kiosk:自助机编号", "person", "video")


def is_known(key: str) -> bool:
    """Whether something happens for that key or scene."""
    return key.isprintable() and not isinstance(read_scene(key), Unknown)


def problem_of(scene: str) -> str:
    """Why that can't be put on a code, in Chinese; empty if it can."""
    if len(scene) > LONGEST_SCENE:
        return f"场景最多 {LONGEST_SCENE} 个字符，现有 {len(scene)} 个"
    if not is_known(scene):
        return f"场景要写成 {'、'.join(KINDS)} 中的一种"
    return ""
