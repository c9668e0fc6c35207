/**
 * The tables of the wall and of the reports.
 *
 * Accessibility criteria
 * - Each has a caption and header cells, and can be scrolled by keyboard. A column without a name has one for
 *   who can't see it.
 */

import { make } from '../../lib/dom.js'

/**
 * @param {string} caption
 * @param {string[]} heads
 * @param {(Node | string | number)[][]} rows the first cell of each names it
 * @param {{headed?: boolean}} [how] whether the caption stands above as a heading already
 */
export function table(caption, heads, rows, { headed = false } = {}) {
  const cells = (row) =>
    row.map((cell, place) =>
      make(place ? 'td' : 'th', place ? {} : { scope: 'row' }, cell instanceof Node ? cell : String(cell)),
    )
  const none = make('tr', {}, make('td', { colspan: heads.length, class: 'inbox__empty' }, '没有'))
  const lines = rows.length > 0 ? rows.map((row) => make('tr', {}, ...cells(row))) : [none]
  const head = (words) => make('th', { scope: 'col' }, words || make('span', { class: 'visually-hidden' }, '项目'))
  return make(
    'div',
    { class: 'wall__table', tabindex: '0', role: 'region', 'aria-label': headed ? `${caption}，表格` : caption },
    make(
      'table',
      {},
      make('caption', { class: headed ? 'visually-hidden' : null }, caption),
      make('thead', {}, make('tr', {}, ...heads.map(head))),
      make('tbody', {}, ...lines),
    ),
  )
}
