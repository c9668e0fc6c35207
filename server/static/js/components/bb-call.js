/**
 * <bb-call> is the whole call page: it connects the parts with the call and the conversation.
 *
 * Accessibility criteria
 * - One step is shown at a time, each with a heading that takes the focus when the step begins.
 * - The chat stands beside the call where there is room, else opens over it and gives the focus back.
 * - What changes is announced once, by the one status line.
 */

import { ConversationApi } from '../lib/api.js'
import { IN_ROOM } from '../lib/call_steps.js'
import { ChatSession } from '../lib/chat_session.js'
import { CitizenCall } from '../lib/citizen_call.js'
import { DeviceError } from '../lib/devices.js'
import { tell } from '../lib/dom.js'
import { explain } from '../lib/errors.js'
import { GuestSession } from '../lib/guest_session.js'
import { Memory } from '../lib/memory.js'
import { entryText } from '../lib/replies.js'
import { SeenTeller } from '../lib/seen_teller.js'
import './bb-call-end.js'
import './bb-call-room.js'
import './bb-composer.js'
import './bb-consent.js'
import './bb-message-list.js'
import './bb-preflight.js'
import './bb-status.js'
import './bb-toolbar.js'
import { confirm } from './confirm.js'
import { followShowing } from './follow-showing.js'
import { followWishes } from './follow-wishes.js'

const HANG_UP = Object.freeze({
  question: '结束通话？',
  meaning: '结束后，材料清单和小结还在对话里。',
  yes: '结束',
  no: '继续通话',
})

/** Papers that want something of the citizen open by themselves. */
const PAPERS = Object.freeze({
  form: { state: 'open', of: ({ form_id: id }) => ({ kind: 'form', id }) },
  signature: { state: 'asked', of: ({ signature_id: id }) => ({ kind: 'signature', id }) },
})

const LEAVE = Object.freeze({
  question: '离开通话？',
  meaning: '离开后，其他人的通话照常进行。要再加入，需要工作人员重新邀请。',
  yes: '离开',
  no: '继续通话',
})

const STOP_RECORDING = Object.freeze({
  question: '停止录制？',
  meaning: '停止后通话照常进行，不影响办事。已录制的部分仍会按规定保存。',
  yes: '停止录制',
  no: '继续录制',
})

/** Nobody else of a call is recorded without having agreed, so who takes it back can't stay. */
const STOP_AND_LEAVE = Object.freeze({
  question: '停止录制？',
  meaning: '您是受邀加入的，停止录制就要离开通话，其他人的通话照常进行。已录制的部分仍会按规定保存。',
  yes: '停止并离开',
  no: '继续通话',
})

const TOLD = Object.freeze({
  joining: '正在接通',
  live: '已接通',
  text: '已改用文字，通话还留着',
})

const FOLLOWED = Object.freeze({
  audio: '工作人员改用语音，您的摄像头已关闭',
  video: '工作人员改用视频',
  text: '工作人员改用文字，通话还留着',
})

export class Call extends HTMLElement {
  #session = null
  #call = null
  #seen = null
  #step = ''
  #unread = 0

  connectedCallback() {
    if (this.#session) return
    const { conversation: id, token, hotline, call: callId } = this.dataset
    const memory = new Memory('sessionStorage')
    const given = id && token ? { id, token } : null
    this.#session =
      GuestSession.of(callId, memory) ??
      new ChatSession({ api: new ConversationApi(), memory, given, hotline })
    this.toggleAttribute('data-guest', Boolean(this.#session.isGuest))
    if (!this.#session.isGuest) this.#seen = new SeenTeller(this.#session.live)
    const mode = new URLSearchParams(window.location.search).get('mode') === 'audio' ? 'audio' : 'video'
    this.#call = new CitizenCall({ session: this.#session, memory, callId, mode })
    this.#listenToCitizen()
    this.#listenToSession()
    this.#listenToCall()
    followWishes(this, this.#session)
    followShowing(this, this.#session, (panel) => this.append(panel))
    this.#open()
  }

  async #open() {
    await this.#session.open()
    this.#call.open()
  }

  // --- what happens ---------------------------------------------------------------------------------

  #listenToCitizen() {
    const listen = (type, listener) => this.addEventListener(type, ({ detail }) => listener(detail))
    listen('bb-say', ({ text, shown }) => this.#list.reveal(this.#session.say(text, shown)))
    listen('bb-retry', (clientId) => this.#session.retry(clientId))
    listen('bb-revise', (clientId) => this.querySelector('bb-composer').take(this.#session.withdraw(clientId)))
    listen('bb-status', (text) => this.#status.flash(text))
    listen('bb-announce', (text) => this.#status.announce(text))
    listen('bb-checked', (checked) => this.#call.takeDevices(checked))
    listen('bb-write', () => this.#writeInstead())
    listen('bb-consent', (answer) => this.#consent(answer))
    listen('bb-call-act', (act) => this.#act(act))
    this.querySelector('.call__chat-close').addEventListener('click', () => this.#showChat(false))
    this.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.classList.contains('call-page--chatting')) this.#showChat(false)
    })
  }

  #listenToSession() {
    const listen = (type, listener) => this.#session.addEventListener(type, ({ detail }) => listener(detail))
    listen('change', () => this.#drawChat())
    listen('holding', () => this.#draw())
    listen('reply', (entry) => this.#tellReply(entry))
    listen('failed', (problem) => this.#status.announce(`没有发出去：${problem}`))
  }

  #listenToCall() {
    const room = this.querySelector('bb-call-room')
    const listen = (type, listener) => this.#call.addEventListener(type, ({ detail }) => listener(detail))
    listen('step', () => this.#draw())
    listen('change', () => this.#draw())
    listen('followed', (mode) => this.#call.invited || this.#status.flash(FOLLOWED[mode])) // the room asks
    listen('explained', () => this.#showEnd(this.#call))
    listen('localstream', (stream) => room.showLocal(stream))
    listen('remotestream', (stream) => room.showRemote(stream))
    listen('otherstream', ({ stream }) => room.showOther(stream))
    listen('quality', (quality) => room.showQuality(quality))
  }

  get #list() {
    return this.querySelector('bb-message-list')
  }

  get #status() {
    return this.querySelector('bb-status')
  }

  // --- what is shown --------------------------------------------------------------------------------

  #draw() {
    const call = this.#call
    const inRoom = IN_ROOM.has(call.step)
    const part = (name) => this.querySelector(`bb-${name}`)
    part('preflight').hidden = call.step !== 'check'
    part('consent').hidden = call.step !== 'consent'
    part('call-room').hidden = !inRoom
    part('call-end').hidden = call.step !== 'ended' && call.step !== 'back'
    this.querySelector('.call__chat').hidden = !inRoom || call.isGuest
    this.dataset.step = call.step
    this.dataset.room = String(inRoom)
    if (inRoom) part('call-room').show(call, { agent: this.#session.holding.agent })
    this.#tellSeen()
    if (call.step === this.#step) return
    const before = this.#step
    this.#step = call.step
    this.#begin(call, before, part)
  }

  #begin({ step, mode, deviceReason, problem }, before, part) {
    if (before === 'check') part('preflight').close()
    if (before === 'consent') part('consent').close()
    if (step === 'check') part('preflight').begin({ mode: mode === 'audio' ? 'audio' : 'video', reason: deviceReason, canWrite: !this.#call.isGuest })
    if (step === 'consent') part('consent').begin({ isGuest: this.#call.isGuest })
    if (step === 'back') part('call-end').showBack()
    if (step === 'ended') this.#showEnd({ problem })
    if (step === 'text') this.#showChat(true)
    if (before === 'text') this.#showChat(false)
    if (IN_ROOM.has(step) && !IN_ROOM.has(before)) this.#showLatest()
    if (TOLD[step]) this.#status.announce(TOLD[step])
    document.title = `${step === 'live' ? '● 通话中' : '视频帮办'} · ${this.dataset.botName}`
  }

  #showEnd({ problem }) {
    const { isGuest, since } = this.#call
    const end = this.querySelector('bb-call-end')
    if (!isGuest && !this.#session.isStarted) end.showUnknown({ problem, hotline: this.dataset.hotline })
    else end.showEnd({ problem, hotline: this.dataset.hotline, isGuest, wasIn: Boolean(since) })
  }

  #drawChat() {
    this.#list.show(this.#session.timeline, { now: new Date(), botName: this.dataset.botName })
    this.#tellSeen()
  }

  #tellSeen() {
    if (this.#isChatCovered()) this.#seen?.shows(0)
    else this.#seen?.shows(this.#session.timeline.lastSequence, this.#list.drawn)
  }

  #tellReply(entry) {
    this.#drawChat()
    this.#status.announce(entryText(entry).slice(0, 200))
    this.#list.reveal(entry)
    // Where the chat is out of sight nobody would find the card, and the agent is saying it just now.
    const paper = PAPERS[entry.kind]
    if (paper && paper.state === entry.body?.state) tell(this, 'bb-paper', paper.of(entry.body))
    if (entry.kind === 'line' || !this.#isChatCovered()) return
    this.#unread += 1
    this.querySelector('bb-call-room').showUnread(this.#unread)
  }

  /** Where there is little room the chat is out of sight until it is opened. */
  #isChatCovered() {
    return getComputedStyle(this.querySelector('.call__chat')).display === 'none'
  }

  #showChat(open) {
    const wasOpen = this.classList.contains('call-page--chatting')
    this.classList.toggle('call-page--chatting', open)
    const button = this.querySelector('.control--chat')
    button?.setAttribute('aria-expanded', String(open))
    this.#tellSeen()
    if (!open) {
      if (wasOpen) button?.focus()
      return
    }
    this.#unread = 0
    this.querySelector('bb-call-room').showUnread(0)
    this.#showLatest()
    this.querySelector('bb-composer').focus()
  }

  #showLatest() {
    const talk = this.querySelector('.call__talk')
    talk.scrollTop = talk.scrollHeight
  }

  // --- what the citizen does ------------------------------------------------------------------------

  async #act(act) {
    const call = this.#call
    const { media } = call
    try {
      if (act === 'mute') media?.setMuted(!media.muted)
      else if (act === 'camera') await call.setCamera(!media?.cameraOn)
      else if (act === 'stay-dark') call.stayDark()
      else if (act === 'flip') await media?.switchCamera()
      else if (act === 'share') await media?.shareScreen(!media.sharing)
      else if (act === 'chat') this.#showChat(!this.classList.contains('call-page--chatting'))
      else if (act === 'again') call.rejoin()
      else if (act === 'back') await call.comeBack()
      else if (act === 'recheck') call.recheck()
      else if (act === 'unrecord') await this.#stopRecording()
      else if (act === 'hangup') (await confirm(call.isGuest ? LEAVE : HANG_UP)) && call.hangUp()
      else await call.setMode(act)
    } catch (error) {
      const isDevice = error instanceof DeviceError
      this.#status.flash(isDevice ? '没有打开摄像头，通话不受影响' : this.#explain(error), { trouble: true })
      this.#draw()
    }
  }

  async #stopRecording() {
    if (!(await confirm(this.#call.isGuest ? STOP_AND_LEAVE : STOP_RECORDING))) return
    const stopped = await this.#call.withdraw()
    if (!this.#call.isGuest) this.#status.flash(stopped ? '已停止录制，通话照常进行' : '已要求停止录制，请稍等')
  }

  /** The talk with the agent is on the other page, and goes on there. */
  #writeInstead() {
    this.#call.decline()
    window.location.assign('/#latest')
  }

  async #consent({ version, agree, done }) {
    try {
      await this.#call.consent({ version, agree })
      done()
    } catch (error) {
      done(this.#explain(error))
    }
  }

  #explain(error) {
    return explain(error, { online: navigator.onLine, hotline: this.dataset.hotline })
  }
}

customElements.define('bb-call', Call)
