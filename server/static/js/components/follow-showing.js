/**
 * Has what the agent shows opened on the citizen's page for as long as it is shown. What draws it is loaded
 * when something is shown for the first time.
 */

import { shownAfter } from '../lib/showing.js'

/**
 * @param {HTMLElement} host
 * @param {import('../lib/chat_session.js').ChatSession} session
 * @param {(panel: HTMLElement) => void} put where the panel goes in the page
 */
export function followShowing(host, session, put) {
  let shown = null
  let view = null
  let finger = null // may come before the panel is there
  let isDue = false

  const draw = async () => {
    isDue = false
    if (!shown) return view?.close()
    try {
      const { CitizenShown } = await import('./citizen-shown.js')
      view ??= new CitizenShown(host, session, put)
      if (!shown) return
      view.open(shown)
      if (finger) view.mark(finger)
    } catch {
      // the log's line still tells it
    }
  }
  // A transcript that is read again tells of much that is over by its end.
  const drawSoon = () => {
    if (!isDue) queueMicrotask(draw)
    isDue = true
  }
  session.addEventListener('event', ({ detail }) => {
    const before = shown
    shown = shownAfter(shown, detail)
    if (shown === before) return
    finger = null
    drawSoon()
  })
  session.addEventListener('holding', ({ detail }) => {
    if (detail.holder === 'agent' || !shown) return
    shown = null
    drawSoon()
  })
  session.addEventListener('passing', ({ detail }) => {
    if (detail.type !== 'point' || detail.show !== shown?.show) return
    finger = detail
    view?.mark(detail)
  })
}
