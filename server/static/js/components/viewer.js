/**
 * Opens a picture large, to be looked at closely.
 *
 * Accessibility criteria
 * - A native modal `dialog`, named by the picture: focus stays inside and begins on the picture, Escape
 *   closes, and the focus returns to the thumbnail.
 * - Zooming and turning as in <bb-picture>.
 */

import { icon, make } from '../lib/dom.js'
import { needStyle } from '../lib/styles.js'
import './bb-picture.js'

/**
 * @param {string} address
 * @param {{name: string}} of
 */
export async function openViewer(address, { name }) {
  await needStyle('showing')
  const view = document.createElement('bb-picture')
  const dialog = make(
    'dialog',
    { class: 'viewer', 'aria-labelledby': 'viewer-title' },
    make(
      'header',
      { class: 'viewer__header' },
      make('h2', { class: 'viewer__title', id: 'viewer-title' }, name),
      make(
        'button',
        { type: 'button', class: 'viewer__close', click: () => dialog.close() },
        icon('close'),
        make('span', {}, '关闭'),
      ),
    ),
    view,
  )
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  view.open(address, { name })
  view.focus()
}
