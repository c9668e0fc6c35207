/**
 * A citizen's way to the files of the conversation: each is fetched with the conversation's token.
 */

import { make, tell } from '../lib/dom.js'
import { NOT_OPENED } from '../lib/errors.js'

/**
 * A file's bytes, or `null`: what went wrong was told then.
 *
 * @param {HTMLElement} element which tells `bb-ask`, and `bb-status` what went wrong
 * @param {string} id
 * @param {{quietly?: boolean}} [how] `quietly`: nobody pressed anything, so nobody is told
 * @returns {Promise<Blob | null>}
 */
export function fetchFile(element, id, { quietly = false } = {}) {
  return new Promise((resolve) => {
    const done = (problem, blob) => {
      if (problem && !quietly) tell(element, 'bb-status', NOT_OPENED)
      resolve(problem ? null : blob)
    }
    const path = `files/${encodeURIComponent(id)}`
    // A message that isn't in the page yet would tell nobody.
    queueMicrotask(() => tell(element, 'bb-ask', { method: 'GET', path, options: { asBlob: true }, done }))
  })
}

/** As a data address: the page's content policy lets no other picture in that came by script. @param {Blob} blob */
export function dataAddress(blob) {
  const reader = new FileReader()
  return new Promise((resolve, reject) => {
    reader.addEventListener('load', () => resolve(reader.result))
    reader.addEventListener('error', () => reject(reader.error))
    reader.readAsDataURL(blob)
  })
}

/** @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const href = URL.createObjectURL(blob)
  make('a', { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), 60_000)
}
