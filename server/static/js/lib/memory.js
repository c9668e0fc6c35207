/**
 * Small values kept over a reload. Where the browser allows no storage (private windows, strict
 * settings), they last as long as the page, and nothing else changes.
 */

export class Memory {
  #area
  #values = new Map()

  /**
   * @param {'sessionStorage' | 'localStorage'} area the tab's own, which is gone when the tab is
   *   closed, or the browser's
   */
  constructor(area) {
    this.#area = area
  }

  /**
   * @param {string} name
   * @returns {any} `null` when nothing is kept under this name
   */
  read(name) {
    try {
      return JSON.parse(window[this.#area].getItem(`bangban.${name}`) ?? 'null')
    } catch {
      return this.#values.get(name) ?? null
    }
  }

  /**
   * @param {string} name
   * @param {unknown} value anything JSON can hold; `null` forgets
   */
  write(name, value) {
    this.#values.set(name, value)
    try {
      if (value === null) window[this.#area].removeItem(`bangban.${name}`)
      else window[this.#area].setItem(`bangban.${name}`, JSON.stringify(value))
    } catch {
      // Refused or full: the value is kept in this page only.
    }
  }
}
