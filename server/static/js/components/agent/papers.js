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

/**
 * @param {import('../../lib/desk_session.js').DeskSession} session
 * @param {import('../../lib/desk_chat.js').DeskChat} chat
 * @param {{kind: 'form' | 'signature', id: string} | {kind: 'sign-file', id: string}} wish
 */
export async function openAtDesk(session, chat, wish) {
  const ask = (method, path, body) => session.askOf(chat.id, method, path, body)
  const around = {
    side: 'agent',
    live: session.live,
    ask,
    fetchFile: (id) => session.fileOf(chat.id, id),
    explain: deskProblem,
  }
  if (wish.kind !== 'sign-file') return openPaper(wish, around)
  const asked = await ask('POST', 'signatures', { file_id: wish.id })
  return openPaper({ kind: 'signature', id: asked.signature_id }, around)
}

/** Lets the agent choose a form, and begins it. */
export async function chooseForm(session, chat) {
  await needStyle('papers')
  const { templates } = await session.formTemplates()
  const problem = make('p', { class: 'dialog__problem', role: 'alert' })
  const begin = async (template) => {
    try {
      const form = await session.askOf(chat.id, 'POST', 'forms', { template, prefill: true })
      dialog.close()
      await openAtDesk(session, chat, { kind: 'form', id: form.form_id })
    } catch (error) {
      problem.textContent = deskProblem(error)
    }
  }
  const dialog = make(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'choose-form' },
    make(
      'button',
      { type: 'button', class: 'dialog__close', 'aria-label': '关闭', click: () => dialog.close() },
      '×',
    ),
    make('h2', { class: 'dialog__title', id: 'choose-form' }, '和市民一起填表'),
    make(
      'ul',
      { class: 'paper__choices' },
      ...templates.map(({ id, title, note }) =>
        make(
          'li',
          {},
          make('button', { type: 'button', class: 'paper__choice', click: () => begin(id) }, make('b', {}, title), note),
        ),
      ),
    ),
    problem,
  )
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
