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
import { ConnectionError } from './errors.js'

const TOKEN_EXPIRED = 4401
/** Browsers wait for minutes; a packet that was lost while there was no network holds up the next ones too. */
const CONNECTING_MS = 4000

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
    window.addEventListener('online', this.#renewed)
    document.addEventListener('visibilitychange', this.#nowIfVisible)
    this.#connect()
  }

  stop() {
    this.#running = false
    window.removeEventListener('online', this.#renewed)
    document.removeEventListener('visibilitychange', this.#nowIfVisible)
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  /**
   * Makes another connection at once, for whoever doubts this one: after a change of the network it may look
   * open for many minutes and carry nothing.
   */
  renew() {
    if (!this.#running || this.#socket?.readyState === 0) return // one is being made
    clearTimeout(this.#timer)
    const doubtful = this.#socket
    this.#socket = null
    doubtful?.close()
    if (doubtful) this.#dispatch('state', 'lost')
    this.#connect()
  }

  /** Returns when there is a connection. Throws ConnectionError if there is none within `ms`. @param {number} ms */
  async opened(ms) {
    if (this.isOpen) return
    this.#now()
    await new Promise((resolve, reject) => {
      const end = (act) => {
        clearTimeout(timer)
        this.removeEventListener('state', look)
        act()
      }
      const timer = setTimeout(() => end(() => reject(new ConnectionError('not connected'))), ms)
      const look = () => this.isOpen && end(resolve)
      this.addEventListener('state', look)
    })
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
    const impatience = setTimeout(() => socket.readyState === 0 && socket.close(), CONNECTING_MS)
    socket.addEventListener('open', () => {
      clearTimeout(impatience)
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

  /** The network is back, maybe another one. */
  #renewed = () => this.renew()

  /** The citizen looks again: no reason to wait any longer. */
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
