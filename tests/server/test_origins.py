"""Another site can't make a citizen's browser speak for the citizen."""

import pytest

from server.middlewares import is_same_site

HOSTS = {"bangban.example:8080", "help.example.gov.cn"}


@pytest.mark.parametrize(
    ("fetch_site", "origin"),
    [
        ("same-origin", ""),
        ("none", ""),
        ("", ""),
        ("", "http://bangban.example:8080"),
        ("", "https://help.example.gov.cn"),
        ("same-origin", "null"),
    ],
)
def test_own_pages_and_programs_may(fetch_site, origin):
    assert is_same_site(fetch_site, origin, HOSTS)


@pytest.mark.parametrize(
    ("fetch_site", "origin"),
    [
        ("cross-site", ""),
        ("same-site", "https://help.example.gov.cn"),
        ("", "null"),
        ("", "https://evil.example"),
        ("", "http://bangban.example"),
        ("", "http://bangban.example:8080.evil.example"),
        ("", "http://[nonsense"),
    ],
)
def test_other_sites_may_not(fetch_site, origin):
    assert not is_same_site(fetch_site, origin, HOSTS)


def test_an_unknown_own_address_matches_no_origin():
    assert not is_same_site("", "null", {""})
