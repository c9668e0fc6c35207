"""Makes an MP3, which every browser plays, of an AMR recording.

A process of its own, since it reads bytes from outside: a script, with nothing of the service around it.
The recording comes by stdin; to stdout go its length in milliseconds, a line feed, and the MP3. It ends with
`UNREADABLE` or `TOO_LONG` for what it doesn't take.
AMR is RFC 4867, section 5; narrow band (8 kHz) and wide band (16 kHz), one channel.
"""

import io
import resource
import sys

import av

MOST_SECONDS = 120
"""WeChat's recordings have 60 at most."""

UNREADABLE = 3
TOO_LONG = 4

_AMR = (b"#!AMR\n", b"#!AMR-WB\n")
_RATE = 16_000
_BITS_A_SECOND = 32_000
_CPU_SECONDS = 10
_MEMORY_BYTES = 1 << 30


class Unreadable(ValueError):
    """No AMR recording, or a damaged one."""


class TooLong(ValueError):
    """More than `MOST_SECONDS`."""


def playable(recording: bytes) -> tuple[int, bytes]:
    """Milliseconds and the MP3 of a recording. Raises Unreadable, TooLong."""
    if not recording.startswith(_AMR):
        raise Unreadable("it doesn't begin as AMR does")
    made, samples = io.BytesIO(), 0
    try:
        with (
            av.open(io.BytesIO(recording), "r", format="amr") as heard,
            av.open(made, "w", format="mp3") as written,
        ):
            sound = heard.streams.audio[0]
            stream = written.add_stream("libmp3lame", rate=_RATE, layout="mono")
            stream.bit_rate = _BITS_A_SECOND
            resampler = av.AudioResampler(format="s16p", layout="mono", rate=_RATE)
            for frame in heard.decode(sound):
                samples += frame.samples
                if samples > MOST_SECONDS * sound.rate:
                    raise TooLong(f"more than {MOST_SECONDS} seconds")
                for part in resampler.resample(frame):
                    written.mux(stream.encode(part))
            for part in resampler.resample(None):
                written.mux(stream.encode(part))
            written.mux(stream.encode(None))
            rate = sound.rate
    except (av.FFmpegError, IndexError, ValueError) as error:
        if isinstance(error, TooLong):
            raise
        raise Unreadable(type(error).__name__) from None
    if not samples:
        raise Unreadable("nothing in it")
    return samples * 1000 // rate, made.getvalue()


def _stay_small() -> None:
    """Whatever the recording does, it takes so much and writes no file."""
    for limit, most in (
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def main() -> int:
    """Reads, answers, and says how it went."""
    _stay_small()
    try:
        milliseconds, made = playable(sys.stdin.buffer.read())
    except Unreadable:
        return UNREADABLE
    except TooLong:
        return TOO_LONG
    sys.stdout.buffer.write(b"%d\n" % milliseconds + made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
