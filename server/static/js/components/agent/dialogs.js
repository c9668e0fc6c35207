/**
 * What opens over the desk: closing with a summary, transferring, the list of shortcuts.
 *
 * Accessibility criteria
 * - Native modal `dialog`s named by their heading: focus stays inside, Escape closes, focus returns.
 * - What went wrong is said inside; the text that was written stays.
 */

import { icon, make } from '../../lib/dom.js'
import { SHORTCUTS } from '../../lib/shortcuts.js'

/**
 * @param {string} title
 * @param {(Node | string)[]} content
 * @param {string} [style]
 * @returns {{dialog: HTMLDialogElement, say: (problem: string) => void}}
 */
export function openDialog(title, content, style = '') {
  const problem = make('p', { class: 'dialog__problem', role: 'alert' })
  const dialog = make(
    'dialog',
    { class: `dialog ${style}`, 'aria-labelledby': 'desk-dialog-title' },
    make(
      'button',
      { type: 'button', class: 'dialog__close', 'aria-label': '关闭', click: () => dialog.close() },
      icon('close'),
    ),
    make('h2', { class: 'dialog__title', id: 'desk-dialog-title' }, title),
    ...content,
    problem,
  )
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  const say = (text) => {
    problem.textContent = text
  }
  return { dialog, say }
}

/** A form in a dialog that stays open until `act` has gone through. */
export function formDialog({ title, fields, yes, act, style }) {
  const submit = make('button', { class: 'button' }, yes)
  const form = make(
    'form',
    {},
    ...fields,
    make(
      'div',
      { class: 'dialog__actions' },
      make('button', { type: 'button', class: 'button button--quiet', click: () => dialog.close() }, '返回'),
      submit,
    ),
  )
  const { dialog, say } = openDialog(title, [form], style)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (submit.getAttribute('aria-disabled')) return
    submit.setAttribute('aria-disabled', 'true')
    const problem = await act()
    submit.removeAttribute('aria-disabled')
    say(problem)
    if (!problem) dialog.close()
  })
  return dialog
}

/**
 * Closing a conversation. The draft may come late, and may be written over.
 *
 * @param {{draft: Promise<string>, close: (summary: string) => Promise<string>}} parts `close` gives back what
 *   went wrong, or nothing
 */
export function openClosing({ draft, close }) {
  const text = make('textarea', {
    class: 'field summary__text',
    id: 'summary-text',
    rows: '9',
    maxlength: '2000',
  })
  text.placeholder = '正在按指南、材料和答复起草…'
  const dialog = formDialog({
    title: '办结，发送小结',
    style: 'dialog--wide',
    fields: [
      make('p', {}, '小结会发给对方，可以修改。办结后由机器人接着答。'),
      make('label', { class: 'label', for: 'summary-text' }, '小结'),
      text,
    ],
    yes: '办结并发送',
    act: () => close(text.value.trim()),
  })
  text.focus()
  draft.then(
    (drafted) => {
      text.placeholder = ''
      if (!text.value) text.value = drafted
    },
    () => (text.placeholder = '没能起草，请自己写几句。'),
  )
  return dialog
}

/** @param {{agents: string[], transfer: (to: Record<string, unknown>) => Promise<string>}} parts */
export function openTransfer({ agents, transfer }) {
  const field = (id, label, attributes = {}) => [
    make('label', { class: 'label', for: id }, label),
    make('input', { class: 'field', id, autocomplete: 'off', maxlength: '60', ...attributes }),
  ]
  const toAgent = make('div', {}, ...field('to-agent', '坐席账号', { list: 'to-agents', autofocus: true }))
  toAgent.append(
    make('datalist', { id: 'to-agents' }, ...agents.map((name) => make('option', { value: name }))),
  )
  const toGroup = make(
    'div',
    { hidden: true },
    ...field('to-department', '部门'),
    ...field('to-district', '区县'),
    ...field('to-language', '语言'),
  )
  const choose = (group) => {
    toAgent.hidden = group
    toGroup.hidden = !group
  }
  const radio = (label, group) =>
    make(
      'label',
      { class: 'grade' },
      make('input', { type: 'radio', name: 'to', checked: !group, change: () => choose(group) }),
      label,
    )
  const value = (id) => document.getElementById(id).value.trim()
  return formDialog({
    title: '转接',
    fields: [
      make('p', {}, '对方回到队首，由接手的人继续，聊天记录都在。'),
      make(
        'fieldset',
        { class: 'grades' },
        make('legend', { class: 'visually-hidden' }, '转给谁'),
        radio('一位坐席', false),
        radio('一组坐席', true),
      ),
      toAgent,
      toGroup,
    ],
    yes: '转接',
    act: () => {
      if (!toAgent.hidden)
        return value('to-agent') ? transfer({ to_agent: value('to-agent') }) : '请填写坐席账号。'
      const skills = Object.fromEntries(
        ['department', 'district', 'language']
          .map((name) => [name, value(`to-${name}`)])
          .filter(([, words]) => words),
      )
      return Object.keys(skills).length > 0 ? transfer({ skills }) : '请至少填写一项。'
    },
  })
}

export function openHelp() {
  const rows = SHORTCUTS.map(({ key, words }) =>
    make(
      'div',
      {},
      make('dt', {}, make('kbd', {}, 'Alt'), ' + ', make('kbd', {}, key)),
      make('dd', {}, words),
    ),
  )
  const help = make('div', {}, make('dt', {}, make('kbd', {}, '?')), make('dd', {}, '显示这张表'))
  openDialog('快捷键', [make('dl', { class: 'shortcuts' }, ...rows, help)], 'dialog--wide')
}

/** @param {{text: string, finish: (outcome: string) => Promise<string>}} parts what it is about, and the act */
export function openOutcome({ text, finish }) {
  const outcome = make('textarea', { class: 'field', id: 'outcome-text', rows: '4', maxlength: '1000' })
  formDialog({
    title: '处理完毕',
    fields: [
      make('p', {}, text),
      make('label', { class: 'label', for: 'outcome-text' }, '怎么处理的、结果如何'),
      outcome,
    ],
    yes: '记为已处理',
    act: () => (outcome.value.trim() ? finish(outcome.value.trim()) : '请写下处理结果。'),
  })
  outcome.focus()
}

/** @param {{whisper: (text: string) => Promise<string>}} parts */
export function openWhisper({ whisper }) {
  const text = make('textarea', { class: 'field', id: 'whisper-text', rows: '3', maxlength: '500' })
  formDialog({
    title: '悄悄话',
    fields: [make('label', { class: 'label', for: 'whisper-text' }, '只有坐席看得到'), text],
    yes: '发给坐席',
    act: () => (text.value.trim() ? whisper(text.value.trim()) : '请写下要说的话。'),
  })
  text.focus()
}
