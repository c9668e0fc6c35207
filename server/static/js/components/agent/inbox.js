/**
 * <bb-desk-inbox> lists who waits, and the agent's own conversations.
 *
 * Accessibility criteria
 * - Two lists under headings with their counts; a conversation is one button, the open one `aria-current`.
 * - Mode, priority and long waits are words; colour only repeats them. Unread counts are read as words.
 * - An update moves nothing under the pointer or the focus: items keep their elements.
 *
 * Tells `desk-accept` with a handover id, `desk-look` with a conversation id.
 */

import { MODES, durationWords, priorityWords, waitingLevel } from '../../lib/desk_words.js'
import { icon, make, tell } from '../../lib/dom.js'
import { keyed } from '../../lib/keyed.js'
import { clockTime } from '../../lib/time.js'

const MODE_ICONS = { text: 'chat', audio: 'phone', video: 'video' }

export class Inbox extends HTMLElement {
  #waiting = make('ol', { class: 'inbox__list' })
  #own = make('ol', { class: 'inbox__list' })
  #counts = { waiting: make('span', { class: 'count' }), own: make('span', { class: 'count' }) }
  #empty = {
    waiting: make('p', { class: 'inbox__empty' }),
    own: make('p', { class: 'inbox__empty' }, '还没有接入的对话。'),
  }

  connectedCallback() {
    if (this.firstChild) return
    const section = (title, name, list) =>
      make(
        'section',
        { class: 'inbox__section' },
        make('h2', { class: 'inbox__title' }, title, this.#counts[name]),
        this.#empty[name],
        list,
      )
    this.append(section('等候', 'waiting', this.#waiting), section('我的对话', 'own', this.#own))
  }

  /**
   * @param {import('../../lib/desk_session.js').DeskSession} session
   * @param {{now: Date, callIn: string}} context `callIn`: the conversation with the call
   */
  show(session, { now, callIn }) {
    const { queue, own, currentId, agentState } = session
    this.#counts.waiting.textContent = queue.length || ''
    this.#counts.own.textContent = own.length || ''
    this.#empty.own.hidden = own.length > 0
    this.#empty.waiting.hidden = queue.length > 0
    this.#empty.waiting.textContent =
      agentState === 'available' ? '没有人在等。' : '没有人在等。切换到「在线」后会收到新的对话。'
    keyed(this.#waiting, queue, {
      key: ({ id }) => id,
      make: (waiting) => this.#waitingItem(waiting),
      update: (item, waiting) => updateWaiting(item, waiting, now),
    })
    keyed(this.#own, own, {
      key: ({ id }) => id,
      make: (chat) => this.#ownItem(chat),
      update: (item, chat) => updateOwn(item, chat, { now, open: chat.id === currentId, calling: chat.id === callIn }),
    })
  }

  #waitingItem({ id, mode, topic, district, forAgent }) {
    const accept = make('button', { type: 'button', class: 'button button--small' }, '接入')
    accept.addEventListener('click', () => tell(this, 'desk-accept', id))
    accept.setAttribute('aria-label', `接入：${topic || '未说明事项'}`)
    return make(
      'li',
      { class: 'waiting' },
      make(
        'div',
        { class: 'waiting__what' },
        make('p', { class: 'waiting__topic' }, topic || '未说明事项'),
        make(
          'p',
          { class: 'waiting__facts' },
          make('span', { class: 'fact-chip' }, icon(MODE_ICONS[mode] ?? 'chat'), MODES[mode] ?? mode),
          district ? make('span', {}, district) : null,
          make('span', { class: 'waiting__time' }),
          make('span', { class: 'chip waiting__priority' }),
          forAgent ? make('span', { class: 'chip' }, '转给您') : null,
        ),
      ),
      accept,
    )
  }

  #ownItem({ id }) {
    return make(
      'li',
      {},
      make(
        'button',
        { type: 'button', class: 'own', click: () => tell(this, 'desk-look', id) },
        make(
          'span',
          { class: 'own__head' },
          make('span', { class: 'own__topic' }),
          make('span', { class: 'own__time' }),
        ),
        make(
          'span',
          { class: 'own__foot' },
          make('span', { class: 'own__preview' }),
          make('span', { class: 'own__unread' }),
        ),
      ),
    )
  }
}

function updateWaiting(item, waiting, now) {
  const seconds = (now - waiting.since) / 1000
  const time = item.querySelector('.waiting__time')
  put(time, `已等 ${durationWords(seconds)}`)
  time.dataset.level = waitingLevel(seconds)
  const priority = item.querySelector('.waiting__priority')
  put(priority, priorityWords(waiting))
  priority.hidden = !priority.textContent
}

function updateOwn(item, chat, { now, open, calling }) {
  const button = item.firstElementChild
  if (open) button.setAttribute('aria-current', 'true')
  else button.removeAttribute('aria-current')
  button.classList.toggle('own--news', chat.unread > 0)
  put(item.querySelector('.own__topic'), [chat.facts.topic || '未说明事项', chat.facts.district].filter(Boolean).join(' · '))
  put(item.querySelector('.own__time'), chat.lastAt ? clockTime(chat.lastAt, now) : '')
  put(item.querySelector('.own__preview'), calling ? '通话中' : chat.preview)
  item.querySelector('.own__preview').classList.toggle('own__preview--call', calling)
  const unread = item.querySelector('.own__unread')
  unread.hidden = chat.unread === 0
  if (unread.dataset.count !== String(chat.unread)) {
    unread.dataset.count = String(chat.unread)
    unread.replaceChildren(String(chat.unread), make('span', { class: 'visually-hidden' }, ' 条未读'))
  }
}

/** Text that stays the same isn't touched. @param {Element} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text
}

customElements.define('bb-desk-inbox', Inbox)
