/**
 * What the parts of a citizen's page want of the service, and the papers they want opened: the same for chat
 * and call.
 */

import { explain, NOT_OPENED } from '../lib/errors.js'

/**
 * Serves `bb-ask` (`{method, path, options, told, done}`: `done` gets what went wrong in words, and the answer)
 * and `bb-paper` (`{kind, id}` of a form or a signature).
 *
 * @param {HTMLElement} host with a <bb-status>
 * @param {import('../lib/chat_session.js').ChatSession} session
 */
export function followWishes(host, session) {
  const { hotline } = host.dataset
  const flash = (text, how) => host.querySelector('bb-status').flash(text, how)

  host.addEventListener('bb-ask', async ({ detail: { method, path, options, told, done } }) => {
    let answer
    try {
      answer = await session.ask(method, path, options)
    } catch (error) {
      done(explain(error, { online: navigator.onLine, hotline }))
      return
    }
    if (told) flash(told) // who asked may be gone by now
    done('', answer)
  })

  host.addEventListener('bb-paper', ({ detail }) => {
    // What draws papers is loaded when the first one is opened.
    import('./citizen-papers.js').then(
      ({ openForCitizen }) => openForCitizen(session, hotline, detail),
      () => flash(NOT_OPENED, { trouble: true }),
    )
  })
}
