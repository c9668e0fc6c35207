/**
 * <bb-desk-call> is the agent's call: the other side large, oneself small, and what can be done.
 *
 * Accessibility criteria
 * - Everything is a button with words; what is on or off is `aria-pressed` and said by the words as well.
 * - State, quality and recording are text in a polite live region; colour only repeats them.
 * - The call goes on while other conversations are read; a button leads back to its own.
 *
 * Tells `desk-call` with `mute`, `camera`, `switch`, `share`, `guest`, `audio`, `video` or `hang-up`, `desk-look`
 * with an id.
 */

import { withoutCodec } from '../../lib/call_quality.js'
import { isCarried, isSeated } from '../../lib/call_seats.js'
import { callWords, clockWords, percent } from '../../lib/desk_words.js'
import { icon, make, tell } from '../../lib/dom.js'

const LEVELS = { good: '网络良好', fair: '网络一般', poor: '网络较差', none: '收不到' }

export class CallPanel extends HTMLElement {
  #remote = make('video', {
    class: 'call__remote',
    autoplay: true,
    playsinline: true,
    'aria-label': '对方的画面',
  })
  #local = make('video', {
    class: 'call__local',
    autoplay: true,
    playsinline: true,
    muted: true,
    'aria-label': '我的画面',
  })
  #state = make('p', { class: 'call__state', role: 'status' })
  #time = make('span', { class: 'call__time', role: 'timer' })
  #recording = make(
    'span',
    { class: 'call__recording', hidden: true },
    make('i', { 'aria-hidden': 'true' }),
    '录音录像中',
  )
  #unrecorded = make('p', { class: 'call__unrecorded', role: 'status' })
  #quality = make('p', { class: 'call__quality' })
  /** Who else is there: the third party, or for a guest and a listener the agent too. */
  #others = [1, 2].map(() => {
    const video = make('video', { autoplay: true, playsinline: true, class: 'call__third' })
    const name = make('figcaption', {})
    return { video, name, tile: make('figure', { class: 'call__other', hidden: true }, video, name) }
  })
  #listened = make('span', { class: 'call__listened', hidden: true }, '主管旁听中')
  #veil = make('p', { class: 'call__veil' })
  #back = make(
    'button',
    { type: 'button', class: 'button button--small button--quiet', hidden: true },
    '回到这段对话',
  )
  #buttons = {}
  #call = null
  #ticking = 0

  connectedCallback() {
    if (this.firstChild) return
    this.hidden = true
    this.setAttribute('role', 'region')
    this.setAttribute('aria-label', '通话')
    this.#local.muted = true
    this.#back.addEventListener('click', () => tell(this, 'desk-look', this.#call.conversationId))
    const button = (act, picture, label, style = 'call-button') => {
      const element = make(
        'button',
        { type: 'button', class: style, title: label, click: () => tell(this, 'desk-call', act) },
        icon(picture),
        make('span', {}, label),
      )
      this.#buttons[act] = element
      return element
    }
    this.append(
      make(
        'div',
        { class: 'call__stage' },
        make('div', { class: 'call__tiles' }, this.#remote, ...this.#others.map(({ tile }) => tile)),
        this.#veil,
        this.#local,
        this.#recording,
      ),
      make('div', { class: 'call__facts' }, this.#state, this.#time, this.#unrecorded, this.#quality, this.#listened, this.#back),
      make(
        'div',
        { class: 'call__buttons', role: 'group', 'aria-label': '通话操作' },
        button('mute', 'mic', '静音'),
        button('camera', 'video', '关摄像头'),
        button('switch', 'retry', '换摄像头', 'call-button call-button--rare'),
        button('share', 'screen', '共享屏幕'),
        button('guest', 'person', '邀请第三方'),
        button('size', 'shrink', '缩小', 'call-button call-button--rare'),
        button('hang-up', 'phone', '挂断', 'call-button call-button--end'),
      ),
    )
    this.#buttons.size.addEventListener('click', () => this.#resize())
    for (const video of [this.#remote, this.#local, ...this.#others.map(({ video }) => video)])
      video.addEventListener('loadedmetadata', () => video.play().catch(() => {}))
  }

  /** @param {import('../../lib/desk_call.js').DeskCall} call */
  follow(call) {
    this.#call = call
    call.addEventListener('localstream', ({ detail }) => {
      this.#local.srcObject = detail
      this.#local.hidden = detail.getVideoTracks().length === 0
    })
    call.addEventListener('remotestream', ({ detail }) => {
      this.#remote.srcObject = detail
    })
    call.addEventListener('otherstream', ({ detail: { seat, stream } }) => {
      this.#others[seat - 1].video.srcObject = stream
    })
  }

  /** @param {string} lookedAt the conversation on screen */
  show(lookedAt) {
    const call = this.#call
    this.hidden = !call.active
    clearInterval(this.#ticking)
    if (!call.active) {
      for (const { video, tile } of this.#others) {
        video.srcObject = null
        tile.hidden = true
      }
      this.#remote.srcObject = this.#local.srcObject = null
      return
    }
    this.#ticking = setInterval(() => this.#tick(), 1000)
    this.#tick()
    const media = call.media
    const words = stateWords(call, media.state)
    put(this.#state, words)
    put(this.#veil, veilWords(call, media.state))
    this.#veil.hidden = !this.#veil.textContent
    this.#recording.hidden = !call.recording
    put(this.#unrecorded, withdrawalWords(call))
    this.#back.hidden = !call.conversationId || lookedAt === call.conversationId
    this.#showOthers(call)
    this.#local.classList.toggle('call__local--mirrored', !media.sharing)
    this.#quality.dataset.level = call.quality?.level ?? ''
    put(this.#quality, qualityWords(call))
    this.#press('mute', media.muted, media.muted ? '取消静音' : '静音', media.muted ? 'mic-off' : 'mic')
    this.#press(
      'camera',
      !media.cameraOn,
      media.cameraOn ? '关摄像头' : '开摄像头',
      media.cameraOn ? 'video' : 'video-off',
    )
    const talks = call.part !== 'listener'
    this.#buttons.mute.hidden = !talks
    for (const act of ['camera', 'share']) this.#buttons[act].hidden = !talks || media.soundOnly
    this.#local.hidden ||= !talks
    this.#press('guest', Boolean(call.guest), guestWords(call.guest), 'person')
    this.#buttons.guest.hidden = call.direct || call.part !== 'agent' || !isCarried(call.state)
    this.#press('hang-up', false, { agent: '挂断', guest: '离开', listener: '停止旁听' }[call.part], 'phone')
    this.#press('share', media.sharing, media.sharing ? '停止共享' : '共享屏幕', 'screen')
    this.#buttons.switch.hidden = !talks || !media.cameraOn || media.sharing
    this.#buttons.share.hidden ||= !navigator.mediaDevices?.getDisplayMedia
  }

  #showOthers({ part, guest, listened }) {
    const third = isSeated(guest) ? guest.name : ''
    const names = { agent: [third], guest: ['工作人员'], listener: ['工作人员', third] }[part]
    this.#others.forEach(({ tile, name, video }, place) => {
      tile.hidden = !names[place]
      put(name, names[place] ?? '')
      video.setAttribute('aria-label', `${names[place] ?? ''}的画面`)
    })
    this.#remote.setAttribute('aria-label', part === 'agent' ? '对方的画面' : '群众的画面')
    this.#listened.hidden = !listened || part === 'listener'
  }

  #press(act, pressed, label, picture) {
    const button = this.#buttons[act]
    if (button.dataset.shown === label) return
    button.dataset.shown = button.title = label
    button.setAttribute('aria-pressed', String(pressed))
    button.replaceChildren(icon(picture), make('span', {}, label))
  }

  #resize() {
    const small = this.classList.toggle('call-panel--small')
    this.#buttons.size.title = small ? '放大' : '缩小'
    this.#buttons.size.lastElementChild.textContent = this.#buttons.size.title
  }

  #tick() {
    const { since } = this.#call
    put(this.#time, since ? clockWords((Date.now() - since) / 1000) : '')
  }
}

function guestWords(guest) {
  if (!guest) return '邀请第三方'
  return isSeated(guest) ? '请第三方离开' : '收回邀请'
}

/** Who has asked for it wants to know that it has stopped, so nobody says so before it has. */
function withdrawalWords({ withdrawn, recording, part }) {
  if (!withdrawn) return ''
  const who = part === 'agent' ? '对方' : '群众'
  return recording ? `${who}要求停止录制，正在停止…` : `${who}已要求停止录制，现在不录音录像`
}

/** Why there is no picture, where a browser hasn't got the codec of the call's pictures. */
function formatWords({ mode, media, part, peerSoundOnly }) {
  if (mode !== 'video') return ''
  const owner = part === 'agent' ? '对方' : '群众'
  const whose = media.soundOnly ? '您' : peerSoundOnly ? owner : ''
  return whose && withoutCodec(whose)
}

function stateWords(call, media) {
  const { state, mode, peerConnected, part } = call
  if (part === 'listener') return media === 'live' ? '旁听中，对方听不到也看不到您' : '正在接通旁听…'
  if (media === 'reconnecting') return '网络中断，正在重新接通…'
  if (!peerConnected && state !== 'ringing') return '对方网络中断，正在等对方回来…'
  if (state === 'live' || media === 'live') {
    return mode === 'audio' ? '语音通话中' : formatWords(call) || '视频通话中'
  }
  return callWords(state || 'connecting')
}

function veilWords(call, media) {
  const { state, mode, peerConnected, direct } = call
  if (state === 'ringing') return '正在呼叫对方…'
  if (state === 'consenting')
    return direct ? '对方正在阅读通话说明，确认后接通' : '对方正在阅读录音录像告知，同意后接通'
  if (media === 'reconnecting') return '正在重新接通…'
  if (media !== 'live') return '正在接通…'
  if (!peerConnected) return '对方网络中断，通话为对方保留'
  return mode === 'audio' ? '语音通话' : formatWords(call)
}

function qualityWords({ quality, peerQuality }) {
  const own = quality ? `${LEVELS[quality.level]}${numbers(quality.numbers)}` : ''
  const peer = LEVELS[peerQuality] ? `对方${LEVELS[peerQuality]}` : ''
  return [own, peer].filter(Boolean).join('；')
}

function numbers({ loss_in: loss, round_trip_ms: delay, fps }) {
  const parts = [
    delay === null ? '' : `延迟 ${delay} 毫秒`,
    `丢包 ${percent(loss)}`,
    fps ? `${Math.round(fps)} 帧/秒` : '',
  ]
  return `（${parts.filter(Boolean).join('，')}）`
}

/** @param {Element} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text
}

customElements.define('bb-desk-call', CallPanel)
