"""A call in H.264 between two real pages through the real relay, recorded, and the recording played."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from core.settings import Settings
from tests.browser.agent import WITHOUT_H264
from tests.browser.patience import comes_true
from tests.browser.real_service import calls
from tests.browser.test_agent_real_service import browser, comes_to_see, frames, meet, pages, url
from video.recording_files import notes
from video.recording_note import RecordingNote, RecordingState

pytestmark = pytest.mark.slow

__all__ = ["browser", "pages", "url"]  # fixtures


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    wanted = {"data": tmp_path / "var", "log_level": "error", "city": "示例市", "video_codec": "h264"}
    return Settings.load(wanted)


def test_both_see_each_other_in_h264_and_what_is_recorded_plays(pages: tuple[Page, Page], settings: Settings):
    citizen, agent = meet(*pages)
    calls(citizen, agent)
    citizen.presses("同意录制，进入通话")

    comes_to_see(agent.page, ".call__remote")
    comes_to_see(citizen.page, "video.remote")
    agent.sees("录音录像中")
    comes_true(agent.page, lambda: frames(agent.page, ".call__remote") > 80)  # something to play
    comes_true(citizen.page, lambda: frames(citizen.page, "video.remote") > 80)
    agent.presses("挂断")

    folder = settings.data / "recordings"

    def made() -> list[RecordingNote]:
        return [note for note in notes(folder) if note.state is RecordingState.COMPLETE]

    comes_true(agent.page, lambda: len(made()) == 2)
    assert {(note.party, note.media_type) for note in made()} == {
        ("citizen", "video/x-matroska"),
        ("agent", "video/x-matroska"),
    }
    for note in made():
        shown = played(agent.page, f"/api/v1/staff/recordings/{note.name}")
        assert shown["frames"] > 30, shown
        assert shown["width"] >= 320, shown
        assert shown["sound"] > 0, shown
        assert abs(shown["seconds"] - note.duration_ms / 1000) < 0.5, shown


def test_whoever_has_no_h264_talks_and_both_read_why_there_is_no_picture(pages: tuple[Page, Page]):
    pages[0].add_init_script(WITHOUT_H264)
    citizen, agent = meet(*pages)
    calls(citizen, agent)
    citizen.presses("不录制，进入通话")

    citizen.sees("您的浏览器不支持本次通话的视频格式，只能语音通话。")
    agent.sees("对方的浏览器不支持本次通话的视频格式，只能语音通话。")
    assert hears(citizen.page, "video.remote")
    assert hears(agent.page, ".call__remote")


def hears(page: Page, where: str) -> bool:
    """Whether the other side's sound is there: the beeps of Chromium's microphone."""
    return page.locator(where).evaluate(
        """async (video) => {
          const context = new AudioContext()
          await context.resume()
          const analyser = context.createAnalyser()
          context.createMediaStreamSource(video.srcObject).connect(analyser)
          const samples = new Float32Array(analyser.fftSize)
          let isLoud = false
          for (let i = 0; i < 100 && !isLoud; i += 1) {
            await new Promise((resolve) => setTimeout(resolve, 50))
            analyser.getFloatTimeDomainData(samples)
            isLoud = samples.some((sample) => Math.abs(sample) > 0.01)
          }
          await context.close()
          return isLoud
        }"""
    )


def played(page: Page, address: str) -> dict[str, float]:
    """What this browser makes of a film, played to its end."""
    return page.evaluate(
        """async (address) => {
          const video = document.createElement('video')
          video.muted = true
          video.src = address
          const ended = new Promise((resolve, reject) => {
            video.addEventListener('ended', resolve)
            video.addEventListener('error', () => reject(new Error(video.error.message)))
          })
          await video.play()
          await ended
          const { totalVideoFrames: frames } = video.getVideoPlaybackQuality()
          const { webkitAudioDecodedByteCount: sound, videoWidth: width, currentTime: seconds } = video
          return { frames, sound, width, seconds }
        }""",
        address,
    )
