"""The page's signature is the one that WeChat's browser computes."""

import hashlib

from connectors.wechat.jssdk import page_config, page_signature

# The example of WeChat's documentation.
TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
NONCE = "Wm3WZYTPz0wzccnW"
TIMESTAMP = 1414587457
URL = "http://mp.weixin.qq.com?params=value"
SIGNATURE = "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_the_documented_example_is_signed_as_documented():
    assert page_signature(TICKET, NONCE, TIMESTAMP, URL) == SIGNATURE


def test_a_fragment_does_not_count():
    assert page_signature(TICKET, NONCE, TIMESTAMP, URL + "#answer") == SIGNATURE


def test_the_address_is_signed_as_it_stands():
    url = "https://bangban.example/?q=社保 卡&x=%20"
    signed = f"jsapi_ticket=t&noncestr=n&timestamp=1&url={url}"

    assert page_signature("t", "n", 1, url) == hashlib.sha1(signed.encode()).hexdigest()


def test_the_page_gets_what_the_sdk_wants_and_not_the_ticket():
    config = page_config(
        "wx0123456789abcdef", TICKET, nonce=NONCE, timestamp=TIMESTAMP, url=URL, functions=("scanQRCode",)
    )

    assert config == {
        "appId": "wx0123456789abcdef",
        "timestamp": TIMESTAMP,
        "nonceStr": NONCE,
        "signature": SIGNATURE,
        "jsApiList": ["scanQRCode"],
    }
