"""A recorded call of minutes: does it play in Chromium, with its full length, all pictures, and lips in step?

    .venv/bin/python -m bench.recording_sync [--minutes 5] [--keep FOLDER]

Two Chromium pages through the whole service, dialogue scripted. The citizen's camera and microphone
are made by a script from one clock: each second a white flash and a beep begin in the same instant.
The recording is fetched as a supervisor does; pictures and sound are decoded, and the beginnings of
flashes and beeps compared, second by second. What the page's script itself adds (a canvas hands its
picture over up to 40 ms later, Web Audio its sound 10 to 20 ms) is part of the figure. Then Chromium
plays the file: its length, its last second, and whether sound and pictures are decoded.
"""

import argparse
import io
import statistics
import tempfile
import time
from pathlib import Path

import av
import numpy as np
from playwright.sync_api import sync_playwright

from core.statuses import Role
from tests.browser.agent import FAKE_DEVICES
from tests.browser.conftest import launch
from tests.scenarios.conftest import ScriptedService, wait_until
from tests.scenarios.consultation import Colleague, Consultation

WITHIN_MS = 80
PATTERN = """(() => {
  const open = async () => {
    const sound = new AudioContext({ sampleRate: 48000 })
    await sound.resume()
    const out = sound.createMediaStreamDestination()
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 })
    const draw = canvas.getContext('2d')
    const tone = sound.createOscillator()
    const loudness = sound.createGain()
    loudness.gain.value = 0
    tone.frequency.value = 1000
    tone.connect(loudness).connect(out)
    tone.start()
    const begin = Math.ceil(sound.currentTime) + 1
    let told = 0
    let count = 0
    setInterval(() => {
      const phase = sound.currentTime - begin
      for (; told < phase + 5; told += 1) {
        loudness.gain.setValueAtTime(0.5, begin + told)
        loudness.gain.setValueAtTime(0, begin + told + 0.2)
      }
      const lit = phase >= 0 && phase % 1 < 0.2
      draw.fillStyle = lit ? 'white' : 'black'
      draw.fillRect(0, 0, 640, 480)
      draw.fillStyle = 'gray'
      draw.fillRect((count += 4) % 640, 440, 40, 40)
    }, 20)
    const pictures = canvas.captureStream(25).getVideoTracks()
    return new MediaStream([...pictures, ...out.stream.getAudioTracks()])
  }
  let opened
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    opened ??= await open()
    const wanted = opened.getTracks().filter(({ kind }) => (kind === 'audio' ? audio : video))
    return new MediaStream(wanted.map((track) => track.clone()))
  }
})()"""
PLAYED = """async (url) => {
  const video = document.createElement('video')
  document.body.append(video)
  video.src = url
  await new Promise((resolve, reject) => {
    video.onloadedmetadata = resolve
    video.onerror = () => reject(new Error(video.error.message))
  })
  const told = video.duration
  video.muted = true
  await video.play()
  await new Promise((resolve) => setTimeout(resolve, 3000))
  video.pause()
  const pictures = video.getVideoPlaybackQuality().totalVideoFrames
  const sound = video.webkitAudioDecodedByteCount
  video.currentTime = Math.min(1e7, Number.isFinite(told) ? told : 1e7)
  await new Promise((resolve) => { video.onseeked = resolve; setTimeout(resolve, 15000) })
  return { told, pictures, sound, last: video.currentTime, end: video.duration }
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--keep", type=Path, help="leave the film in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bangban-bench-") as folder, sync_playwright() as playwright:
        service = ScriptedService(Path(folder) / "var", log_level="error").start()
        browser = launch(playwright, FAKE_DEVICES)
        try:
            measure(browser, service, arguments)
        finally:
            browser.close()
            service.stop()


def measure(browser, service, arguments):
    consultation = Consultation(browser, service)
    consultation.citizen.page.add_init_script(PATTERN)
    consultation.meet()
    consultation.call()
    began = time.monotonic()
    sent_before = sent_by(consultation.citizen.page)
    consultation.agent.page.wait_for_timeout(arguments.minutes * 60_000)
    passed, sent = time.monotonic() - began, sent_by(consultation.citizen.page) - sent_before
    conversation_id = consultation.conversation_id
    consultation.hang_up()
    supervisor = Colleague(service, "zhao", Role.SUPERVISOR)

    def finished():
        answer = supervisor.ask("GET", "recordings", params={"conversation": conversation_id})
        found = [each for each in answer.json()["recordings"] if each["party"] == "citizen"]
        return found if found and found[0]["state"] == "complete" else []

    wait_until(finished, 60)
    [told] = finished()
    film = supervisor.ask("GET", f"recordings/{told['id']}").content
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        (arguments.keep / told["id"]).write_bytes(film)
    print(
        f"measured {passed:.1f} s of the call: {sent} pictures sent by the page, {sent / passed:.1f} a second"
    )
    judge(film, told)
    page = consultation.agent.page
    page.context.clear_cookies()
    page.goto(service.url + "/agent")
    page.get_by_label("账号").fill("zhao")
    page.get_by_label("密码").fill("a password that is long enough")
    consultation.agent.presses("登录")
    page.locator(".bar").first.wait_for()
    played = page.evaluate(PLAYED, f"/api/v1/staff/recordings/{told['id']}")
    print(f"Chromium: {played}")


def sent_by(page):
    """How many pictures the page's newest connection has sent."""
    return page.evaluate(
        """async () => {
          const report = await window.connections.at(-1).getStats()
          return [...report.values()].find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video')
            .framesSent
        }"""
    )


def judge(film, told):
    """Prints length, counts and how far flashes and beeps are apart."""
    with av.open(io.BytesIO(film)) as opened:
        flashes, pictures, last_picture = flashes_of(opened)
    with av.open(io.BytesIO(film)) as opened:
        beeps, last_sound = beeps_of(opened)
    print(f"film: {len(film) / 1e6:.1f} MB, told {told['milliseconds'] / 1000:.2f} s, last picture at"
          f" {last_picture:.2f} s, last sound at {last_sound:.2f} s, {pictures} pictures")  # fmt: skip
    pairs = [(flash, min(beeps, key=lambda beep: abs(beep - flash))) for flash in flashes]
    off = [(flash - beep) * 1000 for flash, beep in pairs if abs(flash - beep) < 0.5]
    tenth = max(len(off) // 10, 1)
    print(
        f"{len(flashes)} flashes, {len(beeps)} beeps, {len(off)} pairs; picture after sound by (ms):"
        f" median {statistics.median(off):.0f}, least {min(off):.0f}, most {max(off):.0f};"
        f" first tenth {statistics.median(off[:tenth]):.0f},"
        f" last tenth {statistics.median(off[-tenth:]):.0f};"
        f" within {WITHIN_MS} ms: {sum(abs(each) <= WITHIN_MS for each in off) / len(off):.1%}"
    )


def flashes_of(film):
    """When the picture became white, how many pictures there are, and when the last one is."""
    flashes, was_lit, count, at = [], True, 0, 0.0
    for picture in film.decode(video=0):
        at, count = float(picture.pts * picture.time_base), count + 1
        lit = bool(picture.to_ndarray(format="gray")[:200].mean() > 128)
        if lit and not was_lit:
            flashes.append(at)
        was_lit = lit
    return flashes, count, at


def beeps_of(film):
    """When a beep began, to about a millisecond, and when the last sound is."""
    beeps, was_loud, at, quiet_for = [], True, 0.0, 0.0
    step = 48  # one millisecond
    for sound in film.decode(audio=0):
        begin = float(sound.pts * sound.time_base)
        wave = sound.to_ndarray().astype(np.float64)
        wave = (
            wave.mean(axis=0)
            if sound.format.is_planar
            else wave.reshape(-1, sound.layout.nb_channels).mean(1)
        )
        for number, piece in enumerate(np.split(wave, range(step, len(wave), step))):
            at = begin + number / 1000
            loud = bool(np.abs(piece).max() > 0.05 * full_scale(sound))
            if loud and not was_loud and quiet_for > 0.3:
                beeps.append(at)
            quiet_for = 0.0 if loud else quiet_for + 0.001
            was_loud = loud
    return beeps, at


def full_scale(sound):
    return 1.0 if "flt" in sound.format.name else 32768.0


if __name__ == "__main__":
    main()
