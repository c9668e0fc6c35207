"""Sound and picture are set against each other by the sender's clocks, parties by the server's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video.timeline import NTP_EPOCH, Timeline

RATES = {"audio": 48_000, "video": 90_000}
START = 1_800_000_000.0


def ntp(moment):
    return int((moment + NTP_EPOCH) * 2**32)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.floats(-(10**7), 10**7),
    st.floats(0, 0.4),
    st.floats(0, 0.4),
)
def test_whatever_the_clocks_and_delays_sound_and_picture_made_at_once_are_at_one_time(
    audio, video, wall_error, audio_delay, video_delay
):
    line = Timeline(RATES)
    for kind, base, delay in (("audio", audio, audio_delay), ("video", video, video_delay)):
        line.arrived(kind, base, START + delay)
        line.report(kind, ntp(START + 1 + wall_error), (base + RATES[kind]) % 2**32)

    times = {
        kind: line.time_of(kind, base + 5 * RATES[kind])
        for kind, base in (("audio", audio), ("video", video))
    }

    assert times["audio"] == pytest.approx(times["video"], abs=1e-4)
    assert times["audio"] == pytest.approx(START + 5 + min(audio_delay, video_delay), abs=1e-4)


def test_without_reports_the_fastest_packet_is_the_measure():
    line = Timeline(RATES)
    for number, late in enumerate((0.2, 0.05, 0.3)):
        line.arrived("audio", number * 48_000, START + number + late)

    assert line.time_of("audio", 48_000 * 10) == pytest.approx(START + 10.05)


def test_a_report_that_comes_late_moves_its_own_stream_by_nothing():
    line = Timeline(RATES)
    line.arrived("audio", 0, START + 0.05)
    before = line.time_of("audio", 48_000)
    line.report("audio", ntp(START + 1 - 777), 48_000)

    assert line.time_of("audio", 48_000) == pytest.approx(before, abs=1e-6)


def test_a_clock_that_is_set_during_the_call_moves_nothing():
    line = Timeline(RATES)
    line.arrived("audio", 0, START)
    line.report("audio", ntp(START), 0)
    before = line.time_of("audio", 96_000)
    line.report("audio", ntp(START + 2 + 3600), 96_000)

    assert line.time_of("audio", 96_000) == pytest.approx(before, abs=1e-6)


def test_drift_between_the_streams_is_followed():
    line = Timeline(RATES)
    line.arrived("audio", 0, START)
    line.report("audio", ntp(START), 0)
    line.time_of("audio", 0)
    line.report("audio", ntp(START + 100.05), 4_800_000)  # this clock is slow by 1/2000

    assert line.time_of("audio", 4_800_000) == pytest.approx(START + 100.05, abs=1e-6)


def test_a_stream_that_was_replaced_begins_anew_on_the_same_clock():
    line = Timeline(RATES)
    line.arrived("video", 1000, START)
    line.report("video", ntp(START), 1000)
    line.time_of("video", 1000)
    line.forget("video")
    assert not line.has_report("video")

    line.arrived("video", 5_000_000, START + 10)
    line.report("video", ntp(START + 10), 5_000_000)

    assert line.time_of("video", 5_000_000) == pytest.approx(START + 10, abs=1e-6)
