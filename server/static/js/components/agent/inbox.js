/**
 * <bb-desk-inbox> lists who waits, and the agent's own conversations.
 *
 * Accessibility criteria
 * - Two lists under headings with their counts; a conversation is one button, the open one `aria-current`.
 * - Channel, mode, priority and long waits are words; colour only repeats them. Unread counts are read as words.
 * - An update moves nothing under the pointer or the focus: items keep their elements.
 *
 * Tells `desk-accept` with a handover id, `desk-look` with a conversation id.
 */

import { CHANNELS, MODES, durationWords, priorityWords, waitingLevel } from '../../lib/desk_words.js'
import { icon, make, tell } from '../../lib/dom.js'
import { keyed } from '../../lib/keyed.js'
import { clockTime } from '../../lib/time.js'

const MODE_ICONS = { text: 'chat', audio: 'phone', video: 'video' }

export class Inbox extends HTMLElement {
  #waiting = make('ol', { class: 'inbox__list' })
  #callbacks = make('ol', { class: 'inbox__list' })
  #later = null
  #own = make('ol', { class: 'inbox__list' })
  #counts = {
    waiting: make('span', { class: 'count' }),
    own: make('span', { class: 'count' }),
    callbacks: make('span', { class: 'count' }),
  }
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
        this.#empty[name] ?? null,
        list,
      )
    this.#later = section('约好回电', 'callbacks', this.#callbacks)
    this.append(section('等候', 'waiting', this.#waiting), section('我的对话', 'own', this.#own), this.#later)
  }

  /**
   * @param {import('../../lib/desk_session.js').DeskSession} session
   * @param {{now: Date, callIn: string}} context `callIn`: the conversation with the call
   */
  show(session, { now, callIn }) {
    const { queue, own, callbacks, currentId, agentState, staff } = session
    this.#later.hidden = callbacks.length === 0
    this.#counts.callbacks.textContent = callbacks.length || ''
    this.#counts.waiting.textContent = queue.length || ''
    this.#counts.own.textContent = own.length || ''
    this.#empty.own.hidden = own.length > 0
    this.#empty.waiting.hidden = queue.length > 0
    this.#empty.waiting.textContent =
      agentState === 'available' ? '没有人在等。' : '没有人在等。切换到「在线」后会收到新的对话。'
    keyed(this.#waiting, queue, {
      key: ({ id }) => id,
      make: (waiting) => this.#waitingItem(waiting),
      update: (item, waiting) => updateWaiting(item, waiting, now, staff.name),
    })
    keyed(this.#callbacks, callbacks, {
      key: ({ id }) => id,
      make: (waiting) => this.#waitingItem(waiting),
      update: (item, waiting) => updateCallback(item, waiting, now),
    })
    keyed(this.#own, own, {
      key: ({ id }) => id,
      make: (chat) => this.#ownItem(chat),
      update: (item, chat) =>
        updateOwn(item, chat, { now, open: chat.id === currentId, calling: chat.id === callIn }),
    })
  }

  #waitingItem({ id, mode, channel, topic, district }) {
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
          CHANNELS[channel] ? make('span', { class: 'channel' }, CHANNELS[channel]) : null,
          make('span', { class: 'fact-chip' }, icon(MODE_ICONS[mode] ?? 'chat'), MODES[mode] ?? mode),
          district ? make('span', {}, district) : null,
          make('span', { class: 'waiting__time' }),
          make('span', { class: 'chip waiting__priority' }),
          make('span', { class: 'chip waiting__for' }),
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
          make('span', { class: 'channel', hidden: true }),
          make('span', { class: 'own__preview' }),
          make('span', { class: 'own__unread' }),
        ),
      ),
    )
  }
}

function updateCallback(item, { due }, now) {
  put(item.querySelector('.waiting__time'), due ? `约 ${clockTime(due, now)}` : '等人上线')
  item.querySelector('.waiting__time').dataset.level = due && due <= now ? 'long' : 'short'
  for (const chip of item.querySelectorAll('.chip')) chip.hidden = true
}

function updateWaiting(item, waiting, now, me) {
  const mine = waiting.forAgent === me ? '转给您' : waiting.offeredTo === me ? '先给您' : ''
  put(item.querySelector('.waiting__for'), mine)
  item.querySelector('.waiting__for').hidden = !mine
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
  put(
    item.querySelector('.own__topic'),
    [chat.facts.topic || '未说明事项', chat.facts.district].filter(Boolean).join(' · '),
  )
  const channel = item.querySelector('.channel')
  put(channel, CHANNELS[chat.facts.channel] ?? '')
  channel.hidden = !channel.textContent
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
