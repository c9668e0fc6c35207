"""Pushes are opened in every mode if WeChat sent them, for this account, now; and refused otherwise."""

import base64
import dataclasses

import pytest

from connectors.wechat import crypto
from connectors.wechat.envelope import (
    Keys,
    Mode,
    NonceUse,
    check_address,
    check_nonce,
    decode_aes_key,
    open_push,
    seal_reply,
)
from connectors.wechat.pushes import TextMessage, parse_push
from connectors.wechat.xml_reading import read_xml
from core.errors import ConfigurationError, InvalidPush, UntrustedPush
from tests.connectors.wechat.pushes_of_citizens import (
    APPID,
    CREATED,
    ENCODED_KEY,
    HEAD,
    TOKEN,
    fixture,
    keys,
    plain_query,
    proof,
    sealed_query,
)

OTHER_KEY = "AnotherEncodingKeyThatWasUsedBefore01234567"

# Made with printf, openssl enc -aes-256-cbc, base64 and sha1sum.
CIPHERTEXT = (
    "+7qRS+4HZbNRkGPJXkfTvfotU64iRxcrTUSwC3NwMsogh5t6ne8fgz2l7AXdm/p2S4sAo2j+wVDwRWMVGpZbdXzYljh1StAEjwaN"
    "NLCID7KR2A8YURG0Sp+XIf5+vyh2v40x+/U5ukKYLSCM9geub2IoiigLqTUIY7bDPxFlihuG2ZDwhv3KPeaMzGswi3+oHaS5yaHL"
    "NibvtbZgHYYrgu7U+bFzEWm4ZZQNAfMUR9ZejVX6cd3P4sAB96tZYBrd+XeD+Fct5eFc5mjm6jecPB077PHZZzg7KxMT/VYzwp/P"
    "K1nWQKYp5QA0z0S18dkeg55tpn4W5BRzmfexCjOq7rYTVINFd8uA8KFYAJ8RZsf87oW/OvNSr/2WnFj5Jt/Hi4EN9It65Tucw7Tt"
    "HY+5o9Lnptfkhsdh0RQTrX9dJH5cZW2v+kynBXIGyR89SFTiDjPAk8GsRMqrf024ThkGXA=="
)
MSG_SIGNATURE = "fff4b6572e0fdb6ea89fef13cc3cc85228fbadf4"
QUERY = {
    "signature": "607fcf11677b9156312b5eda201386834e551cc0",
    "timestamp": "1790000000",
    "nonce": "n0nce-7",
    "encrypt_type": "aes",
    "msg_signature": MSG_SIGNATURE,
}
SAFE_BODY = (
    f"<xml><ToUserName>gh_0123456789ab</ToUserName><Encrypt><![CDATA[{CIPHERTEXT}]]></Encrypt></xml>".encode()
)
SAID = TextMessage(**HEAD, msg_id="24000000000000001", text="社保卡怎么办？")
ENCRYPTED = [Mode.COMPATIBLE, Mode.SAFE]


def inner(xml=b"<xml/>", *, length=None, appid=APPID):
    """What is encrypted around some XML."""
    return b"r" * 16 + (len(xml) if length is None else length).to_bytes(4) + xml + appid.encode()


def sealed(plain, *, encoded=ENCODED_KEY, pad=True):
    """Ciphertext of it, in base64; without padding it must be a whole number of blocks."""
    key = decode_aes_key(encoded)
    data = crypto.encrypt(key, plain)
    return base64.b64encode(data if pad else data[:-32]).decode()


def opened(ciphertext, *, mode=Mode.SAFE, encoded=(ENCODED_KEY,)):
    body = f"<xml><Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>".encode()
    return open_push(sealed_query(ciphertext), body, keys(mode, encoded=encoded), CREATED)


class TestPushesOfWeChat:
    def test_plain_xml_is_the_body_itself(self):
        push = open_push(plain_query(), fixture("text"), keys(Mode.PLAIN), CREATED)

        assert push.xml == fixture("text")
        assert push.sealed_with is None
        assert (push.timestamp, push.once) == (CREATED, f"{CREATED}:n0nce-7")

    @pytest.mark.parametrize("mode", ENCRYPTED)
    def test_ciphertext_is_opened(self, mode):
        push = open_push(QUERY, SAFE_BODY, keys(mode), CREATED)

        assert parse_push(push.xml) == SAID
        assert push.sealed_with == decode_aes_key(ENCODED_KEY)

    def test_in_compatible_mode_the_signed_ciphertext_counts_and_not_the_plain_text_beside_it(self):
        body = SAFE_BODY.replace(b"<Encrypt>", b"<MsgType>text</MsgType><Content>forged</Content><Encrypt>")

        assert parse_push(open_push(QUERY, body, keys(Mode.COMPATIBLE), CREATED).xml) == SAID

    def test_in_compatible_mode_plain_xml_is_read_while_the_console_still_says_plain(self):
        push = open_push(plain_query(encrypt_type="raw"), fixture("text"), keys(Mode.COMPATIBLE), CREATED)

        assert (push.xml, push.sealed_with) == (fixture("text"), None)

    def test_the_key_from_before_still_opens(self):
        push = opened(sealed(inner(), encoded=OTHER_KEY), encoded=(ENCODED_KEY, OTHER_KEY))

        assert push.xml == b"<xml/>"
        assert push.sealed_with == decode_aes_key(OTHER_KEY)

    @pytest.mark.parametrize("length", range(70))
    def test_xml_of_any_length_is_opened(self, length):
        assert opened(sealed(inner(b"x" * length))).xml == b"x" * length

    @pytest.mark.parametrize("off", [-300, -299.5, 0, 300])
    def test_a_time_stamp_may_be_five_minutes_off(self, off):
        assert open_push(plain_query(), fixture("text"), keys(Mode.PLAIN), CREATED + off)

    def test_the_echo_of_an_address_check_comes_back(self):
        for mode in Mode:
            assert check_address(plain_query(echostr="5437621098"), keys(mode), CREATED) == "5437621098"


class TestWhatIsNotProven:
    """UntrustedPush: 403."""

    @pytest.mark.parametrize("change", ["signature", "timestamp", "nonce"])
    def test_a_plain_push_with_a_changed_or_missing_part_of_the_query(self, change):
        for query in (
            {**plain_query(), change: "1790000001"},
            {k: v for k, v in plain_query().items() if k != change},
        ):
            with pytest.raises(UntrustedPush):
                open_push(query, fixture("text"), keys(Mode.PLAIN), CREATED)

    @pytest.mark.parametrize("change", ["msg_signature", "timestamp", "nonce"])
    @pytest.mark.parametrize("mode", ENCRYPTED)
    def test_an_encrypted_push_with_a_changed_or_missing_part_of_the_query(self, mode, change):
        for query in ({**QUERY, change: "1790000001"}, {k: v for k, v in QUERY.items() if k != change}):
            with pytest.raises(UntrustedPush):
                open_push(query, SAFE_BODY, keys(mode), CREATED)

    def test_ciphertext_that_another_signature_was_for(self):
        other = sealed(inner())

        with pytest.raises(UntrustedPush):
            open_push(QUERY, SAFE_BODY.replace(CIPHERTEXT.encode(), other.encode()), keys(Mode.SAFE), CREATED)

    def test_the_signature_without_ciphertext_does_not_stand_for_the_one_with_it(self):
        with pytest.raises(UntrustedPush):
            open_push({**QUERY, "msg_signature": QUERY["signature"]}, SAFE_BODY, keys(Mode.SAFE), CREATED)

    def test_another_token(self):
        with pytest.raises(UntrustedPush):
            open_push(QUERY, SAFE_BODY, keys(Mode.SAFE, token="other"), CREATED)

    @pytest.mark.parametrize("appid", ["wx0123456789abcdee", "", "wx0123456789abcdef\x00", APPID * 2])
    def test_another_account(self, appid):
        with pytest.raises(UntrustedPush, match="another account"):
            opened(sealed(inner(appid=appid)))

    @pytest.mark.parametrize("off", [-301, 301, 86_400, -86_400])
    def test_a_time_stamp_too_far_from_now(self, off):
        with pytest.raises(UntrustedPush, match="too far"):
            open_push(QUERY, SAFE_BODY, keys(Mode.SAFE), CREATED + off)
        with pytest.raises(UntrustedPush, match="too far"):
            check_address(plain_query(echostr="1"), keys(Mode.SAFE), CREATED + off)

    def test_the_window_is_the_callers(self):
        with pytest.raises(UntrustedPush):
            open_push(QUERY, SAFE_BODY, keys(Mode.SAFE), CREATED + 31, window=30)

    @pytest.mark.parametrize(
        ("timestamp", "nonce"),
        [
            ("", "n"),
            ("now", "n"),
            ("1790000000.0", "n"),
            (" 1790000000", "n"),
            ("１７９０００００００", "n"),
            ("9" * 13, "n"),
            ("1790000000", ""),
            ("1790000000", "n" * 65),
            ("1790000000", "n 1"),
            ("1790000000", "n\n"),
        ],
    )
    def test_a_time_stamp_or_nonce_unlike_wechats_though_it_is_signed(self, timestamp, nonce):
        with pytest.raises(UntrustedPush, match="malformed"):
            open_push(
                plain_query(timestamp=timestamp, nonce=nonce), fixture("text"), keys(Mode.PLAIN), CREATED
            )

    def test_plain_text_for_an_account_in_safe_mode(self):
        with pytest.raises(UntrustedPush):
            open_push(plain_query(), fixture("text"), keys(Mode.SAFE), CREATED)

    @pytest.mark.parametrize("echo", ["", "<script>alert(1)</script> ", "a b", "é", "1" * 257, "1\r\nX: y"])
    def test_an_echo_that_is_more_than_a_word(self, echo):
        with pytest.raises(UntrustedPush):
            check_address(plain_query(echostr=echo), keys(Mode.SAFE), CREATED)


class TestWhatCannotBeRead:
    """InvalidPush: 400."""

    def test_ciphertext_for_an_account_in_plain_mode(self):
        with pytest.raises(InvalidPush):
            open_push(QUERY, SAFE_BODY, keys(Mode.PLAIN), CREATED)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<xml></xml>",
            b"<xml><Encrypt/></xml>",
            b"<xml><Encrypt>x</Encrypt><Encrypt>x</Encrypt></xml>",
            SAFE_BODY[:-9],
        ],
    )
    def test_a_body_without_one_ciphertext(self, body):
        with pytest.raises(InvalidPush):
            open_push(QUERY, body, keys(Mode.SAFE), CREATED)

    @pytest.mark.parametrize(
        "ciphertext", ["*", "AAAA", "A", "=" * 4, CIPHERTEXT[:-4], CIPHERTEXT[4:], "社保"]
    )
    def test_ciphertext_that_is_none_though_it_is_signed(self, ciphertext):
        with pytest.raises(InvalidPush):
            opened(ciphertext)

    def test_ciphertext_of_another_key(self):
        with pytest.raises(InvalidPush, match="can't be opened"):
            opened(sealed(inner(), encoded=OTHER_KEY))

    @pytest.mark.parametrize("length", [100, 2**31, 2**32 - 1])
    def test_a_length_beyond_the_end(self, length):
        with pytest.raises(InvalidPush):
            opened(sealed(inner(length=length)))

    @pytest.mark.parametrize("plain", [b"", b"r" * 16, b"r" * 19])
    def test_less_than_there_must_be(self, plain):
        with pytest.raises(InvalidPush):
            opened(sealed(plain))

    @pytest.mark.parametrize("ending", [b"\x00", b"\x21", b"\xff", b"\x02"])
    def test_padding_that_is_none(self, ending):
        with pytest.raises(InvalidPush):
            opened(sealed(b"r" * 31 + ending, pad=False))

    @pytest.mark.parametrize("mode", Mode)
    def test_more_bytes_than_a_push_has(self, mode):
        with pytest.raises(InvalidPush):
            open_push(QUERY, b"<xml>" + b"a" * 200_000, keys(mode), CREATED)


class TestNonces:
    """A nonce is for one delivery, for as long as WeChat retries it."""

    FIRST = NonceUse("m:1", CREATED)

    def test_a_new_one_may_be_used(self):
        check_nonce(None, "m:1", CREATED)

    @pytest.mark.parametrize("later", [0, 5, 20])
    def test_a_retry_may_use_it_again(self, later):
        check_nonce(self.FIRST, "m:1", CREATED + later)

    @pytest.mark.parametrize(
        ("delivery", "later"), [("m:2", 0), ("m:2", 5), ("m:1", 20.1), ("m:1", 3600), ("m:1", -1)]
    )
    def test_nothing_else_may(self, delivery, later):
        with pytest.raises(UntrustedPush):
            check_nonce(self.FIRST, delivery, CREATED + later)

    def test_the_time_for_retries_is_the_callers(self):
        with pytest.raises(UntrustedPush):
            check_nonce(self.FIRST, "m:1", CREATED + 11, within=10)


class TestReplies:
    XML = "<xml><Content><![CDATA[您好]]></Content></xml>"

    def sealed(self, sealed_with=None, random16=b"0123456789abcdef"):
        return seal_reply(
            self.XML, keys(Mode.SAFE), now=CREATED, nonce="re-1", random16=random16, sealed_with=sealed_with
        )

    def test_a_plain_push_is_answered_in_plain(self):
        assert self.sealed() == self.XML

    @pytest.mark.parametrize("encoded", [ENCODED_KEY, OTHER_KEY])
    def test_a_sealed_push_is_answered_with_the_key_that_opened_it(self, encoded):
        root = read_xml(self.sealed(decode_aes_key(encoded)).encode())
        ciphertext = root.text_of("Encrypt")
        plain = crypto.decrypt(decode_aes_key(encoded), base64.b64decode(ciphertext))

        assert (
            plain
            == b"0123456789abcdef" + len(self.XML.encode()).to_bytes(4) + self.XML.encode() + APPID.encode()
        )
        assert (root.text_of("TimeStamp"), root.text_of("Nonce")) == (str(CREATED), "re-1")
        assert root.text_of("MsgSignature") == proof(str(CREATED), "re-1", ciphertext)

    @pytest.mark.parametrize("length", [0, 15, 17])
    def test_chance_must_be_given_in_full(self, length):
        with pytest.raises(ValueError, match="16"):
            self.sealed(decode_aes_key(ENCODED_KEY), random16=b"r" * length)


class TestKeys:
    @pytest.mark.parametrize(
        "encoded", ["", ENCODED_KEY[:-1], ENCODED_KEY + "a", ENCODED_KEY[:-1] + "-", " " + ENCODED_KEY[1:]]
    )
    def test_an_encoding_key_must_be_one(self, encoded):
        with pytest.raises(ConfigurationError) as told:
            decode_aes_key(encoded)

        assert not encoded or encoded not in str(told.value)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"token": ""},
            {"aes_keys": ()},
            {"aes_keys": (b"short",)},
            {"mode": Mode.COMPATIBLE, "aes_keys": ()},
        ],
    )
    def test_an_account_must_have_what_its_mode_needs(self, wrong):
        with pytest.raises(ConfigurationError):
            dataclasses.replace(keys(Mode.SAFE), **wrong)

    def test_secrets_are_in_no_repr(self):
        shown = repr(keys(Mode.SAFE)) + repr(open_push(QUERY, SAFE_BODY, keys(Mode.SAFE), CREATED))

        assert TOKEN not in shown
        assert repr(decode_aes_key(ENCODED_KEY))[2:10] not in shown
        assert "社保卡" not in shown
        assert isinstance(keys(Mode.SAFE), Keys)
