/**
 * A citizen's part in one call: from the check of the devices to the end, through every failure between.
 *
 * Owns the step and the mode (`video` | `audio` | `text`, walked down and up without starting over);
 * draws nothing. Dispatches `step` (also for a new mode or notice), `followed` when the other side has
 * changed the mode, `explained` when it becomes known why the call has ended, `localstream`, `remotestream`,
 * `quality` and `change`, the last four as `CallMedia` does.
 */

import { CallMedia } from './call_media.js'
import { CallRefused, Signalling } from './call_signalling.js'
import { stepAfter } from './call_steps.js'
import { backOff, sleep } from './delivery.js'
import { DeviceError } from './devices.js'
import { ConnectionError } from './errors.js'

const SOCKET_MS = 8000
const ATTEMPTS = 3
/** So long news of another mode may be older than what this side has said last. */
const ECHO_MS = 5000
/** While the call is in one of these, the service takes no offer. */
const BEFORE_OFFER = new Set(['ringing', 'consenting'])

export class CitizenCall extends EventTarget {
  #session
  #signalling
  #memory
  #media = null
  #stream = null
  #joined = false
  #known
  #moved = []
  #said = { mode: '', until: 0 }
  #wasLost = false

  /** Where the service says that the call stands; empty while it has said nothing. */
  state = ''
  step = 'loading'
  /** @type {'video' | 'audio' | 'text'} */
  mode
  /** Why it failed or ended, in words for the citizen; empty if there is nothing to say. */
  problem = ''
  /** Why a device can't be used: a reason of `DeviceError`, or empty. */
  deviceReason = ''
  /** Whether the agent's side is there, as far as the service says. */
  peerConnected = null
  /** Whether the other side has turned to video while this camera is off: nobody else switches it on. */
  invited = false
  /** Whether the other side's browser hasn't got the codec of the call's pictures. */
  peerSoundOnly = false
  /** A third party: `{name, state}`, or null. */
  guest = null
  /** Whether a supervisor listens. */
  listened = false
  /** Whether the service is recording now. */
  recorded = false
  /** When sound and picture were there first. @type {Date | null} */
  since = null

  /**
   * @param {object} parts
   * @param {import('./chat_session.js').ChatSession} parts.session
   * @param {import('./memory.js').Memory} parts.memory
   * @param {string} parts.callId
   * @param {'video' | 'audio'} parts.mode what was asked for
   */
  constructor({ session, memory, callId, mode }) {
    super()
    this.#session = session
    this.#memory = memory
    this.callId = callId
    this.mode = mode
    this.#known = memory.read(this.#key)
    this.#signalling = new Signalling(session.live)
    session.live.addEventListener('passing', ({ detail }) => this.#hear(detail))
    session.live.addEventListener('state', ({ detail }) => this.#connectionChanged(detail))
    session.addEventListener('holding', ({ detail }) => this.#lookAt(detail))
    session.addEventListener('expired', () => this.#end('这次通话已过期。'))
  }

  get media() {
    return this.#media
  }

  /** The conversation is there: is the call, too? */
  open() {
    if (!this.#session.isStarted) {
      this.#end(this.#session.missing ?? '没有找到这次通话。它可能已经结束，或者是在微信或另一个浏览器里开始的。')
      return
    }
    this.#lookAt(this.#session.holding)
    if (this.#known) this.mode = this.#known.mode
    this.#go(this.#known ? 'known' : 'found')
  }

  /**
   * The devices were checked, and are open in `stream`.
   *
   * @param {{stream: MediaStream | null, mode: 'video' | 'audio'}} checked
   */
  takeDevices({ stream, mode }) {
    this.#letGo()
    this.#stream = stream
    this.mode = mode
    this.deviceReason = ''
    if (this.#known) this.rejoin()
    else this.#go('checked')
  }

  /**
   * The citizen's answer about recording; the call begins. Throws ServiceError.
   *
   * @param {{version: string, agree: boolean}} answer
   */
  async consent({ version, agree }) {
    await this.#sayConsent({ version, agree })
    if (this.isGuest && !agree) return this.#end('您没有同意录制，所以没有加入通话。')
    this.#remember({ version, agree, mode: this.mode })
    this.rejoin()
  }

  /**
   * Takes back the consent to the recording: the service stops it, and the call goes on; a third party, who
   * may only be there recorded, leaves. `true` if nothing is recorded any more. Throws ServiceError.
   */
  async withdraw() {
    this.#remember({ ...this.#known, agree: false }) // not said otherwise again, whatever becomes of this
    const { recording } = await this.#sayConsent(this.#known)
    if (this.isGuest) {
      this.#end('您已停止录制并离开通话，其他人的通话照常进行。已录制的部分仍会按规定保存。')
      return true
    }
    this.recorded = Boolean(recording)
    this.#dispatch('step')
    return !this.recorded
  }

  /**
   * After a reload: back into the call. The log tells only that it rang and that it was live; saying the
   * same about recording again changes nothing and brings how the call stands now. Throws ServiceError.
   */
  async comeBack() {
    if (BEFORE_OFFER.has(this.state)) await this.#sayConsent(this.#known)
    this.rejoin()
  }

  /** The citizen would rather write: the call ends before it began. The talk with the agent goes on. */
  decline() {
    this.hangUp()
  }

  /** Switches the citizen's own camera. Throws DeviceError. @param {boolean} on */
  async setCamera(on) {
    this.invited = false
    await this.#media?.setCamera(on)
    this.#dispatch('step')
  }

  /** The camera stays off, although the other side has turned to video. */
  stayDark() {
    this.invited = false
    this.#dispatch('step')
  }

  /** Joins, or joins again, with what is known already. Call it after a tap. */
  rejoin() {
    this.problem = ''
    this.#go('consented')
    this.#join()
  }

  /** Back to the devices. @param {string} [reason] of DeviceError */
  recheck(reason = '') {
    this.#stopMedia()
    this.deviceReason = reason
    this.#go('recheck')
  }

  /**
   * Walks the ladder, up or down. Throws DeviceError when the camera can't be used; the mode then stays.
   *
   * @param {'video' | 'audio' | 'text'} mode
   */
  async setMode(mode) {
    this.invited = false
    if (mode === 'text') {
      this.#write()
      this.#sayMode()
      return
    }
    if (this.#media) {
      await this.#media.setCamera(mode === 'video')
      this.mode = mode
      this.#sayMode()
      this.#remember({ ...this.#known, mode })
      this.#dispatch('step')
      return
    }
    this.mode = mode
    this.#sayMode()
    this.rejoin()
  }

  /** The citizen ends the call. */
  hangUp() {
    this.#tell('call.hangup', {}, { keep: true })
    this.#end('')
  }

  // --- inside ---------------------------------------------------------------------------------------

  async #sayConsent({ version, agree }) {
    const answer = await this.#session.ask('POST', this.#path('consent'), { body: { version, agree } })
    this.#stands(answer.state)
    return answer
  }

  /** That the agent has picked up may be told while the connection is lost, and no log keeps it. */
  #connectionChanged(state) {
    const waits = this.step === 'joining' && this.#known && BEFORE_OFFER.has(this.state)
    if (state === 'open' && this.#wasLost && waits) this.#sayConsent(this.#known).catch(() => {})
    this.#wasLost = state !== 'open'
  }

  get #key() {
    return `call.${this.callId}`
  }

  async #join() {
    const stream = this.#stream
    this.#stream = null
    for (let failures = 1; ; failures += 1) {
      const media = this.#newMedia()
      try {
        await this.#session.live.opened(SOCKET_MS)
        await media.start({
          audio: true,
          video: this.mode === 'video',
          stream: failures === 1 && isUsable(stream) ? stream : null,
        })
        this.#joined = true
        if (this.mode !== 'video') this.#sayMode()
        return
      } catch (error) {
        if (media !== this.#media) return // given up meanwhile
        if (error instanceof ConnectionError && failures < ATTEMPTS) await sleep(backOff(failures))
        else return this.#failed(error)
        if (media !== this.#media) return
      }
    }
  }

  #failed(error) {
    this.#stopMedia()
    if (error instanceof DeviceError) return this.recheck(error.reason)
    if (error.fatal) return this.#end(error.message || '这次通话已经结束。')
    this.problem =
      error instanceof ConnectionError ? '没有接通，可能是网络不稳。' : error.message || '没有接通，请稍后再试。'
    this.#go('refused')
  }

  #newMedia() {
    this.#stopMedia()
    const media = new CallMedia({
      way: () => this.#session.ask('GET', 'ice'),
      // A citizen who comes back from writing takes the place in the call that is still theirs.
      send: async (type, { sdp }, isNewest) => {
        await this.#signalling.opened()
        await this.#mayOffer(media)
        if (!isNewest()) throw new ConnectionError('another offer took its place')
        return this.#signalling.exchange(this.#joined ? 'call.rejoin' : type, this.callId, sdp)
      },
      direct: {
        signalling: this.#signalling,
        callId: () => this.callId,
        offers: false,
        mayBegin: () => this.#mayOffer(media),
      },
    })
    this.#media = media
    const pass = (type, act = () => {}) =>
      media.addEventListener(type, ({ detail }) => {
        if (media !== this.#media) return
        act(detail)
        this.#dispatch(type, detail)
      })
    pass('localstream')
    pass('remotestream')
    pass('otherstream')
    pass('change')
    pass('quality', ({ numbers, level }) => {
      this.#tell('call.stats', { stats: { ...numbers, level, sound_only: media.soundOnly } })
    })
    media.addEventListener('state', ({ detail }) => {
      if (media === this.#media) this.#mediaChanged(detail)
    })
    return media
  }

  #mediaChanged(state) {
    if (state === 'live') {
      this.since ??= new Date()
      this.#go('live')
    } else if (state === 'reconnecting') {
      this.#signalling.doubt()
      this.#go('lost')
    } else if (state === 'ended' && this.#joined) {
      this.#end('这次通话已经结束。') // the service knows of no such call any more
    }
  }

  /** Nobody is offered anything before the other side has picked up. */
  async #mayOffer(media) {
    while (BEFORE_OFFER.has(this.state)) await new Promise((resolve) => this.#moved.push(resolve))
    if (media !== this.#media) throw new CallRefused('call_ended', '')
  }

  #stands(state) {
    if (state) this.state = state
    for (const wake of this.#moved.splice(0)) wake()
  }

  /** Whether this page is the third party's, and the call not its own. */
  get isGuest() {
    return Boolean(this.#session.isGuest)
  }

  #hear(news) {
    if (news.call_id !== this.callId) return
    if (news.type === 'call.state') this.#hearState(news)
    if (news.type !== 'call.quality' || news.party !== 'agent') return
    if (this.peerSoundOnly === Boolean(news.sound_only)) return
    this.peerSoundOnly = Boolean(news.sound_only)
    this.#dispatch('step')
  }

  #hearState({ mode, peer, recording, guest, listened, agent_connected: agentConnected }) {
    if (peer) this.peerConnected = peer.connected
    if (recording !== undefined) this.recorded = recording
    if (guest !== undefined) this.guest = guest
    if (listened !== undefined) this.listened = listened
    if (this.isGuest) {
      this.guest = { name: '工作人员', state: agentConnected ? 'joined' : 'away' }
      this.#dispatch('step')
      return
    }
    this.#dispatch('step')
    if (mode === this.#said.mode) this.#said = { mode: '', until: 0 }
    else if (mode && Date.now() >= this.#said.until) this.#follow(mode)
  }

  /**
   * The other side has changed the mode. Down one goes along; up, the own camera stays off until the
   * citizen opens it.
   *
   * @param {string} mode
   */
  async #follow(mode) {
    if (mode === this.mode || !(this.step === 'live' || this.step === 'away')) return
    if (mode === 'text') {
      this.#write()
    } else {
      this.mode = mode
      this.invited = mode === 'video' && !this.#media?.cameraOn
      this.#remember({ ...this.#known, mode })
      this.#dispatch('step')
      if (mode === 'audio') await this.#media?.setCamera(false)
    }
    this.#dispatch('followed', mode)
  }

  #write() {
    this.#stopMedia()
    this.#letGo()
    this.mode = 'text'
    this.#go('write')
  }

  /** Tells the other side what this one has chosen; what was told before it is no news any more. */
  #sayMode() {
    this.#said = { mode: this.mode, until: Date.now() + ECHO_MS }
    this.#tell('call.mode', { mode: this.mode }, { keep: true })
  }

  #lookAt({ holder, call, lastCall }) {
    if (call?.id === this.callId) return this.#stands(call.state)
    if (lastCall !== this.callId) return
    this.#end(holder === 'queue' ? '工作人员的连接断开了，正在为您转接，您的位置已保留。' : '')
  }

  #end(problem) {
    if (this.step === 'ended') {
      if (!problem || this.problem) return
      this.problem = problem // the log tells first that the call ended, then that the agent is gone
      this.#dispatch('explained')
      return
    }
    this.problem = problem
    this.#stopMedia()
    this.#letGo()
    this.#memory.write(this.#key, null)
    this.#go('gone')
  }

  #remember(known) {
    this.#known = known
    this.#memory.write(this.#key, known)
  }

  #stopMedia() {
    const media = this.#media
    this.#media = null
    media?.stop()
    this.#stands('')
  }

  #letGo() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop()
    this.#stream = null
  }

  #path(what) {
    return `calls/${encodeURIComponent(this.callId)}/${what}`
  }

  #tell(type, payload, options) {
    if (this.isGuest && type === 'call.mode') return // how the two meet is theirs to change
    this.#signalling.tell(type, { call_id: this.callId, ...payload }, options)
  }

  #go(event) {
    this.step = stepAfter(this.step, event)
    this.#dispatch('step')
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

/** @param {MediaStream | null} stream */
function isUsable(stream) {
  return stream?.getTracks().some((track) => track.readyState === 'live') ?? false
}
