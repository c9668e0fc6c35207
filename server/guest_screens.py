"""Where passing news for a call's guest goes: to an agent's desk, or the page of who came by a link."""

from collections.abc import Mapping
from typing import Any

from core.guest_ports import CallGuest
from server.desk_events import DeskEvents
from server.events import EventFanOut


def topic_of(guest: CallGuest) -> str:
    """What the page of a guest who came by a link watches. No conversation's id has a space."""
    return f"guest {guest.guest_id}"


class GuestScreens:
    """Fulfils `server.call_guests.TellGuest`."""

    def __init__(self, screens: DeskEvents, fan_out: EventFanOut) -> None:
        self._screens = screens
        self._fan_out = fan_out

    def __call__(self, guest: CallGuest, body: Mapping[str, Any]) -> None:
        """Never waits; who isn't there doesn't get it."""
        if guest.agent:
            self._screens.tell(guest.agent, body)
        else:
            self._fan_out.announce(topic_of(guest), body)
