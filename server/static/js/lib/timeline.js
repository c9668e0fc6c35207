/**
 * The conversation as the citizen sees it, put together from three sides: what was just typed here,
 * the replies to it, and the service's log. The log has the last word on order.
 *
 * Pure: no network, no page, no clock. Whoever changes it draws it afterwards.
 */

/**
 * @typedef {object} Entry
 * @property {string} key stays the same for as long as the entry is shown
 * @property {'citizen' | 'bot' | 'line' | 'agent' | 'guide' | 'checklist' | 'file' | 'form' | 'signature' | 'summary'} kind
 * @property {number} era counts the conversations of this page; a new one begins when a token expires
 * @property {number | null} sequence place in the log, `null` until the log says
 * @property {number} order in which this page learnt of it
 * @property {number} revision rises when the entry has to be drawn anew
 * @property {Date} at
 * @property {string} [text]
 * @property {import('./voices.js').Voice} [voice] how it was spoken
 * @property {string} [value] what was sent, which differs from the text for a picked choice
 * @property {string} [clientId]
 * @property {'sending' | 'sent' | 'failed'} [state]
 * @property {{text: string, retryable: boolean, cutOff: boolean} | null} [problem]
 * @property {Entry | null} [after] what a message that failed stands after
 * @property {boolean} [waiting] said on this page and not answered yet
 * @property {Entry} [question] what a bot entry answers
 * @property {string} [status]
 * @property {object[]} [messages]
 * @property {object[] | undefined} [openChoices] what a bot entry leaves to be picked
 * @property {Record<string, any>} [body] what an agent's side brought: the event's own body
 */

import { shownName } from './showing.js'

const MODES = { text: '文字', audio: '语音', video: '视频' }

/** Events of the agents' side that are shown as an entry of their own. */
const DESK = Object.freeze({
  agent_message: 'agent',
  guide_card: 'guide',
  checklist: 'checklist',
  file: 'file',
  form: 'form',
  signature: 'signature',
  summary: 'summary',
})

/** Entries that later events are about as well, and what names them. */
const GROWS = Object.freeze({ checklist: 'guide_id', form: 'form_id', signature: 'signature_id' })

/** The five grades that government services are rated with in China (好差评), best first. */
export const SATISFACTION = Object.freeze([
  [5, '非常满意'],
  [4, '满意'],
  [3, '基本满意'],
  [2, '不满意'],
  [1, '非常不满意'],
])

export class Timeline {
  /** @type {Entry[]} */
  #entries = []
  #era = 0
  #order = 0
  #holder = 'bot'
  #call = ''

  /** The last sequence number taken from the log. */
  lastSequence = 0

  /** All entries, in the order in which they are shown. */
  get entries() {
    return [...this.#entries].sort(byPlace)
  }

  /** Whether something said on this page awaits its reply. */
  get awaitsReply() {
    return this.#entries.some((entry) => entry.waiting && entry.state !== 'failed')
  }

  /** What was said on this page and may not have arrived. */
  get unanswered() {
    return this.entries.filter((entry) => entry.waiting)
  }

  /** The bot entry whose choices can be picked now, or `null`. */
  get openOffer() {
    const spoken = this.entries.filter((entry) => entry.kind !== 'line')
    const last = spoken.at(-1)
    if (last?.kind !== 'bot' || last.era !== this.#era) return null
    if (offers(last)) return last
    if (!last.openChoices?.length) return null
    return spoken.findLast((entry) => entry.era === this.#era && offers(entry)) ?? null
  }

  /** The newest bot entry, or `null`. */
  get lastReply() {
    return this.entries.findLast((entry) => entry.kind === 'bot') ?? null
  }

  /** @param {string} clientId */
  said(clientId) {
    return this.#entries.find((entry) => entry.clientId === clientId) ?? null
  }

  /**
   * The citizen says something on this page.
   *
   * @param {{clientId: string, text: string, value: string, at: Date}} message
   */
  say({ clientId, text, value, at }) {
    return this.#add({
      kind: 'citizen',
      clientId,
      text,
      value,
      at,
      state: 'sending',
      waiting: true,
      problem: null,
    })
  }

  /**
   * The reply to something said on this page. `null` if the log brought it before.
   *
   * @param {string} clientId
   * @param {{status: string, messages: object[], open_choices: object[]}} reply
   * @param {Date} at
   * @returns {Entry | null}
   */
  takeReply(clientId, { status, messages, open_choices: openChoices }, at) {
    const question = this.said(clientId)
    if (!question) return null
    this.#change(question, { state: 'sent', problem: null, waiting: false })
    if (this.#replyTo(question) || messages.length === 0) return null
    return this.#add({ kind: 'bot', question, status, messages, openChoices, at })
  }

  /**
   * An event of the log. `null` if it is known already or shows nothing; else the entry it became.
   * Events must come without gaps; see `missesBefore`.
   *
   * @param {{sequence: number, kind: string, body: Record<string, any>, at: string}} event
   * @returns {Entry | null}
   */
  take({ sequence, kind, body, at }) {
    if (sequence <= this.lastSequence) return null
    this.lastSequence = sequence
    if (kind === 'citizen_message') return this.#takeCitizenMessage(sequence, body, new Date(at))
    if (kind === 'bot_message') return this.#takeBotMessage(sequence, body, new Date(at))
    if (kind in DESK) return this.#takeDeskEvent(sequence, kind, body, new Date(at))
    const text = this.#lineText(kind, body)
    return text ? this.#add({ kind: 'line', sequence, text, at: new Date(at) }) : null
  }

  /** Whether events before this one haven't been taken yet. */
  missesBefore({ sequence }) {
    return sequence > this.lastSequence + 1
  }

  /** @param {string} clientId @param {Entry['problem']} problem */
  fail(clientId, problem) {
    const entry = this.said(clientId)
    if (!entry?.waiting) return
    const { entries } = this
    const after = entries[entries.indexOf(entry) - 1] ?? null
    this.#change(entry, { state: 'failed', problem, after })
  }

  /** @param {string} clientId */
  tryAgain(clientId) {
    const entry = this.said(clientId)
    if (entry) this.#change(entry, { state: 'sending', problem: null })
  }

  /** Takes back what was said and did not arrive. @param {string} clientId */
  withdraw(clientId) {
    this.#entries = this.#entries.filter((entry) => entry.clientId !== clientId)
  }

  /** A line between the messages that the log doesn't hold. @param {string} text @param {Date} at */
  note(text, at) {
    return this.#add({ kind: 'line', sequence: this.lastSequence, text, at })
  }

  /** The log of another conversation begins; what isn't answered yet belongs to that one. */
  beginAnew() {
    this.#era += 1
    this.#holder = 'bot'
    this.lastSequence = 0
    for (const entry of this.#entries) {
      if (entry.waiting) Object.assign(entry, { era: this.#era, sequence: null })
    }
  }

  clear() {
    this.#entries = []
    this.#holder = 'bot'
    this.lastSequence = 0
  }

  #takeCitizenMessage(sequence, body, at) {
    const own = body.client_message_id ? this.said(body.client_message_id) : null
    if (own) {
      this.#change(own, { sequence, state: own.waiting ? 'sending' : 'sent' })
      return null
    }
    const clientId = body.client_message_id || undefined
    return this.#add({
      kind: 'citizen',
      sequence,
      clientId,
      text: body.text,
      voice: body.voice,
      at,
      state: 'sent',
      waiting: false,
    })
  }

  #takeBotMessage(sequence, body, at) {
    const question = this.#entries.find(
      (entry) => entry.kind === 'citizen' && entry.era === this.#era && entry.sequence === body.reply_to,
    )
    const known = question && this.#replyTo(question)
    if (question?.waiting) this.#change(question, { state: 'sent', waiting: false, problem: null })
    if (known) {
      known.sequence = sequence
      return null
    }
    if (body.messages.length === 0) return null
    const { status, messages, open_choices: openChoices } = body
    return this.#add({ kind: 'bot', sequence, question, status, messages, openChoices, at })
  }

  /** A checklist that is ticked further, or a form that is finished, stays one entry and moves to here. */
  #takeDeskEvent(sequence, kind, body, at) {
    const id = GROWS[kind]
    const known =
      id &&
      this.#entries.find(
        (entry) => entry.kind === kind && entry.era === this.#era && entry.body[id] === body[id],
      )
    if (known) {
      this.#change(known, { sequence, body, at })
      return known
    }
    return this.#add({ kind: DESK[kind], sequence, body, at })
  }

  /** Who came and went is told by what was before: a queue after an agent is a transfer. */
  #lineText(kind, body) {
    if (kind === 'call') {
      const before = this.#call
      this.#call = String(body.state).toLowerCase()
      return before === this.#call ? '' : callLine(this.#call, body.mode)
    }
    if (kind !== 'holder') return lineText(kind, body)
    const before = this.#holder
    this.#holder = body.holder
    return holderLine(before, body)
  }

  #replyTo(question) {
    return this.#entries.find((entry) => entry.kind === 'bot' && entry.question === question) ?? null
  }

  #add(fields) {
    this.#order += 1
    const entry = {
      key: `entry-${this.#order}`,
      era: this.#era,
      order: this.#order,
      sequence: null,
      revision: 0,
      ...fields,
    }
    this.#entries.push(entry)
    return entry
  }

  #change(entry, fields) {
    const same = Object.entries(fields).every(([name, value]) => entry[name] === value)
    Object.assign(entry, fields)
    if (!same) entry.revision += 1
  }
}

/** @param {Entry} entry */
function offers(entry) {
  return entry.kind === 'bot' && entry.messages.some((message) => message.choices?.length > 0)
}

/**
 * Where an entry stands: where the log says, else at the end. A reply that the log hasn't confirmed
 * stands right after its question, a message that failed stays where it was when it failed.
 *
 * @param {Entry} entry
 */
function place(entry) {
  if (entry.kind === 'bot' && entry.sequence === null && entry.question) {
    const { era, sequence, order } = entry.question
    return [era, sequence ?? Infinity, order + 0.5]
  }
  if (entry.state === 'failed' && entry.sequence === null) {
    return [entry.era, entry.after ? place(entry.after)[1] : 0, entry.order]
  }
  return [entry.era, entry.sequence ?? Infinity, entry.order]
}

/** @param {Entry} a @param {Entry} b */
function byPlace(a, b) {
  const [eraA, sequenceA, orderA] = place(a)
  const [eraB, sequenceB, orderB] = place(b)
  if (eraA !== eraB) return eraA - eraB
  if (sequenceA !== sequenceB) return sequenceA - sequenceB
  return orderA - orderB
}

/** @param {string} kind @param {Record<string, any>} body */
function lineText(kind, body) {
  switch (kind) {
    case 'notice':
      return body.text
    case 'show':
      return `工作人员请您看：${shownName(body)}`
    case 'handover':
      return `已登记人工服务（${MODES[body.mode] ?? body.mode}），排在第 ${body.position} 位`
    case 'rating':
      return `您的评价：${SATISFACTION.find(([score]) => score === body.score)?.[1] ?? body.score}`
    default:
      return '' // a newer service may log more than this page knows
  }
}

/** @param {string} before who held it until now @param {{holder: string, agent?: string}} body */
function holderLine(before, { holder, agent = '' }) {
  if (holder === 'agent') return agent ? `工作人员${agent}已接入对话` : '工作人员已接入对话'
  if (holder === 'queue') return before === 'agent' ? '正在为您转接其他工作人员，您的位置已保留' : ''
  if (holder === 'bot') return before === 'agent' ? '人工服务已结束，现在由帮办答复' : '现在由帮办答复'
  return ''
}

/** Only what a citizen takes part in is told; the steps between are shown where the call is. */
function callLine(state, mode) {
  const name = `${MODES[mode] ?? '视频'}通话`
  return { ringing: `工作人员邀请您${name}`, live: `${name}已接通`, ended: `${name}已结束` }[state] ?? ''
}
