/**
 * <bb-desk-sign-in> is the form before the desk, and over it when the session has run out.
 *
 * Accessibility criteria
 * - Labels stand over their fields; password managers recognise them by `autocomplete`.
 * - What went wrong is said beside the form in words, in a live region, and the focus goes to the field.
 *
 * Tells `desk-sign-in` with `{name, password, done(problem)}`.
 */

import { tell } from '../../lib/dom.js'

export class SignIn extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector('form')
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send(form)
    })
  }

  /** @param {string} [reason] why it is asked for again */
  show(reason = '') {
    this.hidden = false
    this.#say(reason)
    this.querySelector(this.querySelector('[name=name]').value ? '[name=password]' : '[name=name]').focus()
  }

  #send(form) {
    const name = form.elements.name.value.trim()
    const password = form.elements.password.value
    if (!name || !password) {
      this.#say('请填写账号和密码。')
      form.elements[name ? 'password' : 'name'].focus()
      return
    }
    const button = form.querySelector('button')
    if (button.getAttribute('aria-disabled')) return
    button.setAttribute('aria-disabled', 'true')
    const done = (problem = '') => {
      button.removeAttribute('aria-disabled')
      form.elements.password.value = ''
      this.#say(problem)
      this.hidden = !problem
      if (problem) form.elements.password.focus()
    }
    tell(this, 'desk-sign-in', { name, password, done })
  }

  #say(text) {
    this.querySelector('.sign-in__problem').textContent = text
  }
}

customElements.define('bb-desk-sign-in', SignIn)
