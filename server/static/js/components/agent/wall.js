/**
 * <bb-desk-wall> is the supervisor's view: alarms, the queue, agents, conversations and calls.
 *
 * Accessibility criteria
 * - Each part is a table with a caption and header cells, or a list; numbers that matter are words too.
 * - Alarms stand first, are announced when they are new, and say what to do.
 *
 * Tells `desk-watch` with `{id, how}`: `listen`, `whisper`, `take-over`, or `hear` with a `callId`.
 */

import {
  AGENT_STATES,
  MODES,
  callWords,
  durationWords,
  percent,
  priorityWords,
  waitingLevel,
} from '../../lib/desk_words.js'
import { isCarried } from '../../lib/call_seats.js'
import { waitingOf } from '../../lib/desk_chat.js'
import { make, tell } from '../../lib/dom.js'
import { table } from './table.js'

const LEVELS = { good: '良好', fair: '一般', poor: '较差', none: '收不到' }

export class Wall extends HTMLElement {
  #alarms = make('ul', { class: 'alarms', 'aria-label': '告警' })
  #figures = make('dl', { class: 'figures' })
  #tables = make('div', { class: 'wall__tables' })
  #problem = make('p', { class: 'wall__problem', role: 'alert' })
  #seen = ''

  connectedCallback() {
    if (this.firstChild) return
    this.append(
      make('h1', { class: 'visually-hidden' }, '值班总览'),
      this.#problem,
      make('div', { role: 'status' }, this.#alarms),
      this.#figures,
      this.#tables,
    )
  }

  /** @param {string} text */
  fail(text) {
    this.#problem.textContent = text
  }

  /** @param {Record<string, any>} wall what `GET /api/v1/staff/wall` answers @param {Date} now @param {string} me */
  show(wall, now, me) {
    this.#problem.textContent = ''
    const waiting = (wall.queue?.waiting ?? wall.queue ?? wall.waiting ?? []).map(waitingOf)
    const agents = wall.agents ?? []
    const calls = wall.calls ?? []
    const conversations = wall.conversations ?? []
    this.#drawAlarms(wall.alarms ?? [])
    const longest = Math.max(0, ...waiting.map(({ since }) => (now - since) / 1000))
    this.#drawFigures([
      [
        '等候',
        waiting.length,
        waiting.length ? `最久 ${durationWords(longest)}` : '无人等候',
        waitingLevel(longest),
      ],
      ['在线坐席', agents.filter(({ state }) => state === 'available').length, `共 ${agents.length} 人`],
      ['进行中的对话', conversations.length || sum(agents, 'chats'), ''],
      ['通话', calls.length, ''],
      ['待跟进', wall.follow_ups ?? 0, '留言和差评'],
      errorFigure(wall.estimate_error),
    ])
    // Keeping the tables while nothing changed keeps the focus of whoever reads them.
    const seen = JSON.stringify([waiting, agents, calls, conversations, Math.floor(now / 30_000)])
    if (seen === this.#seen) return
    this.#seen = seen
    this.#tables.replaceChildren(
      queueTable(waiting, now),
      agentTable(agents),
      this.#conversationTable(conversations, now, me),
      this.#callTable(calls, now, me, wall.call_media === 'direct'),
    )
  }

  #drawAlarms(alarms) {
    const texts = alarms.map((alarm) => alarm.text ?? alarm.message ?? String(alarm))
    if (this.#alarms.dataset.seen === texts.join('\n')) return
    this.#alarms.dataset.seen = texts.join('\n')
    this.#alarms.replaceChildren(...texts.map((text) => make('li', {}, text)))
  }

  #drawFigures(figures) {
    this.#figures.replaceChildren(
      ...figures.map(([label, value, more, level]) =>
        make(
          'div',
          { 'data-level': level ?? null },
          make('dt', {}, label),
          make('dd', {}, String(value)),
          make('dd', { class: 'figures__more' }, more),
        ),
      ),
    )
  }

  #callTable(calls, now, me, direct) {
    const listen = (call) =>
      make(
        'button',
        {
          type: 'button',
          class: 'action',
          click: () => tell(this, 'desk-watch', { id: call.conversation_id, how: 'hear', callId: call.call_id }),
        },
        '旁听通话',
      )
    const isHeard = ({ state, mode, agent }) =>
      !direct && agent !== me && mode !== 'text' && isCarried(state)
    return table(
      direct ? '通话（浏览器直连：声音画面不能旁听，也不录制）' : '通话',
      ['坐席', '状态', '时长', '质量', '录制', '操作'],
      calls.map((call) => [
        call.agent ?? '',
        callWords(call.state),
        call.started_at ? durationWords((now - new Date(call.started_at)) / 1000) : '',
        LEVELS[call.quality?.level ?? call.quality] ?? '',
        direct ? '直连' : call.recording ? '录制中' : '',
        isHeard(call) ? listen(call) : '',
      ]),
    )
  }

  #conversationTable(conversations, now, me) {
    const actions = (id) =>
      make(
        'div',
        { class: 'row-actions' },
        ...[
          ['listen', '旁听'],
          ['whisper', '悄悄话'],
          ['take-over', '接管'],
        ].map(([how, label]) =>
          make(
            'button',
            { type: 'button', class: 'action', click: () => tell(this, 'desk-watch', { id, how }) },
            label,
          ),
        ),
      )
    return table(
      '对话',
      ['事项', '坐席', '时长', '操作'],
      conversations.map((raw) => [
        raw.topic || '未说明事项',
        raw.agent ?? '',
        (raw.since ?? raw.taken_at) ? durationWords((now - new Date(raw.since ?? raw.taken_at)) / 1000) : '',
        raw.agent === me ? '自己的' : actions(raw.conversation_id ?? raw.id),
      ]),
    )
  }
}

/** How wrong the waits were that citizens were told in the last day. */
function errorFigure({ count = 0, held = 0, median_absolute: off = 0 } = {}) {
  if (!count) return ['等候预估', '—', '近一天没有样本']
  return ['等候预估', percent(held), `大致准；近一天 ${count} 次，中位误差 ${Math.round(off)} 秒`]
}

function queueTable(waiting, now) {
  return table(
    '等候',
    ['事项', '方式', '区县', '已等', '优先'],
    waiting.map((entry) => [
      entry.topic || '未说明事项',
      MODES[entry.mode] ?? entry.mode,
      entry.district,
      durationWords((now - entry.since) / 1000),
      priorityWords(entry),
    ]),
  )
}

function agentTable(agents) {
  return table(
    '坐席',
    ['姓名', '状态', '对话', '通话'],
    agents.map((agent) => [
      agent.display_name || agent.name,
      AGENT_STATES[agent.state] ?? agent.state,
      `${count(agent.chats)}${agent.max_chats ? ` / ${agent.max_chats}` : ''}`,
      String(count(agent.calls)),
    ]),
  )
}

const count = (value) => (Array.isArray(value) ? value.length : (value ?? 0))
const sum = (agents, name) => agents.reduce((total, agent) => total + count(agent[name]), 0)

customElements.define('bb-desk-wall', Wall)
