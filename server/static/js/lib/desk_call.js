/**
 * The agent's one call: asks the service for it, brings the media up, and keeps what the panel shows.
 *
 * Dispatches `change`, `localstream`, `remotestream` (a MediaStream in `detail`), and `problem` (a sentence).
 */

import { CallMedia } from './call_media.js'
import { CallRefused, Signalling } from './call_signalling.js'
import { deskProblem } from './desk_words.js'
import { DeviceError, openDevices } from './devices.js'
import { ConnectionError } from './errors.js'

const BEFORE_OFFER = new Set(['ringing', 'consenting'])

const DEVICE_PROBLEMS = Object.freeze({
  denied: '浏览器没有允许使用麦克风。请点地址栏旁的图标允许后再试。',
  missing: '没有找到麦克风，请检查连接。',
  busy: '麦克风或摄像头正被别的程序使用，关闭后再试。',
  insecure: '只有 https 地址才能使用麦克风和摄像头。',
})

export class DeskCall extends EventTarget {
  #api
  #signalling
  #media = null
  #moved = []
  #early = null
  #beginning = null

  id = ''
  conversationId = ''
  mode = 'video'
  /** The word of the service: ringing, consenting, connecting, live, held, ended; empty without a call. */
  state = ''
  recording = false
  /** Whether the citizen has taken back the consent to the recording. */
  withdrawn = false
  since = null
  /** @type {import('./call_quality.js').Quality | null} */
  quality = null
  peerQuality = ''
  peerConnected = true
  /** Whether the citizen's browser hasn't got the codec of the call's pictures. */
  peerSoundOnly = false
  /** Whether sound and picture go from browser to browser. */
  direct = false
  /** What this desk is in the call: its agent, a guest of another's call, or a supervisor who listens. */
  /** @type {'agent' | 'guest' | 'listener'} */
  part = 'agent'
  /** The conversation whose call a supervisor listens to. */
  heard = ''
  /** The third party: `{name, state}`, or null. */
  guest = null
  /** Whether those in the call are told that a supervisor listens. */
  listened = false

  /** @param {{api: import('./desk_api.js').DeskApi, live: import('./live_events.js').LiveEvents}} parts */
  constructor({ api, live }) {
    super()
    this.#api = api
    this.#signalling = new Signalling(live)
  }

  /** Whether there is a call on this page, from its first ring on. */
  get active() {
    return this.#media !== null
  }

  get media() {
    return this.#media
  }

  /**
   * Calls, takes the call that the citizen asks for, or comes back to one that this page has left.
   * What goes wrong is told as `problem`.
   *
   * @param {string} conversationId
   * @param {'video' | 'audio'} mode
   * @param {{call_id: string, state: string} | null} [open] the conversation's call that hasn't ended
   */
  async begin(conversationId, mode, open = null) {
    if (this.active || this.#beginning) return
    const done = this.#begins()
    this.#reset('agent', conversationId, mode, open?.state ?? 'ringing')
    let media = null
    try {
      const stream = await this.#devices(mode)
      media = this.#makeMedia()
      this.#media = media
      this.#dispatch('change')
      const isUnderWay = open && open.state !== 'ringing'
      const call = isUnderWay ? open : await this.#api.act(conversationId, 'calls', { mode })
      if (media !== this.#media) return this.#takeBack(call, stream)
      this.id = call.call_id ?? call.id
      if (call.mode === 'text') this.#signalling.tell('call.mode', { call_id: this.id, mode })
      this.#take({ ...call, mode })
      if (this.#early?.call_id === this.id) this.#take(this.#early)
      done()
      await media.start({ stream })
    } catch (error) {
      if (media && media !== this.#media) return // it has ended already, and another may have begun
      this.#dispatch('problem', problemOf(error))
      this.#end()
    } finally {
      done()
    }
  }

  /** Until what this returns is called, another press begins nothing. */
  #begins() {
    const mark = {}
    this.#beginning = mark
    return () => {
      if (this.#beginning === mark) this.#beginning = null
    }
  }

  /** The agent has hung up before the service said which call it is. */
  #takeBack(call, stream) {
    for (const track of stream.getTracks()) track.stop()
    this.#signalling.tell('call.hangup', { call_id: call.call_id ?? call.id }, { keep: true })
  }

  /**
   * Joins another agent's call as its guest, or listens to it. What goes wrong is told as `problem`.
   *
   * @param {string} callId
   * @param {'guest' | 'listener'} part
   * @param {() => Promise<unknown>} admitted asks the service, which has to agree first
   */
  async join(callId, part, admitted) {
    if (this.active || this.#beginning) return
    const done = this.#begins()
    this.#reset(part, '', 'video', 'connecting')
    this.id = callId
    let media = null
    try {
      const stream = part === 'guest' ? await this.#devices('video') : new MediaStream()
      media = this.#makeMedia()
      this.#media = media
      this.#dispatch('change')
      await admitted()
      done()
      await media.start({ stream })
    } catch (error) {
      if (media && media !== this.#media) return // it has ended already, and another may have begun
      this.#dispatch('problem', problemOf(error))
      this.#end()
    } finally {
      done()
    }
  }

  #reset(part, conversationId, mode, state) {
    this.part = part
    this.conversationId = conversationId
    this.mode = mode
    this.state = state
    this.quality = null
    this.peerQuality = ''
    this.peerConnected = true
    this.peerSoundOnly = false
    this.heard = ''
    this.guest = null
    this.listened = false
    this.withdrawn = false
    this.since = null
    this.#early = null
  }

  /** Passing news of the service. @param {Record<string, any>} news */
  hear(news) {
    // What a call becomes may be told before the answer that says which call it is.
    if (this.active && !this.id && news.type === 'call.state') this.#early = news
    if (!this.active || news.call_id !== this.id) return
    if (news.type === 'call.state') this.#take(news)
    if (news.type === 'call.quality' && news.party !== 'agent') {
      this.peerQuality = news.level ?? ''
      this.peerSoundOnly = Boolean(news.sound_only)
    }
    this.#dispatch('change')
  }

  /**
   * What the conversation says of its call, for news that were lost with the connection.
   *
   * @param {{call: {call_id: string, state: string} | null, lastCall: string}} chat
   */
  catchUp({ call, lastCall }) {
    if (!this.active || !this.id) return
    if (lastCall === this.id) this.#take({ state: 'ended' })
    else if (call?.call_id === this.id && BEFORE_OFFER.has(this.state) && !BEFORE_OFFER.has(call.state))
      this.#take({ state: call.state })
  }

  hangUp() {
    if (!this.active) return
    if (this.id) this.#signalling.tell('call.hangup', { call_id: this.id }, { keep: true })
    this.#end()
  }

  /** Ends what this desk has of the call without a word: whoever takes over is in it as another from now on. */
  drop() {
    if (this.active) this.#end()
  }

  /** Down or up the ladder: `video`, `audio`. @param {'video' | 'audio'} mode */
  async setMode(mode) {
    this.mode = mode
    this.#signalling.tell('call.mode', { call_id: this.id, mode }, { keep: true })
    await this.try((media) => media.setCamera(mode === 'video'))
  }

  /** Does something with the media, and tells what went wrong. @param {(media: CallMedia) => unknown} act */
  async try(act) {
    if (!this.#media) return
    try {
      await act(this.#media)
    } catch (error) {
      this.#dispatch('problem', problemOf(error))
    }
  }

  /** An agent without a camera can still talk. */
  async #devices(mode) {
    if (mode !== 'video') return openDevices({ audio: true, video: false })
    try {
      return await openDevices({ audio: true, video: { facingMode: 'user' } })
    } catch (error) {
      const stream = await openDevices({ audio: true, video: false })
      this.#dispatch('problem', '没有可用的摄像头，对方只能听到您的声音。')
      return stream
    }
  }

  #makeMedia() {
    const media = new CallMedia({
      seats: this.part === 'listener' ? 3 : 2,
      listens: this.part === 'listener',
      way: async () => {
        const way = await this.#api.iceServers()
        this.direct = way.media === 'direct'
        return way
      },
      send: async (type, { sdp }, isNewest) => {
        await this.#signalling.opened()
        await this.#mayOffer()
        if (!isNewest()) throw new ConnectionError('another offer took its place')
        return this.#signalling.exchange(type, this.id, sdp)
      },
      direct: {
        signalling: this.#signalling,
        callId: () => this.id,
        offers: true,
        mayBegin: () => this.#mayOffer(),
      },
    })
    for (const type of ['localstream', 'remotestream', 'otherstream'])
      media.addEventListener(type, ({ detail }) => media === this.#media && this.#dispatch(type, detail))
    media.addEventListener('state', ({ detail }) => {
      if (media !== this.#media) return
      if (detail === 'live') this.since ??= new Date()
      if (detail === 'reconnecting') this.#signalling.doubt()
      if (detail === 'ended') this.#end()
      this.#dispatch('change')
    })
    media.addEventListener('change', () => this.#dispatch('change'))
    media.addEventListener('quality', ({ detail }) => {
      this.quality = detail
      const stats = { ...detail.numbers, level: detail.level, sound_only: media.soundOnly }
      this.#signalling.tell('call.stats', { call_id: this.id, stats })
      this.#dispatch('change')
    })
    return media
  }

  #take({ state, mode, recording, withdrawn, peer, guest, listened }) {
    if (withdrawn !== undefined) this.withdrawn = withdrawn
    if (guest !== undefined) this.guest = guest
    if (listened !== undefined) this.listened = listened
    if (mode) this.mode = mode
    if (recording !== undefined) this.recording = Boolean(recording)
    if (peer?.connected !== undefined) this.peerConnected = peer.connected
    if (state) this.state = state
    for (const wake of this.#moved.splice(0)) wake()
    if (state === 'ended') this.#end()
    else if (mode === 'text' && this.active && this.part === 'agent') {
      this.#dispatch('problem', '对方改用文字沟通，通话还保留着。')
      this.#end()
    }
  }

  /** Nothing goes to the relay before the citizen has picked up and answered for the recording. */
  async #mayOffer() {
    while (BEFORE_OFFER.has(this.state)) await new Promise((resolve) => this.#moved.push(resolve))
    if (this.state === 'ended' || !this.active) throw new CallRefused('call_ended', '通话已结束')
  }

  #end() {
    const media = this.#media
    this.#media = null
    this.state = 'ended'
    this.recording = false
    media?.stop()
    this.id = ''
    for (const wake of this.#moved.splice(0)) wake()
    this.#dispatch('change')
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

/** @param {unknown} error */
function problemOf(error) {
  if (error instanceof DeviceError) return DEVICE_PROBLEMS[error.reason]
  if (error instanceof CallRefused)
    return error.code === 'call_ended' ? '' : error.message || '通话没有接通。'
  return deskProblem(error)
}
