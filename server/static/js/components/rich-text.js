/**
 * Draws a text with its telephone numbers and web addresses as links.
 *
 * Accessibility criteria
 * - A link says where it leads: the number or address itself, and that it opens a new window.
 * - Line breaks of the text are kept, by style, so that copying keeps them too.
 */

import { make } from '../lib/dom.js'
import { textParts } from '../lib/text_parts.js'

/**
 * @param {string} text
 * @param {{danger?: boolean}} [options] see `textParts`
 * @returns {DocumentFragment}
 */
export function richText(text, options) {
  const fragment = document.createDocumentFragment()
  fragment.append(
    ...textParts(text, options).map((part) => {
      if (!part.href) return part.text
      if (part.href.startsWith('tel:')) return make('a', { class: 'call', href: part.href }, part.text)
      return newWindowLink(part.href, part.text)
    }),
  )
  return fragment
}

/** @param {string} href @param {string} text */
export function newWindowLink(href, text) {
  const note = make('span', { class: 'visually-hidden' }, '（新窗口打开）')
  return make('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text, note)
}
