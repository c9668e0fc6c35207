/**
 * Copies a text; says whether it worked.
 *
 * The clipboard interface exists only over HTTPS, so the old way stays for offices that serve plain
 * HTTP inside their networks.
 *
 * @param {string} text
 * @returns {Promise<boolean>}
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'visually-hidden'
  const around = focused?.closest('dialog') ?? document.body // while a dialog is open, all outside of it is inert
  around.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return copied
}
