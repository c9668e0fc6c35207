/**
 * Finds what can be called or opened in a text: telephone numbers and web addresses.
 *
 * Wrongly calling something a number is worse than missing one: house numbers, document numbers and
 * sums must stay text.
 */

/** @typedef {{text: string, href?: string}} Part */

const NUMBERS = [
  '[(（]0\\d{2,3}[)）]\\s?\\d{7,8}', // (0431)12345678
  '0\\d{2,3}[-－—]\\d{7,8}', // 0431-12345678
  '0\\d{2,3}[-－—]12\\d{3}', // 0431-12393, a city's service line
  '400[-－—]?\\d{3}[-－—]?\\d{4}',
  '1[3-9]\\d{9}', // mobile
  '12\\d{3}(?![元号室米平栋层项条件名人个岁])', // 12345, but not a house number or a sum
]
const CALLABLE = pattern(NUMBERS)
const CALLABLE_IN_DANGER = pattern([...NUMBERS, '1(?:10|19|20|22)'])

/** @param {string[]} numbers */
function pattern(numbers) {
  const address = 'https?://[^\\s，。；、！？（）「」【】《》<>"\']+'
  return new RegExp(`${address}|(?<![\\d-])(?:${numbers.join('|')})(?!\\d)`, 'g')
}

/**
 * The text in parts; a part that can be called or opened has `href`.
 *
 * @param {string} text
 * @param {{danger?: boolean}} [options] `danger`: the text may name 110, 119 and 120
 * @returns {Part[]}
 */
export function textParts(text, { danger = false } = {}) {
  const parts = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(danger ? CALLABLE_IN_DANGER : CALLABLE)) {
    if (index > end) parts.push({ text: text.slice(end, index) })
    parts.push({ text: found, href: found.startsWith('http') ? found : `tel:${found.replace(/\D/g, '')}` })
    end = index + found.length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}
