"""An independent implementation, wechatpy, understands us and is understood, in all modes."""

import pytest
import wechatpy
import xmltodict
from wechatpy import events, messages
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.replies import deserialize_reply
from wechatpy.utils import check_signature

from connectors.wechat.envelope import Mode, decode_aes_key, open_push, seal_reply
from connectors.wechat.pushes import Clicked, TextMessage, parse_push
from connectors.wechat.replies import Article, ImageReply, NewsReply, TextReply, render
from connectors.wechat.signatures import signature
from core.errors import InvalidPush, UntrustedPush
from tests.connectors.wechat.pushes_of_citizens import (
    ACCOUNT,
    APPID,
    CREATED,
    ENCODED_KEY,
    FIXTURES,
    HEAD,
    OPENID,
    TOKEN,
    fixture,
    keys,
    plain_query,
)

NONCE = "n0nce-7"
SAID = TextMessage(**HEAD, msg_id="1", text="您好")
CLICK = Clicked(**HEAD, menu_key="guides")


def sealed_by_wechatpy(xml, *, token=TOKEN, appid=APPID, plain=False):
    """Query and body of a push that wechatpy's crypto made; with the plain XML beside it if wanted."""
    body = WeChatCrypto(token, ENCODED_KEY, appid).encrypt_message(xml.decode(), NONCE, str(CREATED))
    ciphertext, proof = (
        body.split(f"<{name}><![CDATA[")[1].split("]]>")[0] for name in ("Encrypt", "MsgSignature")
    )
    beside = xml.decode().strip().removeprefix("<xml>").removesuffix("</xml>") if plain else ""
    query = plain_query(nonce=NONCE, encrypt_type="aes", msg_signature=proof)
    return query, f"<xml>{beside}<Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>".encode()


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.xml")))
@pytest.mark.parametrize("mode", Mode)
def test_its_pushes_are_accepted_in_all_modes(name, mode):
    xml = fixture(name)
    query, body = (plain_query(), xml)
    if mode is not Mode.PLAIN:
        query, body = sealed_by_wechatpy(xml, plain=mode is Mode.COMPATIBLE)

    opened = open_push(query, body, keys(mode), CREATED)

    assert parse_push(opened.xml) == parse_push(xml)


@pytest.mark.parametrize(
    ("wrong", "error"), [({"token": "other"}, UntrustedPush), ({"appid": "wxother"}, UntrustedPush)]
)
def test_its_pushes_for_another_account_are_refused(wrong, error):
    query, body = sealed_by_wechatpy(fixture("text"), **wrong)

    with pytest.raises(error):
        open_push(query, body, keys(Mode.SAFE), CREATED)


def test_its_pushes_under_another_key_are_refused():
    query, body = sealed_by_wechatpy(fixture("text"))
    other = keys(Mode.SAFE, encoded=("AnotherEncodingKeyThatWasUsedBefore01234567",))

    with pytest.raises(InvalidPush):
        open_push(query, body, other, CREATED)


def test_it_checks_our_signatures():
    check_signature(TOKEN, signature(TOKEN, str(CREATED), NONCE), str(CREATED), NONCE)
    with pytest.raises(InvalidSignatureException):
        check_signature(TOKEN, signature("other", str(CREATED), NONCE), str(CREATED), NONCE)


CARDS = NewsReply((Article("一", "", "https://x.example/1"), Article("二", "", "https://x.example/2")))
REPLIES = {
    "text": (TextReply('您好 <a href="https://x.example/?a=1&b=2">看</a>\n]]> 第二行'), SAID),
    "image": (ImageReply("media-1"), SAID),
    "news": (CARDS, CLICK),
}


def opened_by_wechatpy(reply, push, mode):
    """The XML of our reply, after wechatpy's crypto if the mode encrypts."""
    body = seal_reply(
        render(reply, push, CREATED),
        keys(mode),
        now=CREATED,
        nonce="re-1",
        random16=b"0123456789abcdef",
        sealed_with=None if mode is Mode.PLAIN else decode_aes_key(ENCODED_KEY),
    )
    if mode is Mode.PLAIN:
        return body
    proof = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    return WeChatCrypto(TOKEN, ENCODED_KEY, APPID).decrypt_message(body, proof, str(CREATED), "re-1")


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("mode", Mode)
def test_it_reads_our_replies_in_all_modes(name, mode):
    reply, push = REPLIES[name]

    read = deserialize_reply(opened_by_wechatpy(reply, push, mode))

    assert (read.target, read.source, read.type) == (OPENID, ACCOUNT, name)
    match reply:
        case TextReply(text):
            assert read.content == text
        case ImageReply(media_id):
            assert read.image == media_id
        case NewsReply(articles):
            assert [(each["title"], each["url"]) for each in read.articles] == [
                (each.title, each.url) for each in articles
            ]


@pytest.mark.parametrize("mode", Mode)
def test_its_xml_reader_reads_our_single_card(mode):
    """wechatpy's reader of replies fails at any reply with one article, so the one below it reads it."""
    card = Article("社保卡", "材料", "https://x.example/g", "https://x.example/p.png")

    read = xmltodict.parse(opened_by_wechatpy(NewsReply((card,)), SAID, mode))["xml"]

    assert read["ArticleCount"] == "1"
    assert read["Articles"]["item"] == {
        "Title": "社保卡",
        "Description": "材料",
        "PicUrl": "https://x.example/p.png",
        "Url": "https://x.example/g",
    }


def test_it_refuses_our_replies_for_another_account():
    body = seal_reply(
        "<xml/>", keys(Mode.SAFE, appid="wxother"), now=CREATED, nonce="re-1",
        random16=b"r" * 16, sealed_with=decode_aes_key(ENCODED_KEY),
    )  # fmt: skip
    proof = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]

    with pytest.raises(InvalidAppIdException):
        WeChatCrypto(TOKEN, ENCODED_KEY, APPID).decrypt_message(body, proof, str(CREATED), "re-1")


KINDS = {
    "text": (messages.TextMessage, {"content": "text", "id": "msg_id"}),
    "image": (messages.ImageMessage, {"image": "picture_url", "media_id": "media_id"}),
    "voice": (messages.VoiceMessage, {"media_id": "media_id", "format": "format"}),
    "video": (messages.VideoMessage, {"media_id": "media_id", "thumb_media_id": "thumb_media_id"}),
    "shortvideo": (messages.ShortVideoMessage, {"media_id": "media_id"}),
    "location": (messages.LocationMessage, {"label": "label"}),
    "link": (messages.LinkMessage, {"title": "title", "description": "description", "url": "url"}),
    "subscribe": (events.SubscribeEvent, {}),
    "subscribe_by_scene_code": (events.SubscribeScanEvent, {"scene_id": "scene", "ticket": "ticket"}),
    "unsubscribe": (events.UnsubscribeEvent, {}),
    "scan": (events.ScanEvent, {"scene_id": "scene", "ticket": "ticket"}),
    "click": (events.ClickEvent, {"key": "menu_key"}),
    "view": (events.ViewEvent, {"url": "url"}),
    "scancode_waitmsg": (events.ScanCodeWaitMsgEvent, {"key": "menu_key", "scan_result": "scanned"}),
    "location_reported": (events.LocationEvent, {"latitude": "latitude", "precision": "precision"}),
    "template_delivered": (events.TemplateSendJobFinishEvent, {"id": "msg_id", "status": "outcome"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_it_reads_pushes_as_we_do(name):
    kind, fields = KINDS[name]
    theirs, ours = wechatpy.parse_message(fixture(name)), parse_push(fixture(name))

    assert type(theirs) is kind
    assert (theirs.source, theirs.target) == (ours.openid, ours.account_id)
    for their_field, our_field in fields.items():
        assert str(getattr(theirs, their_field)) == str(getattr(ours, our_field))


def test_it_decodes_the_encoding_key_as_we_do():
    assert WeChatCrypto(TOKEN, ENCODED_KEY, APPID).key == decode_aes_key(ENCODED_KEY)
