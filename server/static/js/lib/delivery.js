/**
 * Gets a message through: tries again after a failure that may pass, ever more patiently.
 *
 * A message keeps its client id through all attempts, and the service answers an id once, so an
 * attempt whose answer got lost on the way does no harm.
 */

import { Refusal, ServiceError } from './errors.js'

/** Longest wait, in seconds, that a `Retry-After` may impose before we ask the citizen instead. */
const PATIENCE = 60

/**
 * How long to wait before the next attempt, in ms: doubling, with a random part so that the pages
 * that lost the same server don't all come back at once.
 *
 * @param {number} failures how many attempts failed so far, 1 or more
 * @param {{first?: number, longest?: number, random?: () => number}} [options]
 */
export function backOff(failures, { first = 800, longest = 30_000, random = Math.random } = {}) {
  const full = Math.min(longest, first * 2 ** (failures - 1))
  return full / 2 + (random() * full) / 2
}

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * The result of `attempt`, tried up to `attempts` times.
 * Throws the last error when it can't pass, or didn't in time.
 *
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {{attempts?: number, wait?: (ms: number) => Promise<unknown>, onWait?: (error: Error, ms: number) => void}} [options]
 * @returns {Promise<T>}
 */
export async function deliver(attempt, { attempts = 4, wait = sleep, onWait = () => {} } = {}) {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt()
    } catch (error) {
      const asked = error instanceof Refusal ? error.retryAfter : 0
      const hopeless = !(error instanceof ServiceError && error.retryable) || asked > PATIENCE
      if (hopeless || failures === attempts) throw error
      const ms = Math.max(asked * 1000, backOff(failures))
      onWait(error, ms)
      await wait(ms)
    }
  }
}
