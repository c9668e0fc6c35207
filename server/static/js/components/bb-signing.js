/**
 * <bb-signing> takes a signature: drawn with finger, mouse or stylus, or the name typed instead.
 *
 * Accessibility criteria
 * - Drawing needs a pointer; who can't draw types the full name, a plain field and button that say that this
 *   is no handwritten signature. Declining is a button of its own. None is more hidden than another.
 * - The sheet is named, and says in words whether something is on it.
 * - One stroke can be taken back, all can be cleared; nothing is sent before 「提交签名」.
 * - What went wrong is said in an alert, and the strokes stay.
 *
 * Tells `paper-sign` with `{blob, done}`, `paper-confirm` with `{name, done}`, `paper-decline` with `{done}`.
 */

import { make, tell } from '../lib/dom.js'
import { Strokes } from '../lib/strokes.js'

export class Signing extends HTMLElement {
  #strokes = new Strokes()
  #canvas = make('canvas', { class: 'signing__sheet', role: 'img' })
  #problem = make('p', { class: 'dialog__problem', role: 'alert' })
  #name = make('input', { class: 'field', id: 'signing-name', maxlength: '40', autocomplete: 'name' })
  #buttons = []

  connectedCallback() {
    if (this.firstChild) return
    const button = (label, click, style = 'button') => {
      const made = make('button', { type: 'button', class: style, click }, label)
      this.#buttons.push(made)
      return made
    }
    this.append(
      make('h3', { class: 'signing__title' }, '请在框里签上您的姓名'),
      this.#canvas,
      make(
        'div',
        { class: 'signing__acts' },
        button('撤销一笔', () => this.#change(() => this.#strokes.undo()), 'button button--quiet'),
        button('清除重写', () => this.#change(() => this.#strokes.clear()), 'button button--quiet'),
        button('提交签名', () => this.#sign()),
      ),
      make(
        'details',
        { class: 'signing__other' },
        make('summary', {}, '不方便手写？输入姓名确认'),
        make('p', { class: 'paper__hint' }, '输入的姓名只作确认，会注明不是手写签名。'),
        make('label', { class: 'label', for: 'signing-name' }, '您的姓名'),
        this.#name,
        button('以姓名确认', () => this.#confirm(), 'button button--quiet'),
      ),
      this.#problem,
      make('div', { class: 'signing__decline' }, button('不签', () => this.#decline(), 'button button--quiet')),
    )
    this.#listen()
    this.#fit()
    new ResizeObserver(() => this.#fit()).observe(this.#canvas)
  }

  #listen() {
    const canvas = this.#canvas
    const place = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect()
      return [(clientX - box.left) / box.width, (clientY - box.top) / box.height]
    }
    canvas.addEventListener('pointerdown', (event) => {
      event.preventDefault()
      canvas.setPointerCapture(event.pointerId)
      this.#say('')
      this.#change(() => this.#strokes.begin(...place(event)))
    })
    canvas.addEventListener('pointermove', (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return
      const steps = event.getCoalescedEvents?.() ?? []
      for (const each of steps.length > 0 ? steps : [event]) this.#strokes.goOn(...place(each))
      this.#paint()
    })
    for (const type of ['pointerup', 'pointercancel']) canvas.addEventListener(type, () => this.#strokes.end())
  }

  #fit() {
    const ratio = window.devicePixelRatio || 1
    const { clientWidth: width, clientHeight: height } = this.#canvas
    if (!width) return
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    this.#paint()
  }

  #change(act) {
    act()
    this.#paint()
  }

  #paint() {
    this.#strokes.paint(this.#canvas)
    this.#canvas.setAttribute('aria-label', this.#strokes.isEmpty ? '签名框，还是空的' : '签名框，已有笔迹')
  }

  async #sign() {
    if (this.#strokes.isEmpty) return this.#say('框里还是空的，请先签名。')
    return this.#tell('paper-sign', { blob: await this.#strokes.toPicture() })
  }

  #confirm() {
    const name = this.#name.value.trim()
    if (name) return this.#tell('paper-confirm', { name })
    this.#say('请输入您的姓名。')
    return this.#name.focus()
  }

  #decline() {
    this.#tell('paper-decline', {})
  }

  #tell(type, detail) {
    this.#say('')
    for (const button of this.#buttons) button.disabled = true
    const done = (problem) => {
      for (const button of this.#buttons) button.disabled = false
      this.#say(problem)
    }
    tell(this, type, { ...detail, done })
  }

  #say(problem) {
    this.#problem.textContent = problem
  }
}

customElements.define('bb-signing', Signing)
