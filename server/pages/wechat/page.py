"""Makes the page that says why a link from WeChat doesn't lead on, and what to do. It needs no script."""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from server.pages.render import fill


@dataclass(frozen=True, slots=True)
class WeChatView:
    """What the page says. `retry` is where another try begins, with what stands on its button; empty: none.

    `assets` is the address below which `server/static/` is served, without a slash at its end.
    """

    title: str
    text: str
    bot_name: str
    hotline: str
    assets: str
    city: str = ""
    retry: str = ""
    retry_label: str = "再试一次"


def wechat_page(view: WeChatView) -> str:
    """The page as HTML, to be sent with `Cache-Control: no-store`."""
    return fill(
        _template(),
        {
            "title": view.title,
            "text": view.text,
            "bot_name": view.bot_name,
            "city": view.city,
            "hotline": view.hotline,
            "assets": view.assets,
            "retry_html": _button(view.retry, view.retry_label) if view.retry else "",
        },
    )


def _button(address: str, label: str) -> str:
    return f'<a class="button button--big" href="{escape(address)}">{escape(label)}</a>'


@cache
def _template() -> str:
    return Path(__file__).with_name("index.html").read_text(encoding="utf-8")
