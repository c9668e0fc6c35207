/**
 * Sends where one points, no more often than a moving finger is seen; the last place always arrives.
 */

const EVERY_MS = 100

export class Finger {
  #send
  #timer = 0
  #waiting = null

  /** @param {(mark: Record<string, unknown>) => void} send */
  constructor(send) {
    this.#send = send
  }

  /** @param {{x: number, y: number} | {line: number} | {away: true}} mark */
  point(mark) {
    this.#waiting = mark
    if (!this.#timer) this.#next()
  }

  /** What was pointed at is gone. */
  forget() {
    this.#waiting = null
  }

  #next() {
    this.#timer = 0
    if (!this.#waiting) return
    this.#send(this.#waiting)
    this.#waiting = null
    this.#timer = setTimeout(() => this.#next(), EVERY_MS)
  }
}
