"""Pictures and other bytes that citizens might send, made here."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
EXIF_ORIENTATION, EXIF_MAKER, EXIF_GPS = 0x0112, 0x010F, 0x8825


def page(width: int = 900, height: int = 1200) -> Image.Image:
    """A photo of a sheet with lines of print on it, on a grey table."""
    image = Image.new("RGB", (width, height), (120, 118, 110))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width * 0.08, height * 0.06, width * 0.92, height * 0.94), fill=(214, 212, 205))
    for top in range(int(height * 0.1), int(height * 0.9), 24):
        for left in range(int(width * 0.12), int(width * 0.86), 14):
            draw.rectangle((left, top, left + 8, top + 12), outline=(30, 30, 30))
    return image


def blurred() -> Image.Image:
    return page().filter(ImageFilter.GaussianBlur(7))


def dark() -> Image.Image:
    return page().point(lambda level: level // 8)


def with_glare() -> Image.Image:
    image = page()
    ImageDraw.Draw(image).ellipse((200, 300, 560, 660), fill=(255, 255, 255))
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def with_exif(image: Image.Image, orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    exif[EXIF_MAKER] = "SECRETPHONE"
    exif.get_ifd(EXIF_GPS)[1] = "N"
    return encoded(image, exif=exif, comment=b"SECRETCOMMENT")


def bomb(side: int = 20000) -> bytes:
    """A few kilobytes that unpack to hundreds of millions of pixels."""
    return encoded(Image.new("1", (side, side)), "PNG", optimize=True)


def grey_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"))
