"""Checks of single settings. Pure; each raises ValueError in the operator's language."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from core.wechat_settings import ACCOUNT_NAME


def check_networks(networks: Iterable[str]) -> None:
    """Each is a network, such as 10.0.0.0/8, or an address."""
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            raise ValueError(f"{network} 不是网段，要写成 10.0.0.0/8 这样") from None


def check_addresses(pairs: Iterable[str]) -> None:
    """Each is an address, or PUBLIC=LOCAL."""
    for pair in pairs:
        for address in pair.split("=", 1):
            try:
                ip_address(address)
            except ValueError:
                raise ValueError(f"{address} 不是 IP 地址") from None


def check_port_range(ports: str) -> None:
    """It is empty, or the first and the last of some ports: 40000-40999."""
    first, _, last = ports.partition("-")
    if ports and not (first.isdecimal() and last.isdecimal() and 1024 <= int(first) <= int(last) <= 65535):
        raise ValueError("要写成 40000-40999 这样，在 1024 到 65535 之间")


def check_account_names(names: Iterable[str]) -> None:
    """Each can stand in an address."""
    for name in names:
        if not ACCOUNT_NAME.fullmatch(name):
            raise ValueError(f"{name} 要用小写字母和数字，字母开头，最多 32 个")
