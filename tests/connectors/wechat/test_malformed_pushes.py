"""20,000 pushes that WeChat didn't send, or not so: each is refused by the right error, none is read.

Every one is made from its number alone, so a failure can be made again. Most carry right signatures:
what refuses them is the reading, not the door.
"""

import base64
import random
from collections import Counter

import pytest

from connectors.wechat import crypto
from connectors.wechat.envelope import Mode, NonceUse, check_nonce, decode_aes_key, open_push
from connectors.wechat.pushes import parse_push
from core.errors import InvalidPush, UntrustedPush
from tests.connectors.wechat.pushes_of_citizens import (
    APPID,
    CREATED,
    ENCODED_KEY,
    FIXTURES,
    fixture,
    keys,
    plain_query,
    sealed_query,
)

COUNT = 20_000
KEY = decode_aes_key(ENCODED_KEY)
KEYS = {mode: keys(mode) for mode in Mode}
PUSHES = [fixture(path.stem) for path in sorted(FIXTURES.glob("*.xml"))]
SECRET = "我的身份证号是"


def inside(xml, *, appid=APPID, length=None):
    return b"r" * 16 + (len(xml) if length is None else length).to_bytes(4) + xml + appid.encode()


def sealed(plain, key=KEY):
    return base64.b64encode(crypto.encrypt(key, plain)).decode()


def safe(ciphertext, **query):
    """Query and body of a push in safe mode, rightly signed."""
    body = f"<xml><Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>".encode()
    return sealed_query(ciphertext.strip(), **query), body


def either(chance, xml):
    """A rightly signed push with that XML, in whichever mode."""
    mode = chance.choice(list(Mode))
    if mode is Mode.PLAIN:
        return mode, plain_query(), xml
    return mode, *safe(sealed(inside(xml)))


# Each maker gets a source of chance and an honest push, and gives mode, query, body and the error.


def truncated(chance, xml):
    return *either(chance, xml[: chance.randrange(len(xml.rstrip()))]), InvalidPush


def body_truncated(chance, xml):
    query, body = safe(sealed(inside(xml)))
    return Mode.SAFE, query, body[: chance.randrange(len(body))], InvalidPush


def wrong_signature(chance, xml):
    mode, query, body = either(chance, xml)
    name = "signature" if mode is Mode.PLAIN else "msg_signature"
    wrong = "".join(chance.choices("0123456789abcdef", k=chance.choice([0, 1, 39, 40, 41])))
    return mode, {**query, name: wrong}, body, UntrustedPush


def wrong_token(chance, xml):
    mode, query, body = either(chance, xml)
    return mode, {**query, "nonce": query["nonce"] + chance.choice("0aZ")}, body, UntrustedPush


def missing_part(chance, xml):
    mode, query, body = either(chance, xml)
    del query[chance.choice(["timestamp", "nonce", "signature" if mode is Mode.PLAIN else "msg_signature"])]
    return mode, query, body, UntrustedPush


def wrong_appid(chance, xml):
    appid = "wx" + "".join(chance.choices("0123456789abcdef", k=chance.choice([0, 15, 16, 17])))
    return chance.choice([Mode.COMPATIBLE, Mode.SAFE]), *safe(sealed(inside(xml, appid=appid))), UntrustedPush


def wrong_key(chance, xml):
    return Mode.SAFE, *safe(sealed(inside(xml), chance.randbytes(32))), InvalidPush


def wrong_ciphertext(chance, xml):
    junk = chance.choice(
        [
            base64.b64encode(chance.randbytes(chance.randrange(200))).decode(),
            sealed(inside(xml))[: chance.randrange(40)],
            "".join(chance.choices("!*-_ 社\n", k=chance.randrange(1, 50))),
        ]
    )
    return Mode.SAFE, *safe(junk), InvalidPush


def wrong_length(chance, xml):
    length = chance.choice([2**32 - 1, 2**31, len(xml) + len(APPID) + chance.randrange(1, 99)])
    return Mode.SAFE, *safe(sealed(inside(xml, length=length))), InvalidPush


def stale(chance, xml):
    timestamp = str(CREATED + chance.choice([-1, 1]) * chance.randrange(301, 10**6))
    if chance.random() < 0.5:
        return Mode.PLAIN, plain_query(timestamp=timestamp), xml, UntrustedPush
    ciphertext = sealed(inside(xml))
    return Mode.SAFE, *safe(ciphertext, timestamp=timestamp), UntrustedPush


def odd_time(chance, xml):
    timestamp = chance.choice(
        ["", "now", "1.79e9", "-1", " 1790000000", "１７９", "9" * 99, "0x1", "1_790_000_000"]
    )
    return Mode.PLAIN, plain_query(timestamp=timestamp), xml, UntrustedPush


def plain_in_safe_mode(chance, xml):
    return Mode.SAFE, plain_query(), xml, UntrustedPush


def bomb(chance, xml):
    depth, width = chance.randrange(2, 12), chance.randrange(2, 12)
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * width}">' for n in range(1, depth))
    dtd = f'<!DOCTYPE xml [<!ENTITY e0 "{"lol" * width}">{entities}]>'
    return *either(
        chance, dtd.encode() + xml.replace(b"</xml>", f"<X>&e{depth - 1};</X></xml>".encode())
    ), InvalidPush


def outside(chance, xml):
    where = chance.choice(["file:///etc/passwd", "http://example.org/x", "expect://id", "php://filter/x"])
    dtd = chance.choice(
        [
            f'<!DOCTYPE xml SYSTEM "{where}">',
            f'<!DOCTYPE xml [<!ENTITY x SYSTEM "{where}">]>',
            f'<!DOCTYPE xml [<!ENTITY % x SYSTEM "{where}"> %x;]>',
        ]
    )
    return *either(chance, dtd.encode() + xml), InvalidPush


def encoding(chance, xml):
    name = chance.choice(["gbk", "gb18030", "big5", "utf-16", "utf-32", "shift_jis"])
    text = f"<xml><Content>{SECRET}社保卡</Content></xml>"
    body = text.encode(name, "replace")
    if name in ("gbk", "gb18030", "big5", "shift_jis") and chance.random() < 0.5:
        body = f'<?xml version="1.0" encoding="{name}"?>'.encode() + text.encode()
    return *either(chance, body), InvalidPush


def huge(chance, xml):
    size = chance.randrange(128 * 1024, 160 * 1024)
    return chance.choice(list(Mode)), plain_query(encrypt_type=""), b"<xml>" + b"a" * size, InvalidPush


def deep(chance, xml):
    depth = chance.randrange(9, 2000)
    return *either(chance, b"<xml>" + b"<a>" * depth + b"</a>" * depth + b"</xml>"), InvalidPush


def wide(chance, xml):
    return *either(chance, b"<xml>" + b"<a/>" * chance.randrange(300, 3000) + b"</xml>"), InvalidPush


def without_field(chance, xml):
    name = chance.choice([b"ToUserName", b"FromUserName", b"CreateTime", b"MsgType"])
    return *either(chance, xml.replace(name, name + b"s")), InvalidPush


def doubled_field(chance, xml):
    name = chance.choice(["ToUserName", "FromUserName", "CreateTime", "MsgType"])
    return *either(chance, xml.replace(b"</xml>", f"<{name}>1</{name}></xml>".encode())), InvalidPush


def odd_field(chance, xml):
    field = chance.choice(["FromUserName", "ToUserName", "CreateTime", "MsgType"])
    value = chance.choice([SECRET, "", "a b", "x" * 65, "'; DROP TABLE", "../..", "a:b", "\u200b"])
    start = xml.index(f"<{field}>".encode())
    end = xml.index(f"</{field}>".encode())
    return *either(
        chance, xml[:start] + f"<{field}>{value}".encode().replace(b"\x00", b"") + xml[end:]
    ), InvalidPush


def noise(chance, xml):
    return *either(chance, chance.randbytes(chance.randrange(400))), InvalidPush


def no_xml(chance, xml):
    text = chance.choice(
        ["", " ", "success", "{}", '{"MsgType": "text"}', "<html></html>", "<xml/>", "a=1&b=2"]
    )
    return *either(chance, text.encode()), InvalidPush


MAKERS = [
    truncated, body_truncated, wrong_signature, wrong_token, missing_part, wrong_appid, wrong_key,
    wrong_ciphertext, wrong_length, stale, odd_time, plain_in_safe_mode, bomb, outside, encoding, huge,
    deep, wide, without_field, doubled_field, odd_field, noise, no_xml,
]  # fmt: skip


def made(number):
    """The push of that number."""
    chance = random.Random(number)
    return MAKERS[number % len(MAKERS)](chance, chance.choice(PUSHES))


def refusal_of(mode, query, body):
    """The error by which a push is refused; None if it is read."""
    try:
        parse_push(open_push(query, body, KEYS[mode], CREATED).xml)
    except (InvalidPush, UntrustedPush) as refused:
        return refused
    return None


def test_each_is_refused_by_the_right_error_and_tells_nothing_of_itself():
    reasons = Counter()
    for number in range(COUNT):
        *push, expected = made(number)
        refused = refusal_of(*push)
        assert type(refused) is expected, (
            f"number {number}, of {MAKERS[number % len(MAKERS)].__name__}: {refused!r}"
        )
        reasons[str(refused)] += 1

    # The reasons are a fixed few sentences, which is all that is logged.
    assert len(reasons) < 40
    assert not any(SECRET in reason or "oBangban" in reason for reason in reasons)
    assert reasons.total() == COUNT


def test_the_honest_pushes_that_they_are_made_from_are_read():
    for xml in PUSHES:
        for mode in Mode:
            query, body = (plain_query(), xml) if mode is Mode.PLAIN else safe(sealed(inside(xml)))
            assert parse_push(open_push(query, body, KEYS[mode], CREATED).xml).openid


def test_an_honest_push_that_is_sent_again_is_refused_by_its_nonce():
    """The signature of an overheard push is right; its nonce was used, for another time or delivery."""
    for xml in PUSHES:
        opened = open_push(plain_query(), xml, KEYS[Mode.PLAIN], CREATED)
        first = NonceUse(parse_push(opened.xml).key, CREATED)
        for delivery, now in ((first.delivery, CREATED + 60), ("m:1", CREATED + 1)):
            with pytest.raises(UntrustedPush):
                check_nonce(first, delivery, now)
