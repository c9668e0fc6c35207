/**
 * <bb-toolbar> lets the citizen set how the page looks and speaks.
 *
 * Accessibility criteria
 * - Large print has its own button at the top: who needs it should not have to search for it.
 * - Toggles are buttons with `aria-pressed`; the looks are radio buttons in a named group.
 * - The menu is a native `details`; Escape and a click elsewhere close it, Escape gives the focus back.
 * - Without the script the toggles, which would do nothing, are not shown.
 */

import { tell } from '../lib/dom.js'
import { preferences } from '../lib/preferences.js'
import { speech } from '../lib/speech.js'

/** For each toggle: the value when it is not pressed, and when it is. */
const TOGGLES = Object.freeze({
  print: ['normal', 'large'],
  contrast: ['normal', 'more'],
  speak: ['off', 'on'],
})

const TOLD = Object.freeze({
  print: ['已恢复普通字号', '已放大文字'],
  contrast: ['已恢复普通对比度', '已提高对比度'],
  speak: ['已关闭自动朗读', '已打开自动朗读，新的答复会读出来'],
})

export class Toolbar extends HTMLElement {
  #menu = null

  connectedCallback() {
    if (this.#menu) return
    this.#menu = this.querySelector('details')
    preferences.show() // `appearance.js` comes before the first picture, if all goes well
    for (const button of this.querySelectorAll('[data-toggle]')) this.#startToggle(button)
    for (const radio of this.querySelectorAll('[name="theme"]')) {
      radio.checked = preferences.get('theme') === radio.value
      radio.addEventListener('change', () => preferences.set('theme', radio.value))
    }
    this.addEventListener('keydown', (event) => this.#escape(event))
    document.addEventListener('click', this.#closeFromOutside)
  }

  disconnectedCallback() {
    document.removeEventListener('click', this.#closeFromOutside)
  }

  close() {
    this.#menu.open = false
  }

  #startToggle(button) {
    const name = button.dataset.toggle
    if (name === 'speak' && !speech.available) {
      button.remove()
      return
    }
    const isOn = () => preferences.get(name) === TOGGLES[name][1]
    button.setAttribute('aria-pressed', String(isOn()))
    button.addEventListener('click', () => {
      const next = isOn() ? 0 : 1
      preferences.set(name, TOGGLES[name][next])
      button.setAttribute('aria-pressed', String(isOn()))
      if (name === 'speak') speech.stop()
      tell(this, 'bb-status', TOLD[name][next])
    })
  }

  #escape(event) {
    if (event.key !== 'Escape' || !this.#menu.open) return
    this.close()
    this.#menu.querySelector('summary').focus()
  }

  #closeFromOutside = (event) => {
    if (!this.#menu.contains(event.target)) this.close()
  }
}

customElements.define('bb-toolbar', Toolbar)
