/**
 * <bb-choices> offers what the bot asks the citizen to pick from.
 *
 * Accessibility criteria
 * - Each choice is a real button; its number is shown because it may be typed or spoken instead.
 * - The buttons form a group named 「请选择」.
 * - When the question is settled the buttons become plain text, so that nobody stops at dead controls;
 *   the picked one is named in words, not by colour alone.
 * - Targets are at least 44 px high and wrap instead of being cut off.
 *
 * Tells `bb-say` with `{text, shown}`.
 */

import { make, tell } from '../lib/dom.js'

/** More choices than this, if most are short names such as districts, stand side by side. */
const MANY = 4
const SHORT_NAME = 6

export class Choices extends HTMLElement {
  #choices = []
  #drawn = ''

  /** @param {{choices: {title: string, value: string}[], open: boolean, picked: string}} state */
  show({ choices, open, picked }) {
    const state = `${open} ${picked}`
    if (this.#choices === choices && this.#drawn === state) return
    this.#choices = choices
    this.#drawn = state
    this.replaceChildren(open ? this.#buttons() : this.#settled(picked))
  }

  #buttons() {
    return make(
      'ol',
      {
        class: this.#areManyNames() ? 'choices choices--names' : 'choices',
        role: 'group',
        'aria-label': '请选择',
      },
      ...this.#choices.map(({ title, value }, position) =>
        make(
          'li',
          { role: 'none' },
          make(
            'button',
            {
              type: 'button',
              class: 'choice',
              click: () => tell(this, 'bb-say', { text: value, shown: title }),
            },
            make('span', { class: 'choice__number' }, String(position + 1)),
            make('span', { class: 'choice__title' }, title),
          ),
        ),
      ),
    )
  }

  #areManyNames() {
    const short = this.#choices.filter(({ title }) => title.length <= SHORT_NAME)
    return this.#choices.length > MANY && short.length > this.#choices.length / 2
  }

  #settled(picked) {
    return make(
      'ol',
      { class: 'choices choices--past' },
      ...this.#choices.map(({ title }) =>
        title === picked
          ? make(
              'li',
              { class: 'choices__picked' },
              title,
              make('span', { class: 'visually-hidden' }, '（已选）'),
            )
          : make('li', {}, title),
      ),
    )
  }
}

customElements.define('bb-choices', Choices)
