/**
 * When a citizen can be called back: half hours of the next days. Whether somebody works then, the
 * service decides; it answers an impossible time with a sentence.
 */

const DAYS = 5
const FIRST_HOUR = 9
const LAST_HOUR = 17
const MS_PER_DAY = 86_400_000
/** Nobody can be called back in no time. */
const NOTICE_MS = 30 * 60_000

const DAY = new Intl.DateTimeFormat('zh-CN', { month: 'long', day: 'numeric', weekday: 'short' })

/**
 * The days that still have free half hours, each with its times.
 *
 * @param {Date} now
 * @returns {{name: string, times: {name: string, at: string}[]}[]} `at` is ISO 8601 with zone
 */
export function callBackDays(now) {
  const days = []
  for (let ahead = 0; days.length < DAYS && ahead < DAYS + 2; ahead += 1) {
    const day = new Date(now.getTime() + ahead * MS_PER_DAY)
    const times = timesOf(day).filter(({ date }) => date.getTime() >= now.getTime() + NOTICE_MS)
    if (times.length === 0) continue
    const prefix = ['今天 ', '明天 '][ahead] ?? ''
    days.push({ name: prefix + DAY.format(day), times: times.map(({ name, date }) => ({ name, at: withZone(date) })) })
  }
  return days
}

function timesOf(day) {
  const times = []
  for (let minutes = FIRST_HOUR * 60; minutes < LAST_HOUR * 60; minutes += 30) {
    const [hour, minute] = [Math.floor(minutes / 60), minutes % 60]
    const date = new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute)
    times.push({ name: `${hour}:${String(minute).padStart(2, '0')}`, date })
  }
  return times
}

/** 「2026-01-05T09:30:00+08:00」. @param {Date} date */
function withZone(date) {
  const offset = -date.getTimezoneOffset()
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, '0')
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)
  return `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`
}
