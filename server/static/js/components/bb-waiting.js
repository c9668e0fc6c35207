/**
 * <bb-waiting> says how it stands with the person who was asked for: the place in the queue, who is
 * there now, a call that is waiting; and offers another way when nobody comes.
 *
 * Accessibility criteria
 * - A region with a heading; place and wait are a description list, read with their names.
 * - The numbers change silently, so that a listener isn't interrupted every half minute; who comes and
 *   goes is told by the status line, because it is in the log.
 * - An invitation is one big link; no time limit is set, no sound is needed to notice it.
 * - Leaving the queue is asked back, because the place is lost.
 *
 * Tells `bb-ask` with `{method, path, options, told, done(problem, answer)}`, `bb-status` with a text.
 */

import { icon, make, tell } from '../lib/dom.js'
import { nobodyComes } from '../lib/holding.js'
import { needStyle } from '../lib/styles.js'
import { waitWords } from '../lib/waits.js'
import './bb-callback.js'
import './bb-holding-strip.js'
import { confirm } from './confirm.js'

const LEAVE = Object.freeze({
  question: '离开排队？',
  meaning: '离开后位置不保留，再找人工要重新排队。',
  yes: '离开',
  no: '继续等',
})

const FINISH = Object.freeze({
  question: '结束人工服务？',
  meaning: '结束后由帮办继续答复，对话内容还在。',
  yes: '结束',
  no: '继续',
})

const ACCEPTED = 'image/*,.pdf,.doc,.docx,.xls,.xlsx'

await needStyle('person')

export class Waiting extends HTMLElement {
  #drawn = ''
  #parts = {}

  /** @param {import('../lib/holding.js').Holding} holding */
  show(holding) {
    this.hidden = holding.holder === 'bot'
    const drawn = `${holding.holder} ${holding.agent} ${holding.call?.id} ${holding.again}`
    if (drawn !== this.#drawn) {
      this.#drawn = drawn
      this.#parts = {}
      if (holding.holder === 'queue') this.#buildQueue(holding)
      else if (holding.holder === 'agent') this.#buildAgent(holding)
      else this.replaceChildren()
    }
    if (holding.holder === 'queue') this.#fillQueue(holding)
  }

  #buildQueue({ again }) {
    const term = (name, label) => {
      this.#parts[name] = make('dd', { class: 'wait__value' })
      return make('div', { class: 'wait__number' }, make('dt', {}, label), this.#parts[name])
    }
    this.#parts.lead = make('p', { class: 'wait__lead' })
    this.#parts.facts = make('p', { class: 'wait__facts' })
    this.#parts.offers = make(
      'details',
      { class: 'wait__offers more' },
      make('summary', {}, '不想等？预约回电或留言'),
      make('bb-callback'),
    )
    this.replaceChildren(
      make(
        'section',
        { class: 'wait', 'aria-labelledby': 'wait-title', tabindex: '-1' },
        make('h3', { class: 'wait__title', id: 'wait-title' }, again ? '正在为您转接' : '正在排队等工作人员'),
        this.#parts.lead,
        make('dl', { class: 'wait__numbers' }, term('position', '您排在'), term('wait', '预计还要等')),
        this.#parts.facts,
        make('button', { type: 'button', class: 'button button--quiet', click: () => this.#leave() }, '离开排队'),
        this.#parts.offers,
      ),
    )
  }

  #fillQueue(holding) {
    const { position, waitSeconds, agents, open, hours } = holding
    const nobody = agents === 0 || open === false
    this.#parts.position.textContent = position ? `第 ${position} 位` : '—'
    this.#parts.wait.textContent = nobody ? '要等到有人上班' : waitWords(waitSeconds)
    this.#parts.lead.textContent = leadOf(holding)
    this.#parts.lead.classList.toggle('wait__lead--nobody', nobody)
    this.#parts.facts.textContent = [
      agents === null ? '' : `在线工作人员 ${agents} 人`,
      hours ? `服务时间 ${hours}` : '',
      nobody || waitSeconds === null ? '' : '时间按最近的办理情况估算，会更新',
    ]
      .filter(Boolean)
      .join(' · ')
    // Opened once and never closed again: what someone is filling in must not fold away.
    if (nobodyComes(holding)) this.#parts.offers.open = true
  }

  #buildAgent({ agent, call }) {
    const name = agent ? `工作人员 ${agent}` : '工作人员'
    this.replaceChildren(
      make(
        'section',
        { class: 'wait wait--agent', 'aria-labelledby': 'wait-title', tabindex: '-1' },
        make('h3', { class: 'wait__title', id: 'wait-title' }, icon('person'), `${name} 正在为您服务`),
        ...(call ? invitation(call) : [this.#ways()]),
      ),
    )
  }

  /** What may be done with the agent beside writing. */
  #ways() {
    const picker = make('input', { type: 'file', accept: ACCEPTED, hidden: true, change: () => this.#sendFile(picker) })
    const way = (drawing, label, click) =>
      make('button', { type: 'button', class: 'way', click }, icon(drawing), label)
    return make(
      'div',
      { class: 'ways' },
      way('video', '视频通话', () => this.#askForCall('video')),
      way('phone', '语音通话', () => this.#askForCall('audio')),
      way('materials', '发照片或文件', () => picker.click()),
      way('close', '结束人工服务', () => this.#finish()),
      picker,
    )
  }

  async #leave() {
    if (!(await confirm(LEAVE))) return
    const done = (problem) => problem && tell(this, 'bb-status', problem)
    tell(this, 'bb-ask', { method: 'DELETE', path: 'handover', told: '已离开排队', done })
  }

  async #finish() {
    if (!(await confirm(FINISH))) return
    const done = (problem) => problem && tell(this, 'bb-status', problem)
    tell(this, 'bb-ask', { method: 'DELETE', path: 'handover', told: '人工服务已结束', done })
  }

  #askForCall(mode) {
    const done = (problem, answer) => {
      if (problem) tell(this, 'bb-status', problem)
      else if (answer?.call_id) window.location.assign(callAddress(answer.call_id, mode))
    }
    tell(this, 'bb-ask', { method: 'POST', path: 'calls', options: { body: { mode } }, done })
  }

  #sendFile(picker) {
    const [file] = picker.files
    if (!file) return
    const body = new FormData()
    body.append('file', file, file.name)
    picker.value = ''
    tell(this, 'bb-status', `正在发送 ${file.name}…`)
    const done = (problem) => problem && tell(this, 'bb-status', problem)
    tell(this, 'bb-ask', { method: 'POST', path: 'files', options: { body }, told: '已发送', done })
  }
}

function leadOf({ again, agents, open, waitSeconds }) {
  if (open === false) return '现在不在服务时间，没有人能马上接待您。可以预约回电，或者留言。'
  if (agents === 0) return '现在没有工作人员在线。可以预约回电，或者留言。'
  if (nobodyComes({ agents, open, waitSeconds })) return '现在排队的人多，要等比较久。也可以预约回电，或者留言。'
  if (again) return '您的位置已保留，排在最前面。'
  return '您可以先把事情写在下面，工作人员接入就能看到。刷新页面，位置不变。'
}

function invitation({ id, mode, state }) {
  const name = mode === 'audio' ? '语音通话' : '视频通话'
  const isNew = state === 'ringing' || state === 'consenting'
  return [
    make('p', { class: 'wait__lead' }, isNew ? `${name}准备好了。` : `${name}正在进行。`),
    make(
      'a',
      { class: 'button button--call', href: callAddress(id, mode) },
      icon(mode === 'audio' ? 'phone' : 'video'),
      isNew ? `进入${name}` : `回到${name}`,
    ),
    make('p', { class: 'wait__facts' }, '进入后先检查设备，接通前不会打开您的摄像头。'),
  ]
}

/** @param {string} id @param {string} mode */
function callAddress(id, mode) {
  return `/call/${encodeURIComponent(id)}${mode === 'audio' ? '?mode=audio' : ''}`
}

customElements.define('bb-waiting', Waiting)
