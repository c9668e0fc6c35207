"""Sealed files: read back as written, any range of them, whole or torn; and no change goes unseen."""

import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RecordingDamaged
from video.sealed_format import (
    HEADER_BYTES,
    ByteRange,
    Record,
    RecordKind,
    TextMap,
    UnsatisfiableRange,
    overlay,
    parse_range,
)
from video.sealing import SealedReader, SealedWriter

KEY = bytes(range(32))


def write(path, pieces, *, finish=True):
    writer = SealedWriter(path, KEY)
    for piece in pieces:
        writer.write(piece)
    if finish:
        writer.finish()
    writer.close()
    return writer


def read(path, start=0, stop=None):
    with SealedReader(path, KEY) as reader:
        return b"".join(reader.read(start, stop))


def test_what_was_written_and_replaced_is_read_back(tmp_path):
    path = tmp_path / "a"
    writer = SealedWriter(path, KEY)
    writer.write(b"0123456789")
    writer.write(b"abcdefghij")
    writer.seek(8)
    writer.write(b"ABCD")
    writer.seek(18)
    writer.write(b"IJKLM")  # over the end
    assert writer.tell() == 23
    writer.finish()
    writer.close()

    assert read(path) == b"01234567ABCDcdefghIJKLM"
    assert writer.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_nothing_is_overwritten(tmp_path):
    write(tmp_path / "a", [b"x"])

    with pytest.raises(FileExistsError):
        SealedWriter(tmp_path / "a", KEY)


@pytest.mark.parametrize("cut", [1, 10, 16, 40, 100])
def test_a_torn_file_is_readable_up_to_the_tear(tmp_path, cut):
    path = tmp_path / "a"
    write(path, [b"a" * 50, b"b" * 50], finish=False)
    os.truncate(path, path.stat().st_size - cut)

    with SealedReader(path, KEY) as reader:
        assert b"".join(reader.read()) in {b"a" * 50, b""}
        assert not reader.is_whole


def test_whole_and_unfinished_are_told_apart(tmp_path):
    write(tmp_path / "a", [b"x"])
    write(tmp_path / "b", [b"x"], finish=False)

    with SealedReader(tmp_path / "a", KEY) as whole, SealedReader(tmp_path / "b", KEY) as unfinished:
        assert (whole.is_whole, unfinished.is_whole) == (True, False)


def test_every_changed_byte_is_found(tmp_path):
    path = tmp_path / "a"
    write(path, [b"first", b"second"])
    stored = path.read_bytes()
    for place in range(len(stored)):
        path.write_bytes(stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :])
        assert is_suspicious(path), place


def is_suspicious(path):
    """Whether a reader refuses it, or says that its end is missing and gives no more than the beginning."""
    try:
        with SealedReader(path, KEY) as reader:
            text = b"".join(reader.read())
            return not reader.is_whole and b"firstsecond".startswith(text)
    except RecordingDamaged:
        return True


def test_records_that_changed_places_or_come_from_another_file_are_found(tmp_path):
    write(tmp_path / "a", [b"first", b"other"])
    write(tmp_path / "b", [b"first", b"other"])
    one, two = (tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()
    size = 17 + 5 + 16
    first, second = (
        one[HEADER_BYTES : HEADER_BYTES + size],
        one[HEADER_BYTES + size : HEADER_BYTES + 2 * size],
    )
    for name, data in (
        ("swapped", one[:HEADER_BYTES] + second + first),
        ("foreign", one[:HEADER_BYTES] + two[HEADER_BYTES:]),
        ("left out", one[:HEADER_BYTES] + second),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(RecordingDamaged):
            read(tmp_path / name)


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=12),
    patches=st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=30)), max_size=4),
    start=st.integers(0, 800),
    length=st.integers(0, 800),
)
def test_any_range_is_that_of_the_whole(tmp_path_factory, pieces, patches, start, length):
    path = tmp_path_factory.mktemp("sealed") / "a"
    expected = bytearray(b"".join(pieces))
    writer = SealedWriter(path, KEY)
    for piece in pieces:
        writer.write(piece)
    for at, data in patches:
        at = writer.seek(at)  # noqa: PLW2901 - at most the end
        writer.write(data)
        expected[at : at + len(data)] = data
    writer.close()

    assert read(path, start, start + length) == bytes(expected[start : start + length])


def test_only_the_records_of_the_range_are_opened():
    records = [Record(n, RecordKind.DATA, 100, b"", 0) for n in range(10)]

    cuts = TextMap(records).cuts(250, 420)

    assert [(cut.record.number, cut.start, cut.stop) for cut in cuts] == [
        (2, 50, 100),
        (3, 0, 100),
        (4, 0, 20),
    ]
    assert TextMap(records).cuts(1000, 2000) == []
    assert TextMap([]).cuts(0, 1) == []


def test_patches_reach_over_the_edges_of_a_piece():
    assert overlay(b"0123456789", 100, [(95, b"abcdefgh"), (108, b"XYZ"), (50, b"no")]) == b"fgh34567XY"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", None),
        ("bytes=0-", ByteRange(0, 1000, 1000)),
        ("bytes=0-0", ByteRange(0, 1, 1000)),
        ("bytes=10-19", ByteRange(10, 20, 1000)),
        ("Bytes= 10-5000", ByteRange(10, 1000, 1000)),
        ("bytes=-100", ByteRange(900, 1000, 1000)),
        ("bytes=-5000", ByteRange(0, 1000, 1000)),
        ("bytes=1000-", UnsatisfiableRange(1000)),
        ("bytes=-0", UnsatisfiableRange(1000)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=１-", None),
        ("items=0-1", None),
    ],
)
def test_what_a_player_asks_for_is_understood(header, found):
    assert parse_range(header, 1000) == found


def test_ranges_are_told_in_the_words_of_http():
    assert ByteRange(10, 20, 1000).content_range == "bytes 10-19/1000"
    assert UnsatisfiableRange(1000).content_range == "bytes */1000"
