/**
 * How good a call is, in a word, from two samples of `RTCPeerConnection.getStats`. Pure.
 */

/**
 * @typedef {object} Sample
 * @property {number} at ms
 * @property {number} received packets that arrived
 * @property {number} lost packets that didn't
 * @property {number} bytesIn
 * @property {number} bytesOut
 * @property {number} framesDecoded
 * @property {number} audioLevel of the other side, 0 to 1
 * @property {number | null} roundTrip ms
 * @property {number | null} lossOut what the other end says it misses of ours, 0 to 1
 */

/** @typedef {'good' | 'fair' | 'poor' | 'none'} Level */
/** @typedef {{level: Level, words: string, numbers: Record<string, number | null>}} Quality */

const WORDS = Object.freeze({
  good: '网络良好',
  fair: '网络一般',
  poor: '网络较差，可关闭摄像头只用语音',
  none: '收不到对方的声音和画面',
})

/** Why there is no picture, where a browser hasn't got the codec of the call's pictures. @param {string} whose */
export const withoutCodec = (whose) => `${whose}的浏览器不支持本次通话的视频格式，只能语音通话。`

/**
 * The numbers that count, out of a whole report.
 *
 * @param {RTCStatsReport | Map<string, any>} report
 * @param {number} at
 * @returns {Sample}
 */
export function sampleOf(report, at) {
  const sample = {
    at,
    received: 0,
    lost: 0,
    bytesIn: 0,
    bytesOut: 0,
    framesDecoded: 0,
    audioLevel: 0,
    roundTrip: null,
    lossOut: null,
  }
  for (const entry of report.values()) {
    if (entry.type === 'inbound-rtp') {
      sample.received += entry.packetsReceived ?? 0
      sample.lost += Math.max(0, entry.packetsLost ?? 0)
      sample.bytesIn += entry.bytesReceived ?? 0
      sample.framesDecoded += entry.framesDecoded ?? 0
      sample.audioLevel = Math.max(sample.audioLevel, entry.audioLevel ?? 0)
    } else if (entry.type === 'outbound-rtp') {
      sample.bytesOut += entry.bytesSent ?? 0
    } else if (entry.type === 'remote-inbound-rtp') {
      sample.lossOut = Math.max(sample.lossOut ?? 0, entry.fractionLost ?? 0)
    } else if (
      entry.type === 'candidate-pair' &&
      entry.nominated &&
      entry.currentRoundTripTime !== undefined
    ) {
      sample.roundTrip = entry.currentRoundTripTime * 1000
    }
  }
  return sample
}

/**
 * What the time between two samples was like.
 *
 * @param {Sample} before
 * @param {Sample} now
 * @returns {Quality}
 */
export function qualityBetween(before, now) {
  const seconds = Math.max((now.at - before.at) / 1000, 0.001)
  const received = now.received - before.received
  const lost = Math.max(0, now.lost - before.lost)
  const loss = received + lost > 0 ? lost / (received + lost) : 0
  const numbers = {
    loss_in: round(loss, 4),
    loss_out: now.lossOut === null ? null : round(now.lossOut, 4),
    round_trip_ms: now.roundTrip === null ? null : Math.round(now.roundTrip),
    kbps_in: Math.round(((now.bytesIn - before.bytesIn) * 8) / 1000 / seconds),
    kbps_out: Math.round(((now.bytesOut - before.bytesOut) * 8) / 1000 / seconds),
    fps: round((now.framesDecoded - before.framesDecoded) / seconds, 1),
    frames_decoded: now.framesDecoded,
    audio_level: round(now.audioLevel, 3),
  }
  const level = levelOf(received, Math.max(loss, now.lossOut ?? 0), now.roundTrip ?? 0)
  return { level, words: WORDS[level], numbers }
}

/** @returns {Level} */
function levelOf(received, loss, roundTrip) {
  if (received <= 0) return 'none'
  if (loss > 0.08 || roundTrip > 800) return 'poor'
  if (loss > 0.025 || roundTrip > 350) return 'fair'
  return 'good'
}

/** @param {number} value @param {number} digits */
const round = (value, digits) => Number(value.toFixed(digits))
