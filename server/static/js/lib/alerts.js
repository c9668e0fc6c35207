/**
 * Tells somebody who looks elsewhere that there is something to do: a count in the title, and a sound.
 */

import { Memory } from './memory.js'

/** Hz and seconds of two short, soft notes; a newcomer rises, a message is one note. */
const SOUNDS = Object.freeze({
  waiting: [
    [660, 0.12],
    [880, 0.18],
  ],
  message: [[740, 0.12]],
})

export class Alerts {
  #memory = new Memory('localStorage')
  #title = document.title
  #context = null

  get muted() {
    return this.#memory.read('desk-muted') === true
  }

  set muted(muted) {
    this.#memory.write('desk-muted', muted)
  }

  /** @param {number} count of what waits for this person */
  showCount(count) {
    document.title = count > 0 ? `(${count}) ${this.#title}` : this.#title
  }

  /** @param {'waiting' | 'message'} what */
  sound(what) {
    if (this.muted || !window.AudioContext) return
    this.#context ??= new AudioContext()
    this.#context.resume() // asleep until the person has pressed something
    let at = this.#context.currentTime + 0.02
    for (const [pitch, seconds] of SOUNDS[what]) {
      this.#note(pitch, at, seconds)
      at += seconds
    }
  }

  #note(pitch, at, seconds) {
    const tone = new OscillatorNode(this.#context, { frequency: pitch, type: 'sine' })
    const loudness = new GainNode(this.#context, { gain: 0 })
    loudness.gain.setValueAtTime(0, at)
    loudness.gain.linearRampToValueAtTime(0.12, at + 0.02)
    loudness.gain.linearRampToValueAtTime(0, at + seconds)
    tone.connect(loudness).connect(this.#context.destination)
    tone.start(at)
    tone.stop(at + seconds)
  }
}
