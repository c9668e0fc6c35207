/**
 * <bb-message> shows one entry of the timeline: what the citizen said, what was answered, or a line.
 *
 * Accessibility criteria
 * - Who speaks is said in (hidden) words before each message, not by side and colour alone.
 * - A message that failed says so in words, with buttons to send it again or to change it.
 * - Copy and read-aloud are buttons with words; what came of them is announced by the status line.
 * - Times are `time` elements with the full moment.
 *
 * Tells `bb-retry`, `bb-revise` with the client id, `bb-status` with a text, and what its choices and
 * `desk-turns.js` tell.
 */

import { copyText } from '../lib/clipboard.js'
import { icon, make, tell } from '../lib/dom.js'
import { entryText, groupSources, plainText, withoutChoiceLines } from '../lib/replies.js'
import { speech } from '../lib/speech.js'
import { clockTime } from '../lib/time.js'
import { sourceList } from './bb-answer-card.js'
import { richText } from './rich-text.js'

const WORTH_KEEPING = new Set(['answered', 'no_guide', 'safety', 'clarifying'])

export class Message extends HTMLElement {
  #drawn = -1
  #choices = []

  /** Resolves when what is loaded late has its room, or null if nothing is. @type {Promise<void> | null} */
  drawn = null

  /**
   * @param {import('../lib/timeline.js').Entry} entry
   * @param {{open: boolean, picked: string, now: Date, botName: string}} context
   */
  show(entry, { open, picked, now, botName }) {
    if (this.#drawn !== entry.revision) {
      this.#drawn = entry.revision
      this.replaceChildren(...this.#content(entry, now, botName))
    }
    for (const [element, choices] of this.#choices) element.show({ choices, open, picked })
  }

  #content(entry, now, botName) {
    if (entry.kind === 'line') return [make('p', { class: 'line' }, richText(entry.text))]
    if (entry.kind === 'citizen') return citizenContent(this, entry, now)
    if (entry.kind === 'bot') return this.#botContent(entry, now, botName)
    return this.#deskContent(entry, now)
  }

  /** Most conversations never have one of these, so what draws them is loaded when it is needed. */
  #deskContent(entry, now) {
    const place = make('div', {})
    this.drawn = import('./desk-turns.js').then(
      ({ deskContent }) => place.replaceChildren(...deskContent(this, entry)),
      () => place.replaceChildren(make('p', { class: 'bubble' }, entryText(entry))),
    )
    return [place, make('div', { class: 'turn__meta' }, time(entry, now))]
  }

  #botContent(entry, now, botName) {
    this.#choices = []
    const parts = entry.messages.flatMap((message) => {
      const choices = message.choices?.length > 0 ? document.createElement('bb-choices') : null
      if (choices) this.#choices.push([choices, message.choices])
      return choices ? [spoken(message, entry), choices] : [spoken(message, entry)]
    })
    return [speaker(`${botName}答`), ...parts, this.#meta(entry, now)]
  }

  #meta(entry, now) {
    const meta = make('div', { class: 'turn__meta' }, time(entry, now))
    if (!WORTH_KEEPING.has(entry.status)) return meta
    const text = plainText(entry.messages)
    meta.append(this.#copyButton(text))
    if (speech.available) meta.append(this.#readButton(text))
    return meta
  }

  #copyButton(text) {
    const copy = async () => {
      const copied = await copyText(text)
      tell(this, 'bb-status', copied ? '已复制这条答复' : '没能复制，请长按文字自己选取')
    }
    return make('button', { type: 'button', class: 'action', click: copy }, icon('copy'), '复制')
  }

  #readButton(text) {
    const label = make('span', {}, '朗读')
    let reading = false
    const show = (now) => {
      reading = now
      label.textContent = now ? '停止' : '朗读'
      button.querySelector('.icon')?.replaceWith(icon(now ? 'stop' : 'speak'))
    }
    const toggle = () => {
      if (reading) {
        speech.stop()
        return
      }
      speech.read(text, () => show(false))
      show(true)
    }
    const button = make('button', { type: 'button', class: 'action', click: toggle }, icon('speak'), label)
    return button
  }
}

function citizenContent(element, { text, voice, state, problem, clientId, ...entry }, now) {
  const bubble = make('p', { class: 'bubble' }, text)
  if (voice) {
    // Few citizens speak; who does reads what was understood even if the player can't be loaded.
    import('./own-voice.js').then(({ ownVoice }) => bubble.after(ownVoice(element, voice)), () => {})
  }
  if (state !== 'failed') {
    const note = state === 'sending' ? make('span', { class: 'turn__sending' }, '发送中…') : null
    return [speaker('您说'), bubble, make('div', { class: 'turn__meta' }, note, time(entry, now))]
  }
  const button = (label, event) =>
    make('button', { type: 'button', class: 'action', click: () => tell(element, event, clientId) }, label)
  return [
    speaker('您说'),
    bubble,
    make(
      'div',
      { class: 'turn__problem' },
      make('p', {}, icon('warning'), `没有发出去：${problem.text}`),
      problem.retryable ? button('重新发送', 'bb-retry') : null,
      button('修改', 'bb-revise'),
    ),
  ]
}

/** One message of the bot: a card when it has facts, else a bubble. */
function spoken(message, { status }) {
  if (message.statements?.length > 0) {
    const card = document.createElement('bb-answer-card')
    card.show({ ...message, sources: message.sources ?? [] })
    return card
  }
  const text = withoutChoiceLines(message.text, message.choices ?? [])
  const kind = status === 'safety' ? ' bubble--safety' : message.type === 'notice' ? ' bubble--notice' : ''
  return make(
    'div',
    { class: `bubble${kind}` },
    message.title ? make('h3', { class: 'bubble__title' }, message.title) : null,
    make('p', { class: 'text' }, richText(text, { danger: status === 'safety' })),
    sourceList(groupSources(message.sources ?? [])),
  )
}

/** @param {string} says */
const speaker = (says) => make('span', { class: 'visually-hidden' }, `${says}：`)

/** @param {{at: Date}} entry @param {Date} now */
const time = ({ at }, now) => make('time', { datetime: at.toISOString() }, clockTime(at, now))

customElements.define('bb-message', Message)
