/**
 * The few words that a page and the service exchange about a call, over the socket they have anyway.
 *
 *     const signalling = new Signalling(live)   // a LiveEvents
 *     new CallMedia({ way, send: (type, { sdp }) => signalling.exchange(type, callId, sdp) })
 */

import { ConnectionError } from './errors.js'

const ANSWER_MS = 12_000
/** So long whoever has an offer waits for a connection that is being made. */
const OPENING_MS = 4000

/** After these there is no call to come back to. */
export const FATAL = new Set(['not_found', 'forbidden', 'unauthenticated', 'call_ended', 'illegal_move'])

/** The service refuses an offer. `fatal`: asking again is no use. */
export class CallRefused extends Error {
  name = 'CallRefused'

  /** @param {string} code @param {string} message what the service says to a person */
  constructor(code, message) {
    super(message)
    this.code = code
    this.fatal = FATAL.has(code)
  }
}

export class Signalling {
  #live
  #pending = new Map()
  #kept = []
  /** Who hears what is said of a connection from browser to browser, what is refused, and each `open`. */
  onPeer = () => {}

  /** @param {import('./live_events.js').LiveEvents} live */
  constructor(live) {
    this.#live = live
    live.addEventListener('passing', ({ detail }) => this.#hear(detail))
    live.addEventListener('state', ({ detail }) => {
      if (detail === 'open') {
        for (const message of this.#kept.splice(0)) live.send(message)
        this.onPeer({ type: 'open' })
      } else this.#failAll(new ConnectionError('the connection was lost'))
    })
  }

  /**
   * The answer to an offer. Throws ConnectionError when none comes, CallRefused when it is refused.
   *
   * @param {'call.offer' | 'call.rejoin'} type
   * @param {string} callId
   * @param {string} sdp
   * @returns {Promise<{sdp: string}>}
   */
  exchange(type, callId, sdp) {
    this.#pending.get(callId)?.fail(new ConnectionError('another offer took its place'))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        pending.fail(new ConnectionError('no answer came'))
        this.doubt()
      }, ANSWER_MS)
      const end = () => {
        clearTimeout(timer)
        if (this.#pending.get(callId) === pending) this.#pending.delete(callId)
      }
      const pending = {
        succeed: (answer) => (end(), resolve(answer)),
        fail: (error) => (end(), reject(error)),
      }
      this.#pending.set(callId, pending)
      if (!this.#live.send({ type, call_id: callId, sdp })) pending.fail(new ConnectionError('not connected'))
    })
  }

  /**
   * Tells what needs no answer: `call.mode`, `call.stats`, `call.hangup`, `peer.…`.
   *
   * @param {string} type
   * @param {Record<string, unknown>} payload
   * @param {{keep?: boolean}} [options] `keep`: without a connection it is told as soon as there is one
   */
  tell(type, payload, { keep = false } = {}) {
    const message = { type, ...payload }
    if (!this.#live.send(message) && keep) this.#kept.push(message)
  }

  /** Returns when there is a connection to exchange over. Throws ConnectionError when none comes. */
  opened() {
    return this.#live.opened(OPENING_MS)
  }

  /** Whoever lost the media has another connection made for the words about them too. */
  doubt() {
    this.#live.renew()
  }

  #hear({ type, call_id: callId, ...news }) {
    if (type === 'error' || type.startsWith('peer.')) this.onPeer({ type, callId, ...news })
    if (type === 'call.answer') this.#pending.get(callId)?.succeed(news)
    // An error names its call where the service knows it; else it is about what was asked last.
    if (type === 'error') {
      const error = new CallRefused(news.code ?? 'unknown', news.message ?? '')
      if (callId) this.#pending.get(callId)?.fail(error)
      else this.#failAll(error)
    }
  }

  #failAll(error) {
    for (const pending of [...this.#pending.values()]) pending.fail(error)
  }
}
