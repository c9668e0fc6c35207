/**
 * <bb-handover> asks how the citizen wants to reach a person, and what about.
 *
 * Accessibility criteria
 * - A native modal `dialog`: focus stays inside, Escape closes it, focus returns to the button.
 * - The dialog is named by its heading; the hotline, which always works, stands in it as a link.
 * - While the wish is on its way the buttons are `aria-disabled`, so the focus doesn't get lost; what
 *   went wrong is said inside the dialog, because everything behind it can't be reached.
 *
 * Tells `bb-wish` with `{mode, topic, priority, done(problem)}`.
 */

import { icon, make, tell } from '../lib/dom.js'

const MODES = [
  ['text', 'chat', '文字沟通', '在这里打字，等工作人员回复'],
  ['video', 'video', '视频帮办', '需要摄像头，可当面看材料'],
]

/** Who goes before others in the queue, as people say it of themselves. */
const PRIORITIES = [
  ['', '不需要'],
  ['elderly', '我是老年人'],
  ['disabled', '我有残疾，行动、听说或看字不便'],
]

export class Handover extends HTMLElement {
  #dialog = null
  #topic = null
  #priority = null
  #problem = null
  #busy = false

  /**
   * @param {{topic: string, hotline: string, mode?: string}} known `topic`: what the talk was about so far;
   *   `mode`: the way that is wished for already, whose button gets the focus
   */
  open({ topic, hotline, mode = '' }) {
    this.#dialog ?? this.#build(hotline)
    this.#topic.value = topic
    this.#say('')
    this.#dialog.showModal()
    this.querySelector(`.mode[data-mode="${mode}"]`)?.focus()
  }

  #build(hotline) {
    this.#topic = make('input', {
      id: 'handover-topic',
      class: 'field',
      maxlength: '60',
      autocomplete: 'off',
    })
    this.#priority = make(
      'select',
      { id: 'handover-priority', class: 'field' },
      ...PRIORITIES.map(([value, name]) => make('option', { value }, name)),
    )
    this.#problem = make('p', { class: 'dialog__problem', role: 'alert' })
    const close = make(
      'button',
      { type: 'button', class: 'dialog__close', 'aria-label': '关闭', click: () => this.#dialog.close() },
      icon('close'),
    )
    this.#dialog = make(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'handover-title' },
      close,
      make('h2', { class: 'dialog__title', id: 'handover-title' }, '找工作人员'),
      make(
        'p',
        {},
        '登记后会告诉您排队情况。着急请拨打热线 ',
        make('a', { class: 'call', href: `tel:${hotline}` }, hotline),
        '。',
      ),
      make('label', { class: 'label', for: 'handover-topic' }, '想办什么事（可不填）'),
      this.#topic,
      make('label', { class: 'label', for: 'handover-priority' }, '需要优先照顾吗'),
      this.#priority,
      make('div', { class: 'modes' }, ...MODES.map((mode) => this.#modeButton(...mode))),
      this.#problem,
    )
    this.append(this.#dialog)
  }

  #modeButton(mode, drawing, name, meaning) {
    return make(
      'button',
      { type: 'button', class: 'mode', 'data-mode': mode, click: () => this.#wish(mode) },
      icon(drawing),
      make('span', { class: 'mode__name' }, name),
      make('span', { class: 'mode__meaning' }, meaning),
    )
  }

  #wish(mode) {
    if (this.#busy) return
    this.#setBusy(true)
    this.#say('正在登记…')
    const done = (problem) => {
      this.#setBusy(false)
      this.#say(problem ?? '')
      if (!problem) this.#dialog.close()
    }
    tell(this, 'bb-wish', { mode, topic: this.#topic.value.trim(), priority: this.#priority.value, done })
  }

  #setBusy(busy) {
    this.#busy = busy
    for (const button of this.querySelectorAll('.mode')) button.setAttribute('aria-disabled', String(busy))
  }

  #say(text) {
    this.#problem.textContent = text
  }
}

customElements.define('bb-handover', Handover)
