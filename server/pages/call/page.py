"""Makes the call page from what the route knows.

Owns the template's placeholders. The page holds the conversation's id and token as the citizen page
does; everything else comes by script, without which there is no camera either.
"""

from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

from core.text import MAX_CHARACTERS
from server.pages.call.consent import NOTICE, PARAGRAPHS, consent_version, notice_version
from server.pages.render import fill


@dataclass(frozen=True, slots=True)
class CallView:
    """What the page shows. Without a conversation it can only lead back.

    `recorded`: whether calls can be recorded, so that consent is asked for; else it is told that none is.
    `assets` is the address below which `server/static/` is served, without a slash at its end.
    """

    bot_name: str
    hotline: str
    assets: str
    call_id: str
    city: str = ""
    recorded: bool = True
    conversation_id: str = ""
    token: str = field(default="", repr=False)


def call_page(view: CallView) -> str:
    """The page as HTML, to be sent with `Cache-Control: no-store`."""
    paragraphs = PARAGRAPHS if view.recorded else NOTICE
    return fill(
        _template(),
        {
            "bot_name": view.bot_name,
            "city": view.city,
            "hotline": view.hotline,
            "assets": view.assets,
            "call_id": view.call_id,
            "conversation_id": view.conversation_id,
            "token": view.token,
            "most_characters": str(MAX_CHARACTERS),
            "consent_title": "是否同意录音录像" if view.recorded else "这次通话不录音录像",
            "consent_recorded": str(view.recorded).lower(),
            "consent_version": consent_version() if view.recorded else notice_version(),
            "consent_html": "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs),
        },
    )


@cache
def _template() -> str:
    return Path(__file__).with_name("index.html").read_text(encoding="utf-8")
