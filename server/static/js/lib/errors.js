/**
 * What can go wrong between this page and the service, and what a citizen reads about it.
 *
 *     ServiceError
 *     ├── ConnectionError    no answer arrived: offline, cut off, timed out
 *     ├── ConversationLeft   the citizen has started afresh meanwhile
 *     └── Refusal            the service answered with an error
 */

export class ServiceError extends Error {
  name = 'ServiceError'
  /** Whether sending the same again may help. */
  get retryable() {
    return false
  }
}

export class ConnectionError extends ServiceError {
  name = 'ConnectionError'
  get retryable() {
    return true
  }
}

export class ConversationLeft extends ServiceError {
  name = 'ConversationLeft'
}

export class Refusal extends ServiceError {
  name = 'Refusal'

  /**
   * @param {number} status HTTP status
   * @param {string} code the error's stable code
   * @param {string} message the sentence that the service wrote for the citizen
   * @param {number} [retryAfter] seconds to wait, 0 if not said
   */
  constructor(status, code, message, retryAfter = 0) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }

  get retryable() {
    return this.status === 429 || this.status >= 500
  }

  /**
   * Whether this conversation can't be used any more: its token ran out, or it was deleted. 404 doesn't say so:
   * a file, a form or a call of it isn't there.
   */
  get endsConversation() {
    return this.status === 401
  }
}

/** What to tell whoever pressed something whose content, or code, can't be fetched. */
export const NOT_OPENED = '没有打开，请稍后再点一次'

/**
 * What to tell a citizen whose message did not get through.
 *
 * @param {unknown} error
 * @param {{online?: boolean, hotline?: string}} [surroundings]
 * @returns {string}
 */
export function explain(error, { online = true, hotline = '' } = {}) {
  const call = hotline ? `，或拨打热线 ${hotline}` : ''
  if (error instanceof ConnectionError) {
    return online ? `没有连上服务器，请稍后重试${call}。` : '网络断开了，接通网络后会自动重发。'
  }
  if (error instanceof ConversationLeft) return '您已重新开始对话，这一步没有做。'
  if (!(error instanceof Refusal)) return `页面出了点问题，请刷新后再试${call}。`
  if (error.status === 429) return '您发得太快了，请稍等一会儿再重试。'
  if (error.status >= 500) return `系统正忙，请稍后重试${call}。`
  return error.message || `这条内容没法处理，请修改后再发${call}。`
}
