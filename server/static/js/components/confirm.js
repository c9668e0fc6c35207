/**
 * Asks before something that can't be undone.
 *
 * Accessibility criteria
 * - A native modal `dialog`, named by its question: focus stays inside, Escape says no, and the focus
 *   returns to where it was.
 * - The focus begins on the answer that changes nothing.
 */

import { make } from '../lib/dom.js'

/**
 * Whether the citizen says yes.
 *
 * @param {{question: string, meaning: string, yes: string, no: string}} words
 * @returns {Promise<boolean>}
 */
export function confirm({ question, meaning, yes, no }) {
  const dialog = make(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-meaning' },
    make('h2', { class: 'dialog__title', id: 'confirm-title' }, question),
    make('p', { id: 'confirm-meaning' }, meaning),
    make(
      'form',
      { method: 'dialog', class: 'dialog__actions' },
      make('button', { class: 'button button--quiet', value: 'no', autofocus: true }, no),
      make('button', { class: 'button', value: 'yes' }, yes),
    ),
  )
  document.body.append(dialog)
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
  })
}
