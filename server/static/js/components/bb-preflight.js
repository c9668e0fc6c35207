/**
 * <bb-preflight> checks camera, microphone, speaker and network with the citizen before a call.
 *
 * Accessibility criteria
 * - Nothing opens before a tap; what happens next is said before it.
 * - Each check says its result in words beside its name; colour and bars only repeat them.
 * - The result of a check that was asked for is announced; a level that moves all the time isn't.
 * - Nobody has to pass: without a camera one goes on with sound, without both with writing.
 * - The preview is mirrored as people know themselves, and has no sound.
 *
 * Tells `bb-checked` with `{stream, mode}`, `bb-write`, `bb-status` and `bb-announce` with a text.
 */

import { adviceFor, deviceWords, placeOf } from '../lib/device_advice.js'
import { DeviceError, openDevices } from '../lib/devices.js'
import { icon, make, tell } from '../lib/dom.js'
import { networkWords, roundTrip } from '../lib/network_check.js'
import { LoudnessMeter, playTone } from '../lib/sound_check.js'

/** Louder than this is somebody speaking, not a quiet room. */
const HEARD = 0.35
const SAMPLE_MS = 120

export class Preflight extends HTMLElement {
  #stream = null
  #meter = null
  #timer = 0
  #rows = {}
  #mode = 'video'
  #canWrite = true

  /**
   * @param {{mode: 'video' | 'audio', reason?: string, canWrite?: boolean}} wanted `reason`: why a device failed
   *   before; `canWrite`: whether there is a conversation to write in
   */
  begin({ mode, reason = '', canWrite = true }) {
    this.close()
    this.#canWrite = canWrite
    this.#mode = mode
    this.#drawStart(reason)
  }

  /** Lets the devices go, unless they were handed on. */
  close() {
    clearInterval(this.#timer)
    this.#meter?.close()
    this.#meter = null
    for (const track of this.#stream?.getTracks() ?? []) track.stop()
    this.#stream = null
  }

  disconnectedCallback() {
    this.close()
  }

  // --- before the tap -----------------------------------------------------------------------------

  #drawStart(reason) {
    const wantsVideo = this.#mode === 'video'
    this.replaceChildren(
      make(
        'section',
        { class: 'sheet', 'aria-labelledby': 'preflight-title' },
        make(
          'h1',
          { class: 'sheet__title', id: 'preflight-title', tabindex: '-1' },
          wantsVideo ? '视频前，先检查设备' : '通话前，先检查麦克风',
        ),
        reason === 'insecure' ? null : lead(wantsVideo ? '摄像头和麦克风' : '麦克风'),
        reason ? this.#advice(reason, { camera: wantsVideo, microphone: true }) : null,
        make('div', { class: 'sheet__actions' }, ...this.#ways(reason, wantsVideo)),
      ),
    )
  }

  /** The ways on from here. Where a browser lends no devices at all, sound alone is none. */
  #ways(reason, wantsVideo) {
    const open = (draw, label) => draw(wantsVideo ? 'video' : 'mic', label, () => this.#check(this.#mode))
    const write = (draw) => (this.#canWrite ? draw('chat', '只用文字', () => tell(this, 'bb-write')) : null)
    if (reason === 'insecure') return [write(big), open(quiet, '再试一次')]
    return [
      open(big, reason ? '再试一次' : wantsVideo ? '打开摄像头和麦克风' : '打开麦克风'),
      wantsVideo ? quiet('phone', '不用摄像头，只用语音', () => this.#check('audio')) : null,
      write(quiet),
    ]
  }

  /** @param {string} reason @param {{camera: boolean, microphone: boolean}} concerned */
  #advice(reason, concerned) {
    const place = placeOf(navigator.userAgent, navigator.maxTouchPoints)
    const { title, steps } = adviceFor(reason, place, deviceWords(concerned))
    return make(
      'div',
      { class: 'advice' },
      make('h2', { class: 'advice__title' }, icon('warning'), title),
      make('ol', { class: 'items' }, ...steps.map((step) => make('li', {}, step))),
    )
  }

  // --- after it -----------------------------------------------------------------------------------

  async #check(mode) {
    tell(this, 'bb-status', '请在浏览器的提示里选「允许」')
    const { stream, reason } = await openWhatIsThere(mode)
    this.close()
    tell(this, 'bb-status', '')
    if (!stream) {
      const concerned = deviceWords({ camera: mode === 'video', microphone: true })
      tell(this, 'bb-announce', adviceFor(reason, 'desktop', concerned).title) // who sees reads it above the buttons
      this.#mode = mode
      this.#drawStart(reason)
      this.querySelector('h1').focus()
      return
    }
    this.#stream = stream
    this.#drawChecks(mode, reason)
  }

  #drawChecks(mode, reason) {
    const hasCamera = this.#stream.getVideoTracks().length > 0
    const hasMicrophone = this.#stream.getAudioTracks().length > 0
    const level = make('span', { class: 'level', 'aria-hidden': 'true' }, make('i'))
    this.#rows = {
      camera: row('video', '摄像头'),
      microphone: row('mic', '麦克风', level),
      speaker: row('speak', '扬声器'),
      network: row('online', '网络'),
    }
    if (mode === 'audio') this.#rows.camera.element.hidden = true
    this.replaceChildren(
      make(
        'section',
        { class: 'sheet', 'aria-labelledby': 'preflight-title' },
        make('h1', { class: 'sheet__title', id: 'preflight-title', tabindex: '-1' }, '检查结果'),
        hasCamera ? preview(this.#stream) : null,
        reason ? this.#advice(reason, { camera: !hasCamera, microphone: !hasMicrophone }) : null,
        make('ul', { class: 'tests' }, ...Object.values(this.#rows).map(({ element }) => element)),
        make(
          'div',
          { class: 'sheet__actions' },
          big('check', nextWords(hasCamera, hasMicrophone), () => this.#goOn()),
          reason ? quiet('retry', '再试一次', () => this.#check(mode)) : null,
          hasCamera ? quiet('phone', '不用摄像头，只用语音', () => this.#check('audio')) : null,
          this.#canWrite ? quiet('chat', '只用文字', () => tell(this, 'bb-write')) : null,
        ),
      ),
    )
    this.querySelector('h1').focus()
    this.#rows.camera.say(hasCamera ? 'ok' : 'bad', hasCamera ? '正常，上面就是您的画面' : '没有打开，对方看不到您')
    if (hasMicrophone) this.#listen(level.firstChild)
    else this.#rows.microphone.say('bad', '没有打开，对方听不到您，可以打字')
    this.#offerTone()
    this.#measureNetwork()
  }

  #listen(bar) {
    const say = this.#rows.microphone.say
    say('wait', '请说一句话试试')
    try {
      this.#meter = new LoudnessMeter(this.#stream)
    } catch {
      say('ok', '已打开') // without the meter nobody can see it, but it may well work
      return
    }
    let heard = false
    this.#timer = setInterval(() => {
      const { level } = this.#meter
      bar.style.setProperty('--level', level.toFixed(2))
      if (heard || level < HEARD) return
      heard = true
      say('ok', '正常，听到您的声音了')
    }, SAMPLE_MS)
  }

  #offerTone() {
    const { say, act } = this.#rows.speaker
    const play = async () => {
      say('wait', '正在播放三声提示音…')
      await playTone().catch(() => {})
      say('wait', '听到了吗？')
      act(
        small('听到了', () => {
          say('ok', '正常')
          act(small('再放一次', play))
        }),
        small('没听到', () => {
          say('bad', '请把音量调大，关掉静音，或者换耳机')
          act(small('再放一次', play))
        }),
      )
    }
    say('wait', '放一段提示音试试')
    act(small('播放', play))
  }

  async #measureNetwork() {
    const { say } = this.#rows.network
    say('wait', '正在检查…')
    const { state, words } = networkWords(await roundTrip())
    say(state, words)
  }

  #goOn() {
    const stream = this.#stream
    this.#stream = null // handed on: the call goes on with what is open
    this.close()
    tell(this, 'bb-checked', { stream, mode: stream.getVideoTracks().length > 0 ? 'video' : 'audio' })
  }
}

/**
 * Both devices, or the one that is there; `reason` says why something is missing.
 *
 * @param {'video' | 'audio'} mode
 * @returns {Promise<{stream: MediaStream | null, reason: string}>}
 */
async function openWhatIsThere(mode) {
  const wishes = [{ audio: true, video: mode === 'video' && { facingMode: 'user' } }]
  if (mode === 'video') wishes.push({ audio: true, video: false }, { audio: false, video: { facingMode: 'user' } })
  let reason = ''
  for (const wish of wishes) {
    try {
      return { stream: await openDevices(wish), reason }
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
      reason ||= error.reason
      if (error.reason === 'insecure') break
    }
  }
  return { stream: null, reason }
}

function lead(devices) {
  return make(
    'p',
    { class: 'sheet__lead' },
    '点下面的按钮后，浏览器会问能不能使用',
    make('strong', {}, devices),
    '，请选「允许」。现在只有您自己看得到、听得到。',
  )
}

function nextWords(hasCamera, hasMicrophone) {
  if (!hasCamera) return '下一步，用语音通话'
  return hasMicrophone ? '看得到、听得到，下一步' : '下一步，不用麦克风'
}

function preview(stream) {
  const video = make('video', {
    class: 'preview preview--mirrored',
    autoplay: true,
    playsinline: true,
    muted: true,
    'aria-label': '您自己的画面',
  })
  video.muted = true // the attribute alone doesn't do it for an element made by script
  video.srcObject = stream
  video.play().catch(() => {})
  return video
}

/** One check: its name, what came of it, what can be done. */
function row(drawing, name, ...more) {
  const result = make('span', { class: 'test__result' })
  const actions = make('span', { class: 'test__actions' })
  const element = make(
    'li',
    { class: 'test' },
    icon(drawing),
    make('span', { class: 'test__name' }, name),
    result,
    ...more,
    actions,
  )
  return {
    element,
    say: (state, words) => {
      element.dataset.state = state
      result.textContent = words
    },
    act: (...buttons) => {
      const held = actions.contains(document.activeElement)
      actions.replaceChildren(...buttons)
      if (held) buttons[0].focus()
    },
  }
}

const big = (drawing, label, click) =>
  make('button', { type: 'button', class: 'button button--big', click }, icon(drawing), label)

const quiet = (drawing, label, click) =>
  make('button', { type: 'button', class: 'button button--quiet', click }, icon(drawing), label)

const small = (label, click) => make('button', { type: 'button', class: 'button button--quiet', click }, label)

customElements.define('bb-preflight', Preflight)
