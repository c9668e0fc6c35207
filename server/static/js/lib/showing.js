/**
 * What an agent has open on the citizen's page, by the conversation's log. Pure; both pages read it alike,
 * and the service does the same (`video/showing.py`).
 */

/**
 * @typedef {object} Shown
 * @property {number} show the number of the event that began it
 * @property {'picture' | 'file' | 'lines'} form
 * @property {string} name
 * @property {string} from what it was taken from, empty for a file
 * @property {string} fileId empty for an element of a guide
 * @property {number} size of the file in bytes
 * @property {string[]} lines of the element
 */

/**
 * What is open after an event.
 *
 * @param {Shown | null} shown
 * @param {{sequence: number, kind: string, body: Record<string, any>}} event
 * @returns {Shown | null}
 */
export function shownAfter(shown, { sequence, kind, body }) {
  if (kind === 'show') return shownBy(sequence, body)
  if (kind === 'holder' || (kind === 'show_ended' && body.show === shown?.show)) return null
  return shown
}

/** What people call it. @param {Record<string, any>} body of an event `show` */
export function shownName({ name, title = '', label = '' }) {
  return name || [title, label].filter(Boolean).join(' ')
}

function shownBy(show, body) {
  const isFile = body.what === 'file'
  const isPicture = isFile && String(body.media_type).startsWith('image/')
  return {
    show,
    form: isPicture ? 'picture' : isFile ? 'file' : 'lines',
    name: shownName(body),
    from: isFile ? '' : [body.district, body.situation, `办事指南第 ${body.version} 版`].filter(Boolean).join(' · '),
    fileId: isFile ? body.file_id : '',
    size: body.size ?? 0,
    lines: body.lines ?? [],
  }
}
