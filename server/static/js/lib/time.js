/**
 * Times as people in China write them, in the zone of whoever reads.
 */

const HOUR = new Intl.DateTimeFormat('zh-CN', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const DAY = new Intl.DateTimeFormat('zh-CN', { month: 'long', day: 'numeric' })
const MS_PER_DAY = 86_400_000

/**
 * 「14:05」 for today, 「昨天 14:05」, 「11月3日 14:05」.
 *
 * @param {Date} at
 * @param {Date} now
 */
export function clockTime(at, now) {
  const days = Math.round((midnight(now) - midnight(at)) / MS_PER_DAY)
  if (days === 0) return HOUR.format(at)
  return `${days === 1 ? '昨天' : DAY.format(at)} ${HOUR.format(at)}`
}

/** @param {Date} date */
function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}
