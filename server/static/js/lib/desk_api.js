/**
 * The staff API over HTTP: one method a call, errors as `ConnectionError` or `Refusal`. The session is in
 * a cookie that no script can read.
 */

import { askService, watchingAt } from './service_call.js'

/** Ten megabytes over a weak line. */
const FILE_MS = 120_000

/** @typedef {{name: string, role: 'agent' | 'editor' | 'supervisor' | 'admin'}} Staff */

export class DeskApi {
  /** @param {{base?: string, timeout?: number}} [options] `timeout` in ms */
  constructor({ base = '/api/v1', timeout = 20_000 } = {}) {
    this.base = base
    this.timeout = timeout
  }

  /** @returns {Promise<Staff>} */
  signIn(name, password) {
    return this.#call('POST', '/staff/session', { name, password })
  }

  /** Who is signed in. Throws Refusal 401 when nobody is. @returns {Promise<Staff>} */
  who() {
    return this.#call('GET', '/staff/session')
  }

  signOut() {
    return this.#call('DELETE', '/staff/session')
  }

  /** @param {'available' | 'break' | 'offline'} state */
  setState(state) {
    return this.#call('PUT', '/staff/me', { state })
  }

  queue() {
    return this.#call('GET', '/staff/queue')
  }

  accept(handoverId) {
    return this.#call('POST', `/staff/handovers/${encodeURIComponent(handoverId)}/accept`, {})
  }

  conversations() {
    return this.#call('GET', '/staff/conversations')
  }

  /** @param {string} id @param {number} [after] the last sequence number that is known already */
  conversation(id, after = 0) {
    return this.#call('GET', `${of(id)}?after=${after}`)
  }

  /**
   * Something done in a conversation: `messages`, `notes`, `tags`, `guide-card`, `checklist`, `hand-back`,
   * `transfer`, `close`, `calls`, `listen`, `whisper`, `take-over`.
   *
   * @param {string} id
   * @param {string} what
   * @param {Record<string, unknown>} [body]
   */
  act(id, what, body = {}) {
    return this.#call('POST', `${of(id)}/${what}`, body)
  }

  /** Sends a file to the citizen. @param {string} id @param {File} file */
  sendFile(id, file) {
    const form = new FormData()
    form.append('file', file, file.name)
    return this.#call('POST', `${of(id)}/files`, form)
  }

  /** Where staff get a file of the conversation. @param {string} id @param {string} fileId */
  fileAddress(id, fileId) {
    return `${this.base}${of(id)}/files/${encodeURIComponent(fileId)}`
  }

  /** The file itself. @returns {Promise<Blob>} */
  file(id, fileId) {
    return this.#call('GET', `${of(id)}/files/${encodeURIComponent(fileId)}`, undefined, { asBlob: true })
  }

  /** Something of a form or a signature. @param {string} id @param {string} path below the conversation */
  ask(id, method, path, body) {
    return this.#call(method, `${of(id)}/${path}`, body ?? (method === 'POST' ? {} : undefined))
  }

  formTemplates() {
    return this.#call('GET', '/staff/form-templates')
  }

  summaryDraft(id) {
    return this.#call('GET', `${of(id)}/summary-draft`)
  }

  canned() {
    return this.#call('GET', '/staff/canned')
  }

  iceServers() {
    return this.#call('GET', '/staff/ice')
  }

  /** The other agents who are on line. */
  colleagues() {
    return this.#call('GET', '/staff/colleagues')
  }

  /** The calls that this agent is asked into, and the text on recording to agree to. */
  invitations() {
    return this.#call('GET', '/staff/invitations')
  }

  /**
   * Does something about who else is in a call: `guest` (invite, have leave), `visit` (come, not come, leave),
   * `listen`.
   *
   * @param {'POST' | 'DELETE'} method
   * @param {string} callId
   * @param {'guest' | 'visit' | 'listen'} what
   * @param {Record<string, unknown>} [body]
   */
  company(method, callId, what, body) {
    return this.#call(method, `/staff/calls/${encodeURIComponent(callId)}/${what}`, body)
  }

  wall() {
    return this.#call('GET', '/staff/wall')
  }

  /** The figures of these days, both included. @param {{from: string, to: string}} period */
  report(period) {
    return this.#call('GET', `/staff/reports?${new URLSearchParams(period)}`)
  }

  /** Where the same is as a workbook. @param {{from: string, to: string}} period */
  reportAddress(period) {
    return `${this.base}/staff/reports.xlsx?${new URLSearchParams(period)}`
  }

  /** What is to be seen to, or was. @param {boolean} done */
  followUps(done) {
    return this.#call('GET', `/staff/follow-ups?done=${done}`)
  }

  finishFollowUp(id, outcome) {
    return this.#call('POST', `/staff/follow-ups/${encodeURIComponent(id)}/done`, { outcome })
  }

  /** What ended with the agent lately. */
  ended() {
    return this.#call('GET', '/staff/ended-conversations')
  }

  /** The recordings of a conversation's calls. @param {string} conversationId */
  recordings(conversationId) {
    return this.#call('GET', `/staff/recordings?${new URLSearchParams({ conversation: conversationId })}`)
  }

  /** Where a recording is played from. @param {string} id */
  recordingAddress(id) {
    return `${this.base}/staff/recordings/${encodeURIComponent(id)}`
  }

  /** Guides whose names hold the words. @param {string} words @param {string} district */
  guides(words, district = '') {
    return this.#call('GET', `/guides?${new URLSearchParams({ q: words, district })}`)
  }

  guide(guideId) {
    return this.#call('GET', `/guides/${encodeURIComponent(guideId)}`)
  }

  /**
   * Where the desk's news are watched. The cookie says who watches.
   *
   * @param {Iterable<[string, number]>} known the last sequence number that is known of each conversation
   */
  watching(known) {
    const after = new URLSearchParams([...known].map(([id, sequence]) => ['after', `${id}:${sequence}`]))
    return watchingAt(`${this.base}/staff/events?${after}`)
  }

  #call(method, path, body, { asBlob } = {}) {
    const timeout = body instanceof FormData ? FILE_MS : this.timeout
    return askService(method, this.base + path, { timeout, body, asBlob })
  }
}

/** @param {string} id */
const of = (id) => `/staff/conversations/${encodeURIComponent(id)}`
