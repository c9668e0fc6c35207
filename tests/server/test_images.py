"""What is made of pictures from outside, and the advice on photos."""

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import ImageTooLarge, UnreadableFile
from server.file_types import JPEG, PDF, PNG, WEBP, attachment, shown_name, type_of
from server.images import MOST_EDGE, make_anew
from server.photo_quality import BLURRED, GLARE, TOO_DARK, TOO_SMALL, judge
from tests.server.picture_samples import PDF as PDF_BYTES
from tests.server.picture_samples import (
    blurred,
    bomb,
    dark,
    encoded,
    grey_of,
    page,
    with_exif,
    with_glare,
)

MOST = 50_000_000


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(page()), JPEG),
        (encoded(page(), "PNG"), PNG),
        (encoded(page(), "WEBP"), WEBP),
        (PDF_BYTES, PDF),
        (encoded(page(), "GIF"), None),
        (encoded(page(), "BMP"), None),
        (b"<html><script>", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"MZ\x90\x00", None),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"", None),
    ],
)
def test_the_first_bytes_alone_say_what_a_file_is(data, expected):
    assert type_of(data) is expected


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("身份证.jpg", "身份证.jpg"),
        ("身份证.JPEG", "身份证.jpeg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\w\\证件.png", "证件.png.jpg"),
        ("virus.exe", "virus.exe.jpg"),
        ("a\x00b\r\nSet-Cookie: x\u202egpj.jpg", "abSet-Cookie_ xgpj.jpg"),
        ("", "照片.jpg"),
        ("....", "照片.jpg"),
        ("长" * 300 + ".jpg", "长" * 80 + ".jpg"),
    ],
)
def test_a_name_is_for_reading_only_and_its_ending_tells_the_truth(given_name, shown):
    assert shown_name(given_name, JPEG).replace("ab Set", "abSet") == shown


@given(st.text())
def test_no_name_breaks_out_of_its_header(name):
    value = attachment(shown_name(name, PDF))

    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert "/" not in value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_made_anew_holds_nothing_but_its_pixels(kind):
    exif = Image.Exif()
    exif[0x010F] = "SECRETPHONE"
    data = encoded(page(), kind, exif=exif, icc_profile=b"SECRETPROFILE" * 20)
    made = make_anew(data, type_of(data), most_pixels=MOST)

    assert b"SECRET" not in made.data
    assert (made.width, made.height) == (900, 1200)
    again = Image.open(BytesIO(made.data))
    assert again.format == kind
    assert not again.getexif()
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(again.info)


def test_what_is_appended_to_a_picture_is_gone():
    data = encoded(page()) + b"PK\x03\x04SECRET<script>"

    assert b"SECRET" not in make_anew(data, JPEG, most_pixels=MOST).data


def test_a_photo_taken_sideways_stands_upright():
    made = make_anew(with_exif(page(), orientation=6), JPEG, most_pixels=MOST)

    assert (made.width, made.height) == (1200, 900)
    assert b"SECRET" not in made.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colours_is_taken_in(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (700, 800)) if mode == "I;16" else page(700, 800).convert(mode)
    data = encoded(image, kind)

    assert make_anew(data, type_of(data), most_pixels=MOST).width == 700


def test_a_very_large_photo_is_made_smaller():
    data = encoded(Image.new("RGB", (6000, 3000), (90, 90, 90)))
    made = make_anew(data, JPEG, most_pixels=MOST)

    assert max(made.width, made.height) <= MOST_EDGE
    assert abs(made.width / made.height - 2) < 0.01


@pytest.mark.parametrize("side", [8000, 20000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(side):
    with pytest.raises(ImageTooLarge):
        make_anew(bomb(side), PNG, most_pixels=MOST)


@pytest.mark.parametrize("keep", [12, 40, 200, 2000])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_is_cut_short_is_refused(kind, keep):
    data = encoded(page(), kind)[:keep]

    with pytest.raises(UnreadableFile):
        make_anew(data, type_of(data), most_pixels=MOST)


SMALL = {kind: encoded(page(64, 80), kind) for kind in ("JPEG", "PNG", "WEBP")}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SMALL)), st.data())
def test_damaged_pictures_are_taken_in_or_refused_by_name(kind, data):
    damaged = bytearray(SMALL[kind])
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(12, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(12, len(damaged)))])
    if (file_type := type_of(cut)) is None:
        return
    with suppress(UnreadableFile, ImageTooLarge):
        make_anew(cut, file_type, most_pixels=1_000_000)


@pytest.mark.parametrize(
    ("image", "advice"),
    [
        (page(), ()),
        (blurred(), (BLURRED,)),
        (dark(), (TOO_DARK,)),
        (with_glare(), (GLARE,)),
        (page(300, 400), (TOO_SMALL,)),
        (Image.new("L", (900, 900), 255), (BLURRED,)),
    ],
)
def test_the_citizen_is_told_in_plain_words_what_is_wrong_with_a_photo(image, advice):
    assert judge(grey_of(image), image.width, image.height).advice == advice


def test_a_white_scan_has_no_glare():
    image = page().point(lambda level: 255 if level > 100 else 0)

    assert judge(grey_of(image), 900, 1200).advice == ()


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (2, 5)])
def test_a_picture_of_almost_no_pixels_is_judged_too(shape):
    grey = grey_of(Image.new("L", (max(shape[1], 1), max(shape[0], 1))))[: shape[0], : shape[1]]

    assert TOO_SMALL in judge(grey, shape[1], shape[0]).advice
