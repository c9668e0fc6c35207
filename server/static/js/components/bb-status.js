/**
 * <bb-status> is the page's one live region: it says what is going on and what has been answered.
 *
 * Accessibility criteria
 * - `role="status"` is in the markup from the beginning; screen readers ignore regions that come later.
 * - It is polite: it waits until the reader has finished a sentence.
 * - A reply is announced in short, hidden from view because it is on screen already.
 * - Trouble is told in words with what to do, and stays until it is over.
 */

import { make } from '../lib/dom.js'

const PASSING_MS = 6000

export class Status extends HTMLElement {
  #shown = make('p', { class: 'status__text' })
  #told = make('p', { class: 'visually-hidden' })
  #timer = 0

  #standing = ''

  connectedCallback() {
    const notice = this.querySelector('.status__notice')?.textContent ?? ''
    this.replaceChildren(this.#shown, this.#told)
    this.stand(notice)
  }

  /** Shows trouble for as long as it lasts; an empty text ends it. @param {string} text */
  stand(text) {
    if (text === this.#standing) return
    this.#standing = text
    this.#show(text, true)
  }

  /** Shows something for a few seconds. @param {string} text @param {{trouble?: boolean}} [options] */
  flash(text, { trouble = false } = {}) {
    this.#show(text, trouble)
    this.#timer = setTimeout(() => this.#show(this.#standing, true), PASSING_MS)
  }

  /** Says something to screen readers only. @param {string} text */
  announce(text) {
    // The same text twice would not be announced: an empty moment makes it news.
    this.#told.textContent = ''
    requestAnimationFrame(() => {
      this.#told.textContent = text
    })
  }

  #show(text, trouble) {
    clearTimeout(this.#timer)
    this.#shown.classList.toggle('status__text--trouble', trouble)
    this.#shown.textContent = text
  }
}

customElements.define('bb-status', Status)
