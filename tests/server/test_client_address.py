"""Only trusted proxies are believed about whom they speak for."""

import pytest

from server.client_address import client_address, is_loopback, parse_networks

TRUSTED = parse_networks(["10.0.0.0/8", "::1"])


def test_without_trusted_proxies_the_peer_is_the_client_whatever_it_claims():
    assert client_address("203.0.113.7", "198.51.100.1", ()) == "203.0.113.7"


def test_a_trusted_proxy_is_believed():
    assert client_address("10.0.0.1", "203.0.113.7", TRUSTED) == "203.0.113.7"


def test_of_a_chain_the_last_untrusted_hop_counts_since_the_rest_may_be_made_up():
    assert client_address("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", TRUSTED) == "203.0.113.7"


def test_a_chain_of_proxies_only_ends_at_its_first():
    assert client_address("10.0.0.1", "10.0.0.3, 10.0.0.2", TRUSTED) == "10.0.0.3"


def test_nonsense_in_the_header_is_not_taken_for_an_address():
    assert client_address("10.0.0.1", "unknown, ';drop", TRUSTED) == "10.0.0.1"


def test_an_ipv4_address_written_as_ipv6_is_the_same_client():
    assert client_address("::ffff:10.0.0.1", "203.0.113.7", TRUSTED) == "203.0.113.7"
    assert is_loopback("::ffff:127.0.0.1")


@pytest.mark.parametrize("address", ["", "unix:", "203.0.113.7"])
def test_other_peers_are_not_this_machine(address):
    assert not is_loopback(address)
