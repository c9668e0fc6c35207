"""Replies are the XML that WeChat reads, whatever stands in their texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.pushes import Clicked, TextMessage
from connectors.wechat.replies import SUCCESS, Article, ImageReply, NewsReply, TextReply, render
from connectors.wechat.xml_reading import read_xml
from tests.connectors.wechat.pushes_of_citizens import ACCOUNT, HEAD, OPENID

NOW = 1_790_000_003
SAID = TextMessage(**HEAD, msg_id="1", text="您好")
CLICK = Clicked(**HEAD, menu_key="guides")
CARD = Article(
    "社保卡申领",
    "材料、地点、时限",
    "https://bangban.example/wechat/main/enter/t1",
    "https://bangban.example/card.png",
)


def rendered(reply, push=SAID):
    return read_xml(render(reply, push, NOW).encode())


def test_a_reply_goes_back_from_the_account_to_the_sender():
    root = rendered(TextReply("您好"))

    assert {child.name: child.text for child in root.children} == {
        "ToUserName": OPENID,
        "FromUserName": ACCOUNT,
        "CreateTime": str(NOW),
        "MsgType": "text",
        "Content": "您好",
    }


def test_a_picture_is_named_by_its_media_id():
    root = rendered(ImageReply("media-1"))

    assert (root.text_of("MsgType"), root.child("Image").text_of("MediaId")) == ("image", "media-1")


def test_a_card_opens_a_page():
    root = rendered(NewsReply((CARD,)))
    (item,) = root.child("Articles").all("item")

    assert (root.text_of("MsgType"), root.text_of("ArticleCount")) == ("news", "1")
    assert [(child.name, child.text) for child in item.children] == [
        ("Title", CARD.title),
        ("Description", CARD.description),
        ("PicUrl", CARD.picture_url),
        ("Url", CARD.url),
    ]


def test_an_event_may_be_answered_with_eight_cards_and_a_message_with_one():
    assert len(rendered(NewsReply((CARD,) * 8), CLICK).child("Articles").children) == 8
    for articles, push in ((0, SAID), (2, SAID), (0, CLICK), (9, CLICK)):
        with pytest.raises(ValueError, match="articles"):
            render(NewsReply((CARD,) * articles), push, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "]]>",
        "a]]>b]]>c",
        "]]]]>>",
        "<![CDATA[x]]>",
        "1 < 2 & 3 > 2",
        '<a href="https://x.example/?a=1&b=2">看</a>',
        "一\n二\t三",
        "😀",
    ],
)
def test_a_text_arrives_as_it_is(text):
    assert rendered(TextReply(text)).text_of("Content") == text


def test_what_xml_cannot_hold_is_left_out():
    assert rendered(TextReply("a\x00b\x08c\ud800d\uffffe")).text_of("Content") == "abcde"


@given(
    st.text(
        alphabet=st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
        max_size=60,
    )
)
def test_any_text_arrives_as_it_is(text):
    assert rendered(TextReply(text)).text_of("Content") == text


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_the_reply(title, url):
    root = rendered(NewsReply((Article(title, title, url),)))

    assert root.text_of("MsgType") == "news"


def test_nothing_to_say_is_said_so():
    assert SUCCESS == "success"


def test_what_is_said_is_in_no_log():
    assert "您的" not in repr(TextReply("您的社保卡"))
    assert "enter" not in repr(NewsReply((CARD,)))
