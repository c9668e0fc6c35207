/**
 * A form that citizen and agent fill in together, from this page's side: what stands in each field, who
 * types there, and what was typed here and hasn't arrived yet. It draws nothing and loses nothing: a draft
 * stays until the service has it, and words that the other side was quicker with are kept to be taken again.
 *
 * Dispatches `change` with the name of a field, or without for all of them.
 */

import { backOff, sleep } from './delivery.js'
import { ConnectionError, Refusal } from './errors.js'
import { freshly } from './freshly.js'
import { newId } from './ids.js'

const SEND_AFTER_MS = 350
const HOLD_EVERY_MS = 3000
/** Without a WebSocket the other side's words are asked for. */
const LOOK_EVERY_MS = 5000

/**
 * @typedef {object} FieldView
 * @property {string} value what is to be shown
 * @property {string} problem what is wrong with it, as the service says
 * @property {boolean} taken whether somebody else is typing there
 * @property {'' | 'saving' | 'cut-off'} state of what was typed here
 * @property {string} refused what was typed here and the other side was quicker with
 */

export class SharedForm extends EventTarget {
  #ask
  #live
  #page = newId()
  #fields = new Map()
  #closed = false
  #looking = 0
  #reading = freshly(async () => this.#take(await this.#ask('GET', this.#path)))

  /** The form as the service gave it last, or null. */
  view = null

  /**
   * @param {object} parts
   * @param {string} parts.formId
   * @param {(method: string, path: string, body?: object) => Promise<any>} parts.ask below the conversation
   * @param {import('./live_events.js').LiveEvents} parts.live
   */
  constructor({ formId, ask, live }) {
    super()
    this.formId = formId
    this.#ask = ask
    this.#live = live
    live.addEventListener('passing', this.#hear)
    live.addEventListener('news', this.#read)
    live.addEventListener('state', this.#connected)
    this.#looking = setInterval(() => !live.isOpen && this.#loadQuietly(), LOOK_EVERY_MS)
  }

  /** Gets the form as it is at this call or later. Throws ServiceError. */
  async load() {
    await this.#reading()
    return this.view
  }

  /** @param {string} name @returns {FieldView} */
  shown(name) {
    const { known, draft, refused, cutOff } = this.#field(name)
    const { lock } = known
    return {
      value: draft ?? known.value,
      problem: draft === null ? known.problem : '',
      taken: Boolean(lock) && lock.page !== this.#page && Date.now() < known.lockedUntil,
      state: draft === null ? '' : cutOff ? 'cut-off' : 'saving',
      refused: refused ?? '',
    }
  }

  /** Whether something typed here hasn't arrived. */
  get unsent() {
    return [...this.#fields.values()].some((field) => field.draft !== null)
  }

  /** The page is in that field. @param {string} name */
  enter(name) {
    const field = this.#field(name)
    field.inside = true
    if (Date.now() - field.heldAt < HOLD_EVERY_MS) return
    field.heldAt = Date.now()
    this.#act(name, { act: 'hold' }).then(
      (known) => this.#takeField(known),
      (error) => error instanceof Refusal && this.#loadQuietly(), // somebody else is there, or the form has ended
    )
  }

  /** Something was typed. @param {string} name @param {string} value */
  type(name, value) {
    const field = this.#field(name)
    if (field.draft === null) field.base = field.known.version
    Object.assign(field, { draft: value, refused: null, inside: true })
    this.#dispatch(name)
    clearTimeout(field.timer)
    field.timer = setTimeout(() => this.#send(name), SEND_AFTER_MS)
  }

  /** The page has left that field: what was typed goes out, and the other side may type. @param {string} name */
  leave(name) {
    const field = this.#field(name)
    field.inside = false
    field.heldAt = 0
    clearTimeout(field.timer)
    if (field.draft !== null) this.#send(name)
    else this.#act(name, { act: 'leave' }).catch(() => {}) // it ends by itself soon
  }

  /** Puts what was refused in place of what the other side wrote. @param {string} name */
  takeMine(name) {
    const field = this.#field(name)
    if (field.refused === null) return
    Object.assign(field, { draft: field.refused, refused: null, base: field.known.version })
    this.#dispatch(name)
    this.#send(name)
  }

  /** The agent freezes the form, or takes it away. Throws ServiceError. @param {'finish' | 'discard'} outcome */
  async end(outcome) {
    this.#take(await this.#ask('POST', `${this.#path}/end`, { outcome }))
  }

  close() {
    for (const [name, field] of this.#fields) if (field.inside) this.leave(name)
    this.#closed = true
    clearInterval(this.#looking)
    for (const { freeing } of this.#fields.values()) clearTimeout(freeing)
    this.#live.removeEventListener('passing', this.#hear)
    this.#live.removeEventListener('news', this.#read)
    this.#live.removeEventListener('state', this.#connected)
  }

  /** Resolves when all that was typed has arrived or was refused, and what was left is free. */
  async settled() {
    for (const [name, field] of this.#fields) if (field.inside || field.draft !== null) this.leave(name)
    while (this.unsent && !this.#closed) await sleep(50)
    await Promise.allSettled([...this.#fields.values()].map(({ last }) => last))
  }

  // --- inside ---------------------------------------------------------------------------------------

  get #path() {
    return `forms/${encodeURIComponent(this.formId)}`
  }

  #field(name) {
    if (!this.#fields.has(name)) {
      const known = { value: '', version: 0, problem: '', lock: null, lockedUntil: 0 }
      this.#fields.set(name, {
        known,
        draft: null,
        base: 0, // the version that was seen when the draft began: news since then weren't
        refused: null,
        inside: false,
        last: Promise.resolve(), // what was asked for last in this field
        sending: false,
        cutOff: false,
        heldAt: 0,
        timer: 0,
        freeing: 0,
      })
    }
    return this.#fields.get(name)
  }

  /** One after another in each field: a hold that overtakes the leaving after it would keep the field. */
  #act(name, body) {
    const path = `${this.#path}/fields/${encodeURIComponent(name)}`
    const act = () => this.#ask('PUT', path, { page: this.#page, ...body })
    const field = this.#field(name)
    field.last = field.last.then(act, act)
    return field.last
  }

  /** One value of a field is under way at a time; what is typed meanwhile goes after it. */
  async #send(name) {
    const field = this.#field(name)
    if (field.sending) return
    field.sending = true
    let isHeld = false // by what was sent last
    for (let failures = 0; field.draft !== null && !this.#closed; ) {
      const value = field.draft
      const act = field.inside ? 'write' : 'leave'
      try {
        const known = await this.#act(name, { act, value, version: field.base })
        if (field.draft === value) field.draft = null
        Object.assign(field, { base: known.version, cutOff: false, heldAt: act === 'write' ? Date.now() : 0 })
        failures = 0
        isHeld = act === 'write'
        this.#takeField(known)
      } catch (error) {
        if (!(error instanceof ConnectionError) && !(error instanceof Refusal)) break // another conversation
        if (error instanceof Refusal && !error.retryable) {
          await this.#keepRefused(name)
          continue
        }
        failures += 1
        field.cutOff = true
        this.#dispatch(name)
        await sleep(backOff(failures))
      }
    }
    field.sending = false
    if (isHeld && !field.inside) this.leave(name) // while that was under way
    this.#dispatch(name)
  }

  /** Somebody else was quicker, or the form has ended: the words stay here, and the form is shown anew. */
  async #keepRefused(name) {
    const field = this.#field(name)
    Object.assign(field, { refused: field.draft, draft: null, cutOff: false })
    await this.load().catch(() => {})
    if (field.refused === field.known.value) field.refused = null
    this.#dispatch(name)
  }

  #take(view) {
    const wasOvertaken = this.view !== null && this.view.state !== 'open' && view.state === 'open'
    if (wasOvertaken) return // no form that has ended is open again
    this.view = view
    for (const known of view.fields) this.#takeField(known, { quietly: true })
    this.#dispatch()
  }

  #takeField({ name, value, version, problem, lock }, { quietly = false } = {}) {
    const field = this.#field(name)
    if (version < field.known.version) return // an answer that was overtaken
    const lockedUntil = lock ? Date.now() + lock.ms : 0
    field.known = { value, version, problem, lock, lockedUntil }
    clearTimeout(field.freeing)
    if (lock) field.freeing = setTimeout(() => this.#dispatch(name), lock.ms + 50)
    if (!quietly) this.#dispatch(name)
  }

  #hear = ({ detail }) => {
    if (detail.type === 'form.field' && detail.form_id === this.formId) this.#takeField(detail.field)
  }

  /** The log says that the form has ended. */
  #read = ({ detail }) => {
    if (detail.kind === 'form' && detail.body.form_id === this.formId) this.#loadQuietly()
  }

  #connected = ({ detail }) => {
    if (detail === 'open') this.#loadQuietly()
  }

  #loadQuietly() {
    if (!this.#closed) this.load().catch(() => {}) // the next news, or the next look, tries again
  }

  #dispatch(name) {
    if (!this.#closed) this.dispatchEvent(new CustomEvent('change', { detail: name }))
  }
}
