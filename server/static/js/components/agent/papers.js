/**
 * Forms and signatures at the desk: which form to begin, and the way from the transcript to the sheet.
 * Loaded when the first one is wanted.
 *
 * Accessibility criteria
 * - The choice of a form is a native modal `dialog` with one button for each form.
 */

import { deskProblem } from '../../lib/desk_words.js'
import { make } from '../../lib/dom.js'
import { needStyle } from '../../lib/styles.js'
import { openPaper } from '../paper-sheet.js'
import { openDialog } from './dialogs.js'

/**
 * Opens a paper, or asks for a file to be signed. In a conversation that the agent doesn't hold it is there to read.
 *
 * @param {import('../../lib/desk_session.js').DeskSession} session
 * @param {{conversationId: string, kind: 'form' | 'signature' | 'sign-file', id: string}} wish
 */
export async function openAtDesk(session, { conversationId, kind, id }) {
  const ask = (method, path, body) => session.askOf(conversationId, method, path, body)
  const around = {
    side: 'agent',
    readOnly: !session.holds(conversationId),
    live: session.live,
    ask,
    fetchFile: (fileId) => session.fileOf(conversationId, fileId),
    explain: deskProblem,
  }
  if (kind !== 'sign-file') return openPaper({ kind, id }, around)
  const asked = await ask('POST', 'signatures', { file_id: id })
  return openPaper({ kind: 'signature', id: asked.signature_id }, around)
}

/** Lets the agent choose a form, and begins it. */
export async function chooseForm(session, chat) {
  await needStyle('papers')
  const { templates } = await session.formTemplates()
  const begin = async (template) => {
    try {
      const form = await session.askOf(chat.id, 'POST', 'forms', { template, prefill: true })
      dialog.close()
      await openAtDesk(session, { conversationId: chat.id, kind: 'form', id: form.form_id })
    } catch (error) {
      say(deskProblem(error))
    }
  }
  const choices = templates.map(({ id, title, note }) =>
    make(
      'li',
      {},
      make('button', { type: 'button', class: 'paper__choice', click: () => begin(id) }, make('b', {}, title), note),
    ),
  )
  const { dialog, say } = openDialog('和市民一起填表', [make('ul', { class: 'paper__choices' }, ...choices)])
}
