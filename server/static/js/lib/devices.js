/**
 * Opens microphone, camera and screen, and says why one can't be used.
 */

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } }
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
const SCREEN = { video: { frameRate: { max: 15 } }, audio: false }

const REASONS = Object.freeze({
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotReadableError: 'busy',
  AbortError: 'busy',
})

/** Microphone or camera can't be used. `reason`: `denied` | `missing` | `busy` | `insecure`. */
export class DeviceError extends Error {
  name = 'DeviceError'

  /** @param {'denied' | 'missing' | 'busy' | 'insecure'} reason @param {unknown} [cause] */
  constructor(reason, cause) {
    super(`device ${reason}`, { cause })
    this.reason = reason
  }
}

/**
 * Throws DeviceError.
 *
 * @param {{audio: boolean, video: false | MediaTrackConstraints}} wanted
 * @returns {Promise<MediaStream>}
 */
export async function openDevices({ audio, video }) {
  if (!audio && !video) return new MediaStream()
  // Browsers offer devices to pages over HTTPS only.
  if (!navigator.mediaDevices) throw new DeviceError('insecure')
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: audio && MICROPHONE,
      video: video && { ...CAMERA, ...video },
    })
  } catch (error) {
    throw new DeviceError(REASONS[error.name] ?? 'missing', error)
  }
}

/**
 * The chosen screen, or `null` when the person decided otherwise. Throws DeviceError.
 *
 * @returns {Promise<MediaStreamTrack | null>}
 */
export async function chooseScreen() {
  try {
    return (await navigator.mediaDevices.getDisplayMedia(SCREEN)).getVideoTracks()[0]
  } catch (error) {
    if (REASONS[error.name]) return null
    throw new DeviceError('missing', error)
  }
}
