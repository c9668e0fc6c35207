"""The menu in the how-to is one that WeChat takes, and each of its keys does something."""

from pathlib import Path

import pytest

from connectors.wechat.acts import Acts
from connectors.wechat.menu import Entry, Link, click_keys, find_problems, load_menu
from connectors.wechat.pushes import Clicked
from core.outbox_ports import ChannelUser

BASE = "https://bangban.example.gov.cn"
HOWTO = Path(__file__).resolve().parents[3] / "docs" / "howto"
MENU = load_menu((HOWTO / "wechat-menu.toml").read_text("utf-8"), BASE)


class Heard:
    """Conversations that write down what is asked of them."""

    def __init__(self):
        self.said, self.wished = [], []

    async def say(self, conversation_id, text, message_id):
        self.said.append(text)

    async def wish(self, conversation_id, mode, message_id):
        self.wished.append(mode)


def test_wechat_takes_it():
    assert find_problems(MENU) == []
    assert [button.name for button in MENU.buttons] == ["办事咨询", "视频咨询", "人工"]


@pytest.mark.parametrize("key", click_keys(MENU))
async def test_each_key_does_something(key):
    heard = Heard()
    push = Clicked(account_id="gh_1", openid="o1", created=1, menu_key=key)

    await Acts(heard, bot_name="帮办").do(push, ChannelUser("hall", "o1", conversation_id="c1"))

    assert len(heard.said + heard.wished) == 1
    assert all(heard.said + heard.wished)


def test_links_lead_to_the_services_own_page():
    entries = [entry for button in MENU.buttons for entry in getattr(button, "entries", (button,))]
    links = [entry.act.url for entry in entries if isinstance(entry, Entry) and isinstance(entry.act, Link)]

    assert f"{BASE}/wechat/hall/enter?to=video" in links
    assert all(link.startswith(f"{BASE}/wechat/hall/enter?to=") for link in links)
