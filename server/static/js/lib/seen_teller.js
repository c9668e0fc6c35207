/**
 * Tells the service how far a page has shown the log, so that what was seen here isn't sent to WeChat again.
 *
 * Only what was in view for a second counts: a page that closes, or a phone that is put away, just as a message
 * comes hasn't shown it. So it tells once a second at most. After a new connection it tells anew, since nobody
 * knows whether the last word over the old one arrived.
 */

const LONG_ENOUGH_MS = 1000

export class SeenTeller {
  #live
  #shown = 0
  #told = 0
  #timer = 0
  #turn = 0

  /** @param {import('./live_events.js').LiveEvents} live the connection of the conversation that is shown */
  constructor(live) {
    this.#live = live
    live.addEventListener('state', ({ detail }) => {
      if (detail === 'open') this.#beginAnew()
    })
    document.addEventListener('visibilitychange', () => {
      this.#stop()
      this.#look()
    })
  }

  /**
   * The page shows the log up to here, or 0: it doesn't show it.
   *
   * @param {number} sequence
   * @param {Promise<unknown>} [drawn] resolves when what is loaded late is there
   */
  async shows(sequence, drawn) {
    this.#turn += 1
    const turn = this.#turn
    await drawn
    if (turn !== this.#turn) return // something else is shown by now
    if (sequence < this.#shown) this.#stop()
    this.#shown = sequence
    this.#look()
  }

  /** Another connection, and maybe another conversation. */
  #beginAnew() {
    this.#stop()
    this.#told = 0
    this.#look()
  }

  #look() {
    const shown = this.#shown
    if (this.#timer || shown <= this.#told || !this.#live.isOpen) return
    if (document.visibilityState !== 'visible') return
    this.#timer = setTimeout(() => {
      this.#timer = 0
      if (this.#live.send({ type: 'seen', sequence: shown })) this.#told = shown
      this.#look() // at what has come meanwhile
    }, LONG_ENOUGH_MS)
  }

  #stop() {
    clearTimeout(this.#timer)
    this.#timer = 0
  }
}
