/**
 * <bb-desk-transcript> shows the whole conversation to the agent: citizen on the left, bot and agent on the
 * right, notes set apart, and under each answer of the bot how it came to it.
 *
 * Accessibility criteria
 * - It can be scrolled by keyboard (`tabindex`), and is named.
 * - Who speaks is written before each message. Internal notes say 「内部备注」 in words.
 * - New messages are announced by the desk's status line, not by the list itself.
 * - A reader who has scrolled up is left where they read; a button leads to what is new.
 *
 * - A picture is a button that opens it large. In an own conversation each file has 「给对方看」 and 「请市民签名」.
 *
 * Tells `desk-settle` with `{clientId, again}`, `desk-show` with `{file_id}`, `desk-paper` with
 * `{conversationId, kind, id}`: the conversation read here needn't be the one that the desk looks at.
 */

import { lineWords, traceWords } from '../../lib/desk_words.js'
import { icon, make, tell } from '../../lib/dom.js'
import { keyed } from '../../lib/keyed.js'
import { plainText, withoutChoiceLines } from '../../lib/replies.js'
import { heldBack } from '../../lib/standing_words.js'
import { clockTime } from '../../lib/time.js'
import { isVoice } from '../../lib/voices.js'
import '../bb-answer-card.js'
import { richText } from '../rich-text.js'
import { voicePlayer } from './desk-voice.js'

const NEAR_END = 80

export class Transcript extends HTMLElement {
  #list = make('ol', { class: 'log' })
  #later = make('button', { type: 'button', class: 'log__later', hidden: true }, '有新消息 ↓')
  #chat = null
  #drawn = ''
  #length = 0
  #pending = 0
  #follows = true

  connectedCallback() {
    if (this.firstChild) return
    this.setAttribute('tabindex', '0')
    this.setAttribute('role', 'region')
    this.setAttribute('aria-label', '对话记录')
    this.append(this.#list, this.#later)
    this.#later.addEventListener('click', () => this.toEnd())
    this.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    // A call that opens above takes height away; who read the end still does.
    new ResizeObserver(() => this.#follows && this.toEnd()).observe(this)
  }

  /** @param {import('../../lib/desk_chat.js').DeskChat} chat @param {{now: Date, addressOf: (fileId: string) => string}} context */
  show(chat, { now, addressOf }) {
    const isOther = chat !== this.#chat
    if (isOther) this.#list.replaceChildren()
    this.#chat = chat
    const held = heldBack(chat.standing, { now, present: chat.present })
    const drawn = `${chat.lastSequence} ${chat.pending.map((p) => p.clientId + p.state).join()} ${[...held]}`
    if (!isOther && drawn === this.#drawn) return
    this.#drawn = drawn
    const says = chat.pending.length > this.#pending
    this.#pending = chat.pending.length
    const stays = isOther || says || this.#follows
    keyed(this.#list, [...shownOf(chat.events), ...chat.pending], {
      key: (entry) => ('sequence' in entry ? `e${entry.sequence}` : `p${entry.clientId}${entry.state}`),
      make: (entry) =>
        'sequence' in entry ? eventItem(entry, { now, addressOf, conversationId: chat.id }) : this.#pendingItem(entry),
      update: (item, { sequence }) => markHeld(item, held.has(sequence)),
    })
    const grew = this.#list.childElementCount > this.#length
    this.#length = this.#list.childElementCount
    if (stays) this.toEnd()
    else if (grew) this.#later.hidden = false
  }

  toEnd() {
    this.#follows = true
    this.scrollTop = this.scrollHeight
    this.#later.hidden = true
  }

  #scrolled() {
    this.#follows = this.#atEnd()
    if (this.#follows) this.#later.hidden = true
  }

  #atEnd() {
    return this.scrollHeight - this.scrollTop - this.clientHeight < NEAR_END
  }

  #pendingItem({ clientId, text, state, problem }) {
    const button = (label, again) =>
      make(
        'button',
        { type: 'button', class: 'action', click: () => tell(this, 'desk-settle', { clientId, again }) },
        label,
      )
    const foot =
      state === 'failed'
        ? make(
            'div',
            { class: 'entry__problem' },
            icon('warning'),
            `没有发出去：${problem}`,
            button('重新发送', true),
            button('修改', false),
          )
        : make('p', { class: 'entry__meta' }, '发送中…')
    return make(
      'li',
      { class: 'entry entry--agent entry--pending' },
      make('p', { class: 'said' }, text),
      foot,
    )
  }
}

/** Says beside a message that the citizen gets it later. */
function markHeld(item, held) {
  const mark = item.querySelector('.entry__held')
  if (held === Boolean(mark)) return
  if (mark) mark.remove()
  else item.querySelector('.entry__meta')?.append(make('span', { class: 'entry__held' }, '等对方下次说话时送达'))
}

/** Ticking a list makes an event a tick; only where it came to rest is worth a line. */
function shownOf(events) {
  return events.filter(({ kind, body }, position) => {
    if (kind !== 'checklist') return true
    const next = events[position + 1]
    return !(next?.kind === 'checklist' && next.body.guide_id === body.guide_id)
  })
}

function eventItem({ kind, body, at }, { now, addressOf, conversationId }) {
  const detail = (paperKind, id) => ({ conversationId, kind: paperKind, id })
  const moment = make('time', { datetime: at }, clockTime(new Date(at), now))
  switch (kind) {
    case 'citizen_message':
      return entry('citizen', body.spoken ? '市民 · 语音转文字' : '市民', moment, citizenSaid(body, addressOf))
    case 'bot_message':
      return entry('bot', '机器人', moment, ...body.messages.map((message) => botSaid(message)), trace(body))
    case 'agent_message':
      return entry('agent', body.agent || '坐席', moment, make('p', { class: 'said' }, richText(body.text)))
    case 'guide_card':
      return entry('agent', '发出办事指南', moment, card(body))
    case 'summary':
      return entry('agent', '办理小结', moment, make('p', { class: 'said' }, body.text))
    case 'note':
      return entry('note', `内部备注 · ${body.by ?? ''}`, moment, make('p', { class: 'said' }, body.text))
    case 'whisper':
      return entry('note', `班长悄悄话 · ${body.by ?? ''}`, moment, make('p', { class: 'said' }, body.text))
    case 'file':
      if (isVoice(body))
        return entry('citizen', '市民 · 语音', moment, make('div', { class: 'said' }, voicePlayer(body, addressOf(body.file_id))))
      return entry(
        body.by && body.by !== 'citizen' ? 'agent' : 'citizen',
        '文件',
        moment,
        file(body, addressOf(body.file_id), detail('sign-file', body.file_id)),
      )
    case 'form':
      return entry('agent', '表单', moment, paper(lineWords(kind, body), detail(kind, body.form_id)))
    case 'signature':
      return entry('agent', '签名', moment, paper(lineWords(kind, body), detail(kind, body.signature_id)))
    default: {
      const text = lineWords(kind, body)
      return make('li', { class: 'entry entry--line', hidden: !text }, make('p', {}, text, ' ', moment))
    }
  }
}

function entry(side, who, moment, ...content) {
  return make(
    'li',
    { class: `entry entry--${side}` },
    make('p', { class: 'entry__meta' }, make('span', { class: 'entry__who' }, who), moment),
    ...content,
  )
}

/** What was spoken can be read and heard. */
function citizenSaid({ text, voice }, addressOf) {
  if (!voice) return make('p', { class: 'said' }, richText(text))
  return make('div', { class: 'said' }, voicePlayer(voice, addressOf(voice.file_id)), make('p', {}, richText(text)))
}

function botSaid(message) {
  if (message.statements?.length > 0) return card(message)
  const text = withoutChoiceLines(message.text, message.choices ?? [])
  const said = make('div', { class: 'said' }, make('p', {}, richText(text)))
  if (message.choices?.length > 0) {
    said.append(
      make('ul', { class: 'said__choices' }, ...message.choices.map(({ title }) => make('li', {}, title))),
    )
  }
  return said
}

/** A card is long and the agent knows its guide: its name is enough until it is asked for. */
function card(message) {
  const element = document.createElement('bb-answer-card')
  element.show({ text: '', ...message, statements: message.statements ?? [], sources: message.sources ?? [] })
  const labels = (message.statements ?? []).map(({ label }) => label.split(' ').at(-1))
  return make(
    'details',
    { class: 'folded-card' },
    make(
      'summary',
      {},
      make(
        'span',
        { class: 'folded-card__title' },
        message.title || plainText([{ text: message.text ?? '办事指南' }]),
      ),
      make('span', { class: 'folded-card__labels' }, [...new Set(labels)].join('、')),
    ),
    element,
  )
}

function trace(body) {
  const rows = traceWords(body).map(({ label, text }) =>
    make('div', {}, make('dt', {}, label), make('dd', {}, text)),
  )
  return make('details', { class: 'trace' }, make('summary', {}, '怎么理解的'), make('dl', {}, ...rows))
}

/** @param {string} words @param {{conversationId: string, kind: string, id: string}} detail */
function paper(words, detail) {
  return make('p', { class: 'said' }, words, ' ', paperButton('打开', detail))
}

function paperButton(label, detail, style = 'action') {
  const button = make('button', { type: 'button', class: style, click: () => tell(button, 'desk-paper', detail) }, label)
  return button
}

/** A picture is seen at once and large when pressed; everything else is a download. */
function file({ file_id: id, name = '文件', size, media_type: mediaType = '' }, address, signing) {
  const kilobytes = size ? `（${Math.max(1, Math.round(size / 1024))} KB）` : ''
  const show = () => tell(shows, 'desk-show', { file_id: id })
  const shows = make(
    'button',
    { type: 'button', class: 'action show-it', 'aria-label': `给对方看：${name}`, click: show },
    icon('screen'),
    '给对方看',
  )
  return make(
    'div',
    { class: 'said said--file' },
    mediaType.startsWith('image/') ? thumbnail(name, address) : null,
    make('a', { href: address, download: name }, icon('materials'), `${name}${kilobytes}`),
    shows,
    paperButton('请市民签名', signing, 'action show-it'),
  )
}

function thumbnail(name, address) {
  const open = async () => {
    const { openViewer } = await import('../viewer.js')
    openViewer(address, { name })
  }
  return make(
    'button',
    { type: 'button', class: 'said__thumb', 'aria-label': `放大查看：${name}`, click: open },
    make('img', { class: 'said__picture', src: address, alt: '', loading: 'lazy' }),
  )
}

customElements.define('bb-desk-transcript', Transcript)
