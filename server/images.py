"""The one adapter of Pillow: makes of a picture from outside one of our own.

What comes out holds pixels only: no EXIF (where and when a photo was taken, by which telephone), no
comment, no colour profile, nothing that hid behind the picture. Runs in a thread; knows no files.
"""

import struct
import warnings
import zlib
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.errors import ImageTooLarge, NoSignature, UnreadableFile
from server.file_types import JPEG, PNG, FileType
from server.photo_quality import SEEN_WIDTH

MOST_EDGE = 4096
"""Longer pictures are made smaller: small print of a page can be read well at this size."""

INK_BELOW = 160
LEAST_SPREAD = 20
MOST_INK = 0.6
"""A signature spreads over some pixels and leaves most of its sheet white."""

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_SAVED_AS: dict[str, dict[str, int]] = {
    "image/jpeg": {"quality": 88},
    "image/png": {"compress_level": 6},
    "image/webp": {"quality": 88, "method": 3},
}
_DAMAGED = (
    OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, OverflowError, MemoryError,
    AttributeError, NotImplementedError, RuntimeError, AssertionError, ZeroDivisionError,
    struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers raise on pictures that are none."""


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture made anew, and its grey picture to judge it by."""

    data: bytes = field(repr=False)
    width: int
    height: int
    grey: NDArray[np.uint8] = field(repr=False)


def make_anew(data: bytes, file_type: FileType, *, most_pixels: int) -> CleanImage:
    """The picture upright and with nothing but its pixels, in the same format; of several its first.

    Raises ImageTooLarge before anything is unpacked, and UnreadableFile.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the number of pixels has a limit of its own
            opened = Image.open(BytesIO(data), formats=[_FORMATS[file_type.media_type]])
    except Image.DecompressionBombError:
        raise ImageTooLarge("more pixels than the library opens") from None
    except _DAMAGED as error:
        raise UnreadableFile(f"no picture: {type(error).__name__}") from None
    with opened:
        if opened.width * opened.height > most_pixels:
            raise ImageTooLarge(f"{opened.width} by {opened.height} pixels")
        try:
            return _made_anew(opened, file_type)
        except Image.DecompressionBombError:
            raise ImageTooLarge("more pixels than the library opens") from None
        except _DAMAGED as error:
            raise UnreadableFile(f"a damaged picture: {type(error).__name__}") from None


def make_signature(data: bytes, *, most_pixels: int) -> bytes:
    """A drawn signature as a grey PNG on white, with nothing but its strokes' pixels.

    Raises ImageTooLarge, UnreadableFile, and NoSignature for a sheet that is empty or all black.
    """
    clean = make_anew(data, PNG, most_pixels=most_pixels)
    with Image.open(BytesIO(clean.data), formats=["PNG"]) as opened:
        drawn = opened.convert("RGBA")
        sheet = Image.new("RGBA", drawn.size, "white")
        grey = Image.alpha_composite(sheet, drawn).convert("L")
    ink = np.frombuffer(grey.tobytes(), np.uint8).reshape(grey.height, grey.width) < INK_BELOW
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    spread = max((each[-1] - each[0] + 1 for each in (rows, columns) if each.size), default=0)
    if spread < LEAST_SPREAD or ink.mean() > MOST_INK:
        raise NoSignature("no strokes on the sheet")
    made = BytesIO()
    grey.save(made, "PNG", compress_level=6)
    return made.getvalue()


def _made_anew(opened: Image.Image, file_type: FileType) -> CleanImage:
    if file_type is JPEG:
        opened.draft(None, (MOST_EDGE, MOST_EDGE))  # large ones are unpacked at a half or less
    image: Image.Image = ImageOps.exif_transpose(opened)
    if max(image.size) > MOST_EDGE:
        image.thumbnail((MOST_EDGE, MOST_EDGE))
    image = _in_plain_colours(image, may_be_see_through=file_type is not JPEG)
    # Pixels alone cross over: savers take profile and comments from what an image still carries.
    plain = Image.frombytes(image.mode, image.size, image.tobytes())
    made = BytesIO()
    plain.save(made, _FORMATS[file_type.media_type], **_SAVED_AS[file_type.media_type])
    grey = plain.convert("L")
    grey.thumbnail((SEEN_WIDTH, SEEN_WIDTH * 2))
    pixels = np.frombuffer(grey.tobytes(), np.uint8).reshape(grey.height, grey.width)
    return CleanImage(made.getvalue(), plain.width, plain.height, pixels)


def _in_plain_colours(image: Image.Image, *, may_be_see_through: bool) -> Image.Image:
    """The picture in grey, in colours, or in colours with transparency."""
    if image.mode.startswith(("I", "F")):
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.mode in {"1", "L"}:
        return image.convert("L")
    see_through = image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info
    return image.convert("RGBA" if see_through and may_be_see_through else "RGB")
