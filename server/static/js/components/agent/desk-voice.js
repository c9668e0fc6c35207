/**
 * A citizen's voice message at the desk: the browser's own player, and its length.
 *
 * Accessibility criteria
 * - The player is named by what it plays and how long that is, and works by keyboard as the browser has it.
 * - It never begins by itself, and fetches nothing before it is asked to: each fetch is in the access log.
 * - Where it can't be played, words say so, with a link that saves it.
 */

import { make } from '../../lib/dom.js'
import { lengthWords } from '../../lib/voices.js'

/** @param {import('../../lib/voices.js').Voice} voice @param {string} address */
export function voicePlayer(voice, address) {
  const length = lengthWords(voice)
  const player = make('audio', { controls: true, preload: 'none', src: address, 'aria-label': `市民的语音，${length}` })
  const place = make('div', { class: 'voice' }, player, make('span', { class: 'voice__length' }, length))
  const fail = () =>
    place.replaceChildren(
      make('p', { class: 'voice__problem' }, '这条语音放不出来。'),
      make('a', { href: address, download: voice.name }, '存下来听'),
    )
  player.addEventListener('error', fail)
  return place
}
