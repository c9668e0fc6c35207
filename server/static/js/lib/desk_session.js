/**
 * An agent's working day from this page's side: who is signed in, who waits, the agent's conversations,
 * kept true over a connection that may break. It draws nothing.
 *
 * Dispatches `change` (draw), `signedin`, `signedout` (also when the session ran out; drafts stay),
 * `newcomer` (somebody began to wait, in `detail`), `message` (`{chat, event}`: a citizen did something),
 * `call` (passing news about a call), `point` (the citizen points at what is shown), `connection` (`ok` | `lost` | `offline`).
 */

import { backOff, deliver } from './delivery.js'
import { DeskChat, waitingOf } from './desk_chat.js'
import { deskProblem } from './desk_words.js'
import { Refusal } from './errors.js'
import { freshly } from './freshly.js'
import { newId } from './ids.js'
import { LiveEvents } from './live_events.js'

const SOON_MS = 150

export class DeskSession extends EventTarget {
  #api
  #memory
  #soon = 0
  #failures = 0
  #refreshing = freshly(() => this.#refresh())
  #catchingUp = new Map()
  #known = null
  #watched = new Set()

  /** @type {import('./desk_api.js').Staff | null} */
  staff = null
  /** @type {'available' | 'break' | 'offline'} */
  agentState = 'offline'
  /** @type {ReturnType<typeof waitingOf>[]} */
  queue = []
  /** Those who wait for a time, or for somebody to come on line. */
  callbacks = []
  /** @type {Map<string, DeskChat>} */
  chats = new Map()
  /** @type {string} the conversation that is looked at */
  currentId = ''
  live

  /** @param {{api: import('./desk_api.js').DeskApi, memory: import('./memory.js').Memory}} parts */
  constructor({ api, memory }) {
    super()
    this.#api = api
    this.#memory = memory
    this.live = new LiveEvents(() => api.watching(this.own.map((chat) => [chat.id, chat.lastSequence])))
    this.live.addEventListener('news', ({ detail }) => this.#takeNews(detail))
    this.live.addEventListener('passing', ({ detail }) => this.#takePassing(detail))
    this.live.addEventListener('state', ({ detail }) => this.#liveChanged(detail))
    this.live.addEventListener('expired', () => this.#signedOut())
    window.addEventListener('offline', () => this.#dispatch('connection', 'offline'))
  }

  get current() {
    return this.chats.get(this.currentId) ?? null
  }

  /** Whether that conversation is the agent's, and not just looked at. @param {string} id */
  holds(id) {
    const agent = this.chats.get(id)?.facts.agent
    return this.chats.has(id) && (!agent || agent === this.staff?.name)
  }

  /** The agent's conversations, those with news first, then as they came. */
  get own() {
    return [...this.chats.values()]
  }

  /** How much waits for this agent's eyes. */
  get attention() {
    const unread = this.own.reduce((sum, chat) => sum + chat.unread, 0)
    return unread + (this.agentState === 'available' ? this.queue.length : 0)
  }

  // --- the session --------------------------------------------------------------------------------

  /** Goes on with a session that this browser has. Throws ServiceError, but not for nobody. */
  async open() {
    try {
      await this.#begin(await this.#api.who())
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 401)) throw error
      this.#dispatch('signedout')
    }
  }

  /** Throws ServiceError. @param {string} name @param {string} password */
  async signIn(name, password) {
    await this.#begin(await this.#api.signIn(name, password))
  }

  async signOut() {
    if (this.agentState !== 'offline') await this.setState('offline').catch(() => {})
    await this.#api.signOut()
    this.chats.clear()
    this.#watched.clear()
    this.queue = []
    this.#signedOut()
  }

  async #begin(staff) {
    this.staff = staff
    this.agentState = staff.state ?? this.#memory.read('desk-state') ?? 'offline'
    this.#dispatch('signedin')
    await this.refresh()
    this.live.start()
  }

  #signedOut() {
    this.live.stop()
    clearTimeout(this.#soon)
    this.staff = null
    this.#known = null
    this.#dispatch('signedout')
  }

  /** Throws ServiceError. @param {'available' | 'break' | 'offline'} state */
  async setState(state) {
    await this.#guarded(this.#api.setState(state))
    this.agentState = state
    this.#memory.write('desk-state', state)
    this.#dispatch('change')
  }

  // --- queue and conversations ----------------------------------------------------------------------

  /** Gets everything anew, as it is at this call or later. Throws ServiceError. */
  refresh() {
    return this.#refreshing()
  }

  async #refresh() {
    const { agentState } = this
    const [queue, own] = await this.#guarded(Promise.all([this.#api.queue(), this.#api.conversations()]))
    if (!this.staff) return
    this.#takeQueue(queue)
    const listed = (own.conversations ?? []).map((raw) => [raw.conversation_id ?? raw.id, raw])
    const ids = new Set(listed.map(([id]) => id))
    for (const id of ids) this.#watched.delete(id)
    for (const id of this.chats.keys()) if (!ids.has(id) && !this.#watched.has(id)) this.#forget(id)
    for (const [id, raw] of listed) this.#chat(id).describe(raw)
    if (own.state && this.agentState === agentState) this.agentState = own.state // else chosen meanwhile
    await Promise.all([...this.chats.keys()].map((id) => this.#catchUpIfHere(id)))
    if (!this.current) this.currentId = ''
    this.#dispatch('change')
  }

  #takeQueue(raw) {
    const list = raw.waiting ?? raw.handovers ?? raw.queue ?? []
    this.queue = list.map(waitingOf)
    this.callbacks = (raw.callbacks ?? []).map(waitingOf)
    const newcomers = this.#known ? this.queue.filter(({ id }) => !this.#known.has(id)) : []
    this.#known = new Set(this.queue.map(({ id }) => id))
    for (const newcomer of newcomers) this.#dispatch('newcomer', newcomer)
  }

  /** Takes somebody who waits, and looks at the conversation. Throws ServiceError: 409, another was first. */
  async accept(handoverId) {
    const waiting = [...this.queue, ...this.callbacks].find(({ id }) => id === handoverId)
    try {
      // An answer may get lost on its way; sent twice it is done once.
      const answer = await deliver(() => this.#guarded(this.#api.accept(handoverId)), { attempts: 3 })
      const id = answer.conversation_id ?? waiting?.conversationId
      this.queue = this.queue.filter((other) => other.id !== handoverId)
      if (waiting) this.#chat(id).describe({ ...waiting, since: undefined })
      await this.refresh().catch(() => this.#refreshSoon())
      this.look(id)
    } catch (error) {
      this.#refreshSoon()
      throw error
    }
  }

  /** @param {string} id */
  look(id) {
    this.currentId = this.chats.has(id) ? id : ''
    this.markRead()
    this.#dispatch('change')
  }

  /** What is on screen, and looked at, is read. */
  markRead() {
    if (!this.current || document.visibilityState !== 'visible') return
    this.current.markRead()
    this.#rememberRead()
  }

  /** A supervisor looks into a conversation that another holds. @param {string} id */
  async lookInto(id) {
    this.#watched.add(id)
    await this.#catchUp(id)
    this.look(id)
  }

  /**
   * Says something to the citizen. It is shown at once; a failure stays beside it.
   *
   * @param {DeskChat} chat
   * @param {string} text
   */
  async say(chat, text, clientId = newId()) {
    if (!chat.pending.some((message) => message.clientId === clientId)) chat.say(clientId, text)
    this.#dispatch('change')
    const body = { text, client_message_id: clientId }
    try {
      await deliver(() => this.#guarded(this.#api.act(chat.id, 'messages', body)), { attempts: 3 })
      await this.#catchUp(chat.id)
      chat.settle(clientId, { again: false })
    } catch (error) {
      chat.fail(clientId, deskProblem(error))
    }
    this.#dispatch('change')
  }

  /** @param {DeskChat} chat @param {string} clientId @param {{again: boolean}} what */
  settle(chat, clientId, what) {
    const message = chat.settle(clientId, what)
    this.#dispatch('change')
    if (message && what.again) this.say(chat, message.text, clientId)
    return message?.text ?? ''
  }

  /**
   * Does something in a conversation (see `DeskApi.act`), and shows what came of it. Throws ServiceError.
   *
   * @param {DeskChat} chat
   * @param {string} what
   * @param {Record<string, unknown>} [body]
   */
  async act(chat, what, body = {}) {
    const answer = await this.#guarded(this.#api.act(chat.id, what, body))
    const leaves = what === 'hand-back' || what === 'close' || what === 'transfer'
    if (leaves) this.#forget(chat.id)
    else await this.#catchUp(chat.id)
    if (leaves || what === 'take-over') await this.refresh()
    this.#dispatch('change')
    return answer
  }

  /** Sends a file to the citizen. Throws ServiceError. @param {DeskChat} chat @param {File} file */
  async sendFile(chat, file) {
    const answer = await this.#guarded(this.#api.sendFile(chat.id, file))
    await this.#catchUp(chat.id)
    return answer
  }

  // --- forms and signatures ---------------------------------------------------------------------------

  formTemplates() {
    return this.#guarded(this.#api.formTemplates())
  }

  /** Asks for something of a form or a signature. Throws ServiceError. @param {string} chatId */
  askOf(chatId, method, path, body) {
    return this.#guarded(this.#api.ask(chatId, method, path, body))
  }

  /** A file of the conversation. Throws ServiceError. @param {string} chatId @param {string} fileId */
  fileOf(chatId, fileId) {
    return this.#guarded(this.#api.file(chatId, fileId))
  }

  // --- news ------------------------------------------------------------------------------------------

  #takeNews({ conversation_id: id, ...event }) {
    const chat = this.chats.get(id)
    if (!chat) {
      this.#refreshSoon()
      return
    }
    if (chat.missesBefore(event)) {
      this.#catchUp(id).catch(() => this.#refreshSoon())
      return
    }
    this.#take(chat, event)
    this.#dispatch('change')
  }

  #take(chat, event) {
    if (!chat.take(event)) return
    if (event.kind === 'holder') this.#refreshSoon()
    if (chat.complete && DeskChat.isNews(event)) this.#dispatch('message', { chat, event })
    if (chat.id === this.currentId) this.markRead()
  }

  #takePassing(news) {
    if (news.type === 'standing') this.#takeStanding(news)
    else if (news.type === 'point') this.#dispatch('point', news)
    else if (news.type === 'point.refused') return // what it was about has just been closed
    else if (news.type?.startsWith('form.')) return // the form that is open hears of it itself
    else if (news.type?.startsWith('call.') || news.type === 'error') this.#dispatch('call', news)
    else this.#refreshSoon() // the queue or the inbox has changed; how, the service knows best
  }

  #takeStanding({ conversation_id: id, standing }) {
    this.chats.get(id)?.describe({ standing })
    this.#dispatch('change')
  }

  /** One that has just left this desk is no trouble. */
  async #catchUpIfHere(id) {
    try {
      await this.#catchUp(id)
    } catch (error) {
      if (this.chats.has(id)) throw error
    }
  }

  /** Gets what the log has more than the desk. */
  #catchUp(id) {
    if (!this.#catchingUp.has(id)) this.#catchingUp.set(id, freshly(() => this.#takeMissing(id)))
    return this.#catchingUp.get(id)()
  }

  async #takeMissing(id) {
    const chat = this.#chat(id)
    const { standing, lastSequence } = chat
    let conversation
    try {
      conversation = await this.#guarded(this.#api.conversation(id, lastSequence))
    } catch (error) {
      if (error instanceof Refusal && [403, 404, 409].includes(error.status)) this.#forget(id) // it left this desk
      throw error
    }
    const { events, call, ...state } = conversation
    // what news has told while the answer was on its way is newer than the answer
    if (chat.standing !== standing) state.standing = undefined
    chat.describe(state)
    for (const event of events) this.#take(chat, event)
    if (chat.callSequence <= (events.at(-1)?.sequence ?? lastSequence)) chat.describe({ call })
    chat.complete = true
    this.#dispatch('change')
  }

  #chat(id) {
    const known = this.chats.get(id)
    if (known) return known
    const chat = new DeskChat(id)
    chat.lastRead = (this.#memory.read('desk-read') ?? {})[id] ?? 0
    this.chats.set(id, chat)
    return chat
  }

  #forget(id) {
    this.chats.delete(id)
    this.#watched.delete(id)
    this.#catchingUp.delete(id)
    if (this.currentId === id) this.currentId = ''
    this.#rememberRead()
  }

  #rememberRead() {
    this.#memory.write('desk-read', Object.fromEntries(this.own.map((chat) => [chat.id, chat.lastRead])))
  }

  #refreshSoon(ms = SOON_MS) {
    clearTimeout(this.#soon)
    this.#soon = setTimeout(() => this.#bringUpToDate(), ms)
  }

  /** Tries again until the desk is as the service says: no news might come for long. */
  async #bringUpToDate() {
    try {
      await this.refresh()
      this.#failures = 0
      this.#dispatch('connection', 'ok')
    } catch {
      if (!this.staff) return
      this.#failures += 1
      this.#dispatch('connection', navigator.onLine ? 'lost' : 'offline')
      this.#refreshSoon(backOff(this.#failures))
    }
  }

  async #liveChanged(state) {
    if (state === 'open') for (const id of this.#watched) this.#api.act(id, 'listen').catch(() => {})
    // Some networks let no WebSocket through; each attempt brings the desk up to date all the same.
    await this.#bringUpToDate()
  }

  /** A session that has run out shows wherever it is noticed first. */
  async #guarded(promise) {
    try {
      return await promise
    } catch (error) {
      if (error instanceof Refusal && error.status === 401 && this.staff) this.#signedOut()
      throw error
    }
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
