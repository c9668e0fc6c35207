/**
 * This browser's side of a call: microphone, camera or screen out, the other side's sound and picture in.
 *
 * It speaks to the relay by one exchange, an offer against an answer, each with all its candidates; a
 * connection that fails, or whose network changes, is replaced by a new one (a rejoin) until `stop`.
 * Where media go from browser to browser, a DirectLink makes the connection. It draws nothing and knows no
 * page. Citizen and agent use the same.
 *
 *     const media = new CallMedia({ way, send })
 *     media.addEventListener('remotestream', ({ detail }) => { video.srcObject = detail })
 *     await media.start({ audio: true, video: true })
 *
 * Dispatches
 * - `localstream` (a MediaStream to preview, in `detail`; again whenever camera or screen change)
 * - `remotestream` (the other side's MediaStream; again after a rejoin)
 * - `otherstream` (`{seat, stream}`: who else may be in the call, from seat 1 on; again after a rejoin)
 * - `state` (`starting` | `connecting` | `live` | `reconnecting` | `ended`)
 * - `quality` (`{level, words, numbers}` every two seconds while live; see `call_quality.js`. Whoever holds
 *   the connection to the service sends `numbers` as `call.stats`)
 * - `change` (muted, camera or sharing is now something else; read them from the properties)
 */

import { bothWays } from './both_ways.js'
import { CallRefused } from './call_signalling.js'
import { qualityBetween, sampleOf } from './call_quality.js'
import { addSeat, codecsNamed, streamsBySeat } from './call_seats.js'
import { freshOrKnown, gathered, LONGEST_GATHERING_MS, settled } from './connection_waits.js'
import { backOff, sleep } from './delivery.js'
import { chooseScreen, openDevices } from './devices.js'
import { DirectLink } from './direct_link.js'
import { watchPath } from './path_watch.js'

/** What is known by then goes into the offer; where that was too little, or nothing, more time is given. */
const GATHERING_MS = 1500
/** A network that is gone for less than this comes back without a rejoin. */
const PATIENCE_MS = 1500
/** An exchange that has brought no connection by then is tried anew. */
const CONNECTING_MS = 8000
const SAMPLE_MS = 2000
/** So long black frames go out before the camera is let go: else the other side keeps the last face. */
const FADE_MS = 500

export class CallMedia extends EventTarget {
  #way
  #send
  #direct
  #link = null
  #seats
  #listens
  #soundOnly = false
  #state = 'new'
  #pc = null
  #microphone = null
  #camera = null
  #screen = null
  #muted = false
  #wantsCamera = false
  #facing = 'user'
  #deviceId = ''
  #rejoining = null
  #fruitless = 0
  #offers = 0
  #patience = 0
  #sampler = 0
  #sample = null
  #wayInTime
  #unwatch = () => {}
  #wake = () => {}
  #carrier = navigator.connection?.type

  /**
   * @param {object} parts
   * @param {() => Promise<import('./direct_link.js').Way>} parts.way is asked for each connection, because
   *   credentials of a TURN server run out
   * @param {(
   *   type: 'call.offer' | 'call.rejoin', payload: {sdp: string}, isNewest: () => boolean,
   * ) => Promise<{sdp: string}>} parts.send brings the offer to the service and returns its answer; rejects when
   *   that isn't possible now, or when it isn't the newest offer any more
   * @param {import('./direct_link.js').Reach} [parts.direct] used where media don't pass through the relay
   * @param {number} [parts.seats] how many others may be heard and seen at once, through the relay
   * @param {boolean} [parts.listens] whether this browser only listens and sends nothing
   */
  constructor({ way, send, direct, seats = 2, listens = false }) {
    super()
    this.#way = way
    this.#wayInTime = freshOrKnown(way)
    this.#send = send
    this.#direct = direct
    this.#seats = seats
    this.#listens = listens
  }

  get state() {
    return this.#state
  }

  get muted() {
    return this.#muted
  }

  get cameraOn() {
    return this.#camera !== null && this.#wantsCamera
  }

  /** Whether this browser hasn't got the codec of the call's pictures: it neither shows nor sends any. */
  get soundOnly() {
    return this.#soundOnly
  }

  get sharing() {
    return this.#screen !== null
  }

  /** The connection itself, for tests and diagnoses. */
  get connection() {
    return this.#pc
  }

  /**
   * Opens the devices and calls. Resolves when the offer has been answered.
   * Throws DeviceError (of `devices.js`) when a wanted device can't be used, and what `send` throws.
   *
   * @param {{audio?: boolean, video?: boolean, stream?: MediaStream | null}} [wanted] `stream`: devices that
   *   are open already, from a check before the call
   */
  async start({ audio = true, video = true, stream = null } = {}) {
    this.#become('starting')
    try {
      const opened = stream ?? (await openDevices({ audio, video: video && this.#lens }))
      if (this.#state === 'ended') {
        for (const track of opened.getTracks()) track.stop()
        return
      }
      this.#microphone = opened.getAudioTracks()[0] ?? null
      if (this.#microphone) this.#microphone.enabled = !this.#muted
      this.#camera = opened.getVideoTracks()[0] ?? null
      this.#wantsCamera = this.#camera !== null
      this.#showLocal()
      window.addEventListener('online', this.#networkChanged)
      navigator.connection?.addEventListener?.('change', this.#carrierChanged)
      this.#become('connecting')
      await this.#exchange('call.offer').catch((error) => {
        if (!this.#rejoining) throw error // else another network came meanwhile, and its offer took over
      })
      if (this.#rejoining) {
        await this.#rejoining
        if (this.#state === 'ended') throw new CallRefused('call_ended', '')
        return
      }
      this.#patience = setTimeout(() => this.rejoin(), CONNECTING_MS)
    } catch (error) {
      this.stop()
      throw error
    }
  }

  /** Makes a new connection in the same call, again and again until it stands or `stop` is called. */
  rejoin() {
    if (this.#state === 'ended' || this.#state === 'new') return Promise.resolve()
    this.#rejoining ??= this.#rejoin().finally(() => {
      this.#rejoining = null
    })
    return this.#rejoining
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted
    if (this.#microphone) this.#microphone.enabled = !muted
    this.#dispatch('change')
  }

  /** Switches the camera on or off; off, its light goes out. Throws DeviceError. @param {boolean} on */
  async setCamera(on) {
    if (on && this.#soundOnly) return
    this.#wantsCamera = on
    if (on && !this.#camera) await this.#openCamera()
    else if (on) this.#camera.enabled = true
    else if (this.#camera) this.#fadeCamera(this.#camera)
    this.#showLocal()
    this.#dispatch('change')
  }

  /** Takes the next camera: front and rear on a phone, one after another elsewhere. Throws DeviceError. */
  async switchCamera() {
    const devices = await navigator.mediaDevices.enumerateDevices()
    const cameras = devices.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId)
    const settings = this.#camera?.getSettings() ?? {}
    const before = { facing: this.#facing, deviceId: this.#deviceId }
    if (settings.facingMode) {
      this.#facing = settings.facingMode === 'user' ? 'environment' : 'user'
      this.#deviceId = ''
    } else if (cameras.length > 0) {
      const place = cameras.findIndex(({ deviceId }) => deviceId === settings.deviceId)
      this.#deviceId = cameras[(place + 1) % cameras.length].deviceId
    }
    this.#camera?.stop() // phones open one camera at a time
    this.#camera = null
    this.#wantsCamera = true
    try {
      await this.#openCamera()
    } catch (error) {
      this.#facing = before.facing
      this.#deviceId = before.deviceId
      await this.#openCamera()
      throw error
    } finally {
      this.#showLocal()
      this.#dispatch('change')
    }
  }

  /**
   * Shows the screen instead of the camera, or the camera again. `false` if the person chose no screen.
   *
   * @param {boolean} on
   */
  async shareScreen(on) {
    if (on && this.#soundOnly) return false
    if (on && !this.#screen) {
      const screen = await chooseScreen()
      if (!screen) return false
      if (this.#state === 'ended') {
        screen.stop()
        return false
      }
      screen.contentHint = 'detail'
      screen.addEventListener('ended', () => this.shareScreen(false)) // by the browser's own bar
      this.#screen = screen
    } else if (!on) {
      this.#screen?.stop()
      this.#screen = null
    }
    await this.#sendPicture()
    this.#showLocal()
    this.#dispatch('change')
    return this.sharing
  }

  /** Ends everything on this side; there is no way back. Whoever holds the call says goodbye. */
  stop() {
    if (this.#state === 'ended') return
    this.#become('ended')
    window.removeEventListener('online', this.#networkChanged)
    navigator.connection?.removeEventListener?.('change', this.#carrierChanged)
    clearTimeout(this.#patience)
    clearInterval(this.#sampler)
    this.#unwatch()
    this.#wake()
    this.#link?.close()
    this.#pc?.close()
    for (const track of [this.#microphone, this.#camera, this.#screen]) track?.stop()
    this.#microphone = this.#camera = this.#screen = null
  }

  // --- the connection ---------------------------------------------------------------------------

  async #rejoin() {
    this.#become('reconnecting')
    for (let failures = 0; this.#state !== 'ended';) {
      try {
        await this.#exchange('call.rejoin')
        await (this.#link ? this.#link.stands(CONNECTING_MS) : settled(this.#pc, CONNECTING_MS))
        if (this.#state === 'reconnecting') this.#become('live') // a path found anew changes no state
        return
      } catch (error) {
        if (error?.fatal) {
          this.stop() // the service says that there is no such call any more
          return
        }
        failures += 1
        await this.#pause(backOff(failures, { first: 600, longest: 2000 }))
      }
    }
  }

  /** Waits, but no longer than until the network is back. @param {number} ms */
  async #pause(ms) {
    const awake = new Promise((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([sleep(ms), awake])
  }

  /** One offer, one answer; what it makes replaces the connection before. */
  async #exchange(type) {
    if (this.#link) return this.#link.ask()
    this.#offers += 1
    const turn = this.#offers
    const way = await this.#wayInTime()
    this.#checkGoesOn()
    this.#knowCodec(way.video_codec)
    if (way.media === 'direct') {
      this.#link = this.#makeLink(way)
      return this.#link.ask()
    }
    const { ice_servers: iceServers = [], video_codec: codec = 'vp8' } = way
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' })
    try {
      if (!this.#listens) this.#addSenders(pc, codec)
      for (let seat = this.#listens ? 0 : 1; seat < this.#seats; seat += 1) addSeat(pc, codec)
      await pc.setLocalDescription(await pc.createOffer())
      await gathered(pc, this.#fruitless > 0 ? LONGEST_GATHERING_MS : GATHERING_MS)
      this.#fruitless += 1
      const { sdp } = await this.#send(type, { sdp: pc.localDescription.sdp }, () => turn === this.#offers)
      this.#checkGoesOn()
      this.#follow(pc)
      await pc.setRemoteDescription({ type: 'answer', sdp })
    } catch (error) {
      pc.close()
      throw error
    }
  }

  #checkGoesOn() {
    if (this.#state === 'ended') throw new Error('the call has ended meanwhile')
  }

  #makeLink(given) {
    const link = new DirectLink({
      ...this.#direct,
      given,
      way: this.#way,
      follow: (pc) => this.#follow(pc),
      addSenders: (pc, codec) => this.#addSenders(pc, codec),
    })
    link.addEventListener('over', () => this.stop())
    return link
  }

  /** Both ways for both kinds from the beginning: what is sent changes without another exchange. */
  #addSenders(pc, videoCodec) {
    for (const [kind, codec] of Object.entries({ audio: 'opus', video: videoCodec })) {
      const sender = bothWays(pc, kind, codec)?.sender
      sender?.replaceTrack(kind === 'audio' ? this.#microphone : this.#picture)
    }
  }

  #follow(pc) {
    this.#pc?.close()
    this.#pc = pc
    this.#sample = null
    const streams = streamsBySeat(pc, this.#seats)
    pc.addEventListener('connectionstatechange', () => {
      if (pc === this.#pc) this.#connectionChanged(pc, streams)
    })
  }

  #connectionChanged(pc, [remote, ...others]) {
    clearTimeout(this.#patience)
    if (this.#state === 'ended') return
    if (pc.connectionState === 'connected') {
      this.#fruitless = 0
      this.#dispatch('remotestream', remote)
      others.forEach((stream, place) => this.#dispatch('otherstream', { seat: place + 1, stream }))
      this.#become('live')
      clearInterval(this.#sampler)
      this.#sampler = setInterval(() => this.#measure(pc), SAMPLE_MS)
      this.#unwatch()
      // Who sends nothing gets no feedback, and hears nothing while the others are away.
      if (!this.#link && !this.#listens) this.#unwatch = watchPath(pc, () => pc === this.#pc && this.rejoin())
    } else if (pc.connectionState === 'disconnected') {
      this.#become('reconnecting')
      this.#patience = setTimeout(() => this.rejoin(), PATIENCE_MS)
    } else if (pc.connectionState === 'failed') {
      this.rejoin()
    }
  }

  /** From wireless to mobile and back; the same event also tells of mere estimates of speed. */
  #carrierChanged = () => {
    const carrier = navigator.connection.type
    if (carrier === this.#carrier) return
    this.#carrier = carrier
    this.#networkChanged()
  }

  /** Another network has another address: the connection is lost, even where it doesn't know yet. */
  #networkChanged = () => {
    this.#wake()
    if (navigator.onLine && this.#state !== 'starting') this.rejoin()
  }

  async #measure(pc) {
    if (pc !== this.#pc || pc.connectionState !== 'connected') return
    const now = sampleOf(await pc.getStats(), performance.now())
    if (this.#sample && pc === this.#pc) this.#dispatch('quality', qualityBetween(this.#sample, now))
    this.#sample = now
  }

  // --- what is sent -----------------------------------------------------------------------------

  get #picture() {
    return this.#screen ?? this.#camera
  }

  get #lens() {
    return this.#deviceId ? { deviceId: { exact: this.#deviceId } } : { facingMode: this.#facing }
  }

  async #openCamera() {
    const [camera] = (await openDevices({ audio: false, video: this.#lens })).getVideoTracks()
    const isNeeded = this.#wantsCamera && !this.#camera // it may have been switched off meanwhile, or on twice
    if (this.#state === 'ended' || !isNeeded) {
      camera.stop()
      return
    }
    this.#camera = camera
    await this.#sendPicture()
  }

  #fadeCamera(camera) {
    camera.enabled = false
    setTimeout(async () => {
      if (this.#wantsCamera || this.#camera !== camera) return
      camera.stop()
      this.#camera = null
      await this.#sendPicture()
    }, FADE_MS)
  }

  async #sendPicture() {
    const sender = this.#pc?.getTransceivers().find(({ receiver }) => receiver.track.kind === 'video')?.sender
    await sender?.replaceTrack(this.#picture)
  }

  /** Without the codec of the pictures nobody would see what the camera takes. @param {string} [codec] */
  #knowCodec(codec = 'vp8') {
    this.#soundOnly = codecsNamed('video', codec).length === 0
    if (!this.#soundOnly) return
    for (const track of [this.#camera, this.#screen]) track?.stop()
    this.#camera = this.#screen = null
    this.#wantsCamera = false
    this.#showLocal()
    this.#dispatch('change')
  }

  #showLocal() {
    const picture = this.#screen ?? (this.#wantsCamera ? this.#camera : null)
    this.#dispatch('localstream', new MediaStream([picture, this.#microphone].filter(Boolean)))
  }

  #become(state) {
    if (state === this.#state) return
    this.#state = state
    this.#dispatch('state', state)
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
