"""Speech recognition by a service at an address, against a service of our own at a real one."""

import asyncio
import json

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.settings import Settings
from core.speech_ports import Heard
from server.speech import MOST_ANSWER_BYTES, MOST_AUDIO_BYTES, Deaf, HttpSpeechRecogniser, open_recogniser
from tests.contracts.speech_recogniser import RECORDING, SpeechRecogniserContract
from tests.speech_fakes import ScriptedSpeech

HEARD = {"text": "居住证怎么办", "confidence": 0.93}


class FakeAsr:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self):
        self.answer = web.json_response
        self.says = HEARD
        self.asked = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def serve(self, request):
        self.asked.append((request.headers, await request.read()))
        await self.may_answer.wait()
        return self.answer(self.says) if callable(self.answer) else self.answer


@pytest.fixture
async def asr():
    return FakeAsr()


@pytest.fixture
async def url(asr):
    app = web.Application(client_max_size=2 * MOST_AUDIO_BYTES)
    app.router.add_post("/hear", asr.serve)
    async with TestServer(app) as server:
        yield str(server.make_url("/hear"))
        asr.may_answer.set()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def recogniser(session, url):
    return HttpSpeechRecogniser(session, url, token="the-token", seconds=5)


class TestDeaf(SpeechRecogniserContract):
    @pytest.fixture
    async def recogniser(self):
        return Deaf()


class TestScriptedSpeech(SpeechRecogniserContract):
    @pytest.fixture
    async def recogniser(self):
        return ScriptedSpeech({RECORDING: Heard("居住证怎么办", 0.9)})


class TestHttpSpeechRecogniser(SpeechRecogniserContract):
    @pytest.fixture
    async def recogniser(self, session, url):
        return HttpSpeechRecogniser(session, url)


async def test_the_recording_is_posted_as_it_is_with_its_type_and_the_token(recogniser, asr):
    assert await recogniser.recognise(RECORDING, "audio/amr") == Heard("居住证怎么办", 0.93)

    [(headers, body)] = asr.asked
    assert body == RECORDING
    assert headers["Content-Type"] == "audio/amr"
    assert headers["Authorization"] == "Bearer the-token"


@pytest.mark.parametrize(
    ("says", "heard"),
    [
        ({"text": "  居住证。\n", "confidence": 1}, Heard("居住证。", 1.0)),
        ({"text": "", "confidence": 0.99}, Heard("", 0.99)),
        ({"text": "居住证", "words": [1, 2]}, Heard("居住证", 0.0)),  # nothing says that it is sure
        ({"text": "居\u0000住\u202e证", "confidence": 0.5}, Heard("居住证", 0.5)),
        ({"text": "长" * 5000, "confidence": 0.5}, Heard("长" * 2000, 0.5)),
    ],
)
async def test_what_is_said_is_taken_in_as_any_text_is(recogniser, asr, says, heard):
    asr.says = says
    assert await recogniser.recognise(RECORDING, "audio/amr") == heard


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500, text="失败"),
        web.Response(status=204),
        web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        web.Response(text="not JSON"),
        web.Response(body=b"\xff\xfe"),
        web.Response(text="[" * 20_000),
        web.Response(text=json.dumps(["居住证"])),
        web.Response(text=json.dumps({"confidence": 1})),
        web.Response(text=json.dumps({"text": None})),
        web.Response(text=json.dumps({"text": "居住证", "confidence": 93})),
        web.Response(text=json.dumps({"text": "居住证", "confidence": "0.9"})),
        web.Response(text=json.dumps({"text": "居住证", "confidence": True})),
        web.Response(text='{"text": "居住证", "confidence": NaN}'),
        web.Response(text=json.dumps({"text": "长" * MOST_ANSWER_BYTES, "confidence": 1})),
    ],
    ids=lambda answer: f"{answer.status} {answer.text[:20] if answer.body and answer.body[0] < 128 else ''}",
)
async def test_an_answer_that_cant_be_used_is_none_and_says_why_without_what_was_said(
    recogniser, asr, answer
):
    asr.answer = answer
    with structlog.testing.capture_logs() as logs:
        assert await recogniser.recognise(RECORDING, "audio/amr") is None

    [entry] = logs
    assert entry["event"] == "speech_recognition_failed"
    assert "居住证" not in str(entry)
    assert "127.0.0.1" not in str(entry)


async def test_who_doesnt_answer_in_time_didnt_hear(session, url, asr):
    asr.may_answer.clear()
    slow = HttpSpeechRecogniser(session, url, seconds=0.05)

    assert await slow.recognise(RECORDING, "audio/amr") is None


async def test_who_isnt_there_didnt_hear(session, unused_tcp_port):
    away = HttpSpeechRecogniser(session, f"http://127.0.0.1:{unused_tcp_port}/hear?key=secret")
    with structlog.testing.capture_logs() as logs:
        assert await away.recognise(RECORDING, "audio/amr") is None

    assert "secret" not in str(logs)


async def test_what_is_too_large_for_a_voice_message_isnt_sent(recogniser, asr):
    assert await recogniser.recognise(bytes(MOST_AUDIO_BYTES + 1), "audio/amr") is None
    assert asr.asked == []


async def test_without_an_address_nothing_hears_and_with_one_it_is_asked(tmp_path, url, asr):
    async with open_recogniser(Settings.load({"data": tmp_path})) as none:
        assert not none.hears

    settings = Settings.load({"data": tmp_path, "asr_url": url, "asr_token": "t" * 8})
    async with open_recogniser(settings) as one:
        assert await one.recognise(RECORDING, "audio/amr") == Heard("居住证怎么办", 0.93)
    assert asr.asked[0][0]["Authorization"] == "Bearer tttttttt"
