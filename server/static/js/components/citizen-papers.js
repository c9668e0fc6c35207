/**
 * The way from an entry of the citizen's talk to its form or signature. Loaded when one is opened.
 */

import { explain } from '../lib/errors.js'
import { openPaper } from './paper-sheet.js'

/**
 * @param {import('../lib/chat_session.js').ChatSession} session
 * @param {string} hotline
 * @param {{kind: 'form' | 'signature', id: string}} paper
 */
export function openForCitizen(session, hotline, paper) {
  return openPaper(paper, {
    side: 'citizen',
    live: session.live,
    ask: (method, path, body) => session.ask(method, path, { body, quietly: true }),
    fetchFile: (id) => session.ask('GET', `files/${encodeURIComponent(id)}`, { asBlob: true }),
    explain: (error) => explain(error, { online: navigator.onLine, hotline }),
  })
}
