"""Pictures and sound that are encoded once and sent many times, as the payloads of RTP packets."""

import fractions

import av
import numpy as np

RATE = 25
SECONDS = 4
SIZES = {"480p": (640, 480, 600_000), "720p": (1280, 720, 1_500_000)}
MOST_PAYLOAD = 1160  # with headers and tag, what Chromium takes for a datagram


def make_clip(size):
    """Pictures and sounds of some seconds: of each the payloads, and whether it stands by itself."""
    width, height, bitrate = SIZES[size]
    pictures = [(packetise(data), key) for data, key in make_pictures(width, height, bitrate)]
    return {"video": pictures, "audio": [([data], True) for data, _ in make_sound()]}


def packetise(picture):
    """RFC 7741, with the shortest descriptor: one octet that says whether the picture begins here."""
    parts = range(0, len(picture), MOST_PAYLOAD)
    return [(b"\x00" if start else b"\x10") + picture[start : start + MOST_PAYLOAD] for start in parts]


def bitrate_of(clip):
    """Bits a second of the pictures."""
    return sum(len(part) for parts, _ in clip["video"] for part in parts) * 8 / SECONDS


def make_pictures(width, height, bitrate):
    """Somebody who moves before a shelf of books, at about this bitrate."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate, encoder.gop_size = bitrate, RATE * 2
    encoder.time_base, encoder.framerate = fractions.Fraction(1, RATE), RATE
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "minrate": str(bitrate),
        "maxrate": str(bitrate),
    }
    chance = np.random.default_rng(1)
    shelf = np.kron(chance.integers(60, 180, (height // 40, width // 20)), np.ones((40, 20))).astype(np.uint8)
    shelf = np.pad(shelf, ((0, height - shelf.shape[0]), (0, width - shelf.shape[1])), mode="edge")
    rows, columns = np.mgrid[0:height, 0:width]
    for number in range(RATE * SECONDS):
        across = width * (0.5 + 0.05 * np.sin(2 * np.pi * number / (RATE * SECONDS)))
        face = ((columns - across) / (width * 0.15)) ** 2 + ((rows - height * 0.5) / (height * 0.3)) ** 2 < 1
        picture = shelf.copy()
        picture[face] = 150 + chance.integers(-25, 25, int(face.sum()))
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        yield from ((bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame))


def make_sound():
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = 48000, "stereo", "s16", 32_000
    moments = np.arange(960 * 50 * SECONDS) / 48000
    tone = (4000 * np.sin(2 * np.pi * 220 * moments)).astype(np.int16)
    for start in range(0, len(tone), 960):
        frame = av.AudioFrame.from_ndarray(
            np.repeat(tone[start : start + 960], 2)[None, :], format="s16", layout="stereo"
        )
        frame.sample_rate, frame.pts = 48000, start
        yield from ((bytes(packet), True) for packet in encoder.encode(frame))
