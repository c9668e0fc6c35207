import { codecsNamed } from './call_seats.js'

/**
 * A kind of media that is sent and received in one codec, beside its retransmissions.
 *
 * Who was offered the kind has its transceiver already. Without the codec there is none: a browser that
 * hasn't got H.264 has sound, and never a picture.
 *
 * @param {RTCPeerConnection} pc
 * @param {'audio' | 'video'} kind
 * @param {string} codec
 * @returns {RTCRtpTransceiver | undefined}
 */
export function bothWays(pc, kind, codec) {
  const codecs = codecsNamed(kind, codec)
  if (codecs.length === 0) return undefined
  const transceiver = pc.remoteDescription
    ? pc.getTransceivers().find(({ receiver }) => receiver.track.kind === kind)
    : pc.addTransceiver(kind)
  if (!transceiver) return undefined
  transceiver.direction = 'sendrecv'
  transceiver.setCodecPreferences?.(codecs)
  return transceiver
}
