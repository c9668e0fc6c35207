/**
 * What the page of a call's third party has instead of a conversation: a link that is used up once, a token
 * for this call alone, and the call's passing news. It reads no transcript and no files.
 *
 * To a `CitizenCall` it is what a `ChatSession` is. Dispatches `holding` when the call has ended, `expired`.
 */

import { Refusal } from './errors.js'
import { LiveEvents } from './live_events.js'
import { askService, watchingAt } from './service_call.js'

const PATIENCE_MS = 25_000

export class GuestSession extends EventTarget {
  #callId
  #memory
  #link
  #token = null

  isGuest = true
  isStarted = false
  /** Words for who finds no call here. */
  missing = '链接打不开了。链接只能用一次，十分钟内有效，请让工作人员重新发一个。'
  holding = { holder: 'agent', call: null, lastCall: '', agent: '' }
  timeline = []
  live

  /**
   * @param {{callId: string, link: string, memory: import('./memory.js').Memory}} parts `link`: the token of the
   *   link by which the page was opened, or empty
   */
  constructor({ callId, link, memory }) {
    super()
    this.#callId = callId
    this.#link = link
    this.#memory = memory
    this.live = new LiveEvents(() => watchingAt(`${this.#address}/events`, this.#token))
    this.live.addEventListener('passing', ({ detail }) => this.#hear(detail))
    this.live.addEventListener('expired', () => this.#over())
  }

  /** Whether this page belongs to a guest: by its link, or because it was one before a reload. */
  static of(callId, memory) {
    const link = new URLSearchParams(window.location.hash.slice(1)).get('t') ?? ''
    // A link in the address bar would be shown, bookmarked and sent on.
    if (link) window.history.replaceState(null, '', window.location.pathname + window.location.search)
    return link || memory.read(`guest.${callId}`) ? new GuestSession({ callId, link, memory }) : null
  }

  /** Comes in, if the link or the page before the reload still counts. */
  async open() {
    this.#token = this.#memory.read(this.#key)
    try {
      if (this.#link) await this.#arrive()
      await this.#call('GET', '')
      this.isStarted = true
      this.live.start()
    } catch (error) {
      if (!(error instanceof Refusal)) this.missing = '没有连上，请检查网络后刷新页面。'
    }
  }

  /** As `ChatSession.ask`, for what a guest may ask. Throws ServiceError. */
  ask(method, path, { body } = {}) {
    const what = path.endsWith('consent') ? '/consent' : path === 'ice' ? '/ice' : ''
    return this.#call(method, what, body)
  }

  async #arrive() {
    const link = this.#link
    this.#link = ''
    try {
      const { token } = await this.#call('POST', '', { invitation: link })
      this.#token = token
      this.#memory.write(this.#key, token)
    } catch (error) {
      if (!this.#token) throw error // used up by this very page before, perhaps
    }
  }

  #hear({ type, call_id: callId, state }) {
    if (type === 'call.state' && callId === this.#callId && state === 'ended') this.#over()
  }

  #over() {
    this.#memory.write(this.#key, null)
    this.live.stop()
    this.holding = { ...this.holding, call: null, lastCall: this.#callId }
    this.dispatchEvent(new CustomEvent('holding', { detail: this.holding }))
  }

  get #key() {
    return `guest.${this.#callId}`
  }

  get #address() {
    return `/api/v1/calls/${encodeURIComponent(this.#callId)}/guest`
  }

  #call(method, path, body) {
    return askService(method, this.#address + path, { timeout: PATIENCE_MS, token: this.#token, body })
  }
}
