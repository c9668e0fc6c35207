/**
 * A connection straight to the other browser; the service only passes on what the two pages say of it.
 *
 * `ask` says that this page is ready. The service begins a round when both are: it wants an offer of the
 * agent's page, hands it to the citizen's, and the answer back. Between the same two pages the connection
 * stays and only its path is looked for anew (an ICE restart). News for another page are left alone: the
 * call may be open twice.
 *
 * Dispatches `over` when the service says that there is no such call for this page any more.
 */

import { FATAL } from './call_signalling.js'
import { sleep } from './delivery.js'
import { ConnectionError } from './errors.js'
import { newId } from './ids.js'

/**
 * Until a round begins, because the other side isn't there or the network is gone, it is asked again, ever
 * more slowly: over a slow network a round takes its time, and each asking begins another.
 */
const ASK_AGAIN_MS = 1500
const ASK_SLOWEST = 4
/** The service believes for 20 seconds that a connection stands. */
const REPORT_MS = 5000

/**
 * @typedef {object} Reach how the other browser is reached
 * @property {import('./call_signalling.js').Signalling} signalling
 * @property {() => string} callId
 * @property {boolean} offers whether this is the side that offers
 * @property {() => Promise<void>} mayBegin resolves when the service takes what is said of this call
 */
/** @typedef {{media?: 'relay' | 'direct', ice_servers?: RTCIceServer[], video_codec?: 'vp8' | 'h264'}} Way */

export class DirectLink extends EventTarget {
  #signalling
  #callId
  #offers
  #mayBegin
  #way
  #given
  #follow
  #addSenders
  #page = newId()
  #round = ''
  #pc = null
  #agreed = false
  #stood = () => {}
  #asking = 0
  #asked = 0
  /** Rounds in which both described themselves, and no connection stood. */
  #fruitless = 0
  #reporting
  #work = Promise.resolve()
  #closed = false

  /**
   * @param {Reach & {
   *   given: Way,
   *   way: () => Promise<Way>,
   *   follow: (pc: RTCPeerConnection) => void,
   *   addSenders: (pc: RTCPeerConnection, codec: string) => void,
   * }} parts `given`: for the first round; `way` is asked for the others, because credentials of a TURN server
   *   run out. `follow` is handed each new connection, before anything else
   */
  constructor({ signalling, callId, offers, mayBegin, given, way, follow, addSenders }) {
    super()
    this.#signalling = signalling
    this.#callId = callId
    this.#offers = offers
    this.#mayBegin = mayBegin
    this.#given = given
    this.#way = way
    this.#follow = follow
    this.#addSenders = addSenders
    signalling.onPeer = this.#hear
    this.#reporting = setInterval(() => this.#isConnected && this.#report(), REPORT_MS)
  }

  /** Wants a connection, or a new path for the one that there is; what came to nothing twice is made anew. */
  async ask() {
    await this.#mayBegin()
    if (this.#fruitless > 1) {
      this.#page = newId()
      this.#fruitless = 0
    }
    this.#agreed = false
    this.#asked = 0
    this.#askNow()
  }

  /** Returns when what was asked for stands. Throws ConnectionError if it takes longer. @param {number} ms */
  async stands(ms) {
    const decided = new Promise((resolve) => {
      this.#stood = resolve
    })
    this.#look()
    await Promise.race([decided, sleep(ms)])
    const stands = this.#agreed && this.#isConnected
    this.#fruitless = stands ? 0 : this.#fruitless + Number(this.#agreed)
    if (!stands) throw new ConnectionError('not connected')
  }

  close() {
    this.#closed = true
    if (this.#signalling.onPeer === this.#hear) this.#signalling.onPeer = () => {}
    clearTimeout(this.#asking)
    clearInterval(this.#reporting)
    this.#pc?.close()
  }

  get #isConnected() {
    return this.#pc?.connectionState === 'connected'
  }

  #askNow() {
    clearTimeout(this.#asking)
    if (this.#closed) return
    this.#tell('peer.ready', {})
    this.#wait()
  }

  #wait() {
    clearTimeout(this.#asking)
    this.#asked = Math.min(this.#asked + 1, ASK_SLOWEST)
    this.#asking = setTimeout(() => this.#askNow(), ASK_AGAIN_MS * this.#asked)
  }

  /** The way to the service is back; it is made anew whenever the network comes back. */
  #reachable = () => {
    this.#asked = 0
    if (this.#asking && !this.#agreed) this.#askNow()
    else if (this.#isConnected) this.#report() // refused by a service that was started anew
  }

  #hear = ({ type, callId, page, code, ...news }) => {
    if (type === 'open') return this.#reachable()
    if (callId !== this.#callId()) return
    if (type === 'error') {
      // What was said belongs to a round that is over: unless another is under way, one is asked for.
      if (code === 'out_of_turn' && this.#agreed) this.#again()
      else if (FATAL.has(code)) this.dispatchEvent(new Event('over'))
    } else if (page === this.#page) {
      // One after another, and whatever fails is asked for again: there may be no network just now.
      this.#work = this.#work.then(() => this.#take(type, news)).catch(() => this.#again())
    }
  }

  async #take(type, { round, fresh, sdp, candidate, mid, fragment }) {
    if (this.#closed) return
    if (type === 'peer.wanted' || type === 'peer.offer') {
      clearTimeout(this.#asking)
      this.#round = round
      this.#agreed = false
    } else if (round !== this.#round) return
    if (type === 'peer.wanted' && this.#offers) await this.#offer(fresh)
    else if (type === 'peer.offer' && !this.#offers) await this.#answer(fresh, sdp)
    else if (type === 'peer.answer' && this.#offers) {
      await this.#pc.setRemoteDescription({ type: 'answer', sdp })
      this.#agree()
    } else if (type === 'peer.candidate') {
      // A browser may refuse one of a kind that it doesn't know; the others do.
      await this.#pc
        .addIceCandidate({ candidate, sdpMid: mid, usernameFragment: fragment || undefined })
        .catch(() => {})
    }
  }

  async #offer(fresh) {
    const { pc, codec, isNew } = await this.#connection(fresh)
    if (isNew) this.#addSenders(pc, codec)
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: !isNew }))
    this.#tell('peer.offer', { round: this.#round, sdp: pc.localDescription.sdp })
  }

  async #answer(fresh, sdp) {
    const { pc, codec, isNew } = await this.#connection(fresh)
    await pc.setRemoteDescription({ type: 'offer', sdp })
    if (isNew) this.#addSenders(pc, codec)
    await pc.setLocalDescription(await pc.createAnswer())
    this.#tell('peer.answer', { round: this.#round, sdp: pc.localDescription.sdp })
    this.#agree()
  }

  async #connection(fresh) {
    const { ice_servers: iceServers = [], video_codec: codec = 'vp8' } = this.#given ?? (await this.#way())
    this.#given = null
    if (this.#closed) throw new ConnectionError('the call has ended meanwhile')
    if (!fresh && this.#pc) {
      this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers })
      return { pc: this.#pc, codec, isNew: false }
    }
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' })
    this.#pc = pc
    this.#follow(pc)
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (pc !== this.#pc || !candidate) return
      const { candidate: text, sdpMid: mid, usernameFragment: fragment } = candidate
      const named = { candidate: text, mid: mid ?? '', fragment: fragment ?? '' }
      this.#tell('peer.candidate', { round: this.#round, ...named })
    })
    pc.addEventListener('connectionstatechange', () => {
      if (pc !== this.#pc || !this.#agreed) return
      this.#report()
      this.#look()
    })
    return { pc, codec, isNew: true }
  }

  /** Both have described themselves: from now on the service hears how it goes. */
  #agree() {
    this.#agreed = true
    if (this.#isConnected) this.#report()
    this.#look()
  }

  #look() {
    if (this.#agreed && this.#isConnected) this.#stood()
  }

  #report() {
    this.#tell('peer.state', { round: this.#round, connected: this.#isConnected })
  }

  #again() {
    this.#agreed = false
    this.#wait()
  }

  #tell(type, payload) {
    this.#signalling.tell(type, { call_id: this.#callId(), page: this.#page, ...payload })
  }
}
