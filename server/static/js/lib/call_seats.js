/**
 * The seats of a call: who else than the other side may come has a place in each offer from the beginning, so
 * that nothing has to be negotiated when somebody does. Which seat shows whom is the service's table
 * (`video/seats.py`): for citizen and agent the second is the third party's, for a third party the agent's, for
 * a listener the agent's and then the third party's.
 */

/** States of a call in which sound and picture may pass. */
const CARRIED = new Set(['connecting', 'live', 'held'])
/** States of a third party who has come and not left; before, there is an invitation. */
const SEATED = new Set(['ready', 'joined', 'away'])

/** @param {string} state of a call */
export const isCarried = (state) => CARRIED.has(state)

/** Whether the third party is in the call, and not just invited. @param {{state: string} | null} guest */
export const isSeated = (guest) => guest !== null && SEATED.has(guest.state)

/** Adds one more seat to what is offered. @param {RTCPeerConnection} pc @param {'vp8' | 'h264'} videoCodec */
export function addSeat(pc, videoCodec) {
  for (const [kind, codec] of Object.entries({ audio: 'opus', video: videoCodec })) {
    const codecs = codecsNamed(kind, codec)
    if (codecs.length > 0) pc.addTransceiver(kind, { direction: 'recvonly' }).setCodecPreferences?.(codecs)
  }
}

/** What comes in, seat by seat, filled as tracks come. @param {RTCPeerConnection} pc @param {number} seats */
export function streamsBySeat(pc, seats) {
  const streams = Array.from({ length: seats }, () => new MediaStream())
  pc.addEventListener('track', ({ track, transceiver }) => {
    const same = pc.getTransceivers().filter(({ receiver }) => receiver.track.kind === track.kind)
    streams[same.indexOf(transceiver)]?.addTrack(track)
  })
  return streams
}

/** That codec, with its retransmissions; none if the browser hasn't got it. */
export function codecsNamed(kind, name) {
  const named = (codec, ...names) => names.includes(codec.mimeType.toLowerCase())
  const { codecs } = RTCRtpReceiver.getCapabilities(kind)
  const found = codecs.filter((codec) => named(codec, `${kind}/${name}`, `${kind}/rtx`))
  return found.some((codec) => named(codec, `${kind}/${name}`)) ? found : []
}
