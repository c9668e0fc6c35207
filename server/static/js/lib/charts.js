/**
 * Plots as SVG, made in the page. A plot is a picture for screen readers: its words say what it shows, and
 * the table beside it holds every figure.
 */

const SVG = 'http://www.w3.org/2000/svg'
/** Letters keep their size on a narrow screen: the picture has fewer units across, not smaller ones. */
const WIDE = 640
const NARROW = 340
const HEIGHT = 220
const LEFT = 36
const BOTTOM = 24
const TOP = 12
const ROW = 30
const LABEL = 190
const FIGURE = 110

/**
 * Upright bars side by side, one group for each label.
 *
 * @param {string[]} labels
 * @param {number[][]} series at most two, each a value for each label: told apart by fill and outline, not colour alone
 * @param {{words: string, every?: number}} how `every` how many groups a label stands
 */
export function columns(labels, series, { words, every = 1 }) {
  const top = niceTop(Math.max(0, ...series.flat()))
  const across = unitsAcross()
  const plot = picture(across, HEIGHT, words)
  const height = HEIGHT - BOTTOM - TOP
  const y = (value) => TOP + height * (1 - value / top)
  for (const mark of [0, top / 2, top]) {
    if (!Number.isInteger(mark)) continue
    plot.append(
      shape('line', { class: 'plot__grid', x1: LEFT, x2: across, y1: y(mark), y2: y(mark) }),
      text(String(mark), { class: 'plot__mark', x: LEFT - 6, y: y(mark) + 4, 'text-anchor': 'end' }),
    )
  }
  const group = (across - LEFT) / labels.length
  const each = across === WIDE ? every : every * 2
  const bar = (group * 0.76) / series.length
  labels.forEach((label, place) => {
    const left = LEFT + place * group
    series.forEach((values, number) => {
      const value = values[place]
      if (value <= 0) return
      const x = left + group * 0.12 + number * bar
      plot.append(
        shape('rect', { class: `plot__bar plot__bar--${number}`, x, y: y(value), width: bar, height: y(0) - y(value) }),
      )
    })
    if (place % each === 0)
      plot.append(text(label, { class: 'plot__mark', x: left + group / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }))
  })
  return plot
}

/**
 * Lying bars, one a row, each with its label and figure.
 *
 * @param {[string, number, string?][]} rows label, value, and how the value is written
 * @param {{words: string}} how
 */
export function rows(rows, { words }) {
  const across = unitsAcross()
  const from = across === WIDE ? LABEL : LABEL - 60
  const plot = picture(across, Math.max(1, rows.length) * ROW, words)
  const top = Math.max(...rows.map(([, value]) => value), 1e-9)
  rows.forEach(([label, value, written = String(value)], place) => {
    const middle = place * ROW + ROW / 2
    const width = Math.max(0, value / top) * (across - from - FIGURE)
    plot.append(
      text(shortened(label, across === WIDE ? 11 : 7), { class: 'plot__label', x: from - 10, y: middle + 5, 'text-anchor': 'end' }),
      shape('rect', { class: 'plot__bar plot__bar--0', x: from, y: middle - 9, width: Math.max(width, 1), height: 18 }),
      text(written, { class: 'plot__figure', x: from + width + 8, y: middle + 5 }),
    )
  })
  return plot
}

/** The end of an axis: 1, 2 or 5 times a power of ten, even so that its half is whole. @param {number} most */
function niceTop(most) {
  if (most <= 2) return 2
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [1, 2, 5, 10].find((each) => each * power >= most)
  return Math.max(2, step * power)
}

const unitsAcross = () => (window.matchMedia('(max-width: 48rem)').matches ? NARROW : WIDE)

const shortened = (label, most) => (label.length > most + 1 ? `${label.slice(0, most)}…` : label)

function picture(width, height, words) {
  return shape('svg', { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words })
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  return element
}

function text(content, attributes) {
  const element = shape('text', attributes)
  element.textContent = content
  return element
}
