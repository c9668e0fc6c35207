/**
 * <bb-chat> is the whole conversation: it connects what the citizen does with the session, and shows
 * what comes of it. The page inside it works as plain forms until this element takes them over.
 *
 * Accessibility criteria
 * - What changes is announced once, by the one status line.
 * - After a choice, whose button is gone, the focus moves to the citizen's own message; after typing on a
 *   keyboard it stays in the field; on a touch screen the keyboard makes room for the answer.
 * - A new answer is shown from its beginning; the page is never scrolled under a reader otherwise.
 * - Nothing works by pointer, hover or colour alone, and no time limit is set.
 */

import { ConversationApi } from '../lib/api.js'
import { ChatSession } from '../lib/chat_session.js'
import { explain } from '../lib/errors.js'
import { Memory } from '../lib/memory.js'
import { preferences } from '../lib/preferences.js'
import { entryText } from '../lib/replies.js'
import { SeenTeller } from '../lib/seen_teller.js'
import { speech } from '../lib/speech.js'
import './bb-answer-card.js'
import './bb-composer.js'
import './bb-handover.js'
import './bb-message-list.js'
import './bb-rating.js'
import './bb-status.js'
import './bb-toolbar.js'
import { confirm } from './confirm.js'
import { followShowing } from './follow-showing.js'
import { followWishes } from './follow-wishes.js'

const RATABLE = new Set(['answered', 'no_guide', 'waiting_for_agent', 'with_agent'])
const ANNOUNCED_CHARACTERS = 200

/** The end of an address that leads to a person by video. */
const WANTS_VIDEO = '#video'

const CONNECTION = Object.freeze({
  lost: '连接中断，正在重新连接…您写的内容会保留。',
  offline: '网络已断开。您写的内容会保留，接通后自动继续。',
})

const RESTART = Object.freeze({
  question: '清空并重新开始？',
  meaning: '屏幕上的对话会清空，需要的内容请先复制。',
  yes: '清空',
  no: '返回',
})

export class Chat extends HTMLElement {
  #session = null
  #list = null
  #status = null
  #seen = null
  #trouble = { connection: '', sending: '' }

  connectedCallback() {
    if (this.#session) return
    const { conversation: id, token, hotline } = this.dataset
    this.#list = this.querySelector('bb-message-list')
    this.#status = this.querySelector('bb-status')
    this.#session = new ChatSession({
      api: new ConversationApi(),
      memory: new Memory('sessionStorage'),
      given: id && token ? { id, token } : null,
      hotline,
    })
    this.#seen = new SeenTeller(this.#session.live)
    this.#listenToCitizen()
    this.#listenToSession()
    followWishes(this, this.#session)
    followShowing(this, this.#session, (panel) => this.querySelector('.dock').prepend(panel))
    this.#open()
  }

  async #open() {
    await this.#session.open()
    const last = this.#session.timeline.lastReply
    if (last) this.#list.reveal(last.question ?? last)
    if (window.location.hash === WANTS_VIDEO) await this.#offerVideo()
  }

  /** Who came for a person by video is one tap away; who waits, or talks to one already, sees that. */
  async #offerVideo() {
    window.history.replaceState(null, '', window.location.pathname + window.location.search) // not on a reload
    if (this.#session.holding.holder === 'bot') return this.#openHandover('video')
    await this.#showHolding()
    this.querySelector('bb-waiting').scrollIntoView({ block: 'center' })
  }

  #listenToCitizen() {
    const listen = (type, listener) => this.addEventListener(type, (event) => listener(event.detail, event))
    listen('bb-say', ({ text, shown, byTouch }) =>
      this.#say(text, { shown, byTouch, picked: shown !== undefined }),
    )
    listen('bb-retry', (clientId) => this.#session.retry(clientId))
    listen('bb-revise', (clientId) => {
      this.querySelector('bb-composer').take(this.#session.withdraw(clientId))
    })
    listen('bb-status', (text) => this.#status.flash(text))
    listen('bb-wish', (wish) => this.#handOver(wish))
    listen('bb-rate', (rating) => this.#rate(rating))
    this.addEventListener('submit', (event) => this.#takeOver(event))
  }

  #listenToSession() {
    const listen = (type, listener) => this.#session.addEventListener(type, ({ detail }) => listener(detail))
    listen('change', () => this.#draw())
    listen('holding', () => this.#showHolding())
    listen('reply', (entry) => this.#tellReply(entry))
    listen('connection', (state) => this.#showTrouble({ connection: CONNECTION[state] ?? '' }))
    listen('waiting', (ms) => {
      this.#showTrouble({ sending: ms ? `还没有发出去，${Math.ceil(ms / 1000)} 秒后自动重试…` : '' })
    })
    listen('failed', (problem) => this.#status.announce(`没有发出去：${problem}`))
    listen('expired', () => this.#status.flash('上一段对话已过期，已为您开始新的对话。'))
  }

  /** Without a connection nothing else matters. @param {{connection?: string, sending?: string}} news */
  #showTrouble(news) {
    Object.assign(this.#trouble, news)
    this.#status.stand(this.#trouble.connection || this.#trouble.sending)
  }

  #say(text, { shown, byTouch = false, picked = false }) {
    speech.stop()
    const entry = this.#session.say(text, shown)
    this.#list.reveal(entry, { focus: picked || byTouch })
  }

  #draw() {
    const { timeline } = this.#session
    this.#list.show(timeline, { now: new Date(), botName: this.dataset.botName })
    const last = timeline.lastReply
    const served = timeline.entries.some((entry) => entry.kind === 'agent' || entry.kind === 'summary')
    this.querySelector('bb-rating').hidden = !(served || (last && RATABLE.has(last.status)))
    this.classList.toggle('chat--begun', timeline.entries.length > 0)
    this.#seen.shows(timeline.lastSequence, this.#list.drawn)
  }

  #tellReply(entry) {
    this.#draw()
    const text = entryText(entry)
    const long = text.length > ANNOUNCED_CHARACTERS
    this.#status.announce(long ? `${text.slice(0, ANNOUNCED_CHARACTERS)}……全文在对话中` : text)
    if (preferences.get('speak') === 'on') speech.read(text)
    if (entry.question) this.#list.reveal(entry.question)
    else if (entry.body) this.#list.reveal(entry)
  }

  /** Shows who has the conversation. What draws it is loaded when someone else than the bot has it. */
  async #showHolding() {
    const held = this.#session.holding.holder !== 'bot'
    this.classList.toggle('chat--held', held)
    this.querySelector('bb-composer').address(held ? '写给工作人员…' : '')
    const card = this.querySelector('bb-waiting')
    if (!held && card.hidden) return
    try {
      await import('./bb-waiting.js')
    } catch {
      return // the log's lines still tell it, and the next news tries again
    }
    const isNew = card.hidden
    card.show(this.#session.holding)
    if (isNew && held) card.scrollIntoView({ block: 'center' })
    this.querySelector('bb-holding-strip').show(this.#session.holding, card)
  }

  /** The plain forms of the page: from now on they act here. @param {SubmitEvent} event */
  #takeOver(event) {
    const act = {
      suggest: () => this.#say(event.submitter.value, { picked: true, shown: event.submitter.value }),
      handover: () => this.#openHandover(),
      restart: () => this.#restart(),
    }[event.target.dataset.action]
    if (!act) return
    event.preventDefault()
    act()
  }

  /** @param {string} [mode] the way that is wished for already */
  #openHandover(mode) {
    const topic = this.#session.timeline.entries
      .flatMap((entry) => entry.messages ?? [])
      .findLast((message) => message.statements?.length > 0)?.title
    this.querySelector('bb-handover').open({ topic: topic ?? '', hotline: this.dataset.hotline, mode })
  }

  async #handOver({ mode, topic, priority, done }) {
    try {
      await this.#session.handOver({ mode, topic, priority })
      done()
      const last = this.#session.timeline.entries.at(-1)
      if (last) this.#list.reveal(last, { focus: true })
    } catch (error) {
      done(this.#explain(error))
    }
  }

  async #rate({ score, comment, done }) {
    try {
      await this.#session.rate({ score, comment })
      done()
      this.#status.flash('谢谢您的评价')
    } catch (error) {
      done(this.#explain(error))
      this.#status.flash(this.#explain(error), { trouble: true })
    }
  }

  async #restart() {
    this.querySelector('bb-toolbar').close()
    if (this.#session.timeline.entries.length > 0 && !(await confirm(RESTART))) return
    speech.stop()
    try {
      await this.#session.restart()
      this.#status.flash('已清空，可以重新提问')
      this.querySelector('bb-composer').focus()
    } catch (error) {
      this.#status.flash(this.#explain(error), { trouble: true })
    }
  }

  #explain(error) {
    return explain(error, { online: navigator.onLine, hotline: this.dataset.hotline })
  }
}

customElements.define('bb-chat', Chat)
