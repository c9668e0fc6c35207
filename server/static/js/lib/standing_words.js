/**
 * What the desk says about a channel that lets only so many messages through. Pure.
 */

import { clockTime } from './time.js'

/**
 * @typedef {{reachable: boolean, left: number, until: string | null, waiting: number, sending: number,
 *   unclear: boolean, waiting_events: number[], reminded: boolean}} Standing
 */

const FEW = 2

/** What waits is joined into one message, but what was sent costs one each. */
const ADVICE = Object.freeze({ 1: '请把要说的合并成一条发。', 2: '几句话合并成一条发更省。' })

/**
 * One line for who is about to write, and whether to take care; `null` where nothing limits the channel.
 *
 * @param {Standing | null} standing
 * @param {{now: Date, present: boolean | null}} context `present`: the citizen has the page open
 * @returns {{text: string, level: 'quiet' | 'warning'} | null}
 */
export function standingWords(standing, { now, present }) {
  if (!standing) return null
  if (!standing.reachable) return warning('对方已取消关注，在微信里收不到您的消息。')
  const left = leftOf(standing, now)
  const lost = standing.unclear ? '有一条可能没送到。' : ''
  const level = left < FEW || lost ? 'warning' : 'quiet'
  if (present) return { text: `微信：对方正开着网页，您的消息直接显示在那里。${lost}`, level: lost ? level : 'quiet' }
  if (left === 0) {
    const waits = standing.waiting > 0 ? `（${standing.waiting} 条在等）` : ''
    const told = standing.reminded ? '已发订阅通知提醒对方。' : ''
    return warning(`微信：额度用完，您的消息会在对方下次说话时送达${waits}。${told}${lost}`)
  }
  const underWay = standing.waiting + standing.sending
  const sends = underWay > 0 ? `；${underWay} 条正在发` : ''
  const until = clockTime(new Date(standing.until), now)
  return { text: `微信：还能发 ${left} 条，至 ${until}${sends}。${ADVICE[left] ?? ''}${lost}`, level }
}

/**
 * The messages of the log that the citizen hasn't been told, because nothing may be sent now.
 *
 * @param {Standing | null} standing
 * @param {{now: Date, present: boolean | null}} context
 * @returns {Set<number>} sequence numbers
 */
export function heldBack(standing, { now, present }) {
  const waits = standing?.reachable && !present && leftOf(standing, now) === 0
  return new Set(waits ? standing.waiting_events : [])
}

/** What is left runs out on its own; no news tells of that. */
function leftOf({ left, until }, now) {
  return until && new Date(until) > now ? left : 0
}

function warning(text) {
  return { text, level: 'warning' }
}
