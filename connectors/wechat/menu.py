"""The menu below the chat: declared in a file, checked, compared with what WeChat has. Pure.

Rule: 「创建自定义菜单」, see README.md: up to three buttons, each with an act or up to five entries. The file
is TOML:

    [[menu]]
    name = "办事咨询"

        [[menu.entries]]
        name = "热门事项"
        click = "ask:热门事项"    # pushes the key; `scan` does after scanning a code

    [[menu]]
    name = "视频咨询"
    link = "/wechat/hall/enter?to=video"  # opens a page; one that begins with / is the service's own

A mini program is `mini_program = {appid = "wx…", page = "pages/index", link = "https://…"}`.
"""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import ConfigurationError

MOST_BUTTONS: Final = 3
MOST_ENTRIES: Final = 5
MOST_KEY_BYTES: Final = 128
MOST_LINK_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class _Size:
    """How long a name may be: bytes that WeChat takes, and Chinese characters that it shows."""

    most_bytes: int
    most_shown: int


_BUTTON_SIZE: Final = _Size(16, 4)
_ENTRY_SIZE: Final = _Size(60, 8)


class InvalidMenu(ConfigurationError):
    """A menu can't be used; `problems` says why, a sentence each."""

    code = "invalid_menu"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("菜单有误：" + "；".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Click:
    """Pushes its key as an event."""

    key: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Scans a code, and pushes its key with what the code says."""

    key: str


@dataclass(frozen=True, slots=True)
class Link:
    """Opens a page."""

    url: str


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """Opens a page of a mini program, or `url` where that isn't possible."""

    appid: str
    page: str
    url: str


@dataclass(frozen=True, slots=True)
class OtherAct:
    """Something that WeChat has and files don't: its kind, and its values by name."""

    kind: str
    values: tuple[tuple[str, str], ...]


Act = Click | Scan | Link | MiniProgram | OtherAct


@dataclass(frozen=True, slots=True)
class Entry:
    """A button, or an entry of one, that does something."""

    name: str
    act: Act


@dataclass(frozen=True, slots=True)
class Group:
    """A button that opens a list."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    """The buttons from left to right; none if there is no menu."""

    buttons: tuple[Entry | Group, ...] = ()


def load_menu(text: str, base_url: str) -> Menu:
    """The menu in a file. `base_url` is the service's own address, https://… without a path.

    Raises InvalidMenu with all that is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidMenu([f"不是有效的 TOML：{error}"]) from None
    problems = [f"不认识的内容：{name}" for name in data if name != "menu"]
    tables = data.get("menu", [])
    if not isinstance(tables, list):
        raise InvalidMenu([*problems, "menu 应写成 [[menu]]"])
    menu = Menu(tuple(_read_button(table, base_url.rstrip("/"), problems) for table in tables))
    problems += find_problems(menu)
    if problems:
        raise InvalidMenu(problems)
    return menu


def find_problems(menu: Menu) -> list[str]:
    """What WeChat would refuse, or wouldn't show as it stands."""
    problems = list(_problems_of_names(menu.buttons, _BUTTON_SIZE))
    if not 1 <= len(menu.buttons) <= MOST_BUTTONS:
        problems.append(f"一级菜单应有 1 到 {MOST_BUTTONS} 个，现有 {len(menu.buttons)} 个")
    for button in menu.buttons:
        if isinstance(button, Entry):
            problems += _problems_of_act(button)
            continue
        if not 1 <= len(button.entries) <= MOST_ENTRIES:
            problems.append(f"「{button.name}」下应有 1 到 {MOST_ENTRIES} 项，现有 {len(button.entries)} 项")
        problems += _problems_of_names(button.entries, _ENTRY_SIZE)
        for entry in button.entries:
            problems += _problems_of_act(entry)
    return problems


def to_wechat(menu: Menu) -> dict[str, Any]:
    """The menu as WeChat's API takes it."""
    return {"button": [_button_to_wechat(button) for button in menu.buttons]}


def from_wechat(data: Mapping[str, Any]) -> Menu:
    """The menu in an answer of WeChat's API, to `menu/get` or `get_current_selfmenu_info`."""
    inside = data.get("menu") or data.get("selfmenu_info") or data
    return Menu(tuple(map(_button_from_wechat, inside.get("button", ()))))


def click_keys(menu: Menu) -> list[str]:
    """The keys that are pushed when somebody presses an entry."""
    entries = (entry for button in menu.buttons for entry in _entries_of(button))
    return [entry.act.key for entry in entries if isinstance(entry.act, Click)]


def diff(old: Menu, new: Menu) -> list[str]:
    """What changes from one menu to the other, a line each; empty if nothing does."""
    before, after = dict(_places(old)), dict(_places(new))
    lines = [f"删除{_place(path)}（{act}）" for path, act in before.items() if path not in after]
    lines += [f"新增{_place(path)}（{act}）" for path, act in after.items() if path not in before]
    lines += [
        f"修改{_place(path)}：由「{before[path]}」改为「{act}」"
        for path, act in after.items()
        if path in before and before[path] != act
    ]
    kept_before = [path for path in before if path in after]
    kept_after = [path for path in after if path in before]
    if kept_before != kept_after:
        lines.append("调整顺序：" + "、".join(_place(path) for path in after))
    return lines


def _read_button(table: object, base_url: str, problems: list[str]) -> Entry | Group:
    if isinstance(table, dict) and isinstance(entries := table.get("entries"), list):
        problems += [f"不认识的内容：{name}" for name in table if name not in {"name", "entries"}]
        name = str(table.get("name", ""))
        return Group(name, tuple(_read_entry(entry, base_url, problems) for entry in entries))
    return _read_entry(table, base_url, problems)


def _read_entry(table: object, base_url: str, problems: list[str]) -> Entry:
    values = table if isinstance(table, dict) else {}
    name = str(values.get("name", ""))
    acts = {key: value for key, value in values.items() if key != "name"}
    match acts:
        case {"click": str(key)} if len(acts) == 1:
            return Entry(name, Click(key))
        case {"scan": str(key)} if len(acts) == 1:
            return Entry(name, Scan(key))
        case {"link": str(url)} if len(acts) == 1:
            return Entry(name, Link(_absolute(url, base_url)))
        case {"mini_program": {"appid": str(appid), "page": str(page), "link": str(url)}} if len(acts) == 1:
            return Entry(name, MiniProgram(appid, page, _absolute(url, base_url)))
    problems.append(f"「{name}」应有 click、scan、link、mini_program 或 entries 中的一项")
    return Entry(name, OtherAct("", ()))


def _absolute(url: str, base_url: str) -> str:
    return base_url + url if url.startswith("/") and not url.startswith("//") else url


def _problems_of_names(items: Sequence[Entry | Group], allowed: _Size) -> Iterator[str]:
    names = [item.name for item in items]
    for name in names:
        if not name.strip():
            yield "有一项没有名称"
        elif len(name.encode()) > allowed.most_bytes or _width(name) > 2 * allowed.most_shown:
            yield f"「{name}」太长：最多 {allowed.most_shown} 个汉字，多出的不显示"
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield f"同一级有两项都叫「{name}」"


def _width(name: str) -> int:
    """In halves of a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name)


def _problems_of_act(entry: Entry) -> Iterator[str]:
    match entry.act:
        case Click(key) | Scan(key):
            if not key or len(key.encode()) > MOST_KEY_BYTES:
                yield f"「{entry.name}」的 key 应有 1 到 {MOST_KEY_BYTES} 字节"
        case Link(url) | MiniProgram(_, _, url):
            if not url.startswith("https://") or len(url.encode()) > MOST_LINK_BYTES:
                yield f"「{entry.name}」的链接应以 https:// 开头，最多 {MOST_LINK_BYTES} 字节"


def _button_to_wechat(button: Entry | Group) -> dict[str, Any]:
    if isinstance(button, Group):
        return {"name": button.name, "sub_button": [_button_to_wechat(entry) for entry in button.entries]}
    match button.act:
        case Click(key):
            values = {"type": "click", "key": key}
        case Scan(key):
            values = {"type": "scancode_waitmsg", "key": key}
        case Link(url):
            values = {"type": "view", "url": url}
        case MiniProgram(appid, page, url):
            values = {"type": "miniprogram", "appid": appid, "pagepath": page, "url": url}
        case OtherAct(kind, pairs):
            values = {"type": kind, **dict(pairs)}
    return {"name": button.name, **values}


def _button_from_wechat(data: Mapping[str, Any]) -> Entry | Group:
    inside = data.get("sub_button")
    entries = inside.get("list", []) if isinstance(inside, Mapping) else inside
    name = str(data.get("name", ""))
    if entries:
        return Group(
            name, tuple(Entry(str(each.get("name", "")), _act_from_wechat(each)) for each in entries)
        )
    return Entry(name, _act_from_wechat(data))


def _act_from_wechat(data: Mapping[str, Any]) -> Act:
    match data:
        case {"type": "click", "key": key}:
            return Click(str(key))
        case {"type": "scancode_waitmsg", "key": key}:
            return Scan(str(key))
        case {"type": "view", "url": url}:
            return Link(str(url))
        case {"type": "miniprogram", "appid": appid, "pagepath": page, "url": url}:
            return MiniProgram(str(appid), str(page), str(url))
    values = {name: str(value) for name, value in data.items() if name not in {"name", "type", "sub_button"}}
    return OtherAct(str(data.get("type", "")), tuple(sorted(values.items())))


def _entries_of(button: Entry | Group) -> tuple[Entry, ...]:
    return button.entries if isinstance(button, Group) else (button,)


def _places(menu: Menu) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each place in the menu, by the names that lead to it, with what it does in words."""
    for button in menu.buttons:
        if isinstance(button, Group):
            yield (button.name,), "列表"
            for entry in button.entries:
                yield (button.name, entry.name), in_words(entry.act)
        else:
            yield (button.name,), in_words(button.act)


def in_words(act: Act) -> str:
    """What an entry does, for staff."""
    match act:
        case Click(key):
            return f"点击 {key}"
        case Scan(key):
            return f"扫码 {key}"
        case Link(url):
            return f"打开 {url}"
        case MiniProgram(appid, page, url):
            return f"小程序 {appid} {page}，或打开 {url}"
        case OtherAct(kind, values):
            return " ".join((kind or "无动作", *(value for _, value in values)))


def _place(path: Sequence[str]) -> str:
    return "「" + " › ".join(path) + "」"
