"""XML is read as elements with text, or refused by one error, whatever was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.xml_reading import MOST_BYTES, MOST_DEPTH, MOST_ELEMENTS, Element, read_xml
from core.errors import InvalidPush

BOMB = (
    '<!DOCTYPE xml [<!ENTITY a "0123456789">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><xml><Content>&i;</Content></xml>"
)

REFUSED = {
    "nothing": b"",
    "white space": b" \n",
    "no XML": "您好".encode(),
    "JSON": b'{"MsgType": "text"}',
    "half of it": b"<xml><Content>abc",
    "two roots": b"<xml></xml><xml></xml>",
    "text behind the root": b"<xml></xml>abc",
    "crossing elements": b"<xml><a><b></a></b></xml>",
    "an entity bomb": BOMB.encode(),
    "a quadratic bomb": b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 9000 + b'">]><x>' + b"&a;" * 9000 + b"</x>",
    "a DTD": b"<!DOCTYPE xml><xml></xml>",
    "a DTD from outside": b'<!DOCTYPE xml SYSTEM "http://example.org/x.dtd"><xml></xml>',
    "a file": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.org/p"> %p;]><x/>',
    "an entity that nobody declared": b"<xml>&nbsp;</xml>",
    "an instruction": b'<?xml-stylesheet href="x"?><xml></xml>',
    "an instruction inside": b"<xml><?php echo 1 ?></xml>",
    "GBK": "<xml><Content>社保</Content></xml>".encode("gbk"),
    "said to be GBK": '<?xml version="1.0" encoding="GBK"?><xml>社保</xml>'.encode(),
    "said to be UTF-16": b'<?xml version="1.0" encoding="UTF-16"?><xml></xml>',
    "UTF-16": "<xml></xml>".encode("utf-16"),
    "UTF-32": "<xml></xml>".encode("utf-32"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><xml></xml>',
    "an encoding of its own": b'<?xml version="1.0" encoding="x-bangban"?><xml></xml>',
    "half a character": "<xml>社</xml>".encode().replace("社".encode(), "社".encode()[:2]),
    "a surrogate": b"<xml>\xed\xa0\x80</xml>",
    "overlong": b"<xml>\xc0\xbc</xml>",
    "a NUL": b"<xml>\x00</xml>",
    "a control character": b"<xml>\x08</xml>",
    "a control character by number": b"<xml>&#8;</xml>",
    "a surrogate by number": b"<xml>&#xD800;</xml>",
    "a character too far": b"<xml>&#x110000;</xml>",
    "deep": b"<a>" * 5000 + b"</a>" * 5000,
    "a little too deep": b"<a>" * (MOST_DEPTH + 1) + b"</a>" * (MOST_DEPTH + 1),
    "wide": b"<xml>" + b"<a/>" * MOST_ELEMENTS + b"</xml>",
    "huge": b"<xml>" + b"a" * MOST_BYTES + b"</xml>",
    "an attribute twice": b'<xml a="1" a="2"></xml>',
    "an end of CDATA in text": b"<xml>]]></xml>",
}


@pytest.mark.parametrize("name", REFUSED)
def test_whatever_is_no_small_plain_tree_is_refused(name):
    with pytest.raises(InvalidPush):
        read_xml(REFUSED[name])


def test_elements_have_the_text_that_stands_in_them():
    root = read_xml(
        "<xml><A><![CDATA[社<保>]]></A>\n<B>1 &lt; 2 &#x4FDD;</B><C/><D>x<E>y</E>z</D></xml>".encode()
    )

    assert [(child.name, child.text) for child in root.children] == [
        ("A", "社<保>"),
        ("B", "1 < 2 保"),
        ("C", ""),
        ("D", "xz"),
    ]
    assert root.child("D").text_of("E") == "y"


@pytest.mark.parametrize("beginning", ["\ufeff", '<?xml version="1.0" encoding="utf-8"?>', "<!-- WeChat -->"])
def test_beginnings_that_say_nothing_new_are_read_over(beginning):
    assert read_xml(f"{beginning}<xml><A>1</A></xml>".encode()).text_of("A") == "1"


def test_as_much_as_is_allowed_is_read():
    assert read_xml(b"<a>" * MOST_DEPTH + b"</a>" * MOST_DEPTH).name == "a"
    assert len(read_xml(b"<x>" + b"<a/>" * (MOST_ELEMENTS - 1) + b"</x>").children) == MOST_ELEMENTS - 1
    assert read_xml(b"<x>" + b"a" * (MOST_BYTES - 7) + b"</x>").text == "a" * (MOST_BYTES - 7)


def test_an_element_that_is_there_twice_has_no_single_text():
    root = read_xml(b"<xml><A>1</A><A>2</A></xml>")

    with pytest.raises(InvalidPush):
        root.text_of("A")
    assert [each.text for each in root.all("A")] == ["1", "2"]
    assert root.text_of("B") is None


def test_what_is_refused_is_not_told_again():
    with pytest.raises(InvalidPush) as refused:
        read_xml("<xml><Content>我的身份证号".encode())

    assert "身份证" not in str(refused.value)
    assert refused.value.__cause__ is None


PIECES = ["<", ">", "/", "<xml>", "</xml>", "<a>", "</a>", "<![CDATA[", "]]>", "&a;", "&#x41;", "&amp;"]
ODD_PIECES = [
    "<!DOCTYPE x [",
    "<!ENTITY a 'b'>",
    "]>",
    "<?p ?>",
    "<?xml version='1.0'?>",
    "<!--",
    "-->",
    "\x00",
]
documents = st.lists(st.sampled_from([*PIECES, *ODD_PIECES, "社"]), max_size=25)


@given(documents.map("".join).map(str.encode) | st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_the_one_error(data):
    try:
        root = read_xml(data)
    except InvalidPush:
        return
    assert isinstance(root, Element)


@given(st.data())
def test_a_push_that_was_cut_anywhere_is_refused(data):
    whole = "<xml><A><![CDATA[社保卡]]></A><B>1</B></xml>".encode()

    with pytest.raises(InvalidPush):
        read_xml(whole[: data.draw(st.integers(0, len(whole) - 1))])
