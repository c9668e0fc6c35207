/**
 * How long a wait is, in words that promise no more than is known.
 */

/**
 * @param {number | null} seconds `null`: nobody can tell
 * @returns {string}
 */
export function waitWords(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return '暂时估不准'
  if (seconds < 60) return '不到 1 分钟'
  const minutes = Math.ceil(seconds / 60)
  if (minutes <= 60) return `约 ${minutes} 分钟`
  return `约 ${(minutes / 60).toFixed(1).replace(/\.0$/, '')} 小时`
}
