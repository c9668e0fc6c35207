"""Says which client a request comes from, behind proxies or not. Pure.

Only a proxy named in the setting `trusted_proxies` is believed about whom it speaks for; otherwise
a client could pick its own address and with it its own rate limit.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_networks(written: Sequence[str]) -> tuple[Network, ...]:
    """The networks named by addresses or CIDR ranges. Raises ValueError on anything else."""
    return tuple(ip_network(text.strip(), strict=False) for text in written if text.strip())


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The address of the client: the last one in the chain that is no trusted proxy."""
    client = peer
    for hop in reversed([h.strip() for h in forwarded_for.split(",") if h.strip()]):
        if not _is_within(client, trusted):
            break
        if _parse(hop) is None:
            break
        client = hop
    return client


def is_loopback(address: str) -> bool:
    """Whether this is the machine itself."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in n for n in networks if n.version == parsed.version)


def _parse(address: str) -> Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
