/**
 * <bb-desk> is the agents' desk: it connects what the agent does with the session and the call, and shows
 * what comes of it.
 *
 * Accessibility criteria
 * - What changes elsewhere (a newcomer, a message, trouble) is announced once, by the one status line.
 * - The state 在线 / 小休 / 离线 is a group of radio buttons; views are links of a navigation.
 * - Accepting moves the focus to the conversation's heading; nothing else moves it.
 * - On a phone the three panes are shown one at a time, by buttons at the bottom that say which.
 */

import { Alerts } from '../../lib/alerts.js'
import { DeskApi } from '../../lib/desk_api.js'
import { DeskCall } from '../../lib/desk_call.js'
import { DeskSession } from '../../lib/desk_session.js'
import { AGENT_STATES, deskProblem } from '../../lib/desk_words.js'
import { NOT_OPENED } from '../../lib/errors.js'
import { Memory } from '../../lib/memory.js'
import { actOf } from '../../lib/shortcuts.js'
import '../bb-status.js'
import '../bb-toolbar.js'
import { CallCompany } from './call-company.js'
import './call-panel.js'
import { DeskActions } from './desk-actions.js'
import { DeskShowing } from './desk-showing.js'
import { openHelp } from './dialogs.js'
import { FollowActions } from './follow-actions.js'
import './follow-ups.js'
import './guide-panel.js'
import './inbox.js'
import './sign-in.js'
import './talk.js'
import './wall.js'

const VIEWS = Object.freeze(['desk', 'wall', 'follow', 'reports'])
const TICK_MS = 15_000
const WALL_MS = 5000

const CONNECTION = Object.freeze({
  lost: '连接中断，正在重新连接…写的内容会保留。',
  offline: '网络已断开，接通后自动继续。',
})

export class Desk extends HTMLElement {
  #session = null
  #call = null
  #actions = null
  #follow = null
  #showing = null
  #company = null
  #api = new DeskApi()
  #alerts = new Alerts()
  #view = 'desk'
  #walling = 0

  connectedCallback() {
    if (this.#session) return
    this.#session = new DeskSession({ api: this.#api, memory: new Memory('sessionStorage') })
    this.#call = new DeskCall({ api: this.#api, live: this.#session.live })
    this.#actions = new DeskActions({
      desk: this,
      api: this.#api,
      session: this.#session,
      call: this.#call,
      explain: (error) => this.#explain(error),
    })
    this.#company = new CallCompany({
      desk: this,
      api: this.#api,
      call: this.#call,
      explain: (error) => this.#explain(error),
      showCall: () => {
        this.#showView('desk')
        this.#showPane('talk')
      },
    })
    this.#follow = new FollowActions({
      desk: this,
      api: this.#api,
      explain: (error) => this.#explain(error),
    })
    this.#showing = new DeskShowing({
      desk: this,
      api: this.#api,
      session: this.#session,
      explain: (error) => this.#explain(error),
    })
    this.querySelector('bb-desk-call').follow(this.#call)
    this.#listen()
    this.#session.open().catch((error) => this.#explain(error))
    setInterval(() => this.#draw(), TICK_MS)
  }

  #listen() {
    const session = (type, act) => this.#session.addEventListener(type, ({ detail }) => act(detail))
    this.#session.live.addEventListener('state', ({ detail }) => {
      if (detail === 'open') this.#company.look() // nothing else tells of an invitation that came meanwhile
    })
    session('change', () => this.#followCall())
    session('change', () => this.#draw())
    session('signedin', () => this.#signedIn())
    session('signedout', () => this.#signedOut())
    session('newcomer', (waiting) => this.#tellNewcomer(waiting))
    session('message', (news) => this.#tellMessage(news))
    session('connection', (state) => this.status.stand(CONNECTION[state] ?? ''))
    session('call', (news) => {
      this.#call.hear(news)
      this.#company.hear(news)
    })
    this.#call.addEventListener('change', () => this.#draw())
    this.#call.addEventListener(
      'problem',
      ({ detail }) => detail && this.status.flash(detail, { trouble: true }),
    )
    this.addEventListener('desk-sign-in', ({ detail }) => this.#signIn(detail))
    this.addEventListener('desk-look', ({ detail }) => this.look(detail))
    this.addEventListener(
      'change',
      ({ target }) => target.name === 'agent-state' && this.#setState(target.value),
    )
    this.addEventListener('click', ({ target }) => this.#pressed(target.closest('[data-desk]')?.dataset.desk))
    this.addEventListener('desk-report', ({ detail }) => this.#drawReport(detail))
    this.addEventListener('desk-watch', ({ detail }) => this.#watch(detail))
    window.addEventListener('keydown', (event) => this.#keyDown(event))
    document.addEventListener('visibilitychange', () => {
      this.#session.markRead()
      this.#draw()
    })
    window.addEventListener('beforeunload', (event) => this.#call.active && event.preventDefault())
  }

  get status() {
    return this.querySelector('bb-status')
  }

  // --- who ------------------------------------------------------------------------------------------

  async #signIn({ name, password, done }) {
    try {
      await this.#session.signIn(name, password)
      done()
    } catch (error) {
      if (this.#session.staff) {
        done()
        this.#explain(error)
      } else done(error.status === 401 ? '账号或密码不对。' : deskProblem(error))
    }
  }

  #signedIn() {
    const { staff } = this.#session
    this.querySelector('bb-desk-sign-in').hidden = true
    this.querySelector('.desk__frame').hidden = false
    this.querySelector('.who').textContent = staff.display_name || staff.name
    const supervises = staff.role === 'supervisor'
    for (const view of ['wall', 'reports']) this.querySelector(`[data-desk=${view}]`).hidden = !supervises
    this.querySelector('bb-desk-follow-ups').mayLookUp(supervises)
    this.#showView('desk')
    this.#company.look()
    this.#api.canned().then(
      ({ canned = [], replies = canned }) => {
        this.querySelector('bb-desk-composer').canned = replies
      },
      () => {}, // without them one writes by hand
    )
  }

  #signedOut() {
    const again = !this.querySelector('.desk__frame').hidden
    this.#call.hangUp()
    clearInterval(this.#walling)
    this.querySelector('.desk__frame').hidden = true
    this.querySelector('bb-desk-sign-in').show(again ? '请重新登录，写的内容还在。' : '')
    this.#alerts.showCount(0)
  }

  async #setState(state) {
    try {
      await this.#session.setState(state)
      this.status.flash(`您现在${AGENT_STATES[state]}`)
    } catch (error) {
      this.#explain(error)
    }
    this.#draw()
  }

  #followCall() {
    const chat = this.#session.chats.get(this.#call.conversationId)
    if (chat) this.#call.catchUp(chat)
  }

  // --- showing --------------------------------------------------------------------------------------

  #draw() {
    const session = this.#session
    if (!session.staff) return
    const now = new Date()
    const callIn = this.#call.active ? this.#call.conversationId : ''
    const { current } = session
    const own = session.holds(session.currentId)
    this.querySelector('bb-desk-inbox').show(session, { now, callIn })
    this.querySelector('bb-desk-talk').show(current, {
      now,
      calling: Boolean(callIn),
      own,
      addressOf: (fileId) => this.#api.fileAddress(session.currentId, fileId),
    })
    this.toggleAttribute('data-own', Boolean(current) && own)
    this.#showing.draw(current, own)
    this.querySelector('bb-desk-guide').show(current)
    this.querySelector('bb-desk-call').show(session.currentId)
    for (const input of this.querySelectorAll('[name=agent-state]'))
      input.checked = input.value === session.agentState
    this.dataset.state = session.agentState
    this.toggleAttribute('data-calling', Boolean(callIn))
    this.querySelector('[data-desk=sound]').setAttribute('aria-pressed', String(!this.#alerts.muted))
    this.#alerts.showCount(session.attention)
    const unread = session.own.reduce((sum, chat) => sum + chat.unread, 0) + session.queue.length
    this.querySelector('.panes__count').textContent = unread || ''
  }

  /** @param {string} id */
  look(id) {
    this.#showView('desk')
    this.#session.look(id)
    this.#showPane('talk')
    this.querySelector('bb-desk-talk').focus()
  }

  #showPane(pane) {
    this.dataset.pane = pane
    for (const button of this.querySelectorAll('.panes [data-desk]'))
      button.setAttribute('aria-pressed', String(button.dataset.desk === `pane-${pane}`))
  }

  #showView(view) {
    this.#view = view
    this.querySelector('.desk__work').hidden = view !== 'desk'
    this.querySelector('.panes').hidden = view !== 'desk'
    this.querySelector('bb-desk-wall').hidden = view !== 'wall'
    this.querySelector('bb-desk-follow-ups').hidden = view !== 'follow'
    this.querySelector('bb-desk-reports').hidden = view !== 'reports'
    for (const name of VIEWS) {
      const button = this.querySelector(`.views [data-desk=${name}]`)
      if (name === view) button.setAttribute('aria-current', 'page')
      else button.removeAttribute('aria-current')
    }
    clearInterval(this.#walling)
    if (view === 'follow') this.#follow.draw()
    if (view === 'reports') this.#openReports()
    if (view !== 'wall') return
    this.#drawWall()
    this.#walling = setInterval(() => this.#drawWall(), WALL_MS)
  }

  async #drawWall() {
    const wall = this.querySelector('bb-desk-wall')
    try {
      wall.show(await this.#api.wall(), new Date(), this.#session.staff?.name)
    } catch (error) {
      wall.fail(deskProblem(error))
    }
  }

  /** Loaded when they are opened: most who sit at a desk have none. */
  #openReports() {
    import('./reports.js').then(
      () => this.querySelector('bb-desk-reports').ask(),
      () => this.status.flash(NOT_OPENED, { trouble: true }),
    )
  }

  async #drawReport(period) {
    const reports = this.querySelector('bb-desk-reports')
    const isAsked = () => reports.period.from === period.from && reports.period.to === period.to
    try {
      const report = await this.#api.report(period)
      if (isAsked()) reports.show(report, this.#api.reportAddress(period))
    } catch (error) {
      if (isAsked()) reports.fail(deskProblem(error))
    }
  }

  async #watch({ id, how, callId }) {
    if (how === 'hear') return this.#company.listen(callId, id)
    if (how === 'take-over' && this.#call.heard === id) this.#call.drop()
    await this.#actions.watch(id, how)
    if (how === 'take-over') await this.#actions.takeCall()
    if (how !== 'whisper') this.#showView('desk')
    if (how !== 'whisper') this.#showPane('talk')
  }

  // --- telling --------------------------------------------------------------------------------------

  #tellNewcomer({ topic }) {
    if (this.#session.agentState !== 'available') return
    this.#alerts.sound('waiting')
    this.status.announce(`新的等候：${topic || '未说明事项'}`)
  }

  #tellMessage({ chat, event }) {
    if (event.kind === 'call') {
      if (this.#call.active && this.#call.conversationId === chat.id) return // it is the agent who rings
      this.#alerts.sound('waiting')
      this.status.flash(`${chat.facts.topic || '市民'}：对方请求通话`)
      return
    }
    const looking = chat.id === this.#session.currentId && document.visibilityState === 'visible'
    if (!looking) this.#alerts.sound('message')
    const text = event.body.text ?? event.body.name ?? ''
    this.status.announce(`${chat.facts.topic || '市民'}：${text.slice(0, 120)}`)
  }

  /** @param {unknown} error */
  #explain(error) {
    this.status.flash(deskProblem(error), { trouble: true })
    return deskProblem(error)
  }

  // --- keys and buttons -----------------------------------------------------------------------------

  #pressed(what) {
    if (!what) return
    if (VIEWS.includes(what)) this.#showView(what)
    else if (what.startsWith('pane-')) this.#showPane(what.slice('pane-'.length))
    else if (what === 'help') openHelp()
    else if (what === 'sound') this.#toggleSound()
    else if (what === 'sign-out') this.#session.signOut().catch((error) => this.#explain(error))
  }

  #toggleSound() {
    this.#alerts.muted = !this.#alerts.muted
    if (!this.#alerts.muted) this.#alerts.sound('message')
    this.status.flash(this.#alerts.muted ? '提示音已关' : '提示音已开')
    this.#draw()
  }

  #keyDown(event) {
    if (!this.#session.staff || document.querySelector('dialog[open]')) return
    const writing = Boolean(
      event.target.closest?.('input:not([type=radio], [type=checkbox]), textarea, select'),
    )
    const act = actOf(event, { writing })
    if (!act) return
    event.preventDefault()
    if (act === 'help') openHelp()
    else if (act === 'sound') this.#toggleSound()
    else if (['next', 'previous', 'unread'].includes(act)) this.#step(act)
    else if (act === 'guides') this.#openGuides()
    else this.#actions.run(act)
  }

  #openGuides() {
    this.#showPane('guide')
    this.querySelector('bb-desk-guide').search()
  }

  #step(act) {
    const { own, currentId } = this.#session
    if (own.length === 0) return
    const place = own.findIndex(({ id }) => id === currentId)
    const unread = own.find((chat) => chat.unread > 0 && chat.id !== currentId)
    if (act === 'unread') {
      if (unread) this.look(unread.id)
      return
    }
    const next = place < 0 ? 0 : (place + (act === 'next' ? 1 : -1) + own.length) % own.length
    this.look(own[next].id)
  }
}

customElements.define('bb-desk', Desk)
