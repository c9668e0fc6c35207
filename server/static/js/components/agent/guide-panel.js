/**
 * <bb-desk-guide> is what the agent has beside the conversation: the guide it is about, the materials to
 * tick together with the citizen, and the search for another guide.
 *
 * Accessibility criteria
 * - Materials are checkboxes with labels; how many are there is said in words and kept up to date.
 * - 「给对方看」 stands at each element, and is named after it.
 * - Situations are a select; the guide's facts a description list.
 * - Where no guide is linked yet, those that the bot offered are a list of buttons under a sentence.
 * - The search is a form with a label; what it found is announced by its count.
 *
 * Tells `desk-guide` with a guide id (show it), `desk-card` with a guide id (send it), `desk-checklist` with
 * `{chat, ticks: {guide_id, situation, checked}, done}`, `desk-search` with words, `desk-show` with `{guide_id, element, situation}`.
 */

import { guidesIn, keyFacts, moreToShow, offeredIn, situationsOf, tickedIn } from '../../lib/guide_reading.js'
import { icon, make, tell } from '../../lib/dom.js'
import { richText } from '../rich-text.js'

const SAVE_AFTER_MS = 500
const MARKS = { 必要: 'must', 可选: 'may', 容缺: 'later', 免交: 'may' }

export class GuidePanel extends HTMLElement {
  #guide = make('div', { class: 'guide' })
  #found = make('ul', { class: 'found' })
  #count = make('p', { class: 'found__count', role: 'status' })
  #words = make('input', {
    class: 'field',
    id: 'guide-words',
    type: 'search',
    autocomplete: 'off',
    placeholder: '事项名称，如「居住证」',
  })
  #chat = null
  #shown = ''
  #offered = ''
  #record = null
  #situation = 0
  #ticked = new Set()
  #waiting = 0
  /** How often what is ticked was sent and hasn't been answered. */
  #saving = 0

  connectedCallback() {
    if (this.firstChild) return
    const form = make(
      'form',
      { class: 'search', role: 'search' },
      make('label', { class: 'aside__title', for: 'guide-words' }, '查指南'),
      make(
        'div',
        { class: 'search__row' },
        this.#words,
        make('button', { class: 'button button--small button--quiet' }, '查'),
      ),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      tell(this, 'desk-search', this.#words.value.trim())
    })
    this.append(this.#guide, make('section', { class: 'aside__section' }, form, this.#count, this.#found))
  }

  search() {
    this.#words.focus()
    this.#words.select()
  }

  /** Asks for the guide that the conversation is about. @param {import('../../lib/desk_chat.js').DeskChat | null} chat */
  show(chat) {
    if (chat !== this.#chat) {
      if (this.#waiting) this.#save()
      this.#saving = 0
      this.#chat = chat
      this.#shown = ''
      this.#record = null
      this.#guide.replaceChildren(...(chat ? [this.#empty()] : []))
    }
    const [linked] = chat ? guidesIn(chat.events) : []
    if (linked && !this.#shown) this.#ask(linked.guideId)
    else if (this.#record && !this.#waiting && !this.#saving) this.#follow()
    else if (chat && !this.#record) this.#followOffered()
  }

  /** What stands here before a guide does: those that the bot offered, if any. */
  #empty(problem = '') {
    const offered = offeredIn(this.#chat?.events ?? [])
    this.#offered = idsOf(offered)
    const hint = offered.length > 0 ? '机器人给出过这些指南，还没有选定：' : '对话里还没有用到办事指南，可在下面查。'
    const item = ({ guideId, title, district }) => {
      const open = () => tell(this, 'desk-guide', guideId)
      const words = [title, make('small', {}, district)]
      return make('li', { class: 'found__item' }, make('button', { type: 'button', class: 'found__name', click: open }, ...words))
    }
    return make(
      'div',
      {},
      ...[problem, hint].filter(Boolean).map((words) => make('p', { class: 'inbox__empty' }, words)),
      offered.length > 0 ? make('ul', { class: 'found' }, ...offered.map(item)) : null,
    )
  }

  /** Events of a conversation may come after it was opened. */
  #followOffered() {
    if (idsOf(offeredIn(this.#chat.events)) !== this.#offered) this.#guide.replaceChildren(this.#empty())
  }

  #ask(guideId) {
    this.#shown = guideId
    tell(this, 'desk-guide', guideId)
  }

  /** The guide that was asked for can't be had. @param {string} problem */
  fail(problem) {
    if (!this.#record) this.#guide.replaceChildren(this.#empty(`没有取到办事指南：${problem}`))
  }

  /** @param {Record<string, any>} record what `GET /api/v1/guides/{id}` answers */
  showGuide(record) {
    if (this.#waiting) this.#save()
    this.#shown = record.id
    this.#record = record
    const { situation, ticked } = tickedIn(this.#chat?.events ?? [], record.id)
    const place = situationsOf(record.guide).findIndex(({ name }) => name === situation)
    this.#situation = Math.max(0, place)
    this.#ticked = ticked
    this.#draw()
  }

  /** @param {{guides: Record<string, any>[], total: number}} page */
  showFound({ guides, total }) {
    this.#count.textContent =
      total === 0
        ? '没有找到，换个说法试试。'
        : `找到 ${total} 份${total > guides.length ? `，先列 ${guides.length} 份` : ''}`
    this.#found.replaceChildren(
      ...guides.map(({ id, title, district }) =>
        make(
          'li',
          { class: 'found__item' },
          make(
            'button',
            { type: 'button', class: 'found__name', click: () => tell(this, 'desk-guide', id) },
            title,
            make('small', {}, district),
          ),
          make(
            'button',
            {
              type: 'button',
              class: 'action',
              'aria-label': `发送指南卡片：${title}`,
              click: () => tell(this, 'desk-card', id),
            },
            icon('send'),
            '发送',
          ),
        ),
      ),
    )
  }

  /** Another agent's tick, or an earlier one's. */
  #follow() {
    const { ticked } = tickedIn(this.#chat.events, this.#record.id)
    if (ticked.size === this.#ticked.size && [...ticked].every((name) => this.#ticked.has(name))) return
    this.#ticked = ticked
    for (const box of this.#guide.querySelectorAll('input[type=checkbox]'))
      box.checked = ticked.has(box.value)
    this.#drawCount()
  }

  #draw() {
    const { id, title, district, version, guide, url } = { url: this.#record.guide.url, ...this.#record }
    const situations = situationsOf(guide)
    const events = this.#chat?.events ?? []
    const mentioned = new Map([...offeredIn(events), ...guidesIn(events)].map((guide) => [guide.guideId, guide]))
    const others = [...mentioned.values()].filter(({ guideId }) => guideId !== id)
    this.#guide.replaceChildren(
      make('h3', { class: 'guide__title' }, title),
      make(
        'p',
        { class: 'guide__from' },
        [district, version ? `第 ${version} 版` : ''].filter(Boolean).join(' · '),
      ),
      make(
        'button',
        { type: 'button', class: 'button guide__send', click: () => tell(this, 'desk-card', id) },
        icon('send'),
        '发送指南卡片',
      ),
      ...(situations.length > 0 ? [this.#checklist(situations)] : []),
      make(
        'dl',
        { class: 'key-facts' },
        ...keyFacts(guide).map(({ element, label, text }) =>
          make('div', {}, make('dt', {}, label), make('dd', {}, make('span', {}, richText(text)), this.#shows(element, label))),
        ),
      ),
      make('p', { class: 'guide__more' }, ...moreToShow(guide).map(({ element, label }) => this.#shows(element, label, label))),
      ...(url ? [make('p', {}, richText(url))] : []),
      ...(others.length > 0 ? [this.#others(others)] : []),
    )
    this.#drawCount()
  }

  /** Shows the citizen an element of this guide. */
  #shows(element, label, words = '') {
    const situation = () => situationsOf(this.#record.guide)[this.#situation]?.name ?? ''
    const show = () => tell(this, 'desk-show', { guide_id: this.#record.id, element, situation: situation() })
    return make(
      'button',
      {
        type: 'button',
        class: 'action show-it',
        title: '给对方看',
        'aria-label': `给对方看：${label}`,
        click: show,
      },
      icon('screen'),
      words ? `给对方看${words}` : null,
    )
  }

  #others(others) {
    return make(
      'div',
      { class: 'guide__others' },
      make('p', {}, '对话里还提到'),
      ...others
        .slice(0, 4)
        .map(({ guideId, title, district }) =>
          make(
            'button',
            { type: 'button', class: 'action', click: () => tell(this, 'desk-guide', guideId) },
            [title, district].filter(Boolean).join(' · '),
          ),
        ),
    )
  }

  #checklist(situations) {
    const choose = make(
      'select',
      { class: 'field', id: 'situation', change: () => this.#chooseSituation(Number(choose.value)) },
      ...situations.map(({ name }, place) =>
        make('option', { value: place, selected: place === this.#situation }, name || '通用'),
      ),
    )
    const { items } = situations[this.#situation] ?? situations[0]
    return make(
      'section',
      { class: 'checklist', 'aria-label': '材料核对' },
      make('p', { class: 'aside__title' }, '材料核对', make('span', { class: 'checklist__count' }), this.#shows('materials', '材料', '材料')),
      situations.length > 1 ? make('label', { class: 'visually-hidden', for: 'situation' }, '情形') : null,
      situations.length > 1 ? choose : null,
      make('ul', { class: 'checklist__items' }, ...items.map((item) => this.#item(item))),
    )
  }

  #item({ name, details, mark }) {
    const box = make('input', {
      type: 'checkbox',
      value: name,
      checked: this.#ticked.has(name),
      change: () => this.#tick(name, box.checked),
    })
    return make(
      'li',
      {},
      make(
        'label',
        { class: 'tick' },
        box,
        make(
          'span',
          {},
          name,
          ' ',
          mark ? make('span', { class: `mark mark--${MARKS[mark]}` }, mark) : null,
          details ? make('span', { class: 'items__details' }, details) : null,
        ),
      ),
    )
  }

  #chooseSituation(place) {
    this.#situation = place
    this.#draw()
    this.#save()
    this.#guide.querySelector('#situation')?.focus()
  }

  #tick(name, checked) {
    if (checked) this.#ticked.add(name)
    else this.#ticked.delete(name)
    this.#drawCount()
    clearTimeout(this.#waiting)
    this.#waiting = setTimeout(() => this.#save(), SAVE_AFTER_MS)
  }

  #save() {
    clearTimeout(this.#waiting)
    this.#waiting = 0
    const chat = this.#chat
    const situation = situationsOf(this.#record.guide)[this.#situation]
    const checked = situation.items.map(({ name }) => name).filter((name) => this.#ticked.has(name))
    const ticks = { guide_id: this.#record.id, situation: situation.name, checked }
    this.#saving += 1
    const done = () => {
      if (chat === this.#chat) this.#saving = Math.max(0, this.#saving - 1)
    }
    tell(this, 'desk-checklist', { chat, ticks, done })
  }

  #drawCount() {
    const boxes = [...this.#guide.querySelectorAll('input[type=checkbox]')]
    const count = this.#guide.querySelector('.checklist__count')
    if (count) count.textContent = `已齐 ${boxes.filter(({ checked }) => checked).length} / ${boxes.length}`
  }
}

/** @param {{guideId: string}[]} guides */
const idsOf = (guides) => guides.map(({ guideId }) => guideId).join(' ')

customElements.define('bb-desk-guide', GuidePanel)
