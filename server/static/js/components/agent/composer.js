/**
 * <bb-desk-composer> is where the agent writes: to the citizen, or a note for colleagues only.
 *
 * Accessibility criteria
 * - Whether a text goes to the citizen is said by two radio buttons and by the send button's own words, so
 *   that a note is never sent by mistake.
 * - Enter sends, Shift+Enter breaks the line; Enter in an input method does neither.
 * - Canned replies are a list of buttons, filtered by typing; choosing one puts it in to be changed.
 * - A draft belongs to its conversation and is there again when one comes back.
 * - What a channel still lets through is a line of words of its own height, polite when it changes; a warning
 *   has a sign, and colour only repeats it.
 *
 * Tells `desk-say` with `{text, note}`, `desk-files` with the files that were chosen or pasted.
 */

import { icon, make, tell } from '../../lib/dom.js'
import { standingWords } from '../../lib/standing_words.js'

const LONGEST = 2000

export class DeskComposer extends HTMLElement {
  #chat = null
  #canned = []
  #kinds = {}
  #text = null
  #send = null
  #menu = null
  #filter = null
  #list = null
  #standing = make('p', { class: 'reply__standing', role: 'status', 'aria-live': 'polite', hidden: true })

  connectedCallback() {
    if (this.firstChild) return
    this.#text = make('textarea', {
      class: 'reply__text',
      id: 'reply-text',
      rows: '2',
      maxlength: LONGEST,
      autocomplete: 'off',
    })
    this.#send = make('button', { class: 'button reply__send' })
    this.#filter = make('input', {
      class: 'field',
      id: 'canned-filter',
      autocomplete: 'off',
      placeholder: '输入几个字筛选',
    })
    this.#list = make('ul', { class: 'canned__list' })
    this.#menu = make(
      'details',
      { class: 'canned' },
      make('summary', { class: 'tool' }, icon('chat'), make('span', {}, '常用语')),
      make(
        'div',
        { class: 'canned__panel' },
        make('label', { class: 'visually-hidden', for: 'canned-filter' }, '筛选常用语'),
        this.#filter,
        this.#list,
      ),
    )
    const form = make(
      'form',
      { class: 'reply' },
      make(
        'div',
        { class: 'reply__row' },
        make(
          'fieldset',
          { class: 'kinds' },
          make('legend', { class: 'visually-hidden' }, '写给谁'),
          this.#kind('reply', '回复对方'),
          this.#kind('note', '内部备注'),
        ),
        make('div', { class: 'reply__tools' }, this.#files(), this.#menu),
      ),
      this.#standing,
      make(
        'div',
        { class: 'reply__row' },
        make('label', { class: 'visually-hidden', for: 'reply-text' }, '内容'),
        this.#text,
        this.#send,
      ),
    )
    this.append(form)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit()
    })
    this.#text.addEventListener('keydown', (event) => this.#keyDown(event))
    this.#text.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])]
      if (files.length === 0) return
      event.preventDefault()
      tell(this, 'desk-files', files)
    })
    this.#text.addEventListener('input', () => this.#chat && (this.#chat.draft = this.#text.value))
    this.#filter.addEventListener('input', () => this.#drawCanned())
    this.#menu.addEventListener('toggle', () => this.#menu.open && this.#filter.focus())
    this.#menu.addEventListener('keydown', (event) => this.#menuKey(event))
    document.addEventListener(
      'click',
      ({ target }) => !this.#menu.contains(target) && (this.#menu.open = false),
    )
  }

  /** @param {import('../../lib/desk_chat.js').DeskChat} chat @param {Date} now */
  show(chat, now) {
    this.#showStanding(standingWords(chat.standing, { now, present: chat.present }))
    if (chat === this.#chat) return
    this.#chat = chat
    this.#text.value = chat.draft
    this.#choose(chat.drafting)
  }

  /** @param {{title: string, text: string}[]} canned */
  set canned(canned) {
    this.#canned = canned
    this.#drawCanned()
  }

  /** @param {'reply' | 'note'} [kind] */
  write(kind) {
    if (kind) this.#choose(kind)
    this.#text.focus()
  }

  openCanned() {
    this.#menu.open = true
  }

  /** Puts a text in, after what is there already. @param {string} text */
  take(text) {
    const before = this.#text.value.trimEnd()
    this.#text.value = before ? `${before}\n${text}` : text
    if (this.#chat) this.#chat.draft = this.#text.value
    this.write('reply')
  }

  /** It is read out when its words change, so it is written only then. */
  #showStanding(words) {
    this.#standing.hidden = !words
    if (!words || this.#standing.textContent === words.text) return
    const warns = words.level === 'warning'
    this.#standing.classList.toggle('reply__standing--warning', warns)
    this.#standing.replaceChildren(...(warns ? [icon('warning')] : []), make('span', {}, words.text))
  }

  /** A button instead of the browser's own field, whose words nobody chose. */
  #files() {
    const input = make('input', { type: 'file', multiple: true, hidden: true, 'aria-label': '选择文件' })
    input.addEventListener('change', () => {
      tell(this, 'desk-files', [...input.files])
      input.value = ''
    })
    const button = make(
      'button',
      { type: 'button', class: 'tool', click: () => input.click() },
      icon('materials'),
      make('span', {}, '发文件'),
    )
    return make('div', {}, input, button)
  }

  #kind(value, label) {
    const input = make('input', { type: 'radio', name: 'kind', value, change: () => this.#choose(value) })
    this.#kinds[value] = input
    return make('label', { class: 'kinds__kind' }, input, label)
  }

  #choose(kind) {
    this.#kinds[kind].checked = true
    if (this.#chat) this.#chat.drafting = kind
    const note = kind === 'note'
    this.classList.toggle('composer--note', note)
    this.#send.replaceChildren(icon(note ? 'materials' : 'send'), note ? '存备注' : '发送')
    this.#text.placeholder = note ? '只有工作人员看得到' : '回复对方，Enter 发送，Shift+Enter 换行'
  }

  #submit() {
    const text = this.#text.value.trim()
    if (!text) {
      this.#text.focus()
      return
    }
    this.#text.value = ''
    this.#chat.draft = ''
    tell(this, 'desk-say', { text, note: this.#chat.drafting === 'note' })
    this.#choose('reply')
    this.#text.focus()
  }

  #keyDown(event) {
    const picksWord = event.isComposing || event.keyCode === 229
    if (event.key !== 'Enter' || event.shiftKey || picksWord) return
    event.preventDefault()
    this.#submit()
  }

  #menuKey(event) {
    if (event.key === 'Escape') {
      this.#menu.open = false
      this.#text.focus()
    } else if (event.key === 'Enter' && event.target === this.#filter) {
      event.preventDefault()
      this.#list.querySelector('button')?.click()
    }
  }

  #drawCanned() {
    const words = this.#filter.value.trim()
    const found = this.#canned.filter(({ title, text }) => `${title}${text}`.includes(words))
    const choose = (text) => {
      this.#menu.open = false
      this.#filter.value = ''
      this.#drawCanned()
      this.take(text)
    }
    this.#list.replaceChildren(
      ...found.map(({ title, text }) =>
        make(
          'li',
          {},
          make(
            'button',
            { type: 'button', class: 'canned__item', click: () => choose(text) },
            make('b', {}, title),
            make('span', {}, text),
          ),
        ),
      ),
      ...(found.length === 0 ? [make('li', { class: 'inbox__empty' }, '没有合适的常用语。')] : []),
    )
  }
}

customElements.define('bb-desk-composer', DeskComposer)
