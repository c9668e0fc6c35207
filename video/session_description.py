"""What we look at in the session descriptions (SDP, RFC 8866) that browsers send, and change in ours.

Negotiation itself is the library's. Here an offer is refused that we have no use for, before anything
is opened for it.
"""

from collections.abc import Mapping

from core.errors import InvalidInput

MOST_BYTES = 64 * 1024
MOST_CANDIDATES = 32  # each costs a check that we send to an address of the browser's choosing


def admit_offer(sdp: str, *, seats: int = 1) -> str:
    """The offer as it may be answered: without more candidates than a browser needs.

    Raises InvalidInput unless it offers audio, video, or both, of each at most one for each other
    party that may be heard and seen (`seats`), and nothing else.
    """
    if len(sdp.encode(errors="replace")) > MOST_BYTES:
        raise InvalidInput("the offer is longer than 64 KiB")
    lines = sdp.splitlines()
    kinds = offered_kinds(sdp)
    if not kinds or not set(kinds) <= {"audio", "video"} or any(kinds.count(k) > seats for k in kinds):
        raise InvalidInput(f"the offer must hold audio and video, at most {seats} of each")
    candidates = 0
    kept = []
    for line in lines:
        if line.startswith("a=candidate:"):
            candidates += 1
            if candidates > MOST_CANDIDATES:
                continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def admit_peer(sdp: str) -> str:
    """A description of one browser as the other may get it: sound and picture at most, and secured.

    Raises InvalidInput for any other.
    """
    admitted = admit_offer(sdp)
    if "\r\na=fingerprint:" not in admitted:  # without one nothing could be encrypted (RFC 8842)
        raise InvalidInput("the description has no fingerprint")
    return admitted


def offered_kinds(sdp: str) -> list[str]:
    """The kinds of media, in the order of the description."""
    return [line[2:].partition(" ")[0] for line in sdp.splitlines() if line.startswith("m=")]


def announce(sdp: str, public: Mapping[str, str]) -> str:
    """The answer with our local addresses replaced by those that the world knows them by."""
    if not public:
        return sdp
    lines = []
    for line in sdp.splitlines():
        words = line.split(" ")
        place = 4 if line.startswith("a=candidate:") else 2 if line.startswith("c=IN IP") else None
        if place is not None and len(words) > place:
            words[place] = public.get(words[place], words[place])
        lines.append(" ".join(words))
    return "\r\n".join(lines) + "\r\n"


def offered_addresses(setting: tuple[str, ...]) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The addresses to listen on, and the public ones of those that are translated (PUBLIC=LOCAL)."""
    local, public = [], {}
    for pair in setting:
        outside, _, inside = pair.partition("=")
        local.append(inside or outside)
        if inside:
            public[inside] = outside
    return tuple(local), public
