/**
 * Notices that nothing arrives over a connection any more, long before the browser does.
 *
 * A phone that changes from wireless to mobile without a word leaves a connection that looks well: Chromium
 * takes two to five seconds to call it `disconnected`. The relay answers what it gets with feedback many
 * times a second, whether anybody else is in the call or not, so a second without a packet means that the
 * path is gone, not that the others are silent.
 */

/** How often it is looked, and how long nothing may come before the path is doubted. */
const LOOK_MS = 300
const SILENCE_MS = 1200

/** Pure: what was received so far, look by look, and whether it has stopped. */
export class Stillness {
  #patience
  #received = -1
  #flows = false
  #since = 0

  /** @param {number} patience in ms */
  constructor(patience) {
    this.#patience = patience
  }

  /**
   * Whether what was flowing has stopped for so long. It is said once; what never flowed never stops.
   *
   * @param {number} received how much came so far @param {number} now in ms
   */
  look(received, now) {
    if (received !== this.#received) {
      this.#flows = this.#received >= 0
      this.#received = received
      this.#since = now
      return false
    }
    if (!this.#flows || now - this.#since < this.#patience) return false
    this.#flows = false
    return true
  }
}

/**
 * Calls `silent` each time that packets stop coming. Returns what ends the watch.
 *
 * @param {RTCPeerConnection} pc
 * @param {() => void} silent
 */
export function watchPath(pc, silent) {
  const stillness = new Stillness(SILENCE_MS)
  const timer = setInterval(async () => {
    if (pc.connectionState !== 'connected') return
    const received = receivedBy(await pc.getStats())
    if (received !== null && stillness.look(received, performance.now())) silent()
  }, LOOK_MS)
  return () => clearInterval(timer)
}

/** Bytes over all transports; `null` where the browser doesn't count them. @param {RTCStatsReport} report */
function receivedBy(report) {
  const counts = [...report.values()]
    .filter(({ type }) => type === 'transport')
    .map(({ bytesReceived }) => bytesReceived)
  return counts.length > 0 && counts.every(Number.isFinite) ? counts.reduce((sum, count) => sum + count) : null
}
