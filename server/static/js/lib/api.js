/**
 * The conversations API over HTTP: one method a call, errors as `ConnectionError` or `Refusal`.
 * It neither retries nor remembers; see `delivery.js` and `memory.js`.
 */

import { askService, watchingAt } from './service_call.js'

/** @typedef {{id: string, token: string}} Conversation */
/** @typedef {{sequence: number, kind: string, body: Record<string, any>, at: string}} LogEvent */
/** @typedef {{status: string, messages: object[], open_choices: object[]}} Reply */

export class ConversationApi {
  /**
   * @param {{base?: string, timeout?: number}} [options] `timeout` in ms; it is
   *   longer than the service's own, so that the service's apology arrives instead of a broken call.
   */
  constructor({ base = '/api/v1/conversations', timeout = 25_000 } = {}) {
    this.base = base
    this.timeout = timeout
  }

  /** @returns {Promise<Conversation>} */
  async begin() {
    const { id, token } = await this.#call('POST', this.base, { body: { channel: 'web' } })
    return { id, token }
  }

  /**
   * @param {Conversation} conversation
   * @param {number} [after] the last sequence number that is known already
   * @returns {Promise<{holder: string, events: LogEvent[]}>}
   */
  async transcript(conversation, after = 0) {
    return this.#call('GET', `${this.#address(conversation)}?after=${after}`, { conversation })
  }

  /**
   * @param {Conversation} conversation
   * @param {{text: string, clientId: string}} message the same `clientId` is answered once
   * @returns {Promise<Reply>}
   */
  async say(conversation, { text, clientId }) {
    const body = { text, client_message_id: clientId }
    return this.#call('POST', `${this.#address(conversation)}/messages`, { conversation, body })
  }

  /**
   * @param {Conversation} conversation
   * @param {{mode: 'text' | 'video', topic: string, priority?: '' | 'elderly' | 'disabled'}} wish
   */
  async handOver(conversation, { mode, topic, priority = '' }) {
    const body = { mode, ...(topic && { topic }), ...(priority && { priority }) }
    return this.#call('POST', `${this.#address(conversation)}/handover`, { conversation, body })
  }

  /**
   * @param {Conversation} conversation
   * @param {{score: number, comment: string}} rating
   */
  async rate(conversation, { score, comment }) {
    const body = comment ? { score, comment } : { score }
    return this.#call('POST', `${this.#address(conversation)}/rating`, { conversation, body })
  }

  /**
   * Asks for something else of this conversation; see `person_api.js`.
   *
   * @param {Conversation} conversation
   * @param {string} method
   * @param {string} path below the conversation's address
   * @param {{body?: object | FormData, asBlob?: boolean}} [options]
   */
  async ask(conversation, method, path, options) {
    return this.#call(method, `${this.#address(conversation)}/${path}`, { conversation, ...options })
  }

  /**
   * Where the conversation's events are watched, and the subprotocols to offer.
   *
   * @param {Conversation} conversation
   * @param {number} after
   */
  watching(conversation, after) {
    return watchingAt(`${this.#address(conversation)}/events?after=${after}`, conversation.token)
  }

  #address({ id }) {
    return `${this.base}/${encodeURIComponent(id)}`
  }

  #call(method, url, { conversation, body, asBlob } = {}) {
    return askService(method, url, { timeout: this.timeout, token: conversation?.token, body, asBlob })
  }
}
