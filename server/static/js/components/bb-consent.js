/**
 * <bb-consent> asks whether the call may be recorded. The text is in the markup, with its version; where
 * calls are never recorded (`data-recorded="false"`) it tells that, and there is one answer.
 *
 * Accessibility criteria
 * - The text is shown in full and read aloud as soon as it appears, for those who don't read well; the
 *   reading can be stopped and repeated. A screen reader's user may stop it by the first button.
 * - Both answers are buttons of the same size, in words; neither is chosen in advance.
 * - What went wrong is said beside the buttons.
 *
 * Tells `bb-consent` with `{version, agree, done(problem)}`.
 */

import { icon, make, tell } from '../lib/dom.js'
import { speech } from '../lib/speech.js'

const GUEST = '您是受邀加入的，这一点和上面不同：不同意录制就不能加入，但不影响别人的通话。'

export class Consent extends HTMLElement {
  #busy = false
  #built = false
  #problem = make('p', { class: 'offer__problem', role: 'alert' })
  #label = make('span', {}, '朗读')
  #reading = false

  /** Shows the question and reads it aloud. */
  begin({ isGuest = false } = {}) {
    if (!this.#built) this.#build(isGuest)
    this.#problem.textContent = ''
    this.#busy = false
    this.querySelector('h1').focus()
    this.#read()
  }

  /** Stops reading. */
  close() {
    if (this.#reading) speech.stop()
  }

  #build(isGuest) {
    this.#built = true
    if (isGuest) this.querySelector('.consent__text').append(make('p', {}, GUEST))
    this.querySelector('h1').tabIndex = -1
    const answer = (agree) => () => this.#answer(agree)
    const button = (look, click, words) => make('button', { type: 'button', class: `button ${look}`, click }, words)
    this.querySelector('section').append(
      ...(speech.available
        ? [
            make(
              'button',
              { type: 'button', class: 'action', click: () => (this.#reading ? speech.stop() : this.#read()) },
              icon('speak'),
              this.#label,
            ),
          ]
        : []),
      make('p', { class: 'consent__version' }, `文本版本 ${this.dataset.version}`),
      make(
        'div',
        { class: 'sheet__actions sheet__actions--even' },
        ...(this.dataset.recorded === 'false'
          ? [button('button--big', answer(false), '知道了，进入通话')]
          : [
              button('button--big', answer(true), '同意录制，进入通话'),
              button('button--big button--quiet', answer(false), isGuest ? '不同意，不加入通话' : '不录制，进入通话'),
            ]),
      ),
      this.#problem,
    )
  }

  #read() {
    if (!speech.available) return
    const text = this.querySelector('.consent__text').innerText
    speech.read(text, () => this.#showReading(false))
    this.#showReading(true)
  }

  #showReading(reading) {
    this.#reading = reading
    this.#label.textContent = reading ? '停止朗读' : '朗读'
  }

  #answer(agree) {
    if (this.#busy) return
    this.#busy = true
    this.close()
    this.#problem.textContent = '正在进入…'
    const done = (problem) => {
      this.#busy = false
      this.#problem.textContent = problem ?? ''
    }
    tell(this, 'bb-consent', { version: this.dataset.version, agree, done })
  }
}

customElements.define('bb-consent', Consent)
