/**
 * Asks the service over HTTP, for whichever API: a failure is a `ConnectionError` or a `Refusal`.
 */

import { ConnectionError, Refusal } from './errors.js'

/**
 * What the service answers: JSON, nothing as `{}`, or the bytes of a file.
 *
 * @param {string} method
 * @param {string} url
 * @param {object} how
 * @param {number} how.timeout in ms, until the whole answer is there
 * @param {object | FormData} [how.body]
 * @param {string} [how.token] of who asks, where no cookie says it
 * @param {boolean} [how.asBlob]
 */
export async function askService(method, url, { timeout, body, token = '', asBlob = false }) {
  const headers = { Accept: asBlob ? '*/*' : 'application/json' }
  const isForm = body instanceof FormData // the browser names its type and boundary
  if (body && !isForm) headers['Content-Type'] = 'application/json'
  if (token) headers.Authorization = `Bearer ${token}`
  const ended = new AbortController() // AbortSignal.timeout is younger than some phones' browsers
  const timer = setTimeout(() => ended.abort(), timeout)
  try {
    const response = await fetch(url, {
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

/**
 * Where news are watched, and the subprotocols to offer. A token travels in one of them: a browser can set no
 * header on a WebSocket, and addresses end up in logs.
 *
 * @param {string} path
 * @param {string} [token]
 */
export function watchingAt(path, token = '') {
  const url = new URL(path, window.location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return { url: url.href, protocols: token ? ['bangban.v1', `bearer.${token}`] : [] }
}

/** @param {Response} response */
async function refusalOf(response) {
  const { error = {} } = await response.json().catch(() => ({}))
  const retryAfter = Number(response.headers.get('Retry-After')) || 0
  return new Refusal(response.status, error.code ?? 'unknown', error.message ?? '', retryAfter)
}
