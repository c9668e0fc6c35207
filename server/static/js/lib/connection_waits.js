/**
 * Waiting for a peer connection: for where it may go, for its ways out to be known, and for it to stand.
 */

import { sleep } from './delivery.js'

/** A TURN server behind TLS and a slow network takes so long to be reached. */
export const LONGEST_GATHERING_MS = 6000

/** A network that was changed lets requests over the connections before it hang for long. */
const FRESH_MS = 400

/**
 * Asks by `ask` each time; answers what was known before if that takes long or fails.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @param {number} [patience] in ms
 * @returns {() => Promise<T>}
 */
export function freshOrKnown(ask, patience = FRESH_MS) {
  let known = null
  return () => {
    const before = known
    const fresh = ask().then((answer) => (known = answer))
    if (before === null) return fresh
    return Promise.race([fresh.catch(() => before), sleep(patience).then(() => before)])
  }
}

/**
 * Returns when all ways out are known, or some of them and `ms` are over; or when none will come any more.
 *
 * @param {RTCPeerConnection} pc
 * @param {number} ms
 */
export async function gathered(pc, ms) {
  const some = new Promise((resolve) => {
    pc.addEventListener('icecandidate', ({ candidate }) => candidate?.candidate && resolve())
  })
  const complete = new Promise((resolve) => {
    const look = () => pc.iceGatheringState === 'complete' && resolve()
    pc.addEventListener('icegatheringstatechange', look)
    look()
  })
  await Promise.race([complete, Promise.all([some, sleep(ms)]), sleep(LONGEST_GATHERING_MS)])
}

/**
 * Returns when the connection stands; throws when it fails or takes too long.
 *
 * @param {RTCPeerConnection} pc
 * @param {number} ms
 */
export async function settled(pc, ms) {
  const decided = new Promise((resolve) => {
    const look = () => ['connected', 'failed', 'closed'].includes(pc.connectionState) && resolve()
    pc.addEventListener('connectionstatechange', look)
    look()
  })
  await Promise.race([decided, sleep(ms)])
  if (pc.connectionState !== 'connected') throw new Error(`the connection is ${pc.connectionState}`)
}
