/**
 * A citizen's conversation from this page's side: begins or restores it, sends, watches, recovers.
 *
 * Owns the timeline and keeps it true through failures; draws nothing. Dispatches
 * `change` (the timeline is to be drawn), `event` (a new one of the log, as it is), `reply` (a new entry that isn't the citizen's, in `detail`),
 * `holding` (who holds the conversation has changed; see `holding.js`), `passing` (news that no log keeps),
 * `connection` (`ok` | `lost` | `offline`), `waiting` (ms until the next attempt; 0 when there is nothing
 * to wait for), `failed` (the reason why a message didn't get through), `expired`.
 */

import { backOff, deliver, sleep } from './delivery.js'
import { ConnectionError, ConversationLeft, Refusal, explain } from './errors.js'
import { freshly } from './freshly.js'
import { AT_BOT, holdingAfter, holdingWithNews } from './holding.js'
import { newId } from './ids.js'
import { LiveEvents } from './live_events.js'
import { Timeline } from './timeline.js'

/** Under which name is kept what is unsent in a conversation, or, of no conversation, before the first began. */
const unsentIn = (conversation) => (conversation ? `unsent.${conversation.id}` : 'unsent')

const EXPIRED = '上一段对话已过期，以下是新的对话'

export class ChatSession extends EventTarget {
  #api
  #memory
  #live
  #hotline
  #conversation
  #leavings = 0
  #beginning = null
  #sending = Promise.resolve()
  /** `#takeMissing`, one at a time. */
  #catchUp = freshly(() => this.#takeMissing())
  #restoring = false
  /** The last event of the log that was told while the transcript was still on its way. */
  #unheard = 0
  /** Where what is unsent was kept last. */
  #unsentAt

  timeline = new Timeline()

  /** @type {import('./holding.js').Holding} */
  holding = AT_BOT

  /**
   * @param {object} parts
   * @param {import('./api.js').ConversationApi} parts.api
   * @param {import('./memory.js').Memory} parts.memory keeps the conversation and what is unsent
   * @param {import('./api.js').Conversation | null} [parts.given] the conversation that the page came with
   * @param {string} [parts.hotline] named when something fails
   */
  constructor({ api, memory, given = null, hotline = '' }) {
    super()
    this.#api = api
    this.#memory = memory
    this.#hotline = hotline
    this.#conversation = given ?? memory.read('conversation')
    this.#unsentAt = unsentIn(this.#conversation)
    this.#live = new LiveEvents(() => api.watching(this.#conversation, this.timeline.lastSequence))
    this.#live.addEventListener('news', ({ detail }) => this.#takeNews(detail))
    this.#live.addEventListener('passing', ({ detail }) => this.#takePassing(detail))
    this.#live.addEventListener('state', ({ detail }) => this.#liveChanged(detail))
    this.#live.addEventListener('expired', () => this.#expire())
  }

  /** Whether there is a conversation to restore. */
  get isStarted() {
    return Boolean(this.#conversation)
  }

  /** The connection that brings the events; calls are arranged over it as well. */
  get live() {
    return this.#live
  }

  /** Shows what was said before, and sends what a reload interrupted. */
  async open() {
    window.addEventListener('online', () => this.#recover())
    window.addEventListener('offline', () => this.#dispatch('connection', 'offline'))
    const unsent = this.#memory.read(this.#unsentAt) ?? []
    const early = this.#conversation ? (this.#memory.read(unsentIn(null)) ?? []) : []
    if (early.length > 0) this.#memory.write(unsentIn(null), null)
    if (this.#conversation) await this.#restore()
    // What was said before there was a conversation goes into the one that began with it, and into no other.
    if (!this.#restoring && this.timeline.lastSequence === 0) unsent.unshift(...early)
    for (const { clientId, text, value } of unsent) {
      if (!this.timeline.said(clientId))
        this.#send(this.timeline.say({ clientId, text, value, at: new Date() }))
    }
    this.#rememberUnsent()
    // What the server wrote into the page stays there until there is something to put in its place.
    if (!this.#restoring || unsent.length > 0) this.#dispatch('change')
  }

  /**
   * Says something. It is shown at once, and kept until it has arrived.
   *
   * @param {string} text what is sent
   * @param {string} [shown] what is shown for it, if that differs
   */
  say(text, shown = text) {
    const entry = this.timeline.say({ clientId: newId(), text: shown, value: text, at: new Date() })
    this.#send(entry)
    this.#dispatch('change')
    return entry
  }

  /** Sends again what has failed. @param {string} clientId */
  retry(clientId) {
    const entry = this.timeline.said(clientId)
    if (entry?.state !== 'failed') return
    this.timeline.tryAgain(clientId)
    this.#send(entry)
    this.#dispatch('change')
  }

  /** Takes back what has failed; returns its text. @param {string} clientId */
  withdraw(clientId) {
    const text = this.timeline.said(clientId)?.text ?? ''
    this.timeline.withdraw(clientId)
    this.#rememberUnsent()
    this.#dispatch('change')
    return text
  }

  /**
   * Asks for a person. Throws ServiceError.
   *
   * @param {{mode: 'text' | 'video', topic: string, priority?: string}} wish
   */
  async handOver(wish) {
    const before = this.timeline.entries.length
    const answer = await this.#inConversation((conversation) => this.#api.handOver(conversation, wish))
    await this.#catchUp()
    // A second wish changes nothing in the log, but the citizen must still get an answer.
    if (this.timeline.entries.length === before) {
      for (const { text } of answer.messages ?? []) this.timeline.note(text, new Date())
    }
    this.#dispatch('change')
  }

  /** Rates the service. Throws ServiceError. @param {{score: number, comment: string}} rating */
  async rate(rating) {
    await this.#inConversation((conversation) => this.#api.rate(conversation, rating))
    await this.#catchUp()
    this.#dispatch('change')
  }

  /**
   * Asks for something else of the conversation, and takes what that brought into the log.
   * Throws ServiceError.
   *
   * @param {string} method only what is safe to repeat is tried again
   * @param {string} path
   * @param {{body?: object | FormData, asBlob?: boolean, quietly?: boolean}} [options] `quietly`: the log needn't
   *   be looked at, or not at each key stroke
   */
  async ask(method, path, options = {}) {
    const attempts = method === 'POST' ? 1 : 3
    const answer = await this.#inConversation(
      (conversation) => this.#api.ask(conversation, method, path, options),
      attempts,
    )
    // The news comes over the WebSocket as well, so a failure here is nobody's trouble.
    if (method !== 'GET' && !options.quietly) await this.#catchUp().catch(() => {})
    return answer
  }

  /** Leaves this conversation and begins an empty one. Throws ServiceError and then keeps the old. */
  async restart() {
    // The browser remembers the conversation that began last; that has to be the new one.
    await this.#beginning?.catch(() => {})
    const conversation = await deliver(() => this.#api.begin(), { attempts: 2 })
    this.#leavings += 1 // what is under way now belongs to the conversation that is left
    this.#live.stop()
    this.timeline.clear()
    this.#hold(AT_BOT)
    this.#sending = Promise.resolve()
    this.#catchUp = freshly(() => this.#takeMissing()) // the old one may hang for long
    this.#restoring = false
    this.#adopt(conversation)
    this.#dispatch('waiting', 0)
    this.#dispatch('change')
  }

  /** @param {import('./timeline.js').Entry} entry */
  #send(entry) {
    this.#rememberUnsent()
    this.#sending = this.#sending.then(() => this.#deliver(entry))
  }

  async #deliver(entry) {
    const { clientId, value } = entry
    if (!this.timeline.said(clientId)) return
    try {
      const reply = await this.#inConversation((conversation) =>
        this.#api.say(conversation, { text: value, clientId }),
      )
      const answer = this.timeline.takeReply(clientId, reply, new Date())
      if (answer) this.#dispatch('reply', answer)
      this.#dispatch('connection', 'ok')
    } catch (error) {
      if (error instanceof ConversationLeft) return
      const text = explain(error, { online: navigator.onLine, hotline: this.#hotline })
      const retryable = !(error instanceof Refusal) || error.retryable
      this.timeline.fail(clientId, { text, retryable, cutOff: error instanceof ConnectionError })
      this.#dispatch('failed', text)
    }
    this.#rememberUnsent()
    this.#dispatch('change')
  }

  /**
   * Calls the API in the current conversation; begins one when there is none or it has expired.
   * Throws `ConversationLeft` once the citizen has started afresh: what was meant for the
   * conversation before must neither reach the new one nor be told there.
   */
  async #inConversation(call, attempts = 4) {
    const leavings = this.#leavings
    const refuseIfLeft = () => {
      if (leavings !== this.#leavings) throw new ConversationLeft()
    }
    let used = null
    const attempt = async () => {
      used = await this.#begun()
      refuseIfLeft()
      return call(used)
    }
    const onWait = (error, ms) => {
      refuseIfLeft()
      this.#dispatch('waiting', ms)
    }
    try {
      return await deliver(attempt, { onWait, attempts })
    } catch (error) {
      refuseIfLeft()
      if (!(error instanceof Refusal && error.endsConversation)) throw error
      if (used === this.#conversation) this.#expire()
      return await deliver(attempt, { onWait })
    } finally {
      refuseIfLeft() // even a success is no news in another conversation
      this.#dispatch('waiting', 0)
    }
  }

  async #begun() {
    if (this.#conversation) return this.#conversation
    this.#beginning ??= this.#api.begin().finally(() => {
      this.#beginning = null
    })
    const conversation = await this.#beginning
    if (!this.#conversation) this.#adopt(conversation)
    return this.#conversation
  }

  #adopt(conversation) {
    this.#conversation = conversation
    this.#memory.write('conversation', conversation)
    this.#rememberUnsent()
    this.#live.start()
  }

  /** Takes the transcript, without announcing what was said long ago. */
  async #restore() {
    this.#restoring = true
    this.#unheard = 0
    try {
      await this.#takeMissing()
      this.#restoring = false
      if (this.#unheard > this.timeline.lastSequence) this.#catchUp().catch(() => {})
      this.#memory.write('conversation', this.#conversation)
      this.#live.start()
    } catch (error) {
      if (error instanceof Refusal && error.endsConversation) this.#expire()
      else this.#live.start() // it restores as soon as there is a connection
    }
  }

  /** News come, but what they go on from is still missing. */
  async #restoreAtLast() {
    const conversation = this.#conversation
    for (let failures = 1; ; failures += 1) {
      await this.#restore()
      if (!this.#restoring || !this.#live.isOpen) return
      await sleep(backOff(failures))
      if (conversation !== this.#conversation || !this.#restoring || !this.#live.isOpen) return
    }
  }

  #expire() {
    if (!this.#conversation) return
    this.#restoring = false
    this.#live.stop()
    this.#conversation = null
    this.#memory.write('conversation', null)
    this.#hold(AT_BOT)
    this.timeline.note(EXPIRED, new Date())
    this.timeline.beginAnew()
    this.#dispatch('expired')
    this.#dispatch('change')
  }

  /** Gets what the log has more than the timeline. */
  async #takeMissing() {
    const conversation = this.#conversation
    const isLeft = () => conversation !== this.#conversation
    let events
    try {
      ;({ events } = await this.#api.transcript(conversation, this.timeline.lastSequence))
    } catch (error) {
      if (isLeft()) return
      throw error
    }
    if (isLeft()) return
    for (const event of events) this.#take(event, { quietly: this.#restoring })
    this.#rememberUnsent()
    this.#dispatch('change')
  }

  #takeNews(news) {
    if (this.#restoring) {
      this.#unheard = Math.max(this.#unheard, news.sequence)
      return
    }
    if (this.timeline.missesBefore(news)) {
      this.#catchUp().catch(() => this.#dispatch('connection', 'lost'))
      return
    }
    this.#take(news)
    this.#rememberUnsent()
    this.#dispatch('change')
  }

  /** An event of the log, into the timeline and into what is known of who holds the conversation. */
  #take(event, { quietly = false } = {}) {
    const isNew = event.sequence > this.timeline.lastSequence
    const entry = this.timeline.take(event)
    if (isNew) this.#hold(holdingAfter(this.holding, event))
    if (isNew) this.#dispatch('event', event)
    if (entry && entry.kind !== 'citizen' && !quietly) this.#dispatch('reply', entry)
  }

  #takePassing(news) {
    this.#hold(holdingWithNews(this.holding, news))
    this.#dispatch('passing', news)
  }

  #hold(holding) {
    if (holding === this.holding) return
    this.holding = holding
    this.#dispatch('holding', holding)
  }

  async #liveChanged(state) {
    if (state === 'open') {
      if (this.#restoring) await this.#restoreAtLast()
      this.#dispatch('connection', 'ok')
      this.#retryFailed()
      return
    }
    // Some networks let no WebSocket through. As long as plain requests work, nobody needs to worry.
    try {
      await this.#catchUp()
      this.#dispatch('connection', 'ok')
    } catch (error) {
      if (error instanceof Refusal && error.endsConversation) this.#expire()
      else if (error instanceof ConnectionError)
        this.#dispatch('connection', navigator.onLine ? 'lost' : 'offline')
    }
  }

  #recover() {
    this.#dispatch('connection', 'ok')
    this.#retryFailed()
  }

  /** What failed for want of a connection goes out by itself; a refusal is for the citizen to judge. */
  #retryFailed() {
    for (const entry of this.timeline.unanswered) {
      if (entry.state === 'failed' && entry.problem.cutOff) this.retry(entry.clientId)
    }
  }

  #rememberUnsent() {
    const kept = unsentIn(this.#conversation)
    if (kept !== this.#unsentAt) this.#memory.write(this.#unsentAt, null) // it moves along, or is left for good
    this.#unsentAt = kept
    const unsent = this.timeline.unanswered.map(({ clientId, text, value }) => ({ clientId, text, value }))
    this.#memory.write(kept, unsent.length > 0 ? unsent : null)
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
