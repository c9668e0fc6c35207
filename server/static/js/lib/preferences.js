/**
 * How the citizen likes to read: kept in this browser, shown as `data-` attributes of the root
 * element, where the style sheets pick them up.
 */

import { Memory } from './memory.js'

/** @typedef {'print' | 'contrast' | 'theme' | 'speak'} PreferenceName */

/** The values each preference may have; the first is meant when nothing was chosen. */
export const CHOICES = Object.freeze({
  print: ['normal', 'large'],
  contrast: ['normal', 'more'],
  theme: ['auto', 'light', 'dark'],
  speak: ['off', 'on'],
})

export class Preferences extends EventTarget {
  #memory = new Memory('localStorage')

  /** @param {PreferenceName} name */
  get(name) {
    const kept = this.#memory.read(name)
    return CHOICES[name].includes(kept) ? kept : CHOICES[name][0]
  }

  /**
   * Keeps the choice, shows it, and dispatches `change`.
   *
   * @param {PreferenceName} name
   * @param {string} value
   */
  set(name, value) {
    this.#memory.write(name, value)
    this.show()
    this.dispatchEvent(new CustomEvent('change', { detail: { name, value } }))
  }

  /** Puts all preferences onto the root element. */
  show(root = document.documentElement) {
    for (const name of Object.keys(CHOICES)) root.dataset[name] = this.get(name)
  }
}

/** The page's one set of preferences. */
export const preferences = new Preferences()
