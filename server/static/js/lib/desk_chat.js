/**
 * One of the agent's conversations as the desk knows it: its log, what is on its way, what is unread.
 *
 * Pure: no network, no page, no clock.
 */

import { withoutDistrict } from './replies.js'
import { shownAfter } from './showing.js'
import { isVoice } from './voices.js'

/** @typedef {{sequence: number, kind: string, body: Record<string, any>, at: string}} LogEvent */
/** @typedef {{clientId: string, text: string, state: 'sending' | 'failed', problem: string}} Pending */

/** What the citizen does and an agent wants to know of at once. */
const NEWS = new Set(['citizen_message', 'file', 'form', 'signature', 'rating'])

export class DeskChat {
  /** @type {LogEvent[]} */
  events = []
  lastSequence = 0
  lastRead = 0
  /** @type {Pending[]} */
  pending = []
  /** What is being written here, and whether as a note. */
  draft = ''
  drafting = 'reply'
  complete = false

  /** @param {string} id */
  constructor(id) {
    this.id = id
    /** The conversation's call that hasn't ended, or `null`. */
    this.call = null
    /** The event that told of a call last. */
    this.callSequence = 0
    /** The call that ended last, unless another has begun. */
    this.lastCall = ''
    /** Whether the citizen's page is open; `null` where nobody knows. */
    this.present = null
    /** What the channel lets through to the citizen; `null` where nothing limits it. @type {import('./standing_words.js').Standing | null} */
    this.standing = null
    /** What is open on the citizen's page. @type {import('./showing.js').Shown | null} */
    this.shown = null
    this.facts = {
      topic: '',
      district: '',
      mode: 'text',
      language: '',
      priority: 3,
      holder: 'agent',
      since: null,
    }
  }

  /** Takes what the service says about the conversation as a whole. @param {Record<string, any>} raw */
  describe(raw) {
    const handover = raw.handover ?? {}
    const known = { ...raw, ...handover, district: handover.district || raw.district }
    if (raw.call !== undefined) this.call = raw.call
    if (raw.citizen_present !== undefined) this.present = raw.citizen_present
    if (raw.standing !== undefined) this.standing = raw.standing
    for (const name of ['topic', 'district', 'mode', 'language', 'priority', 'holder', 'channel', 'agent']) {
      if (known[name] !== undefined && known[name] !== '') this.facts[name] = known[name]
    }
    this.facts.topic = withoutDistrict(this.facts.topic, this.facts.district)
    this.facts.since = known.taken_at ?? known.created_at ?? this.facts.since
    if (raw.handover_id ?? handover.id) this.facts.handoverId = raw.handover_id ?? handover.id
  }

  /** Whether events before this one haven't been taken yet. */
  missesBefore({ sequence }) {
    return sequence > this.lastSequence + 1
  }

  /** `true` if the event is new. @param {LogEvent} event */
  take(event) {
    if (event.sequence <= this.lastSequence) return false
    this.lastSequence = event.sequence
    this.events.push(event)
    const { kind, body } = event
    this.shown = shownAfter(this.shown, event)
    if (kind === 'holder') this.facts.holder = body.holder
    if (kind === 'call') this.#takeCall(event)
    if (kind === 'handover') this.describe({ topic: body.topic, mode: body.mode })
    if (kind === 'agent_message')
      this.pending = this.pending.filter((p) => p.clientId !== body.client_message_id)
    return true
  }

  #takeCall({ sequence, body }) {
    const hasEnded = body.state === 'ended'
    this.call = hasEnded ? null : { ...this.call, ...body }
    this.callSequence = sequence
    this.lastCall = hasEnded ? body.call_id : ''
  }

  /** @param {LogEvent} event */
  static isNews({ kind, body }) {
    return NEWS.has(kind) || (kind === 'call' && body.state === 'ringing')
  }

  get unread() {
    return this.events.filter((event) => event.sequence > this.lastRead && NEWS.has(event.kind)).length
  }

  markRead() {
    this.lastRead = this.lastSequence
  }

  get tags() {
    return this.events.findLast(({ kind }) => kind === 'tags')?.body.tags ?? []
  }

  /** What was said or sent last, for the inbox. */
  get preview() {
    const last = this.events.findLast(({ kind }) => ['citizen_message', 'agent_message', 'file'].includes(kind))
    if (!last) return ''
    const { kind, body } = last
    const isOwn = kind === 'agent_message' || (kind === 'file' && body.by !== 'citizen')
    return `${isOwn ? '我：' : ''}${kind === 'file' ? fileWords(body) : body.text}`
  }

  /** When something happened last, or `null`. */
  get lastAt() {
    const at = this.events.at(-1)?.at ?? this.facts.since
    return at ? new Date(at) : null
  }

  /** @param {string} clientId @param {string} text */
  say(clientId, text) {
    this.pending.push({ clientId, text, state: 'sending', problem: '' })
  }

  /** @param {string} clientId @param {string} problem */
  fail(clientId, problem) {
    const message = this.pending.find((p) => p.clientId === clientId)
    if (message) Object.assign(message, { state: 'failed', problem })
  }

  /** Sends again, or takes back; returns the message. @param {string} clientId @param {{again: boolean}} what */
  settle(clientId, { again }) {
    const message = this.pending.find((p) => p.clientId === clientId)
    if (message && again) Object.assign(message, { state: 'sending', problem: '' })
    if (message && !again) this.pending = this.pending.filter((p) => p !== message)
    return message ?? null
  }
}

function fileWords({ name = '', media_type: type = '' }) {
  if (isVoice({ media_type: type })) return '[语音]'
  return type.startsWith('image/') ? '[图片]' : `[文件] ${name}`
}

/**
 * Somebody who waits, whatever the service calls the fields.
 *
 * @param {Record<string, any>} raw
 */
export function waitingOf(raw) {
  return {
    id: raw.handover_id ?? raw.id,
    conversationId: raw.conversation_id,
    mode: raw.mode ?? 'text',
    channel: raw.channel || '',
    topic: withoutDistrict(raw.topic || '', raw.district || ''),
    district: raw.district || raw.known?.district || '',
    department: raw.department || '',
    language: raw.language || '',
    priority: raw.priority ?? 3,
    kept_place: Boolean(raw.kept_place),
    forAgent: raw.for_agent || '',
    offeredTo: raw.offered_to || '',
    reason: raw.reason || '',
    since: new Date(raw.since ?? raw.created_at ?? Date.now()),
    due: raw.due ? new Date(raw.due) : null,
    preview: raw.preview || raw.last_message || '',
  }
}
