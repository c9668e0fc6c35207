/**
 * The steps of a call on the citizen's page, in one table. Pure.
 *
 * `check` devices, `consent` to recording, `back` after a reload, `joining`, `live`, `away` (the network
 * is gone, the place is kept), `text` (the same call without sound and picture), `failed`, `ended`.
 */

/** @typedef {'loading' | 'check' | 'consent' | 'back' | 'joining' | 'live' | 'away' | 'text' | 'failed' | 'ended'} Step */

const STEPS = Object.freeze({
  loading: { found: 'check', known: 'back', gone: 'ended' },
  check: { checked: 'consent', consented: 'joining', write: 'text', gone: 'ended' },
  consent: { consented: 'joining', write: 'text', recheck: 'check', gone: 'ended' },
  back: { consented: 'joining', recheck: 'check', write: 'text', gone: 'ended' },
  joining: { live: 'live', refused: 'failed', recheck: 'check', write: 'text', gone: 'ended' },
  live: { lost: 'away', recheck: 'check', write: 'text', gone: 'ended' },
  away: { live: 'live', refused: 'failed', recheck: 'check', write: 'text', gone: 'ended' },
  text: { recheck: 'check', consented: 'joining', gone: 'ended' },
  failed: { consented: 'joining', recheck: 'check', write: 'text', gone: 'ended' },
  ended: {},
})

/** Steps in which sound and picture are there, or on their way. */
export const IN_ROOM = new Set(['joining', 'live', 'away', 'text', 'failed'])

/**
 * The step after an event, or the same step where the event comes too late to matter.
 *
 * @param {Step} step
 * @param {string} event
 * @returns {Step}
 */
export function stepAfter(step, event) {
  return STEPS[step][event] ?? step
}
