/**
 * Watches a conversation's log over a WebSocket and comes back by itself when it is cut off.
 *
 * Every connection begins after the last event that the page has, so nothing is lost and nothing
 * comes twice; who listens still has to be ready for an event that it got by another way.
 *
 * Dispatches: `news` (an event of the log), `passing` (news without `sequence`, which no log keeps: the
 * queue, a call), `state` (`open` | `lost`), `expired` (the token holds no more; watching has ended).
 */

import { backOff } from './delivery.js'

const TOKEN_EXPIRED = 4401

export class LiveEvents extends EventTarget {
  #watching
  #Socket
  #socket = null
  #timer = 0
  #failures = 0
  #running = false

  /**
   * @param {() => {url: string, protocols: string[]}} watching where to connect now; asked anew each time
   * @param {{WebSocket?: typeof WebSocket}} [options]
   */
  constructor(watching, { WebSocket = window.WebSocket } = {}) {
    super()
    this.#watching = watching
    this.#Socket = WebSocket
  }

  get isOpen() {
    return this.#socket?.readyState === 1
  }

  /** Connects, and stays connected until `stop`. */
  start() {
    if (this.#running) return
    this.#running = true
    window.addEventListener('online', this.#now)
    document.addEventListener('visibilitychange', this.#nowIfVisible)
    this.#connect()
  }

  stop() {
    this.#running = false
    window.removeEventListener('online', this.#now)
    document.removeEventListener('visibilitychange', this.#nowIfVisible)
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  /** Sends a message up the connection; says whether there was one. @param {object} message */
  send(message) {
    if (!this.isOpen) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  #connect() {
    const { url, protocols } = this.#watching()
    const socket = new this.#Socket(url, protocols)
    this.#socket = socket
    socket.addEventListener('open', () => {
      if (socket !== this.#socket) return
      this.#failures = 0
      this.#dispatch('state', 'open')
    })
    socket.addEventListener('message', ({ data }) => {
      if (socket !== this.#socket) return
      const news = JSON.parse(data)
      this.#dispatch(news.sequence === undefined ? 'passing' : 'news', news)
    })
    socket.addEventListener('close', ({ code }) => {
      if (socket === this.#socket) this.#lost(code)
    })
  }

  #lost(code) {
    this.#socket = null
    if (code === TOKEN_EXPIRED) {
      this.stop()
      this.#dispatch('expired')
      return
    }
    this.#failures += 1
    this.#dispatch('state', 'lost')
    this.#timer = setTimeout(() => this.#connect(), backOff(this.#failures))
  }

  /** The network is back, or the citizen looks again: no reason to wait any longer. */
  #now = () => {
    if (!this.#running || this.#socket) return
    clearTimeout(this.#timer)
    this.#connect()
  }

  #nowIfVisible = () => {
    if (document.visibilityState === 'visible') this.#now()
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
