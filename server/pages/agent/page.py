"""Makes the agents' desk from what the route knows.

The page holds no data of anybody: its scripts get that from the staff API once somebody has signed in.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from server.pages.render import fill


@dataclass(frozen=True, slots=True)
class AgentView:
    """What the page shows. `assets` is the address below which `server/static/` is served."""

    bot_name: str
    assets: str
    city: str = ""


def agent_page(view: AgentView) -> str:
    """The page as HTML, the same for everybody."""
    return fill(_template(), {"bot_name": view.bot_name, "city": view.city, "assets": view.assets})


@cache
def _template() -> str:
    return Path(__file__).with_name("index.html").read_text(encoding="utf-8")
