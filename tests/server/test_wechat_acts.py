"""What citizens send in WeChat beside text: pictures, places, codes, links and what nobody knows."""

from dataclasses import replace

import pytest

from connectors.wechat.pushes import Clicked
from core.errors import InfectedFile, ScannerUnavailable
from core.messages import BotReply, Choice, HandoverWish, ReplyMessage
from core.statuses import HandoverMode, TurnStatus
from server import keys
from tests.fakes import ScriptedEngine
from tests.server.conftest import guide_record
from tests.server.desk_api import desk_of
from tests.server.picture_samples import PDF, blurred, encoded, page
from tests.server.wechat_desk import is_served, waits
from tests.server.wechat_world import wechat_world
from tests.wechat_platform.faults import REFUSED, ApiFault

WELCOME = "您好，这里是帮办。"


@pytest.fixture
async def world(settings):
    async with wechat_world(settings) as made:
        await made.service.knowledge.publish_guides([guide_record("cc-0001")])
        yield made


@pytest.fixture
async def citizen(world):
    return world.citizen()


async def events(world, citizen, kind: str):
    return [event.body for event in await world.log_of(citizen) if event.kind == kind]


async def said_by(world, citizen) -> list[str]:
    return [body["text"] for body in await events(world, citizen, "citizen_message")]


async def doing_again(world, citizen, act):
    """Lets the citizen do something, and has what it asks for done a second time; returns the push."""
    acts, done = world.account.engine._acts, []
    do = acts.do

    async def noting(push, user):
        done.append(push)
        await do(push, user)

    acts.do = noting
    await act()
    [push] = done
    await do(push, await world.known(citizen))
    return push


# --- pictures ------------------------------------------------------------------------------------


async def test_a_picture_is_taken_in_and_who_can_look_at_it_is_said(world, citizen):
    await citizen.sends_image(encoded(page()))

    assert citizen.texts == ["图片已收到，工作人员接入后能看到；需要请回复“转人工”。"]
    [file] = await events(world, citizen, "file")
    assert (file["by"], file["media_type"]) == ("citizen", "image/jpeg")


async def test_the_same_picture_twice_is_one_file_and_told_twice(world, citizen):
    photo = encoded(page())
    await citizen.sends_image(photo)
    await citizen.sends_image(photo)

    assert len(await events(world, citizen, "file")) == 1
    assert len(citizen.texts) == 2


async def test_a_blurred_photo_comes_with_advice(world, citizen):
    await citizen.sends_image(encoded(blurred()))
    first, advice = citizen.texts[0].split("\n")

    assert first.startswith("图片已收到")
    assert "模糊" in advice


async def test_an_agent_sees_the_picture(world, citizen):
    agent = await is_served(world, citizen)
    await citizen.sends_image(encoded(page()))
    await world.sees(citizen, "图片已收到，工作人员能看到。")

    user = await world.known(citizen)
    seen = await agent.done("GET", f"/conversations/{user.conversation_id}")
    [file] = [each["body"] for each in seen["events"] if each["kind"] == "file"]
    response, _ = await agent.call("GET", f"/conversations/{user.conversation_id}/files/{file['file_id']}")
    assert response.status == 200


async def test_who_waits_is_told_so(world, citizen):
    await waits(world, citizen)
    await citizen.sends_image(encoded(page()))

    assert citizen.texts[-1] == "图片已收到，工作人员接入后能看到。"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"GIF89a no picture", "只能发 JPG"), (b"\xff\xd8\xff\xe0 torn", "打不开"), (b"x" * 70_000, "太大")],
)
async def test_what_cant_be_taken_is_said(settings, content, told):
    async with wechat_world(settings, upload_max_bytes=65536) as world:
        citizen = world.citizen()
        await citizen.sends_image(content)

    assert told in citizen.texts[0]


async def test_a_document_that_comes_as_a_picture_is_taken_as_what_it_is(world, citizen):
    await citizen.sends_image(PDF)
    assert [file["media_type"] for file in await events(world, citizen, "file")] == ["application/pdf"]


@pytest.mark.parametrize("failure", [InfectedFile("found"), ScannerUnavailable("away")])
async def test_what_the_virus_scan_says_is_passed_on_at_once(world, citizen, failure):
    async def scan(_data):
        raise failure

    world.service.app[keys.UPLOADS]._scan = scan
    await citizen.sends_image(encoded(page()))

    assert citizen.texts == [failure.citizen_text]
    assert await events(world, citizen, "file") == []


async def test_a_picture_that_wechat_has_no_more_is_asked_for_again(world, citizen):
    world.platform.faults.next_calls("media/get", ApiFault(REFUSED, 40007))
    await citizen.sends_image(encoded(page()))

    assert citizen.texts == ["这个文件已经过期，取不到了，请重新发一次。"]


# --- places --------------------------------------------------------------------------------------


async def test_a_place_is_the_district_from_then_on(world, citizen):
    await citizen.sends_location(30.2, 120.1, label="东区文三路90号")
    await citizen.says("居住证怎么办")

    assert citizen.texts[0] == "好的，按东区为您查。请说想办的事。"
    assert world.service.engine.turns[-1][3]["district"] == "东区"
    assert all("文三路" not in str(event.body) for event in await world.log_of(citizen))


@pytest.mark.parametrize("label", ["", "北京市东区建国路", "南极"])
async def test_a_place_that_no_guide_is_for_is_asked_for_in_words(world, citizen, label):
    await citizen.sends_location(30.2, 120.1, label=label)
    await citizen.says("居住证怎么办")

    assert citizen.texts[0].startswith("没认出您发的位置在哪个区县。")
    assert world.service.engine.turns[-1][3]["district"] == ""


async def test_a_place_answers_the_question_for_it(settings):
    asked = BotReply(
        TurnStatus.CLARIFYING,
        (ReplyMessage("请问您在哪个区县？", choices=(Choice("东区", "d1"), Choice("西区", "d2"))),),
    )
    engine = ScriptedEngine({"居住证": asked})
    async with wechat_world(settings, engine=engine) as world:
        citizen = world.citizen()
        await citizen.says("居住证")
        await citizen.sends_location(30.2, 120.1, label="西区文三路")

    assert citizen.texts[1:] == ["好的，按西区为您查。\n\n您说的是：西区"]
    assert engine.turns[-1][2] == "d2"


async def test_an_agent_gets_the_address(world, citizen):
    await is_served(world, citizen)
    await citizen.sends_location(30.2, 120.1, label="东区文三路90号")

    assert await said_by(world, citizen) == ["【位置】东区文三路90号"]


async def test_where_a_citizens_telephone_is_by_itself_is_nobodys_business(world, citizen):
    await citizen.says("你好")
    await citizen.is_located(30.2, 120.1)

    assert len(await world.log_of(citizen)) == 2


# --- codes and buttons -----------------------------------------------------------------------------


async def test_a_new_follower_is_welcomed(world, citizen):
    await citizen.follows()
    assert citizen.texts[0].startswith(WELCOME)


async def test_who_follows_by_a_code_is_welcomed_and_answered(world, citizen):
    await citizen.unfollows()
    await citizen.scans("ask:居住证怎么办")

    [text] = citizen.texts
    assert text.startswith(WELCOME)
    assert text.endswith("\n\n您说的是：居住证怎么办")


async def test_a_follower_who_scans_is_answered_at_once(world, citizen):
    await citizen.scans("ask:居住证怎么办")
    assert citizen.texts == ["您说的是：居住证怎么办"]


@pytest.mark.parametrize("scene", ["hot", "vip:1", "ask:", "item:none"])
async def test_a_code_that_isnt_set_up_is_a_welcome(world, citizen, scene):
    await citizen.scans(scene)
    await citizen.unfollows()
    await citizen.scans(scene)

    assert [text[: len(WELCOME)] for text in citizen.texts] == [WELCOME] * 2
    assert world.service.engine.turns == []


async def test_an_items_code_asks_about_it_in_its_district(world, citizen):
    await citizen.scans("item:cc-0001")
    assert await said_by(world, citizen) == ["东区居住证补领"]


@pytest.mark.parametrize(("districts", "asked"), [(["东区"], "东区残疾人证"), (["东区", "西区"], "残疾人证")])
async def test_an_items_own_code_asks_in_the_district_if_there_is_one(world, citizen, districts, asked):
    for district in districts:
        record = guide_record(f"d-{district}", district, "残疾人证")
        await world.service.knowledge.publish_guides(
            [replace(record, body={**record.body, "implementation_code": "11220100MB1"})]
        )
    await citizen.scans("item:11220100MB1")

    assert await said_by(world, citizen) == [asked]


async def test_a_windows_code_is_noted_for_staff_and_the_citizen_is_told(world, citizen):
    await citizen.scans("window:3号")

    [note] = await events(world, citizen, "note")
    assert note == {"text": "市民扫了“3号窗口”的二维码。", "by": "微信"}
    assert citizen.texts == [
        "您扫的是“3号窗口”的二维码，工作人员接入后能看到您在这里。请说想办的事；需要工作人员，请回复“转人工”。"
    ]


async def test_who_follows_at_a_kiosk_is_welcomed_there(world, citizen):
    await citizen.unfollows()
    await citizen.scans("kiosk:A1")

    assert citizen.texts[0].startswith(WELCOME)
    assert "“A1自助机”" in citizen.texts[0]


@pytest.mark.parametrize(("key", "told"), [("person", "人工服务"), ("video", "视频帮办")])
async def test_a_button_calls_a_person(world, citizen, key, told):
    await citizen.clicks(key)

    assert f"已为您登记{told}" in citizen.texts[0]


async def test_who_waits_is_led_to_the_page_where_they_can_do_more_than_wait(world, citizen):
    await citizen.clicks("person")
    assert citizen.texts[0].endswith(">预约回电、留言，请点这里</a>")


async def test_a_button_asks(world, citizen):
    await citizen.clicks("ask:居住证怎么办")
    assert citizen.texts == ["您说的是：居住证怎么办"]


@pytest.mark.parametrize("key", ["hot", "item:none"])
async def test_a_button_that_isnt_set_up_says_what_to_do_instead(world, citizen, key):
    await citizen.clicks(key)
    assert citizen.texts == ["这个菜单还没有设置好。您可以直接说想办的事，或者回复“转人工”找工作人员。"]


@pytest.mark.parametrize("scanned", ["item:cc-0001", "cc-0001", "CODE_128,cc-0001"])
async def test_a_code_scanned_by_a_button_is_acted_on(world, citizen, scanned):
    await citizen.scans_by_button("scan", scanned)
    assert await said_by(world, citizen) == ["东区居住证补领"]


@pytest.mark.parametrize("scanned", ["6901234567892", "https://example.com/", "二维码"])
async def test_any_other_code_is_none_of_ours(world, citizen, scanned):
    await citizen.scans_by_button("scan", scanned)
    assert citizen.texts == ["这个码我不认识。请扫政务服务大厅里的服务码，或者直接说想办的事。"]


async def test_what_wechat_opens_by_itself_isnt_talked_about(world, citizen):
    await citizen.scans_by_button("scan", "https://example.com/", event="scancode_push")
    assert citizen.texts == []


# --- words and the rest ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [("转人工", "已经在排队"), ("视频", "已为您排队等视频"), ("“人工”。", "已经在排队")],
)
async def test_who_asks_for_a_person_while_waiting_is_told_their_place(world, citizen, words, told):
    await waits(world, citizen)
    await citizen.says(words)
    assert told in citizen.texts[-1]
    assert "第 1 位" in citizen.texts[-1]

    await citizen.says("我带了户口簿")
    assert len(citizen.texts) == 2
    assert [text.strip("“”。") for text in await said_by(world, citizen)] == [
        words.strip("“”。"),
        "我带了户口簿",
    ]


@pytest.mark.parametrize("key", ["person", "video"])
async def test_a_wish_that_is_taken_up_again_after_a_crash_is_told_once(world, citizen, key):
    push = await doing_again(world, citizen, lambda: citizen.clicks(key))
    assert isinstance(push, Clicked)

    assert len(await events(world, citizen, "notice")) == 1


async def test_a_wish_in_words_that_is_taken_up_again_after_a_crash_is_told_once(settings):
    asked = HandoverWish(HandoverMode.TEXT)
    wish = BotReply(TurnStatus.WAITING_FOR_AGENT, (ReplyMessage("好的"),), handover=asked)
    async with wechat_world(settings, engine=ScriptedEngine({"转人工": wish})) as world:
        citizen = world.citizen()
        await (await desk_of(world.service)).done("PUT", "/me", json={"state": "available"})
        await doing_again(world, citizen, lambda: citizen.says("转人工"))

        assert [e.kind for e in await world.log_of(citizen)] == [
            "citizen_message",
            "handover",
            "holder",
            "bot_message",
        ]


STICKER = "【收到不支持的消息类型，暂无法显示】"


@pytest.mark.parametrize(
    ("send", "told", "told_for_staff"),
    [
        (lambda c: c.sends_video(b"mp4"), "视频我看不了。", "视频发不到工作人员那里。"),
        (lambda c: c.sends_video(b"mp4", short=True), "视频我看不了。", "视频发不到工作人员那里。"),
        (lambda c: c.sends_unknown("file", {"Title": "表.doc"}), "这种消息我看不懂。", "这种消息发不到"),
        (lambda c: c.says(STICKER), "这种消息我看不懂。", "这种消息发不到"),
    ],
    ids=["video", "short video", "file", "sticker"],
)
async def test_what_cant_be_read_is_answered_with_what_works(world, citizen, send, told, told_for_staff):
    await send(citizen)
    assert citizen.texts[0].startswith(told)

    await is_served(world, citizen)
    await send(citizen)
    await world.sees(citizen, told_for_staff)
    assert await said_by(world, citizen) == []


async def test_a_link_is_for_staff_to_open(world, citizen):
    await citizen.sends_link("落户新政", "https://example.com/1")
    assert citizen.texts == ["链接和文章我打不开。请您直接说想办的事，或者回复“转人工”。"]

    await is_served(world, citizen)
    await citizen.sends_link("落户新政", "https://example.com/1")
    assert await said_by(world, citizen) == ["【链接】落户新政 https://example.com/1"]
