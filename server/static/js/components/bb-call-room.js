/**
 * <bb-call-room> is the call itself: the other side large, oneself small, and a few big buttons.
 *
 * Accessibility criteria
 * - Every button has its words under the drawing; switches say their state by `aria-pressed` and words.
 * - How good the network is stands there in words; bars and colours only repeat it.
 * - What needs a decision (a bad network, a lost one) is said in a box with buttons, which takes nothing
 *   away by itself: no time limit, no change that wasn't asked for.
 * - Hanging up is asked back, because a finger slips easily.
 * - The clock is hidden from screen readers: it would be read every second.
 *
 * Tells `bb-call-act` with `mute` | `camera` | `stay-dark` | `flip` | `share` | `chat` | `hangup` | `video` |
 * `audio` | `text` | `again` | `unrecord`, and what <bb-callback> tells.
 */

import { withoutCodec } from '../lib/call_quality.js'
import { isSeated } from '../lib/call_seats.js'
import { icon, make, tell } from '../lib/dom.js'
import './bb-callback.js'

/** So long a network may be gone before other ways are offered. */
const OFFER_AFTER_MS = 15_000
/** So many bad measurements in a row, two seconds apart, before sound alone is proposed. */
const BAD_ENOUGH = 3
/** And so many good ones before the proposal goes again: it must not vanish under a finger. */
const GOOD_ENOUGH = 5

export class CallRoom extends HTMLElement {
  #parts = null
  #clock = 0
  #since = null
  #waiting = { step: '', from: 0, timer: 0 }
  #poor = 0
  #good = 0
  #call = null
  #format = ''

  /** @param {import('../lib/citizen_call.js').CitizenCall} call @param {{agent: string}} known */
  show(call, { agent }) {
    this.#call = call
    this.#parts ?? this.#build()
    this.#parts.agent.textContent = titleOf(call, agent)
    this.#showOthers(call, agent)
    this.#since = call.since
    this.#parts.recorded.hidden = !call.recorded || call.step !== 'live'
    this.dataset.step = call.step
    this.dataset.mode = call.mode
    this.#showButtons(call)
    this.#tellFormat(formatWords(call))
    this.#watchTheWait(call.step)
    this.#showPlate()
    this.#showBox()
  }

  /** @param {MediaStream} stream */
  showRemote(stream) {
    const { remote } = this.#parts
    const picture = stream.getVideoTracks()[0]
    const look = () => this.toggleAttribute('data-picture', Boolean(picture && !picture.muted && remote.videoWidth > 2))
    for (const type of ['mute', 'unmute', 'ended']) picture?.addEventListener(type, look)
    remote.onresize = look
    remote.onloadeddata = look
    remote.srcObject = stream
    look()
    this.#play()
  }

  /** The third party's. @param {MediaStream} stream */
  showOther(stream) {
    const { second } = this.#parts
    const picture = stream.getVideoTracks()[0]
    const look = () => second.tile.toggleAttribute('data-picture', Boolean(picture && !picture.muted && second.video.videoWidth > 2))
    for (const type of ['mute', 'unmute', 'ended']) picture?.addEventListener(type, look)
    second.video.onresize = look
    second.video.onloadeddata = look
    second.video.srcObject = stream
    look()
    second.video.play().catch(() => {}) // where a tap is needed, the first one's sound asks for it
  }

  /** @param {MediaStream} stream */
  showLocal(stream) {
    const { own } = this.#parts
    const [picture] = stream.getVideoTracks()
    own.hidden = !picture
    own.srcObject = stream
    const settings = picture?.getSettings() ?? {}
    own.classList.toggle('own--mirrored', !settings.displaySurface && settings.facingMode !== 'environment')
    own.play().catch(() => {})
  }

  /** @param {import('../lib/call_quality.js').Quality} quality */
  showQuality({ level, words }) {
    const { quality } = this.#parts
    quality.dataset.level = level
    quality.lastChild.textContent = words
    const isBad = level === 'poor' || level === 'none'
    this.#good = isBad ? 0 : this.#good + 1
    if (isBad) this.#poor += 1
    else if (this.#poor < BAD_ENOUGH || this.#good >= GOOD_ENOUGH) this.#poor = 0
    this.#showBox()
  }

  /** @param {number} count of messages that came while the chat was closed */
  showUnread(count) {
    this.#parts ?? this.#build() // something may be said while the citizen is still before the room
    const { chat } = this.#parts.buttons
    chat.lastChild.textContent = count > 0 ? `文字 ${count}` : '文字'
    chat.classList.toggle('control--news', count > 0)
  }

  disconnectedCallback() {
    clearInterval(this.#clock)
    clearTimeout(this.#waiting.timer)
  }

  // --- drawing ------------------------------------------------------------------------------------

  #build() {
    const video = (attributes) => make('video', { autoplay: true, playsinline: true, ...attributes })
    const control = (act, drawing, label, attributes = {}) =>
      make(
        'button',
        { type: 'button', class: `control control--${act}`, click: () => tell(this, 'bb-call-act', act), ...attributes },
        icon(drawing),
        make('span', {}, label),
      )
    this.#parts = {
      remote: video({ class: 'remote' }),
      second: this.#makeTile(video),
      listened: make('span', { class: 'room__listened', hidden: true }, '主管旁听中'),
      own: video({ class: 'own', 'aria-label': '您自己的画面', muted: true, hidden: true }),
      agent: make('p', { class: 'room__agent' }),
      clock: make('span', { class: 'room__clock', 'aria-hidden': 'true' }),
      recorded: make(
        'span',
        { class: 'room__recording', hidden: true },
        make('span', { class: 'room__recorded' }, '正在录制'),
        make(
          'button',
          { type: 'button', class: 'room__stop', click: () => tell(this, 'bb-call-act', 'unrecord') },
          '停止录制',
        ),
      ),
      quality: make('span', { class: 'room__quality' }, make('i', { 'aria-hidden': 'true' }), make('span', {})),
      plate: make('div', { class: 'room__plate' }),
      box: make('div', { class: 'room__box', hidden: true }),
      buttons: {
        mute: control('mute', 'mic', '静音', { 'aria-pressed': 'false' }),
        camera: control('camera', 'video', '关摄像头'),
        flip: control('flip', 'flip', '换镜头'),
        share: control('share', 'screen', '共享屏幕', { 'aria-pressed': 'false' }),
        chat: control('chat', 'chat', '文字', { 'aria-controls': 'call-chat' }),
        hangup: control('hangup', 'hang-up', '挂断'),
      },
    }
    const { remote, second, own, agent, clock, recorded, listened, quality, plate, box, buttons } = this.#parts
    own.muted = true // the attribute alone doesn't do it for an element made by script
    this.append(
      make(
        'section',
        { class: 'room', 'aria-label': '通话' },
        make('div', { class: 'room__stage' }, make('div', { class: 'room__first' }, remote, plate), second.tile, own),
        make('div', { class: 'room__top' }, agent, make('p', { class: 'room__facts' }, recorded, listened, quality, clock)),
        box,
        make('div', { class: 'controls', role: 'group', 'aria-label': '通话操作' }, ...Object.values(buttons)),
      ),
    )
    this.#clock = setInterval(() => this.#tick(), 1000)
    this.#offerFlip()
  }

  #makeTile(video) {
    const picture = video({ class: 'second__video' })
    const name = make('p', { class: 'second__name' })
    return { tile: make('div', { class: 'room__second', hidden: true }, picture, name), video: picture, name }
  }

  /** Who else is there, and who hears it. */
  #showOthers(call, agent) {
    const { remote, second, listened } = this.#parts
    const { guest } = call
    remote.setAttribute('aria-label', call.isGuest ? '群众的画面' : `${agent || '工作人员'}的画面`)
    listened.hidden = !call.listened
    const isThere = isSeated(guest)
    second.tile.hidden = !isThere || call.step !== 'live'
    if (!isThere) return
    const away = { away: '（网络中断）', ready: '（正在加入）' }[guest.state] ?? ''
    second.name.textContent = guest.name + away
    second.video.setAttribute('aria-label', `${guest.name}的画面`)
  }

  async #offerFlip() {
    const { flip, share } = this.#parts.buttons
    const isPhone = window.matchMedia('(pointer: coarse)').matches
    share.hidden = isPhone || !navigator.mediaDevices?.getDisplayMedia
    flip.hidden = true
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? []
    flip.hidden = devices.filter(({ kind }) => kind === 'videoinput').length < 2
  }

  #showButtons({ media, mode, step }) {
    const { mute, camera, flip, share, chat } = this.#parts.buttons
    const withSound = mode !== 'text' && step !== 'failed'
    mute.hidden = !withSound
    camera.hidden = !withSound || (media?.soundOnly ?? false)
    mute.setAttribute('aria-pressed', String(media?.muted ?? false))
    relabel(mute, media?.muted ? 'mic-off' : 'mic', media?.muted ? '已静音' : '静音')
    const cameraOn = media?.cameraOn ?? false
    relabel(camera, cameraOn ? 'video' : 'video-off', cameraOn ? '关摄像头' : '开摄像头')
    flip.classList.toggle('control--gone', !withSound || !cameraOn)
    share.classList.toggle('control--gone', !withSound || this.#call.isGuest || (media?.soundOnly ?? false))
    chat.hidden = this.#call.isGuest
    share.setAttribute('aria-pressed', String(media?.sharing ?? false))
    relabel(share, 'screen', media?.sharing ? '停止共享' : '共享屏幕')
  }

  /** What stands where the other side's picture would be. */
  #showPlate() {
    const { step, mode, peerConnected } = this.#call
    const words = {
      joining: this.#call.state === 'ringing' ? '等工作人员接听…' : '正在接通…',
      away: '正在重新接通…',
      failed: '没有接通',
      text: '现在用文字沟通',
      live: peerConnected === false ? '已进入，等工作人员接通…' : this.#whyNoPicture(mode),
    }[step]
    this.#parts.plate.replaceChildren(icon(step === 'text' ? 'chat' : 'person'), make('p', {}, words ?? ''))
  }

  #whyNoPicture(mode) {
    return formatWords(this.#call) || (mode === 'audio' ? '语音通话中' : '对方没有开摄像头')
  }

  /** The plate is read by nobody who doesn't look for it. */
  #tellFormat(words) {
    if (words === this.#format) return
    this.#format = words
    if (words) queueMicrotask(() => tell(this, 'bb-announce', words)) // after the word that it is live
  }

  /** What wants to be decided, or to be known; the most pressing first. */
  #showBox() {
    const { step, problem, peerConnected } = this.#call
    const hasFormat = !formatWords(this.#call)
    const mode = hasFormat ? this.#call.mode : 'audio' // it is no more than that, whatever was asked for
    const invited = this.#call.invited && hasFormat
    const long = Date.now() - this.#waiting.from >= OFFER_AFTER_MS
    if (step === 'failed') return this.#say('failed', problem, ['again', ...this.#ladder()], true)
    if (step === 'away') {
      const text = '网络断开，正在自动接回。您不用挂断，位置保留。'
      return long ? this.#say('long', text, this.#ladder(), true) : this.#say('away', text, [])
    }
    if (step === 'joining' && long) return this.#say('slow', '接通比平时慢，可以再等，也可以换一种方式。', this.#ladder(), true)
    if (step === 'text') return this.#say('text', '通话还留着，随时可以接着说。', ['audio', 'video'])
    if (step === 'live' && peerConnected === false) return this.#say('peer', '工作人员还没接通或网络断开了，请稍等，不用挂断。', [])
    if (step === 'live' && invited) {
      return this.#say('invited', '工作人员改用视频了。您也可以打开摄像头，不打开不影响办事。', ['camera', 'stay-dark'])
    }
    if (step === 'live' && mode === 'video' && this.#poor >= BAD_ENOUGH) {
      return this.#say('poor', '网络不好，只用语音会更稳。', ['audio', 'text'])
    }
    if (step === 'live' && mode === 'audio' && this.#poor >= BAD_ENOUGH) {
      return this.#say('poor', '网络不好，可以改用文字，或预约回电。', ['text'], true)
    }
    return this.#say('', '', [])
  }

  /** The steps down from here. */
  #ladder() {
    if (this.#call.isGuest) return []
    return this.#call.mode === 'video' ? ['audio', 'text'] : ['text']
  }

  #say(kind, text, acts, callBack = false) {
    const { box } = this.#parts
    if (box.dataset.kind === `${kind}${acts}`) return // a form that is being filled in stays
    box.dataset.kind = `${kind}${acts}`
    box.hidden = !kind
    const labels = {
      again: '再试一次',
      audio: '只用语音',
      text: '改用文字',
      video: '打开视频',
      camera: '打开摄像头',
      'stay-dark': '先不打开',
    }
    box.replaceChildren(
      make('p', { class: 'room__words' }, text),
      make(
        'div',
        { class: 'room__choices' },
        ...acts.map((act) =>
          make('button', { type: 'button', class: 'button', click: () => tell(this, 'bb-call-act', act) }, labels[act]),
        ),
      ),
      callBack && !this.#call.isGuest
        ? make('details', { class: 'wait__offers more' }, make('summary', {}, '预约回电或留言'), make('bb-callback'))
        : '',
    )
    if (text) tell(this, 'bb-announce', text)
  }

  #watchTheWait(step) {
    if (step === this.#waiting.step) return
    clearTimeout(this.#waiting.timer)
    const timer = setTimeout(() => this.#showBox(), OFFER_AFTER_MS + 50)
    this.#waiting = { step, from: Date.now(), timer }
    this.#poor = 0
    if (step !== 'live') this.removeAttribute('data-picture')
    else this.toggleAttribute('data-picture', this.#parts.remote.videoWidth > 2)
  }

  #tick() {
    const seconds = this.#since ? Math.floor((Date.now() - this.#since.getTime()) / 1000) : 0
    const two = (number) => String(number).padStart(2, '0')
    this.#parts.clock.textContent = this.#since ? `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}` : ''
  }

  /** Some browsers, WeChat's among them, play sound only when a tap asks for it. */
  async #play() {
    const { remote, box } = this.#parts
    try {
      await remote.play()
    } catch (error) {
      if (error.name !== 'NotAllowedError') return
      box.hidden = false
      box.dataset.kind = 'sound'
      const play = () => remote.play().then(() => this.#showBox())
      box.replaceChildren(make('button', { type: 'button', class: 'button button--big', click: play }, '点这里听到声音'))
    }
  }
}

/** Why there is no picture, where a browser hasn't got the codec of the call's pictures. */
function formatWords({ mode, step, media, peerSoundOnly }) {
  if (mode !== 'video' || step !== 'live') return ''
  if (media?.soundOnly) return withoutCodec('您')
  return peerSoundOnly ? withoutCodec('工作人员') : ''
}

function titleOf(call, agent) {
  if (call.isGuest) return '三方通话'
  return agent ? `工作人员 ${agent}` : '工作人员'
}

function relabel(button, drawing, label) {
  if (button.lastChild.textContent === label) return
  button.querySelector('.icon').replaceWith(icon(drawing))
  button.lastChild.textContent = label
}

customElements.define('bb-call-room', CallRoom)
