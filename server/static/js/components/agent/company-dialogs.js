/**
 * What opens over the desk about who else is in a call: inviting, the link for somebody of the citizen's, being
 * invited oneself.
 *
 * Accessibility criteria
 * - Native modal `dialog`s named by their heading: focus stays inside, Escape closes, focus returns.
 * - What went wrong is said inside; an invitation that is closed unanswered can be answered from its notice.
 */

import { isSeated } from '../../lib/call_seats.js'
import { copyText } from '../../lib/clipboard.js'
import { make } from '../../lib/dom.js'
import { formDialog, openDialog } from './dialogs.js'

/**
 * @param {object} parts
 * @param {{name: string, display_name: string, departments: string[], languages: string[]}[]} parts.agents on line
 * @param {(whom: Record<string, string>) => Promise<string>} parts.invite gives back what went wrong, or nothing
 */
export function openInvite({ agents, invite }) {
  const agent = make(
    'select',
    { class: 'field', id: 'guest-agent' },
    ...agents.map((each) => make('option', { value: each.name }, agentWords(each))),
  )
  const toAgent = make(
    'div',
    {},
    make('label', { class: 'label', for: 'guest-agent' }, '在线坐席'),
    agents.length > 0 ? agent : make('p', {}, '现在没有别的坐席在线。'),
  )
  const companion = make('input', { class: 'field', id: 'guest-companion', maxlength: '12', autocomplete: 'off' })
  const toCompanion = make(
    'div',
    { hidden: true },
    make('label', { class: 'label', for: 'guest-companion' }, '怎么称呼，如：女儿、翻译'),
    companion,
    make('p', {}, '会生成一个链接，只能用一次，十分钟内有效。对方看不到聊天记录和文件。'),
  )
  const choose = (group) => {
    toAgent.hidden = group
    toCompanion.hidden = !group
  }
  const radio = (label, group) =>
    make(
      'label',
      { class: 'grade' },
      make('input', { type: 'radio', name: 'guest', checked: !group, change: () => choose(group) }),
      label,
    )
  return formDialog({
    title: '邀请第三方加入通话',
    fields: [
      make('p', {}, '加入前对方要同意录音录像，群众会看到谁加入了通话。'),
      make(
        'fieldset',
        { class: 'grades' },
        make('legend', { class: 'visually-hidden' }, '邀请谁'),
        radio('一位坐席', false),
        radio('群众的同伴', true),
      ),
      toAgent,
      toCompanion,
    ],
    yes: '邀请',
    act: () => {
      if (!toAgent.hidden) return agents.length > 0 ? invite({ agent: agent.value }) : '现在没有别的坐席在线。'
      return companion.value.trim() ? invite({ companion: companion.value.trim() }) : '请填写怎么称呼。'
    },
  })
}

/**
 * Having the third party leave, or taking back the invitation: one press more, since there is no way back.
 *
 * @param {{guest: {name: string, state: string}, remove: () => Promise<string>}} parts `remove` gives back what
 *   went wrong, or nothing
 */
export function openRemoval({ guest, remove }) {
  const { name } = guest
  const isHere = isSeated(guest)
  return formDialog({
    title: isHere ? `请${name}离开？` : `收回对${name}的邀请？`,
    fields: [make('p', {}, isHere ? '通话照常进行。要再加入，需要重新邀请。' : '发出的邀请和链接马上失效。')],
    yes: isHere ? '请对方离开' : '收回邀请',
    act: remove,
  })
}

/** The link, to be passed on. It is shown this once. @param {{name: string, link: string}} parts */
export function openLink({ name, link }) {
  const address = make('input', { class: 'field', id: 'guest-link', value: link, readonly: true })
  const copy = make('button', { type: 'button', class: 'button' }, '复制链接')
  const { dialog, say } = openDialog(`邀请${name}`, [
    make('label', { class: 'label', for: 'guest-link' }, '把链接发给对方，只能用一次，十分钟内有效'),
    address,
    make('div', { class: 'dialog__actions' }, copy),
  ])
  copy.addEventListener('click', async () => {
    address.select()
    if (await copyText(link)) copy.textContent = '已复制'
    else say('没能复制，请按 Ctrl+C。')
  })
  address.focus()
  return dialog
}

/**
 * Another agent asks this one into a call.
 *
 * @param {object} parts
 * @param {{invited_by: string}} parts.invitation
 * @param {string[]} parts.text on recording
 * @param {() => void} parts.come
 * @param {() => void} parts.refuse
 */
export function openInvitation({ invitation, text, come, refuse }) {
  const answer = (act) => () => {
    dialog.close()
    act()
  }
  const { dialog } = openDialog('邀请您加入通话', [
    make('p', {}, `${invitation.invited_by}请您加入正在进行的通话。`),
    ...text.map((paragraph) => make('p', { class: 'invitation__text' }, paragraph)),
    make('p', { class: 'invitation__text' }, '同意录制才能加入。您看不到这位群众的聊天记录，需要时请坐席说明。'),
    make(
      'div',
      { class: 'dialog__actions' },
      make('button', { type: 'button', class: 'button button--quiet', click: answer(refuse) }, '不加入'),
      make('button', { type: 'button', class: 'button', click: answer(come) }, '同意录制并加入'),
    ),
  ])
  return dialog
}

function agentWords({ name, display_name: shown, departments, languages }) {
  const skills = [...departments, ...languages].join('、')
  return skills ? `${shown || name}（${skills}）` : shown || name
}
