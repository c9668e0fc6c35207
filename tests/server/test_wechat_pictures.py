"""An agent's picture on its way to WeChat."""

import asyncio

import aiohttp
import pytest

from connectors.wechat.api import UnclearSend, WeChatSilent
from connectors.wechat.error_codes import error_of
from connectors.wechat.sender import LOST_AFTER
from core.evidence_ports import StoredFile
from server.wechat_sending import MOST_PICTURE_BYTES, UPLOAD_WITHIN_S, WeChatSending
from tests.server.desk_api import desk_of
from tests.server.picture_samples import encoded, page
from tests.server.test_wechat_desk import comes_true_of, served
from tests.server.wechat_world import wechat_world
from tests.waiting import comes_true
from tests.wechat_platform.faults import ANSWER_LOST, DROPPED, REFUSED, ApiFault
from tests.wechat_platform.rules import Rules

PICTURE = {"type": "image", "file_id": "f1", "name": "样表.jpg"}
LINE = '<a href="https://here/o1/chat">工作人员发来一张图片，点这里看</a>'


class FakeKept:
    """One kept file, as `KeptFiles` gives it."""

    def __init__(self, media_type: str = "image/jpeg", size: int = 3) -> None:
        self.files = self
        self.file: StoredFile | None = StoredFile("f1", "c1", "样表.jpg", media_type, size, "hash", "li")

    async def get(self, file_id: str) -> StoredFile | None:
        return self.file if self.file and self.file.file_id == file_id else None

    async def read(self, file_id: str) -> bytes:
        return b"abc"


class FakeMessages:
    """Remembers what went out; each call ends as the test says."""

    def __init__(self) -> None:
        self.sent, self.uploads = [], []
        self.upload_end = self.image_end = None
        self.upload_takes = 0.0

    async def send_text(self, openid, text):
        self.sent.append((openid, text))

    async def send_image(self, openid, media_id):
        if self.image_end:
            raise self.image_end
        self.sent.append((openid, f"image {media_id}"))

    async def send_news(self, openid, *, title, description, url, picture_url=""):
        self.sent.append((openid, f"card {title} {description} {url}"))

    async def upload(self, kind, content, *, file_name, media_type):
        await asyncio.sleep(self.upload_takes)
        if self.upload_end:
            raise self.upload_end
        self.uploads.append((kind, content, file_name, media_type))
        return f"m{len(self.uploads)}"


@pytest.fixture
def messages():
    return FakeMessages()


@pytest.fixture
def kept():
    return FakeKept()


def link_for(openid):
    return lambda page_name: f"https://here/{openid}/{page_name}"


@pytest.fixture
def sending(messages, kept):
    return WeChatSending(messages, kept, link_for, upload_within_s=0.5)


async def test_a_picture_is_uploaded_and_then_sent(sending, messages):
    await sending.send("o1", PICTURE)

    assert messages.uploads == [("image", b"abc", "picture.jpg", "image/jpeg")]
    assert messages.sent == [("o1", "image m1")]


async def test_texts_and_cards_go_as_they_are(sending, messages):
    await sending.send("o1", {"type": "text", "text": "您好"})
    await sending.send("o1", {"type": "card", "title": "一", "description": "二", "page": "chat", "url": "u"})

    assert messages.sent == [("o1", "您好"), ("o1", "card 一 二 u")]


@pytest.mark.parametrize(
    ("media_type", "size"),
    [("image/webp", 3), ("image/jpeg", MOST_PICTURE_BYTES + 1), ("application/pdf", 3)],
)
async def test_what_wechat_doesnt_take_as_a_picture_goes_as_a_link_without_a_try(messages, media_type, size):
    await WeChatSending(messages, FakeKept(media_type, size), link_for).send("o1", PICTURE)

    assert (messages.uploads, messages.sent) == ([], [("o1", LINE)])


async def test_a_picture_that_is_gone_goes_as_a_link(sending, messages, kept):
    kept.file = None
    await sending.send("o1", PICTURE)

    assert messages.sent == [("o1", LINE)]


@pytest.mark.parametrize(
    "end", [error_of(40009), error_of(40004), error_of(45009), WeChatSilent("HTTP 502", sent=True)]
)
async def test_a_picture_that_cant_be_uploaded_goes_as_a_link(sending, messages, end):
    messages.upload_end = end
    await sending.send("o1", PICTURE)

    assert messages.sent == [("o1", LINE)]


async def test_an_upload_that_takes_too_long_ends_in_a_link(messages, kept):
    messages.upload_takes = 30
    await WeChatSending(messages, kept, link_for, upload_within_s=0.01).send("o1", PICTURE)

    assert (messages.uploads, messages.sent) == ([], [("o1", LINE)])


async def test_while_wechat_is_busy_the_picture_waits(sending, messages):
    messages.upload_end = error_of(-1)
    with pytest.raises(type(error_of(-1))):
        await sending.send("o1", PICTURE)

    assert messages.sent == []


async def test_a_picture_refused_when_it_is_sent_goes_as_a_link(sending, messages):
    messages.image_end = error_of(40007)
    await sending.send("o1", PICTURE)

    assert messages.sent == [("o1", LINE)]


@pytest.mark.parametrize("end", [UnclearSend("timeout"), error_of(45047), error_of(45015)])
async def test_any_other_end_of_the_message_is_the_senders_to_judge(sending, messages, end):
    messages.image_end = end
    with pytest.raises(type(end)):
        await sending.send("o1", PICTURE)

    assert messages.sent == []


def test_an_upload_ends_before_its_send_counts_as_lost():
    assert LOST_AFTER.total_seconds() >= 2 * UPLOAD_WITHIN_S


# --- with WeChat's platform ------------------------------------------------------------------------------


async def sends_picture(agent, path: str) -> bytes:
    """The agent sends a picture; returns it as it is kept."""
    form = aiohttp.FormData()
    form.add_field("file", encoded(page(300, 400)), filename="样表.jpg", content_type="image/jpeg")
    response, data = await agent.call("POST", path + "/files", data=form)
    assert response.status == 201, data
    kept = await agent.service.client.get(
        f"/api/v1/staff{path}/files/{data['event']['body']['file_id']}", headers=agent.headers
    )
    return await kept.read()


def pictures(world, citizen) -> list[bytes]:
    return [world.platform.account.media[each.media_id].content for each in citizen.seen if each.media_id]


async def test_the_citizen_sees_the_picture_in_the_order_of_what_was_said(settings):
    async with wechat_world(settings) as world:
        agent = await desk_of(world.service)
        citizen, path = await served(world, agent)
        kept = await sends_picture(agent, path)
        await agent.done("POST", path + "/messages", json={"text": "照这样填"})
        await world.sees(citizen, "照这样填")

        assert pictures(world, citizen) == [kept]
        assert [each.kind for each in citizen.seen][-2:] == ["image", "text"]


async def test_an_answer_that_got_lost_uploads_it_again_and_shows_it_once(settings):
    async with wechat_world(settings) as world:
        agent = await desk_of(world.service)
        citizen, path = await served(world, agent)
        world.platform.faults.next_calls("media/upload", ApiFault(DROPPED), ApiFault(ANSWER_LOST))
        kept = await sends_picture(agent, path)
        await comes_true(lambda: pictures(world, citizen))
        await comes_true_of(agent, path, lambda found: not found["waiting"] and not found["sending"])

        assert pictures(world, citizen) == [kept]


async def test_a_picture_that_wechat_refuses_is_a_link_to_the_page(settings):
    async with wechat_world(settings, platform={"rules": Rules(most_image_bytes=100)}) as world:
        agent = await desk_of(world.service)
        citizen, path = await served(world, agent)
        await sends_picture(agent, path)
        await world.sees(citizen, "工作人员发来一张图片，点这里看")

        assert pictures(world, citizen) == []
        assert world.account.links.link_for("x")("chat").rpartition("/")[0] in citizen.texts[-1]


async def test_a_picture_whose_message_is_refused_for_the_quota_waits_and_isnt_lost(settings):
    async with wechat_world(settings) as world:
        agent = await desk_of(world.service)
        citizen, path = await served(world, agent)
        world.platform.faults.next_calls("message/custom/send", ApiFault(REFUSED, errcode=45047))
        await sends_picture(agent, path)
        waits = await comes_true_of(agent, path, lambda found: found["left"] == 0 and found["waiting"] == 1)
        await citizen.says("好的")
        await world.sees(citizen, "工作人员发来一张图片")

        assert waits["until"] is None
