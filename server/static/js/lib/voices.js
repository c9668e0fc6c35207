/**
 * Voice messages as the log names them, in words. Pure.
 *
 * @typedef {{file_id: string, name: string, media_type: string, milliseconds?: number}} Voice
 */

/** Whether a file is one. @param {{media_type?: string}} file */
export const isVoice = ({ media_type: type = '' }) => type.startsWith('audio/')

/** 「12 秒」, 「1 分 5 秒」. @param {Voice} voice */
export function lengthWords({ milliseconds = 0 }) {
  const seconds = Math.max(1, Math.round(milliseconds / 1000))
  return seconds < 60 ? `${seconds} 秒` : `${Math.floor(seconds / 60)} 分${seconds % 60 ? ` ${seconds % 60} 秒` : ''}`
}
