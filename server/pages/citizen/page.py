"""Makes the citizen page from what the route knows.

Owns the template's placeholders. It renders the whole page on the server, transcript included, so
that the page works as a plain form; `server/static/js/pages/citizen.js` enhances the same markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

from core.ports import ConversationEvent
from core.text import MAX_CHARACTERS
from server.pages.citizen.transcript import transcript_html
from server.pages.render import fill


@dataclass(frozen=True, slots=True)
class CitizenView:
    """What the page shows. `nonce` becomes the form's `client_message_id`, so it differs each time.

    `suggestions` are first questions to ask by a click. `notice` is a sentence about what went
    wrong, `draft` the text that couldn't be sent. `told` is what the citizen should know of
    how they came here.
    `assets` is the address below which `server/static/` is served, without a slash at its end.
    """

    bot_name: str
    hotline: str
    assets: str
    nonce: str
    city: str = ""
    retention_days: int = 180
    conversation_id: str = ""
    token: str = field(default="", repr=False)
    events: Sequence[ConversationEvent] = ()
    suggestions: Sequence[str] = ()
    notice: str = ""
    draft: str = ""
    told: str = ""


def citizen_page(view: CitizenView) -> str:
    """The page as HTML, to be sent with `Cache-Control: no-store`."""
    return fill(
        _template(),
        {
            "bot_name": view.bot_name,
            "city": view.city,
            "hotline": view.hotline,
            "assets": view.assets,
            "nonce": view.nonce,
            "retention_days": str(view.retention_days),
            "most_characters": str(MAX_CHARACTERS),
            "conversation_id": view.conversation_id,
            "token": view.token,
            "draft": view.draft,
            "suggestions_html": _suggestions_html(view.suggestions, view.nonce),
            "transcript_html": transcript_html(view.events, nonce=view.nonce),
            "told_html": f'<p class="told">{escape(view.told)}</p>' if view.told else "",
            "notice_html": f'<p class="status__notice">{escape(view.notice)}</p>' if view.notice else "",
        },
    )


@cache
def _template() -> str:
    return Path(__file__).with_name("index.html").read_text(encoding="utf-8")


def _suggestions_html(questions: Sequence[str], nonce: str) -> str:
    """The form with first questions, which are sent as they stand; nothing when there are none."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button class="suggestion" name="text" value="{question}">{question}</button></li>'
        for question in map(escape, questions)
    )
    return (
        '<form class="suggestions" method="post" action="/" data-action="suggest">'
        f'<input type="hidden" name="client_message_id" value="{escape(nonce)}">'
        '<h3 class="suggestions__title">可以这样问</h3>'
        f'<ul class="suggestions__list">{buttons}</ul></form>'
    )
