/**
 * <bb-message-list> keeps the list of messages equal to the timeline.
 *
 * Accessibility criteria
 * - Messages are items of a list, in the order of the conversation; what is on screen stays where it
 *   is: opened details, focus and selection survive every update.
 * - It is no live region itself: reading whole cards unasked would drown the listener. The status line
 *   announces each reply in short.
 * - Each item can take the focus, so that keyboard and screen reader get to a new message directly.
 * - The typing dots are hidden from screen readers and stand still where less motion is wished.
 */

import { make } from '../lib/dom.js'
import './bb-choices.js'
import './bb-message.js'

const TYPING_AFTER_MS = 350

export class MessageList extends HTMLElement {
  #items = new Map()
  #typing = make(
    'li',
    { class: 'turn turn--bot turn--typing', 'aria-hidden': 'true' },
    make('div', { class: 'bubble typing' }, make('i'), make('i'), make('i')),
  )
  #typingTimer = 0
  #revealed = null

  /**
   * Draws the timeline; what the server wrote into the list is replaced by the first call.
   *
   * @param {import('../lib/timeline.js').Timeline} timeline
   * @param {{now: Date, botName: string}} context
   */
  show(timeline, { now, botName }) {
    const { entries, openOffer } = timeline
    const items = entries.map((entry, position) => {
      const item = this.#item(entry)
      const open = entry === openOffer
      item.firstElementChild.show(entry, { open, picked: pickAfter(entries, position), now, botName })
      return item
    })
    this.#arrange(items)
    this.#showTyping(timeline.awaitsReply)
  }

  /** Resolves when all that is loaded late has been drawn. */
  get drawn() {
    return Promise.all([...this.#items.values()].map((item) => item.firstElementChild.drawn))
  }

  /** Brings an entry into view, its beginning first. @param {import('../lib/timeline.js').Entry} entry */
  reveal(entry, { focus = false } = {}) {
    const item = this.#items.get(entry.key)
    if (!item) return
    if (focus) item.focus({ preventScroll: true })
    this.#revealed = item
    const show = () => this.#revealed.scrollIntoView({ block: 'start' })
    show()
    item.firstElementChild.drawn?.then(show) // of several that are drawn late, in whatever order, the last stays
  }

  #item(entry) {
    const known = this.#items.get(entry.key)
    if (known) return known
    const item = make('li', { class: `turn turn--${sideOf(entry)}`, tabindex: '-1' }, make('bb-message'))
    this.#items.set(entry.key, item)
    return item
  }

  /** Moves as little as possible: an item that is moved loses focus and is announced again. */
  #arrange(items) {
    const list = this.querySelector('.messages')
    const wanted = new Set(items)
    for (const [key, item] of this.#items) if (!wanted.has(item)) this.#items.delete(key)
    for (const child of [...list.children]) if (!wanted.has(child) && child !== this.#typing) child.remove()
    let place = list.firstElementChild
    for (const item of items) {
      if (item === place) place = place.nextElementSibling
      else list.insertBefore(item, place)
    }
  }

  /** Dots only when a reply takes long enough to wonder. */
  #showTyping(awaited) {
    clearTimeout(this.#typingTimer)
    const list = this.querySelector('.messages')
    if (!awaited) this.#typing.remove()
    else if (this.#typing.isConnected) list.append(this.#typing)
    else this.#typingTimer = setTimeout(() => list.append(this.#typing), TYPING_AFTER_MS)
  }
}

/** @param {import('../lib/timeline.js').Entry} entry */
function sideOf({ kind, body }) {
  if (['citizen', 'bot', 'line'].includes(kind)) return kind
  return body.by === 'citizen' ? 'citizen' : 'agent'
}

/** What the citizen said next after this entry. */
function pickAfter(entries, position) {
  return entries.slice(position + 1).find((entry) => entry.kind === 'citizen')?.text ?? ''
}

customElements.define('bb-message-list', MessageList)
