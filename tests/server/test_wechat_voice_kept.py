"""A citizen speaks in WeChat to a person: the voice can be heard at the desk and on the citizen's page."""

import pytest

from connectors.wechat.pushes import VoiceMessage
from core.speech_ports import Heard
from server import keys
from server.uploads import MOST_FILES
from tests.server.desk_api import Desk
from tests.server.wechat_desk import is_served, waits
from tests.server.wechat_world import WeChatWorld, wechat_world
from tests.speech_fakes import ScriptedSpeech
from tests.voice_samples import heard_in, narrow_band, wide_band
from tests.wechat_platform import PlatformUser

SPOKEN, BETTER = narrow_band(2), wide_band(3)
DAMAGED = SPOKEN[:-3]


@pytest.fixture
async def world(settings):
    async with wechat_world(settings) as made:
        yield made


@pytest.fixture
async def citizen(world):
    return world.citizen()


async def path_of(world: WeChatWorld, citizen: PlatformUser) -> str:
    return f"/conversations/{(await world.known(citizen)).conversation_id}"


async def at_desk(world: WeChatWorld, citizen: PlatformUser, agent: Desk) -> list[tuple[str, dict]]:
    """What the agent reads after having taken the conversation."""
    events = (await agent.done("GET", await path_of(world, citizen)))["events"]
    begins = max(place for place, each in enumerate(events) if each["kind"] == "holder")
    return [(each["kind"], each["body"]) for each in events[begins + 1 :]]


async def kept(world: WeChatWorld, citizen: PlatformUser) -> list:
    conversation_id = (await world.known(citizen)).conversation_id
    return list(await world.service.app[keys.KEPT_FILES].files.files_of(conversation_id))


async def played(agent: Desk, path: str, file_id: str, **headers: str):
    """How the desk's player is answered."""
    response = await agent.service.client.get(
        f"/api/v1/staff{path}/files/{file_id}", headers={**agent.headers, **headers}
    )
    return response, await response.read()


async def test_an_agent_hears_what_nobody_wrote_down(world, citizen):
    agent = await is_served(world, citizen)
    await citizen.sends_voice(SPOKEN)
    await world.sees(citizen, "语音已收到，工作人员能听到。")

    (_, notice), (kind, voice) = await at_desk(world, citizen, agent)
    response, sound = await played(agent, await path_of(world, citizen), voice["file_id"])
    assert notice["text"] == "语音已收到，工作人员能听到。"
    assert (kind, voice["by"], voice["media_type"]) == ("file", "citizen", "audio/mpeg")
    assert voice["milliseconds"] == pytest.approx(2000, abs=40)
    assert heard_in(sound) == ("mp3", pytest.approx(2, abs=0.2))
    assert (response.status, response.content_type) == (200, "audio/mpeg")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Security-Policy"].startswith("sandbox")


async def test_a_player_gets_the_part_it_asks_for(world, citizen):
    """Safari plays nothing that it can't ask for in parts."""
    agent = await is_served(world, citizen)
    await citizen.sends_voice(SPOKEN)
    await world.sees(citizen, "语音已收到")
    _, (_, voice) = await at_desk(world, citizen, agent)
    path = await path_of(world, citizen)
    _, whole = await played(agent, path, voice["file_id"])
    response, part = await played(agent, path, voice["file_id"], Range="bytes=0-1")
    beyond, _ = await played(agent, path, voice["file_id"], Range=f"bytes={len(whole)}-")

    assert (response.status, part) == (206, whole[:2])
    assert response.headers["Content-Range"] == f"bytes 0-1/{len(whole)}"
    assert beyond.status == 416


async def test_words_and_sound_are_one_message(settings):
    speech = ScriptedSpeech({SPOKEN: Heard("居住证怎么办", 0.6)})
    async with wechat_world(settings, parts={"speech": speech}) as world:
        citizen = world.citizen()
        agent = await is_served(world, citizen)
        await citizen.sends_voice(SPOKEN)
        await world.sees(citizen, "语音已收到，工作人员能听到。转成的文字是：“居住证怎么办”。")
        _, (kind, message) = await at_desk(world, citizen, agent)
        [file] = await kept(world, citizen)

        assert (kind, message["text"], message["spoken"]) == ("citizen_message", "居住证怎么办", True)
        assert message["voice"]["file_id"] == file.file_id
        assert len(world.platform.calls_of("media/get")) == 1  # to be heard by both


async def test_who_waits_for_a_person_is_heard_when_one_comes(world, citizen):
    agent = await waits(world, citizen)
    await citizen.sends_voice(SPOKEN)
    await world.sees(citizen, "语音已收到，工作人员接入后能听到。")

    [waiting] = (await agent.done("GET", "/queue"))["waiting"]
    await agent.done("POST", f"/handovers/{waiting['id']}/accept")
    events = (await agent.done("GET", await path_of(world, citizen)))["events"]
    [voice] = [each["body"] for each in events if each["kind"] == "file"]
    assert (await played(agent, await path_of(world, citizen), voice["file_id"]))[0].status == 200


async def test_what_is_said_to_the_bot_is_kept_nowhere(settings):
    speech = ScriptedSpeech({SPOKEN: Heard("居住证怎么办", 0.9)})
    async with wechat_world(settings, parts={"speech": speech}) as world:
        citizen = world.citizen()
        await citizen.sends_voice(SPOKEN)

        assert await kept(world, citizen) == []
        assert not any("voice" in event.body for event in await world.log_of(citizen))


async def test_the_citizens_page_has_the_same_voice(world, citizen):
    await is_served(world, citizen)
    await citizen.sends_voice(SPOKEN)
    await world.sees(citizen, "语音已收到")
    conversation_id = (await world.known(citizen)).conversation_id
    token = world.account.engine._acts._talk._token_of(conversation_id)
    headers = {"Authorization": f"Bearer {token}"}
    address = f"/api/v1/conversations/{conversation_id}"
    log = await (await world.service.client.get(address, headers=headers)).json()
    [voice] = [each["body"] for each in log["events"] if each["kind"] == "file"]
    response = await world.service.client.get(f"{address}/files/{voice['file_id']}", headers=headers)

    assert voice["milliseconds"] > 0
    assert heard_in(await response.read())[0] == "mp3"


async def test_the_better_sound_is_kept_where_there_is_one(world, citizen):
    await is_served(world, citizen)
    await citizen.sends_voice(SPOKEN, better=BETTER)
    await world.sees(citizen, "语音已收到")

    assert [each.details["milliseconds"] for each in await kept(world, citizen)] == [3000]


@pytest.mark.parametrize("better", [DAMAGED, b"#!SPEEX something"], ids=["damaged", "unknown"])
async def test_the_plain_sound_is_kept_where_the_better_one_cant_be_played(world, citizen, better):
    await is_served(world, citizen)
    await citizen.sends_voice(SPOKEN, better=better)
    await world.sees(citizen, "语音已收到")

    [file] = await kept(world, citizen)
    assert file.details["milliseconds"] == pytest.approx(2000, abs=40)


async def test_what_cant_be_played_is_said_so_and_kept_by_nobody(world, citizen):
    agent = await is_served(world, citizen)
    await citizen.sends_voice(DAMAGED)
    await world.sees(citizen, "您发来一条语音，放不出来，也转不成文字，工作人员听不到。")

    assert await kept(world, citizen) == []
    assert [kind for kind, _ in await at_desk(world, citizen, agent)] == ["notice"]


async def test_no_more_is_kept_of_a_conversation_than_other_files(world, citizen):
    await is_served(world, citizen)
    conversation_id = (await world.known(citizen)).conversation_id
    for number in range(MOST_FILES):
        await world.service.app[keys.KEPT_FILES].keep(
            conversation_id, f"{number}.pdf", "application/pdf", b"%PDF-", by="citizen", details={}
        )
    await citizen.sends_voice(SPOKEN)
    await world.sees(citizen, "您发来一条语音，放不出来")

    assert len(await kept(world, citizen)) == MOST_FILES


async def test_the_same_delivery_twice_is_one_voice(world, citizen):
    agent = await is_served(world, citizen)
    media_id = world.platform.account.keep_media(SPOKEN, "audio/amr", "v.amr")
    told = {"media_id": media_id, "format": "amr", "recognition": ""}
    push = VoiceMessage(account_id="gh", openid="o", created=1, msg_id="77", **told)
    user = await world.known(citizen)
    for _ in range(2):
        await world.account.engine._acts.do(push, user)

    assert [kind for kind, _ in await at_desk(world, citizen, agent)] == ["notice", "file"]
    assert len(await kept(world, citizen)) == 1


async def test_a_voice_goes_with_its_conversation(world, citizen):
    await is_served(world, citizen)
    await citizen.sends_voice(SPOKEN)
    await world.sees(citizen, "语音已收到")
    [file] = await kept(world, citizen)
    folder = world.service.app[keys.KEPT_FILES].folder
    assert folder.read(file.file_id)

    store = world.service.stores.conversations
    await store.purge_before((await world.log_of(citizen))[-1].at.replace(year=2999))
    assert await world.service.app[keys.UPLOADS].forget_old() == 1
    assert not list(folder._path.iterdir())
