/**
 * <bb-lines> is an element of a guide, line by line, for two people to point at.
 *
 * Accessibility criteria
 * - Each line is a button; the one that one points at oneself is pressed. Up and down arrows point at the
 *   line before and after, Escape or a second press takes the finger away.
 * - Where the other side points is written at the line in words, not only by colour.
 *
 * Tells `bb-point` with `{line}` or `{away: true}`.
 */

import { make, tell } from '../lib/dom.js'

const STEPS = Object.freeze({ ArrowUp: -1, ArrowDown: 1 })

export class Lines extends HTMLElement {
  #buttons = []
  #own = null

  /** @param {string[]} lines */
  open(lines) {
    this.#own = null
    this.#buttons = lines.map((text, place) =>
      make(
        'button',
        { type: 'button', class: 'lines__line', 'aria-pressed': 'false', click: () => this.#press(place) },
        make('span', { class: 'lines__text' }, text),
      ),
    )
    this.replaceChildren(make('ol', { class: 'lines' }, ...this.#buttons.map((button) => make('li', {}, button))))
    this.firstChild.addEventListener('keydown', (event) => this.#keyDown(event))
  }

  /** Where the other side points, or nowhere. @param {{line: number} | null} mark */
  mark(mark) {
    for (const [place, button] of this.#buttons.entries()) {
      const isThere = place === mark?.line
      button.classList.toggle('lines__line--other', isThere)
      button.querySelector('.lines__other')?.remove()
      if (!isThere) continue
      button.append(make('span', { class: 'lines__other' }, '对方指着'))
      button.scrollIntoView({ block: 'nearest' })
    }
  }

  #press(place) {
    this.#point(this.#own === place ? null : place)
  }

  #point(place) {
    this.#own = place
    for (const [each, button] of this.#buttons.entries())
      button.setAttribute('aria-pressed', String(each === place))
    tell(this, 'bb-point', place === null ? { away: true } : { line: place })
  }

  #keyDown(event) {
    const at = this.#buttons.indexOf(document.activeElement)
    if (event.key === 'Escape' && this.#own !== null) this.#point(null)
    else if (event.key in STEPS && this.#buttons[at + STEPS[event.key]]) {
      this.#buttons[at + STEPS[event.key]].focus()
      this.#point(at + STEPS[event.key])
    } else return
    event.preventDefault()
    event.stopPropagation() // what is around it would close by Escape
  }
}

customElements.define('bb-lines', Lines)
