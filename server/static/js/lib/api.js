/**
 * The conversations API over HTTP: one method a call, errors as `ConnectionError` or `Refusal`.
 * It neither retries nor remembers; see `delivery.js` and `memory.js`.
 */

import { ConnectionError, Refusal } from './errors.js'

/** @typedef {{id: string, token: string}} Conversation */
/** @typedef {{sequence: number, kind: string, body: Record<string, any>, at: string}} LogEvent */
/** @typedef {{status: string, messages: object[], open_choices: object[]}} Reply */

export class ConversationApi {
  /**
   * @param {{base?: string, timeout?: number, fetch?: typeof fetch}} [options] `timeout` in ms; it is
   *   longer than the service's own, so that the service's apology arrives instead of a broken call.
   */
  constructor({ base = '/api/v1/conversations', timeout = 25_000, fetch = window.fetch.bind(window) } = {}) {
    this.base = base
    this.timeout = timeout
    this.fetch = fetch
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
   * Where the conversation's events are watched, and the subprotocols to offer. The token travels in
   * one of them: a browser can set no header on a WebSocket, and addresses end up in logs.
   *
   * @param {Conversation} conversation
   * @param {number} after
   */
  watching(conversation, after) {
    const url = new URL(`${this.#address(conversation)}/events?after=${after}`, window.location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    return { url: url.href, protocols: ['bangban.v1', `bearer.${conversation.token}`] }
  }

  #address({ id }) {
    return `${this.base}/${encodeURIComponent(id)}`
  }

  async #call(method, url, { conversation, body, asBlob = false } = {}) {
    const headers = { Accept: asBlob ? '*/*' : 'application/json' }
    const isForm = body instanceof FormData // the browser names its type and boundary
    if (body && !isForm) headers['Content-Type'] = 'application/json'
    if (conversation) headers.Authorization = `Bearer ${conversation.token}`
    const ended = new AbortController()
    const timer = setTimeout(() => ended.abort(), this.timeout)
    try {
      const response = await this.fetch(url, {
        method,
        headers,
        body: isForm ? body : body && JSON.stringify(body),
        signal: ended.signal,
      })
      if (!response.ok) throw await refusalOf(response)
      if (asBlob) return await response.blob()
      return response.status === 204 ? {} : await response.json()
    } catch (error) {
      if (error instanceof Refusal) throw error
      throw new ConnectionError(`${method} got no answer`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}

/** @param {Response} response */
async function refusalOf(response) {
  const { error = {} } = await response.json().catch(() => ({}))
  const retryAfter = Number(response.headers.get('Retry-After')) || 0
  return new Refusal(response.status, error.code ?? 'unknown', error.message ?? '', retryAfter)
}
