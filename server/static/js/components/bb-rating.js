/**
 * <bb-rating> asks how satisfied the citizen is, in the five official grades.
 *
 * Accessibility criteria
 * - It waits closed (native `details`) and never takes the focus by itself.
 * - The grades are radio buttons in a named group, in words; nothing depends on colour or on stars.
 * - What is missing or went wrong is said by the status line; the button keeps its focus.
 *
 * Tells `bb-rate` with `{score, comment, done(problem)}`, `bb-status` with a text.
 */

import { make, tell } from '../lib/dom.js'
import { SATISFACTION } from '../lib/timeline.js'

export class Rating extends HTMLElement {
  #form = null

  connectedCallback() {
    if (this.#form) return
    this.#form = make(
      'form',
      { class: 'rating__form', submit: (event) => this.#submit(event) },
      make(
        'fieldset',
        { class: 'grades' },
        make('legend', {}, '您对这次服务满意吗？'),
        ...SATISFACTION.map(([score, label]) =>
          make(
            'label',
            { class: 'grade' },
            make('input', { type: 'radio', name: 'score', value: score }),
            label,
          ),
        ),
      ),
      make('label', { class: 'label', for: 'rating-comment' }, '想说的话（可不填）'),
      make('textarea', {
        id: 'rating-comment',
        name: 'comment',
        class: 'field',
        rows: '2',
        maxlength: '200',
      }),
      make('button', { class: 'button' }, '提交评价'),
    )
    const showWhole = ({ target }) => {
      if (target.open) this.#form.scrollIntoView({ block: 'nearest' })
    }
    this.replaceChildren(
      make('details', { toggle: showWhole }, make('summary', {}, '评价这次服务'), this.#form),
    )
  }

  #submit(event) {
    event.preventDefault()
    const data = new FormData(this.#form)
    const score = Number(data.get('score'))
    if (!score) {
      tell(this, 'bb-status', '请先选择满意程度')
      return
    }
    const done = (problem) => {
      if (problem) return
      this.#form.reset()
      this.querySelector('details').open = false
      this.querySelector('summary').focus()
    }
    tell(this, 'bb-rate', { score, comment: String(data.get('comment')).trim(), done })
  }
}

customElements.define('bb-rating', Rating)
