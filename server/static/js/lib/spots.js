/**
 * Spots of a picture: `x`, `y` from 0 to 1 of the picture as it is, however it is turned and zoomed. Pure.
 */

/** @typedef {{x: number, y: number}} Spot */

const COLUMNS = ['左', '', '右']
const ROWS = ['上', '', '下']

/** Where somebody points, for who doesn't see it. @param {Spot} spot */
export function spotWords({ x, y }) {
  const third = (share) => Math.min(2, Math.floor(share * 3))
  const column = COLUMNS[third(x)]
  const row = ROWS[third(y)]
  if (column && row) return `${column}${row}角`
  if (column) return `${column}侧中间`
  return row ? `${row}方中间` : '正中间'
}

/** Where the spot is seen in the picture turned clockwise by quarters. @param {Spot} spot @param {number} quarters */
export function turned({ x, y }, quarters) {
  switch (((quarters % 4) + 4) % 4) {
    case 1:
      return { x: 1 - y, y: x }
    case 2:
      return { x: 1 - x, y: 1 - y }
    case 3:
      return { x: y, y: 1 - x }
    default:
      return { x, y }
  }
}

/** Which spot is seen there: the way back from `turned`. @param {Spot} seen @param {number} quarters */
export function unturned(seen, quarters) {
  return turned(seen, -quarters)
}

const STEPS = Object.freeze({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })

/**
 * The spot after an arrow key, which goes the way that the picture is seen; `null` for other keys.
 *
 * @param {Spot | null} spot where none is, the first key finds the middle
 * @param {string} key
 * @param {{quarters?: number, step?: number}} [how]
 * @returns {Spot | null}
 */
export function stepped(spot, key, { quarters = 0, step = 0.02 } = {}) {
  if (!(key in STEPS)) return null
  if (!spot) return { x: 0.5, y: 0.5 }
  const [right, down] = STEPS[key]
  const seen = turned(spot, quarters)
  const within = (share) => Math.min(1, Math.max(0, Number(share.toFixed(4))))
  return unturned({ x: within(seen.x + right * step), y: within(seen.y + down * step) }, quarters)
}
