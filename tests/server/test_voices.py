"""Voice messages are made into what every browser plays, and nothing that is sent as one does harm."""

import random
import sys
from pathlib import Path

import pytest

from core.errors import FileTooLarge, Unavailable, UnreadableFile
from server import voice_decoder
from server.voice_decoder import MOST_SECONDS, TooLong, Unreadable, playable
from server.voices import MOST_RECORDING_BYTES, PlayableVoice, VoiceDecoder
from tests.voice_samples import NARROW, WIDE, heard_in, longer, narrow_band, wide_band


@pytest.fixture(scope="module")
def spoken():
    return narrow_band()


@pytest.mark.parametrize("recording", [narrow_band(3), wide_band(3)], ids=["8 kHz", "16 kHz"])
async def test_a_recording_becomes_an_mp3_of_the_same_length(recording):
    voice = await VoiceDecoder().decode(recording)

    form, seconds = heard_in(voice.data)
    assert form == "mp3"
    assert seconds == pytest.approx(3, abs=0.2)
    assert voice.milliseconds == pytest.approx(3000, abs=40)
    assert len(voice.data) < 20_000


@pytest.mark.parametrize(
    "what",
    [
        b"",
        b"#!AMR",
        NARROW,
        WIDE,
        NARROW + b"\xff" * 100,
        NARROW + b"\x7c" * 1000,  # frames without data
        b"ID3\x04 an MP3",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
async def test_anything_else_is_refused(what):
    with pytest.raises(UnreadableFile):
        await VoiceDecoder().decode(what)


async def test_a_recording_that_breaks_off_is_refused(spoken):
    with pytest.raises(UnreadableFile):
        await VoiceDecoder().decode(spoken[:-3])


async def test_too_long_a_recording_is_refused(spoken):
    with pytest.raises(FileTooLarge):
        await VoiceDecoder().decode(longer(spoken, MOST_SECONDS + 1))


async def test_too_large_a_recording_is_refused_unread():
    with pytest.raises(FileTooLarge):
        await VoiceDecoder(["never started"]).decode(NARROW + bytes(MOST_RECORDING_BYTES))


async def test_a_decoder_that_goes_on_for_ever_is_ended(spoken):
    hanging = [sys.executable, "-I", "-c", "import time; time.sleep(3600)"]
    with pytest.raises(UnreadableFile, match="took too long"):
        await VoiceDecoder(hanging, seconds=0.1).decode(spoken)


async def test_a_decoder_that_falls_over_harms_nobody(spoken):
    falling = [sys.executable, "-I", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]
    with pytest.raises(UnreadableFile):
        await VoiceDecoder(falling).decode(spoken)


async def test_where_no_decoder_can_be_started_that_is_said(spoken):
    with pytest.raises(Unavailable):
        await VoiceDecoder(["/nowhere/at/all"]).decode(spoken)


async def test_the_decoder_is_told_none_of_the_services_secrets(monkeypatch, spoken):
    monkeypatch.setenv("BANGBAN_SESSION_SECRET", "secret")
    telling = (
        "import os, sys; sys.stdin.buffer.read(); print(0); print('BANGBAN_SESSION_SECRET' in os.environ)"
    )

    assert await VoiceDecoder([sys.executable, "-I", "-c", telling]).decode(spoken) == PlayableVoice(
        b"False\n", 0
    )


async def test_the_decoder_may_write_no_file_and_takes_so_much_time(spoken):
    asking = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import voice_decoder
voice_decoder._stay_small()
sys.stdin.buffer.read()
print(0)
print(resource.getrlimit(resource.RLIMIT_FSIZE)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])
"""
    folder = str(Path(voice_decoder.__file__).parent)

    voice = await VoiceDecoder([sys.executable, "-I", "-c", asking, folder]).decode(spoken)
    assert voice.data == b"0 10\n"


def test_no_damage_gets_past_the_decoder(spoken):
    """Recordings with some bytes changed, cut or put in are played or refused, and nothing else happens."""
    chance = random.Random(20260101)
    outcomes = set()
    for _ in range(200):
        damaged = bytearray(spoken)
        for _ in range(chance.randint(1, 20)):
            place = chance.randrange(len(NARROW), len(damaged))
            match chance.randrange(3):
                case 0:
                    damaged[place] = chance.randrange(256)
                case 1:
                    del damaged[place : place + chance.randrange(40)]
                case _:
                    damaged[place:place] = chance.randbytes(chance.randrange(40))
        try:
            milliseconds, _ = playable(bytes(damaged))
            assert 0 < milliseconds <= MOST_SECONDS * 1000
            outcomes.add("played")
        except (Unreadable, TooLong) as error:
            outcomes.add(type(error).__name__)

    assert outcomes == {"played", "Unreadable"}
