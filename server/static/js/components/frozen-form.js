/**
 * Draws a frozen form exactly as it was frozen, and prints it.
 *
 * Accessibility criteria
 * - Fields and values are a description list under the form's heading.
 * - Everything that is signed is shown: note, values, statement, who finished it and when, and the digest.
 */

import { make } from '../lib/dom.js'

/**
 * @param {string} frozen the text that is signed
 * @param {string} sha256
 * @returns {HTMLElement}
 */
export function frozenForm(frozen, sha256) {
  const form = JSON.parse(frozen)
  return make(
    'section',
    { class: 'frozen' },
    make('h3', { class: 'frozen__title' }, form.title),
    form.note ? make('p', { class: 'frozen__note' }, form.note) : null,
    make(
      'dl',
      { class: 'frozen__fields' },
      ...form.fields.map(({ label, value }) =>
        make('div', {}, make('dt', {}, label), make('dd', {}, value || '（未填）')),
      ),
    ),
    form.statement ? make('p', { class: 'frozen__statement' }, form.statement) : null,
    make(
      'p',
      { class: 'frozen__foot' },
      `定稿：${localTime(form.finished_at)}，${form.finished_by}`,
      make('br'),
      make('span', { class: 'frozen__digest' }, `校验码 SHA-256：${sha256}`),
    ),
  )
}

/** @param {string} written */
export const localTime = (written) => new Date(written).toLocaleString('zh-CN', { hour12: false })

/** Prints these parts on a sheet of their own, and nothing of the page around. @param {...(Node | null)} parts */
export function printSheet(...parts) {
  const kept = parts.filter((part) => part !== null).map((part) => part.cloneNode(true))
  const sheet = make('div', { class: 'print-sheet', 'aria-hidden': 'true' }, ...kept)
  document.body.append(sheet)
  document.documentElement.classList.add('prints-sheet')
  const done = () => {
    document.documentElement.classList.remove('prints-sheet')
    sheet.remove()
  }
  window.addEventListener('afterprint', done, { once: true })
  window.print()
}

/** Whether the text has that digest; `true` where the browser can't tell (plain HTTP). */
export async function hasDigest(data, sha256) {
  if (!window.crypto.subtle) return true
  const digest = new Uint8Array(await window.crypto.subtle.digest('SHA-256', data))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === sha256
}
