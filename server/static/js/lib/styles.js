/**
 * Fetches a style sheet that most visits don't need.
 */

const FOLDER = new URL('../../css/', import.meta.url)
const asked = new Map()

/**
 * Resolves when the sheet is in effect, or couldn't be had: without it the page is plain, not broken.
 *
 * @param {string} name without its ending
 * @returns {Promise<void>}
 */
export function needStyle(name) {
  if (!asked.has(name)) asked.set(name, attach(new URL(`${name}.css`, FOLDER).href))
  return asked.get(name)
}

function attach(href) {
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve()
  return new Promise((resolve) => {
    const link = document.createElement('link')
    link.rel = 'stylesheet'
    link.href = href
    link.addEventListener('load', () => resolve())
    link.addEventListener('error', () => resolve())
    document.head.append(link)
  })
}
