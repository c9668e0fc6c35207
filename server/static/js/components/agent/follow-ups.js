/**
 * <bb-desk-follow-ups> is what is looked after later: messages that citizens left, bad ratings, what ended
 * with the agent lately, and the conversations and recordings behind them.
 *
 * Accessibility criteria
 * - Each follow-up says in words what it is; its buttons name it. What is looked at is `aria-current`.
 * - Opening a conversation or its recordings moves the focus to the heading; an update moves nothing.
 *
 * Tells `desk-follow-list` with `{done}`, `desk-follow-look` with a conversation id, `desk-follow-done` with a
 * follow-up, `desk-follow-records` with a conversation id.
 */

import { CHANNELS, ENDINGS, FOLLOW_UPS, MODES, recordingWords } from '../../lib/desk_words.js'
import { make, tell } from '../../lib/dom.js'
import { keyed } from '../../lib/keyed.js'
import { reelsOf } from '../../lib/reel.js'
import { clockTime } from '../../lib/time.js'
import './films.js'
import './transcript.js'

export class FollowUps extends HTMLElement {
  #problem = make('p', { class: 'wall__problem', role: 'alert' })
  #done = make('input', { type: 'checkbox', change: () => tell(this, 'desk-follow-list', { done: this.done }) })
  #count = make('span', { class: 'count' })
  #empty = make('p', { class: 'inbox__empty', hidden: true })
  #list = make('ol', { class: 'inbox__list' })
  #ended = make('ol', { class: 'inbox__list' })
  #noneEnded = make('p', { class: 'inbox__empty', hidden: true }, '近 7 天没有在您这里结束的对话。')
  #look = make('form', { class: 'follow__look' })
  #number = make('input', {
    class: 'field',
    id: 'follow-number',
    autocomplete: 'off',
    maxlength: '100',
    spellcheck: 'false',
  })
  #heading = make('h2', { class: 'follow__heading', tabindex: '-1' })
  #ask = make(
    'button',
    { type: 'button', class: 'button button--small', click: () => tell(this, 'desk-follow-records', this.#id) },
    '查看录像',
  )
  #records = make('div', { class: 'follow__records' })
  #transcript = make('bb-desk-transcript')
  #detail = make('section', { class: 'follow__detail', hidden: true })
  #id = ''
  #events = []

  connectedCallback() {
    if (this.firstChild) return
    this.#look.append(
      make('label', { class: 'label', for: 'follow-number' }, '按对话编号查看'),
      make('div', {}, this.#number, make('button', { class: 'button button--small' }, '查看')),
    )
    this.#look.addEventListener('submit', (event) => {
      event.preventDefault()
      const id = this.#number.value.trim()
      if (id) tell(this, 'desk-follow-look', id)
    })
    this.#detail.append(
      make('header', { class: 'follow__header' }, this.#heading, this.#ask),
      this.#records,
      this.#transcript,
    )
    this.append(
      make('h1', { class: 'visually-hidden' }, '跟进'),
      make(
        'section',
        { class: 'follow__list' },
        make(
          'header',
          { class: 'follow__header' },
          make('h2', { class: 'inbox__title' }, '留言和差评', this.#count),
          make('label', { class: 'follow__done' }, this.#done, '看已处理的'),
        ),
        this.#problem,
        this.#empty,
        this.#list,
        make('h2', { class: 'inbox__title follow__title' }, '近期结束的对话'),
        make('p', { class: 'follow__hint' }, '近 7 天在您这里结束的，只能看；每次查看都有记录。'),
        this.#noneEnded,
        this.#ended,
        this.#look,
      ),
      this.#detail,
    )
  }

  /** Whether those that were seen to are asked for. */
  get done() {
    return this.#done.checked
  }

  /** @param {string} text */
  fail(text) {
    this.#problem.textContent = text
  }

  /** @param {Record<string, any>[]} followUps what `GET /api/v1/staff/follow-ups` answers @param {Date} now */
  show(followUps, now) {
    this.fail('')
    this.#count.textContent = followUps.length || ''
    this.#empty.hidden = followUps.length > 0
    this.#empty.textContent = this.done ? '还没有处理过的。' : '没有要跟进的。'
    keyed(this.#list, followUps, {
      key: ({ id, done_at: doneAt }) => `${id} ${doneAt}`,
      make: (followUp) => this.#item(followUp, now),
    })
    this.#mark()
  }

  /** Whether any conversation may be looked up by its number. @param {boolean} all */
  mayLookUp(all) {
    this.#look.hidden = !all
  }

  /** @param {Record<string, any>[]} ended what `GET …/ended-conversations` lists @param {Date} now */
  showEnded(ended, now) {
    this.#noneEnded.hidden = ended.length > 0
    keyed(this.#ended, ended, {
      key: (each) => `${each.conversation_id} ${each.closed_at}`,
      make: (each) => this.#endedItem(each, now),
    })
    this.#mark()
  }

  /**
   * A conversation as it was, for reading only.
   *
   * @param {import('../../lib/desk_chat.js').DeskChat} chat
   * @param {{now: Date, addressOf: (fileId: string) => string}} context
   */
  showChat(chat, context) {
    this.fail('')
    this.#id = chat.id
    this.#events = chat.events
    this.#heading.textContent = chat.facts.topic || '未说明事项'
    this.#records.replaceChildren()
    this.#ask.hidden = false
    this.#detail.hidden = false
    this.#transcript.show(chat, context)
    this.#mark()
    this.#heading.focus()
  }

  /**
   * @param {Record<string, any>[]} recordings what `GET /api/v1/staff/recordings` answers
   * @param {{now: Date, addressOf: (id: string) => string}} context
   */
  showRecordings(recordings, { now, addressOf }) {
    this.#ask.hidden = true
    const calls = reelsOf(recordings).map((reel) => {
      const films = make('bb-desk-films', { class: 'films' })
      films.show(reel, this.#events, { now, addressOf })
      return films
    })
    const isRecording = recordings.some(({ state }) => state === 'recording')
    const word = isRecording ? recordingWords('recording') : calls.length > 0 ? '' : '这段对话没有录像。'
    this.#records.replaceChildren(...calls, ...(word ? [make('p', { class: 'inbox__empty' }, word)] : []))
    this.#heading.focus() // the button that had it is gone
  }

  #endedItem({ conversation_id: id, channel, topic, mode, outcome, closed_at: closedAt }, now) {
    const name = topic || '未说明事项'
    const facts = [clockTime(new Date(closedAt), now), MODES[mode] ?? mode, ENDINGS[outcome] ?? outcome]
    return make(
      'li',
      { class: 'follow', 'data-conversation': id },
      make('p', { class: 'follow__text' }, name),
      make(
        'p',
        { class: 'waiting__facts' },
        CHANNELS[channel] ? make('span', { class: 'channel' }, CHANNELS[channel]) : null,
        ...facts.filter(Boolean).map((fact) => make('span', {}, fact)),
      ),
      make(
        'div',
        { class: 'row-actions' },
        make(
          'button',
          {
            type: 'button',
            class: 'action',
            'aria-label': `看对话：${name}，${facts[0]}`,
            click: () => tell(this, 'desk-follow-look', id),
          },
          '看对话',
        ),
      ),
    )
  }

  #item(followUp, now) {
    const { kind, text, agent, conversation_id: id } = followUp
    const isDone = Boolean(followUp.done_at)
    const what = FOLLOW_UPS[kind] ?? kind
    const at = followUp.created_at ? clockTime(new Date(followUp.created_at), now) : ''
    const button = (words, act) =>
      make(
        'button',
        {
          type: 'button',
          class: 'action',
          'aria-label': `${words}：${what}，${text.slice(0, 30)}`,
          click: act,
        },
        words,
      )
    return make(
      'li',
      { class: 'follow', 'data-conversation': id },
      make('p', { class: 'follow__text' }, text),
      make(
        'p',
        { class: 'waiting__facts' },
        make('span', { class: 'fact-chip' }, what),
        make('span', {}, at),
        agent ? make('span', {}, `坐席 ${agent}`) : null,
      ),
      isDone
        ? make('p', { class: 'follow__outcome' }, `${followUp.done_by} 已处理：${followUp.outcome}`)
        : null,
      !isDone && followUp.may_finish === false
        ? make('p', { class: 'follow__outcome' }, '由主管跟进，您不用处理。')
        : null,
      make(
        'div',
        { class: 'row-actions' },
        button('看对话', () => tell(this, 'desk-follow-look', id)),
        isDone || followUp.may_finish === false
          ? null
          : button('处理', () => tell(this, 'desk-follow-done', followUp)),
      ),
    )
  }

  #mark() {
    for (const item of [...this.#list.children, ...this.#ended.children]) {
      if (item.dataset.conversation === this.#id) item.setAttribute('aria-current', 'true')
      else item.removeAttribute('aria-current')
    }
  }
}

customElements.define('bb-desk-follow-ups', FollowUps)
