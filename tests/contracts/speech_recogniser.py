"""What every SpeechRecogniser promises. Subclasses override the `recogniser` fixture."""

import pytest

RECORDING = b"#!AMR\n" + bytes(200)


class SpeechRecogniserContract:
    """Inherit, and override `recogniser`. One that hears is to hear 「居住证怎么办」 in `RECORDING`."""

    @pytest.fixture
    async def recogniser(self):
        raise NotImplementedError

    async def test_what_was_said_comes_back_with_how_sure_that_is(self, recogniser):
        heard = await recogniser.recognise(RECORDING, "audio/amr")

        if recogniser.hears:
            assert heard.text == "居住证怎么办"
            assert 0 <= heard.confidence <= 1
        else:
            assert heard is None

    @pytest.mark.parametrize("audio", [b"", b"\0", b"no sound at all" * 1000])
    @pytest.mark.parametrize("media_type", ["", "audio/amr", "audio/speex", "text/plain"])
    async def test_no_recording_is_a_mistake(self, recogniser, audio, media_type):
        heard = await recogniser.recognise(audio, media_type)

        assert heard is None or (heard.text == heard.text.strip() and 0 <= heard.confidence <= 1)

    async def test_what_was_said_is_in_no_repr(self, recogniser):
        assert "居住证" not in repr(await recogniser.recognise(RECORDING, "audio/amr"))
