/**
 * A voice message of the citizen's own, on their page. Loaded when the first one appears.
 *
 * Accessibility criteria
 * - It is a button that says what it plays and how long that is; once it was fetched, the browser's own player
 *   takes its place and the focus.
 * - It plays only when asked to. Where it can't, the status line says so and the button stays.
 */

import { icon, make, tell } from '../lib/dom.js'
import { needStyle } from '../lib/styles.js'
import { lengthWords } from '../lib/voices.js'
import { fetchFile } from './conversation-files.js'

const NOT_PLAYED = '这条语音放不出来'

await needStyle('person')

/** @param {HTMLElement} element which tells `bb-ask` and `bb-status` @param {import('../lib/voices.js').Voice} voice */
export function ownVoice(element, voice) {
  const length = lengthWords(voice)
  const place = make('div', { class: 'file__place' })
  let asked = false
  const play = async () => {
    if (asked) return
    asked = true
    const blob = await fetchFile(element, voice.file_id)
    asked = false
    if (blob) openPlayer(blob)
  }
  const button = make(
    'button',
    { type: 'button', class: 'file', click: play },
    icon('speak'),
    make('span', { class: 'file__name' }, '您的语音'),
    make('span', { class: 'file__size' }, `点击播放 · ${length}`),
  )
  const openPlayer = (blob) => {
    const address = URL.createObjectURL(blob)
    const player = make('audio', { class: 'file__player', controls: true, src: address, 'aria-label': `您的语音，${length}` })
    player.addEventListener('error', () => {
      URL.revokeObjectURL(address)
      place.replaceChildren(button)
      tell(element, 'bb-status', NOT_PLAYED)
    })
    place.replaceChildren(player)
    player.focus()
    player.play().catch(() => {}) // not every browser lets it begin so long after the tap; its own button does
  }
  place.append(button)
  return place
}
