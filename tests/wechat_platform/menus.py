"""What WeChat takes as a menu.

https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Creating_Custom-Defined_Menu.html
"""

from collections.abc import Mapping
from typing import Any

WRONG_FORMAT, WRONG_COUNT, WRONG_NAME, WRONG_KEY = 47001, 40016, 40018, 40019
WRONG_URL, WRONG_KIND, WRONG_SUB_COUNT, WRONG_SUB_NAME = 40020, 40017, 40023, 40025
PICTURE_KINDS = {"pic_sysphoto", "pic_photo_or_album", "pic_weixin"}
KEY_KINDS = {"click", "scancode_push", "scancode_waitmsg", "location_select"} | PICTURE_KINDS


def fault_of(menu: Mapping[str, Any]) -> int:
    """0 if the menu is taken, else the errcode."""
    buttons = menu.get("button")
    if not isinstance(buttons, list) or not all(isinstance(each, dict) for each in buttons):
        return WRONG_FORMAT
    if not 1 <= len(buttons) <= 3:
        return WRONG_COUNT
    for button in buttons:
        subs = button.get("sub_button") or []
        if not _has_name(button, most_bytes=16):
            return WRONG_NAME
        if len(subs) > 5:
            return WRONG_SUB_COUNT
        if not all(_has_name(each, most_bytes=60) for each in subs):
            return WRONG_SUB_NAME
        for each in subs or [button]:
            if errcode := _fault_of_end(each):
                return errcode
    return 0


def as_given_back(menu: Mapping[str, Any]) -> Mapping[str, Any]:
    """The menu as `menu/get` shows it: every button has its `sub_button`, and nothing but known fields."""
    known = ("type", "name", "key", "url", "appid", "pagepath", "media_id", "article_id")

    def shown(button: Mapping[str, Any]) -> dict[str, Any]:
        fields = {name: button[name] for name in known if name in button}
        return {**fields, "sub_button": [shown(each) for each in button.get("sub_button") or []]}

    return {"button": [shown(each) for each in menu["button"]]}


def _has_name(button: Mapping[str, Any], *, most_bytes: int) -> bool:
    name = button.get("name")
    return isinstance(name, str) and 1 <= len(name.encode()) <= most_bytes


def _fault_of_end(button: Mapping[str, Any]) -> int:
    kind = button.get("type")
    if kind in KEY_KINDS:
        return 0 if 1 <= len(str(button.get("key", "")).encode()) <= 128 else WRONG_KEY
    if kind in ("view", "miniprogram"):
        url = str(button.get("url", ""))
        return 0 if url.startswith(("http://", "https://")) and len(url.encode()) <= 1024 else WRONG_URL
    return WRONG_KIND
