"""Every message and event becomes the value that says it; what is malformed is refused."""

import contextlib
import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.pushes import (
    AuthorizationChanged,
    Clicked,
    ImageMessage,
    LinkMessage,
    Located,
    LocationMessage,
    MenuUsed,
    Scanned,
    Subscribed,
    SubscriptionAnswered,
    TemplateSent,
    TextMessage,
    UnknownEvent,
    UnknownMessage,
    Unsubscribed,
    VideoMessage,
    Viewed,
    VoiceMessage,
    parse_push,
)
from core.errors import InvalidPush
from tests.connectors.wechat.pushes_of_citizens import CREATED, FIXTURES, HEAD, OPENID, fixture

MESSAGE = {**HEAD, "msg_id": "24000000000000001"}
TICKET = "gQH47joAAAAAAAAAASxodHRw"
PUSHES = {
    "text": TextMessage(**MESSAGE, text="社保卡怎么办？\n要带什么？"),
    "text_by_menu_message": TextMessage(**MESSAGE, text="满意", menu_id="101"),
    "image": ImageMessage(
        **MESSAGE,
        media_id="jMg9GqdLeVpUJ5OqqD9qC3rY",
        picture_url="http://mmbiz.qpic.cn/sz_mmbiz_jpg/abc/0",
    ),
    "voice": VoiceMessage(
        **MESSAGE, media_id="voice_media_id", format="amr", media_id_16k="voice_media_id_16k"
    ),
    "video": VideoMessage(
        **MESSAGE, media_id="video_media_id", thumb_media_id="thumb_media_id", is_short=False
    ),
    "shortvideo": VideoMessage(
        **MESSAGE, media_id="video_media_id", thumb_media_id="thumb_media_id", is_short=True
    ),
    "location": LocationMessage(
        **MESSAGE, latitude=43.817071, longitude=125.323544, scale=15, label="长春市南关区人民大街"
    ),
    "link": LinkMessage(
        **MESSAGE, title="一件事一次办", description="新生儿出生", url="https://www.gov.cn/zhengce/"
    ),
    "file_that_is_no_known_kind": UnknownMessage(**MESSAGE, kind="file"),
    "subscribe": Subscribed(**HEAD),
    "subscribe_by_scene_code": Subscribed(**HEAD, scene="window:12", ticket=TICKET),
    "unsubscribe": Unsubscribed(**HEAD),
    "scan": Scanned(**HEAD, scene="kiosk:changchun-3", ticket=TICKET),
    "click": Clicked(**HEAD, menu_key="video"),
    "view": Viewed(**HEAD, url="https://bangban.example/wechat/main/open", menu_id="411215567"),
    "scancode_waitmsg": MenuUsed(**HEAD, event="scancode_waitmsg", menu_key="scan", scanned="item:1234"),
    "pic_weixin": MenuUsed(**HEAD, event="pic_weixin", menu_key="photo"),
    "view_miniprogram": MenuUsed(**HEAD, event="view_miniprogram", menu_key="pages/index/index"),
    "location_reported": Located(**HEAD, latitude=43.817071, longitude=125.323544, precision=119.38504),
    "template_delivered": TemplateSent(**HEAD, msg_id="200163836", outcome="success"),
    "template_refused_by_user": TemplateSent(**HEAD, msg_id="200163840", outcome="failed:user block"),
    "subscription_asked": SubscriptionAnswered(**HEAD, answers=(("progress", True), ("appointment", False))),
    "subscription_withdrawn": SubscriptionAnswered(
        **HEAD, event="subscribe_msg_change_event", answers=(("progress", False),)
    ),
    "subscription_message_sent": TemplateSent(**HEAD, msg_id="1700827132819554304", outcome="success"),
    "user_account_cancelled": AuthorizationChanged(
        **HEAD, event="user_authorization_cancellation", subject="oBangbanCitizen_0000000000002"
    ),
    "event_that_is_no_known_kind": UnknownEvent(**HEAD, event="kf_create_session", event_key="x"),
}


@pytest.mark.parametrize("name", PUSHES)
def test_a_push_is_read_as_what_it_says(name):
    assert parse_push(fixture(name)) == PUSHES[name]


def test_every_fixture_is_read():
    assert {path.stem for path in FIXTURES.glob("*.xml")} == PUSHES.keys()


class TestKeys:
    """A delivery's key is the same in each of WeChat's tries, and no other delivery's."""

    def test_a_message_is_known_by_its_id(self):
        assert PUSHES["text"].key == "m:24000000000000001"

    def test_an_event_is_known_by_sender_time_and_what_happened(self):
        assert PUSHES["click"].key == f"e:{OPENID}:{CREATED}:CLICK:video"
        assert PUSHES["subscribe"].key == f"e:{OPENID}:{CREATED}:subscribe"
        assert PUSHES["template_delivered"].key == f"e:{OPENID}:{CREATED}:TEMPLATESENDJOBFINISH:200163836"

    def test_a_message_without_id_is_known_as_an_event_is(self):
        kind = UnknownMessage(**HEAD, msg_id="", kind="future")

        assert kind.key == f"e:{OPENID}:{CREATED}:future"

    def test_pushes_of_one_second_have_keys_of_their_own(self):
        others = {name: push for name, push in PUSHES.items() if not push.key.startswith("m:")}

        assert len({push.key for push in others.values()}) == len(others)

    def test_a_long_key_is_cut_and_still_its_own(self):
        first, second = (Viewed(**HEAD, url=f"https://bangban.example/{'a' * 900}{n}") for n in (1, 2))

        assert len(first.key) == len(second.key) == 200
        assert first.key != second.key
        assert first.key == dataclasses.replace(first).key

    @pytest.mark.parametrize("name", PUSHES)
    def test_a_retry_has_the_key_of_the_first(self, name):
        assert parse_push(fixture(name)).key == PUSHES[name].key


@pytest.mark.parametrize("name", PUSHES)
def test_what_the_citizen_wrote_and_is_stays_out_of_logs(name):
    shown = repr(PUSHES[name])

    for secret in (OPENID, "社保卡", "人民大街", "43.8", "mmbiz.qpic.cn", "gov.cn", TICKET):
        assert secret not in shown


def without(name, field):
    return re.sub(rf"<{field}>.*?</{field}>\n?".encode(), b"", fixture(name), flags=re.DOTALL)


def with_text(name, field, text):
    return re.sub(
        rf"<{field}>.*?</{field}>".encode(),
        f"<{field}>{text}</{field}>".encode(),
        fixture(name),
        flags=re.DOTALL,
    )


@pytest.mark.parametrize("field", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId"])
def test_a_message_must_have_its_fields(field):
    with pytest.raises(InvalidPush):
        parse_push(without("text", field))


@pytest.mark.parametrize(
    "field", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey"]
)
def test_an_event_must_have_its_fields(field):
    with pytest.raises(InvalidPush):
        parse_push(without("click", field))


@pytest.mark.parametrize("field", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId"])
def test_a_field_must_not_be_there_twice(field):
    with pytest.raises(InvalidPush):
        parse_push(fixture("text").replace(b"</xml>", f"<{field}>1</{field}></xml>".encode()))


@pytest.mark.parametrize(
    ("name", "field", "text"),
    [
        ("text", "FromUserName", ""),
        ("text", "FromUserName", "o:1"),
        ("text", "FromUserName", "o" * 65),
        ("text", "FromUserName", "某某"),
        ("text", "CreateTime", "now"),
        ("text", "CreateTime", "-1"),
        ("text", "CreateTime", "1e9"),
        ("text", "CreateTime", "١٢٣"),
        ("text", "CreateTime", "9" * 13),
        ("text", "MsgType", ""),
        ("text", "MsgType", "te xt"),
        ("text", "MsgId", "abc"),
        ("text", "MsgId", "9" * 21),
        ("location", "Location_X", "nan"),
        ("location", "Location_X", "91"),
        ("location", "Location_Y", "-181"),
        ("location", "Scale", "inf"),
        ("location", "Scale", ""),
        ("click", "Event", ""),
        ("click", "Event", "CLI:CK"),
        ("click", "EventKey", "k" * 1025),
        ("template_delivered", "MsgID", "x"),
    ],
)
def test_a_field_that_cannot_be_true_is_refused(name, field, text):
    with pytest.raises(InvalidPush):
        parse_push(with_text(name, field, text))


def test_names_of_kinds_are_read_in_either_case():
    assert parse_push(with_text("click", "Event", "click")) == PUSHES["click"]
    assert parse_push(with_text("text", "MsgType", "TEXT")) == PUSHES["text"]


def test_what_follows_a_payment_is_no_scene():
    assert parse_push(with_text("subscribe", "EventKey", "last_trade_no_4000")) == Subscribed(**HEAD)


def test_an_empty_text_is_a_text():
    assert parse_push(with_text("text", "Content", "")).text == ""


@given(st.sampled_from(sorted(PUSHES)), st.data())
def test_a_push_with_some_bytes_changed_is_read_or_refused_by_the_one_error(name, data):
    body = bytearray(fixture(name))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidPush):
        assert parse_push(bytes(body)).key
