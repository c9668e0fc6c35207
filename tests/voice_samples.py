"""Voice messages as WeChat has them, made here: nobody's voice is kept in this repository."""

import io

import av
import numpy as np

NARROW, WIDE = b"#!AMR\n", b"#!AMR-WB\n"

_WIDE_FRAME = b"\x04" + bytes(17)  # mode 0 of RFC 4867, 20 ms


def narrow_band(seconds: float = 1.0, *, pitch: int = 440) -> bytes:
    """An AMR recording with 8 kHz of a tone."""
    moments = np.arange(int(8000 * seconds)) / 8000
    wave = (np.sin(2 * np.pi * pitch * moments) * 8000).astype(np.int16)
    made = io.BytesIO()
    with av.open(made, "w", format="amr") as container:
        stream = container.add_stream("libopencore_amrnb", rate=8000, layout="mono")
        stream.bit_rate = 12_200
        sound = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    return made.getvalue()


def wide_band(seconds: float = 1.0) -> bytes:
    """An AMR recording with 16 kHz of next to nothing: there is no free encoder."""
    return WIDE + _WIDE_FRAME * int(50 * seconds)


def longer(recording: bytes, times: int) -> bytes:
    """The same over and over."""
    return NARROW + recording.removeprefix(NARROW) * times


def heard_in(playable: bytes) -> tuple[str, float]:
    """The format, and how many seconds a player finds in it."""
    with av.open(io.BytesIO(playable)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, samples / stream.rate
