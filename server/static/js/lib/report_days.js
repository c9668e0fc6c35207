/**
 * The days of a report, by China's calendar. Pure but for the clock that is given.
 */

const DAY = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
})
const MS_PER_DAY = 86_400_000

/** As many as the service counts at a time. */
const MOST_DAYS = 92

/** The day as `2026-01-31`. @param {Date} moment */
const dayOf = (moment) => DAY.format(moment)

/** The last so many days, today included. @param {number} count @param {Date} now */
export function lastDays(count, now) {
  return { from: dayOf(new Date(now.getTime() - (count - 1) * MS_PER_DAY)), to: dayOf(now) }
}

/**
 * What is wrong with a period, in words; empty if nothing is.
 *
 * @param {{from: string, to: string}} period
 */
export function periodProblem({ from, to }) {
  if (!from || !to) return '请选开始和结束日期。'
  const days = (Date.parse(to) - Date.parse(from)) / MS_PER_DAY + 1
  if (days < 1) return '结束日期不能早于开始日期。'
  return days > MOST_DAYS ? `一次最多看 ${MOST_DAYS} 天。` : ''
}
