"""What part of a recording a player asks for."""

import pytest

from core.errors import RangeNotSatisfiable
from server.byte_range import wanted_range


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=10-5000", 10, 100),
        ("bytes=-30", 70, 100),
        ("bytes=-5000", 0, 100),
        ("bytes=99-99", 99, 100),
    ],
)
def test_one_range_is_given(header, start, stop):
    wanted = wanted_range(header, 100)

    assert (wanted.start, wanted.stop, wanted.partial) == (start, stop, True)
    assert wanted.content_range == f"bytes {start}-{stop - 1}/100"


@pytest.mark.parametrize(
    "header",
    ["", "bytes=-", "bytes=20-10", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=" + "9" * 40 + "-"],
)
def test_what_is_no_single_range_gets_everything(header):
    wanted = wanted_range(header, 100)

    assert (wanted.start, wanted.stop, wanted.partial) == (0, 100, False)


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)])
def test_behind_the_end_there_is_nothing(header, size):
    with pytest.raises(RangeNotSatisfiable):
        wanted_range(header, size)
