/**
 * Measures how fast the service answers, as a call would feel it.
 */

const FILE = new URL('../../icons/mark.svg', import.meta.url)
const TIMES = 4

/**
 * The middle one of a few round trips in ms, or `null` when nothing came back.
 *
 * @returns {Promise<number | null>}
 */
export async function roundTrip() {
  const times = []
  for (let place = 0; place < TIMES; place += 1) {
    const began = performance.now()
    try {
      const response = await fetch(`${FILE.href}?check=${Date.now()}-${place}`, { cache: 'no-store' })
      await response.arrayBuffer()
      if (response.ok) times.push(performance.now() - began)
    } catch {
      // Counted as nothing: what is left of the others tells enough.
    }
  }
  times.shift() // the first one opens the connection
  return times.length > 0 ? times.sort((a, b) => a - b)[Math.floor(times.length / 2)] : null
}

/**
 * @param {number | null} ms
 * @returns {{state: 'ok' | 'weak' | 'bad', words: string}}
 */
export function networkWords(ms) {
  if (ms === null) return { state: 'bad', words: '连不上，请检查网络后再试' }
  if (ms < 250) return { state: 'ok', words: '网络良好' }
  if (ms < 800) return { state: 'weak', words: '网络一般，画面可能不清楚' }
  return { state: 'weak', words: '网络较慢，建议只用语音' }
}
