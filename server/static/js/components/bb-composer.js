/**
 * <bb-composer> is where the citizen writes. It wraps the plain form, which works without it.
 *
 * Accessibility criteria
 * - Enter sends, Shift+Enter breaks the line; Enter that picks a word in an input method does neither.
 * - The button is never `disabled`: it keeps its focus and says what is missing instead.
 * - The text is kept until it was handed over, and over a reload.
 * - How many characters are left is said only when it is about to matter.
 *
 * Tells `bb-say` with `{text}`, `bb-status` with a text.
 */

import { make, tell } from '../lib/dom.js'
import { Memory } from '../lib/memory.js'

const WARN_BELOW = 50

export class Composer extends HTMLElement {
  #memory = new Memory('sessionStorage')
  #form = null
  #text = null
  #hint = null
  #left = make('span', { class: 'composer__left' })

  connectedCallback() {
    if (this.#form) return
    this.#form = this.querySelector('form')
    this.#text = this.querySelector('textarea')
    this.#form.noValidate = true
    this.querySelector('.composer__hint').append(this.#left)
    if (!this.#text.value) this.#text.value = this.#memory.read('draft') ?? ''
    this.#form.addEventListener('submit', (event) => this.#submit(event))
    this.#text.addEventListener('keydown', (event) => this.#keyDown(event))
    this.#text.addEventListener('input', () => this.#changed())
    this.#changed()
  }

  /** Puts a text back in for changing, after what is there already. @param {string} text */
  take(text) {
    this.#text.value = this.#text.value ? `${text}\n${this.#text.value}` : text
    this.#changed()
    this.focus()
  }

  focus() {
    this.#text.focus()
  }

  /** Says whom the citizen writes to; an empty text is what the page came with. @param {string} hint */
  address(hint) {
    this.#hint ??= this.#text.placeholder
    this.#text.placeholder = hint || this.#hint
  }

  #submit(event) {
    event.preventDefault()
    const text = this.#text.value.trim()
    if (!text) {
      tell(this, 'bb-status', '请先写下您的问题')
      this.focus()
      return
    }
    this.#text.value = ''
    this.#changed()
    tell(this, 'bb-say', { text, byTouch: this.#hasTouchKeyboard() })
    if (!this.#hasTouchKeyboard()) this.focus()
  }

  #keyDown(event) {
    const picksWord = event.isComposing || event.keyCode === 229 // 229: Safari ends composing before the key
    if (event.key !== 'Enter' || event.shiftKey || picksWord) return
    event.preventDefault()
    this.#form.requestSubmit()
  }

  #changed() {
    const { value, maxLength } = this.#text
    this.#memory.write('draft', value || null)
    const left = maxLength - value.length
    this.#left.textContent = left < WARN_BELOW ? ` · 还能写 ${left} 个字` : ''
    this.#form.classList.toggle('composer--filled', value.trim() !== '')
    // Browsers without `field-sizing` don't grow the field by themselves.
    if (!CSS.supports('field-sizing', 'content')) {
      this.#text.style.height = 'auto'
      this.#text.style.height = `${this.#text.scrollHeight}px`
    }
  }

  /** The keyboard on the screen hides half of the answer, so it goes when the question is sent. */
  #hasTouchKeyboard() {
    return window.matchMedia('(pointer: coarse)').matches
  }
}

customElements.define('bb-composer', Composer)
