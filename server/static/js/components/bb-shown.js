/**
 * <bb-shown> is what an agent shows a citizen, as both have it before them: a picture, another file, or an
 * element of a guide, with the other side's finger.
 *
 * Accessibility criteria
 * - A named region with a heading; it takes no focus by itself and covers nothing that is being written.
 * - It is closed by a button that says so, and by Escape from within.
 * - Where the other side points stands there in words; `bb-shown-say` has it announced once the finger rests.
 *
 * Tells `bb-point` (see <bb-picture> and <bb-lines>), `bb-shown-close`, `bb-shown-say` with a text.
 */

import { icon, make, tell } from '../lib/dom.js'
import { spotWords } from '../lib/spots.js'
import { needStyle } from '../lib/styles.js'
import './bb-lines.js'
import './bb-picture.js'

const RESTS_MS = 700

await needStyle('showing')

export class ShownPanel extends HTMLElement {
  #shown = null
  #view = null
  #where = make('p', { class: 'shown__where' })
  #hint = ''
  #resting = 0

  connectedCallback() {
    this.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') tell(this, 'bb-shown-close')
    })
  }

  disconnectedCallback() {
    clearTimeout(this.#resting)
  }

  /**
   * @param {import('../lib/showing.js').Shown} shown
   * @param {object} how
   * @param {string} how.who above the name: who shows it to whom
   * @param {string} how.close words of the button
   * @param {string} how.hint how one points, while the other side doesn't
   * @param {Promise<string>} [how.address] of a picture; rejected where it can't be had
   * @param {() => Node} how.file a way to open a file that is no picture
   */
  open(shown, { who, close, hint, address, file }) {
    this.#shown = shown
    this.#hint = shown.form === 'file' ? '' : hint
    this.#view = null
    const place = make('div', { class: 'shown__place' })
    this.className = `shown shown--${shown.form}`
    this.setAttribute('role', 'region')
    this.setAttribute('aria-label', who)
    this.replaceChildren(
      make(
        'header',
        { class: 'shown__header' },
        make('p', { class: 'shown__who' }, who),
        make('h3', { class: 'shown__name' }, shown.name),
        shown.from ? make('p', { class: 'shown__from' }, shown.from) : null,
        make(
          'button',
          { type: 'button', class: 'shown__close', click: () => tell(this, 'bb-shown-close') },
          icon('close'),
          make('span', {}, close),
        ),
      ),
      place,
      this.#where,
    )
    this.mark(null)
    if (shown.form === 'picture') this.#openPicture(place, shown, address, file)
    else if (shown.form === 'lines') this.#openLines(place, shown)
    else place.append(file())
  }

  /**
   * Where the other side points. @param {Record<string, any> | null} mark `{x, y}`, `{line}` or nothing
   */
  mark(mark) {
    const there = mark && !mark.away ? mark : null
    this.#view?.mark(there)
    clearTimeout(this.#resting)
    const words = there ? this.#wordsFor(there) : ''
    this.#where.textContent = words || this.#hint
    this.#where.classList.toggle('shown__where--other', Boolean(words))
    if (words) this.#resting = setTimeout(() => tell(this, 'bb-shown-say', words), RESTS_MS)
  }

  #wordsFor(mark) {
    if (this.#shown.form === 'lines') return `对方指着：${this.#shown.lines[mark.line] ?? ''}`
    return `对方指着${spotWords(mark)}`
  }

  async #openPicture(place, shown, address, file) {
    const view = document.createElement('bb-picture')
    place.append(view)
    this.#view = view
    try {
      const found = await address
      view.open(found, { name: shown.name, points: true })
    } catch {
      if (this.#view === view) place.replaceChildren(file())
    }
  }

  #openLines(place, { lines }) {
    const view = document.createElement('bb-lines')
    place.append(view)
    view.open(lines)
    this.#view = view
  }
}

customElements.define('bb-shown', ShownPanel)
