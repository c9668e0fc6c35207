/**
 * Hears whether a microphone brings sound, and plays a tone to hear whether the speaker does.
 */

/** Follows how loud a stream is. Close it when done: browsers allow few of these at a time. */
export class LoudnessMeter {
  #context = new AudioContext()
  #analyser
  #samples

  /** @param {MediaStream} stream */
  constructor(stream) {
    this.#analyser = this.#context.createAnalyser()
    this.#analyser.fftSize = 1024
    this.#samples = new Float32Array(this.#analyser.fftSize)
    this.#context.createMediaStreamSource(stream).connect(this.#analyser)
    this.#context.resume().catch(() => {})
  }

  /** From 0, silence, to 1, as loud as it gets. */
  get level() {
    this.#analyser.getFloatTimeDomainData(this.#samples)
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length
    const decibels = 10 * Math.log10(power + 1e-10)
    return Math.min(1, Math.max(0, (decibels + 60) / 50))
  }

  close() {
    this.#context.close().catch(() => {})
  }
}

/** Plays three rising notes; resolves when they have been played. */
export async function playTone() {
  const context = new AudioContext()
  await context.resume()
  for (const [place, frequency] of [523, 659, 784].entries()) {
    const note = context.createOscillator()
    const loudness = context.createGain()
    const start = context.currentTime + place * 0.35
    note.frequency.value = frequency
    loudness.gain.setValueAtTime(0, start)
    loudness.gain.linearRampToValueAtTime(0.3, start + 0.03)
    loudness.gain.linearRampToValueAtTime(0, start + 0.32)
    note.connect(loudness).connect(context.destination)
    note.start(start)
    note.stop(start + 0.34)
  }
  await new Promise((resolve) => setTimeout(resolve, 1200))
  await context.close()
}
