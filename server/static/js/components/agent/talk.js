/**
 * <bb-desk-talk> is the conversation that is looked at: what it is about, what can be done with it, its
 * transcript, and where to write.
 *
 * Accessibility criteria
 * - The heading names the matter; the actions are buttons with words in a named group.
 * - Tags can be taken off one by one by buttons that say which; a new one is typed and confirmed by Enter.
 * - A conversation that isn't the agent's own says so and offers no writing.
 *
 * Tells `desk-action` with `call`, `form`, `transfer`, `hand-back` or `close`, `desk-tags` with a list of words.
 */

import { CHANNELS, MODES, durationWords } from '../../lib/desk_words.js'
import { icon, make, tell } from '../../lib/dom.js'
import { keyed } from '../../lib/keyed.js'
import './composer.js'
import './transcript.js'

const ACTIONS = [
  ['call', 'video', '视频'],
  ['form', 'materials', '表单'],
  ['transfer', 'process', '转接'],
  ['hand-back', 'retry', '交回机器人'],
]

export class Talk extends HTMLElement {
  #title = make('h2', { class: 'talk__title', tabindex: '-1' })
  #facts = make('p', { class: 'talk__facts' })
  #tags = make('ul', { class: 'tags' })
  #tagInput = make('input', {
    class: 'tags__input',
    'aria-label': '加标签',
    placeholder: '＋标签',
    maxlength: '20',
    autocomplete: 'off',
  })
  #empty = make('div', { class: 'talk__empty' })
  #whole = make('div', { class: 'talk__whole', hidden: true })
  #watching = make('p', { class: 'talk__watching', hidden: true }, '您在旁听：对方看不到您，发言请先接管。')
  #shown = make('div', { class: 'talk__shown' }) // filled by desk-showing.js
  #transcript = document.createElement('bb-desk-transcript')
  #composer = document.createElement('bb-desk-composer')
  #actions = null
  #chat = null

  connectedCallback() {
    if (this.firstChild) return
    const button = (act, picture, label, style) =>
      make(
        'button',
        { type: 'button', class: style, 'data-act': act, click: () => tell(this, 'desk-action', act) },
        icon(picture),
        make('span', {}, label),
      )
    this.#actions = make(
      'div',
      { class: 'talk__actions', role: 'group', 'aria-label': '处理这段对话' },
      ...ACTIONS.map(([act, picture, label]) => button(act, picture, label, 'tool tool--edged')),
      button('close', 'check', '办结', 'button button--small'),
    )
    this.#whole.append(
      make(
        'header',
        { class: 'talk__header' },
        make(
          'div',
          { class: 'talk__what' },
          this.#title,
          this.#facts,
          make('div', { class: 'talk__tags' }, this.#tags, this.#tagInput),
        ),
        this.#actions,
      ),
      this.#watching,
      this.#shown,
      this.#transcript,
      this.#composer,
    )
    this.#empty.append(
      icon('chat'),
      make('p', {}, '从左边选一段对话，或接入等候的人。'),
      make('p', { class: 'talk__hint' }, 'Alt+A 接入排在最前的一位 · 按 ? 看全部快捷键'),
    )
    this.append(this.#empty, this.#whole)
    this.#tagInput.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return
      event.preventDefault()
      const tag = this.#tagInput.value.trim()
      this.#tagInput.value = ''
      if (tag && !this.#chat.tags.includes(tag)) tell(this, 'desk-tags', [...this.#chat.tags, tag])
    })
  }

  get composer() {
    return this.#composer
  }

  /** The focus goes where one reads on. */
  focus() {
    this.#title.focus({ preventScroll: true })
  }

  /**
   * @param {import('../../lib/desk_chat.js').DeskChat | null} chat
   * @param {{now: Date, calling: boolean, own: boolean, addressOf: (fileId: string) => string}} context
   */
  show(chat, { now, calling, own, addressOf }) {
    this.#empty.hidden = Boolean(chat)
    this.#whole.hidden = !chat
    this.#chat = chat
    if (!chat) return
    const { topic, district, mode, language, since, channel } = chat.facts
    put(this.#title, topic || '未说明事项')
    const begun = since ? `已谈 ${durationWords((now - new Date(since)) / 1000)}` : ''
    put(
      this.#facts,
      [CHANNELS[channel], presence(chat), district, MODES[mode] ?? mode, language, begun].filter(Boolean).join(' · '),
    )
    this.#showCallButton(chat, calling)
    this.#actions.hidden = this.#composer.hidden = this.#tagInput.hidden = !own
    this.#watching.hidden = own
    keyed(this.#tags, chat.tags, { key: (tag) => tag, make: (tag) => this.#tag(tag) })
    this.#transcript.show(chat, { now, addressOf })
    this.#composer.show(chat, now)
  }

  /** The citizen may be ringing, or a call may have been left by a reload. */
  #showCallButton({ call }, calling) {
    const button = this.#actions.querySelector('[data-act=call]')
    button.hidden = calling
    const rings = call?.state === 'ringing'
    const words = rings ? `接听${call.mode === 'audio' ? '语音' : '视频'}` : call ? '进入通话' : '视频'
    put(button.lastElementChild, words)
    button.classList.toggle('tool--ringing', Boolean(call))
  }

  #tag(tag) {
    const remove = () => {
      tell(
        this,
        'desk-tags',
        this.#chat.tags.filter((other) => other !== tag),
      )
      this.#tagInput.focus()
    }
    return make(
      'li',
      { class: 'tag' },
      tag,
      make('button', { type: 'button', 'aria-label': `去掉标签 ${tag}`, click: remove }, '×'),
    )
  }
}

/** Who writes in WeChat needn't have a page open. */
function presence({ present, standing }) {
  if (standing) return present ? '对方开着网页' : ''
  return { true: '对方在线', false: '对方已离开页面' }[present] ?? ''
}

/** @param {Element} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text
}

customElements.define('bb-desk-talk', Talk)
