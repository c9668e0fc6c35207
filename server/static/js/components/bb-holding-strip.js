/**
 * <bb-holding-strip> stands above the field, always in sight, and says in a few words what
 * <bb-waiting> says at length.
 *
 * Accessibility criteria
 * - A button that leads to the whole card and moves the focus there; an invitation is a link.
 */

import { icon, make } from '../lib/dom.js'
import { waitWords } from '../lib/waits.js'

export class HoldingStrip extends HTMLElement {
  /** @param {import('../lib/holding.js').Holding} holding @param {HTMLElement} card */
  show(holding, card) {
    this.hidden = holding.holder === 'bot'
    const text = wordsOf(holding)
    const reveal = () => {
      card.scrollIntoView({ block: 'center' })
      card.querySelector('section')?.focus({ preventScroll: true })
    }
    const kind = holding.call ? 'call' : holding.holder
    const drawn = this.querySelector('button')
    if (drawn && this.dataset.kind === kind) drawn.querySelector('span').textContent = text
    else {
      this.dataset.kind = kind
      const drawing = { call: 'video', agent: 'person' }[kind] ?? 'time_limit'
      this.replaceChildren(
        make('button', { type: 'button', class: `strip strip--${kind}`, click: reveal }, icon(drawing), make('span', {}, text)),
      )
    }
  }
}

function wordsOf({ holder, agent, position, waitSeconds, agents, open, call }) {
  if (call) return call.state === 'ringing' ? '通话等您进入' : '通话进行中'
  if (holder === 'agent') return `${agent || '工作人员'} 为您服务`
  if (agents === 0 || open === false) return '无人在线，可预约回电'
  return [position ? `第 ${position} 位` : '排队中', waitSeconds === null ? '' : waitWords(waitSeconds)]
    .filter(Boolean)
    .join(' · ')
}

customElements.define('bb-holding-strip', HoldingStrip)
