"""Which channels there are. A conversation belongs to exactly one of them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel and what staff call it."""

    name: str
    label: str
    uses_api: bool = True  # opens conversations through the conversations API
    finds_citizens: bool = False  # they are told also while no page of theirs is open


CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("web", "网页"),
        Channel("kiosk", "自助终端"),
        Channel("wechat", "微信", uses_api=False, finds_citizens=True),
    )
}

API_CHANNELS: Mapping[str, Channel] = {name: each for name, each in CHANNELS.items() if each.uses_api}
