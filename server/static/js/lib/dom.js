/**
 * Builds elements. Text always goes in as text: nothing here parses markup.
 */

const SVG = 'http://www.w3.org/2000/svg'
const ICONS = new URL('../../icons/icons.svg', import.meta.url).href

/**
 * An element with these attributes and children.
 *
 * An attribute that is `null`, `undefined` or `false` is left out, `true` becomes an empty one, and
 * a function is a listener (`click`, `submit`, …). Children are nodes or text; `null` is skipped.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name, value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

/**
 * A drawing from the icon file, hidden from screen readers: words stand beside it.
 *
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `${ICONS}#${name}`)
  svg.append(use)
  return svg
}

/**
 * Tells the elements above that something was asked for.
 *
 * @param {Element} element
 * @param {string} name
 * @param {unknown} [detail]
 */
export function tell(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }))
}
