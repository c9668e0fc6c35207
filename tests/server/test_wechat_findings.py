"""What is said of an address by its looks, and of answers that only a bad day gives."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from connectors.wechat.api import WeChatSilent
from connectors.wechat.envelope import Mode
from server.wechat_findings import Sign, of_address, of_clock, of_failure, of_names, of_push
from server.wechat_probe import Answer

HOST = "bangban.example.gov.cn"


@pytest.mark.parametrize("url", [f"https://{HOST}", f"https://{HOST}/", f"https://{HOST}:443"])
def test_an_address_that_wechat_can_call(url):
    assert of_address(url).sign is Sign.WELL


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (f"http://{HOST}", "https://"),
        (HOST, "https://"),
        ("https://", "https://域名"),
        (f"https://{HOST}?a=1", "https://域名"),
        (f"https://user@{HOST}", "https://域名"),
        (f"https://{HOST}:8443", "端口"),
        (f"https://{HOST}:port", "端口"),
        (f"https://{HOST}/bangban", "路径"),
        ("https://203.0.113.7", "域名"),
        ("https://[2001:db8::1]", "域名"),
        ("https://localhost", "域名"),
    ],
)
def test_an_address_that_wechat_cannot_call(url, advice):
    finding = of_address(url)

    assert finding.sign is Sign.WRONG
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        ([], Sign.WRONG),
        (["10.0.0.4"], Sign.LOOK),
        (["10.0.0.4", "8.8.8.8"], Sign.WELL),
        (["fd00::1", "192.168.1.1"], Sign.LOOK),
    ],
)
def test_where_a_host_leads_from_here(found, sign):
    finding = of_names(HOST, [ip_address(each) for each in found])

    assert finding.sign is sign
    assert all(each in finding.told for each in found)


@pytest.mark.parametrize(("seconds", "sign"), [(4.9, Sign.WELL), (5.1, Sign.WRONG)])
def test_wechat_does_not_wait_for_longer_than_five_seconds(seconds, sign):
    assert of_push(Answer(200, b"success", seconds), Mode.SAFE, HOST).sign is sign


@pytest.mark.parametrize(
    ("reason", "told"), [("no JSON object", "登录页"), ("TimeoutError", "超时"), ("HTTP 502", "HTTP 502")]
)
def test_why_wechat_is_silent_is_said_in_chinese(reason, told):
    finding = of_failure("微信接口", WeChatSilent(reason, sent=True))

    assert finding.sign is Sign.WRONG
    assert finding.told.startswith("微信没有应答（")
    assert told in finding.told


@pytest.mark.parametrize(("window", "sign"), [(300, Sign.LOOK), (100, Sign.WRONG)])
def test_the_clock_is_measured_by_the_accounts_own_window(window, sign):
    finding = of_clock(datetime(2026, 1, 1, 12, 2, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC), window)

    assert finding.sign is sign
    assert "慢 120 秒" in finding.told
