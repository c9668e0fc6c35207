/**
 * <bb-picture> is a picture to look at closely: zoomed, turned, and pointed at by two people.
 *
 * Accessibility criteria
 * - Zooming and turning are buttons with words, and the keys + - 0 R while the picture has the focus.
 * - The picture takes the focus. For looking only, arrow keys scroll it; for pointing, they move the marker,
 *   with Shift in large steps, and Escape takes it away. Its description says so.
 * - The markers are drawings, hidden from screen readers: where somebody points is said by who shows this.
 * - A marker differs by form as well as by colour, and is brought into view when it is outside.
 *
 * Tells `bb-point` with `{x, y}` or `{away: true}`.
 */

import { make, tell } from '../lib/dom.js'
import { stepped, unturned } from '../lib/spots.js'

const MOST_ZOOM = 8
const LARGE_STEP = 0.1

export class Picture extends HTMLElement {
  #image = make('img', { alt: '' })
  #fingers = {
    other: make('i', { class: 'finger finger--other', hidden: true, 'aria-hidden': 'true' }),
    own: make('i', { class: 'finger finger--own', hidden: true, 'aria-hidden': 'true' }),
  }
  #sheet = make('div', { class: 'picture__sheet' }, this.#image, this.#fingers.other, this.#fingers.own)
  #room = make('div', { class: 'picture__room' }, this.#sheet)
  #stage = make('div', { class: 'picture__stage', tabindex: '0' }, this.#room)
  #quarters = 0
  #zoom = 1
  #points = false
  #own = null

  connectedCallback() {
    if (this.firstChild) return
    const button = (words, act) => make('button', { type: 'button', class: 'picture__tool', click: act }, words)
    this.append(
      this.#stage,
      make(
        'div',
        { class: 'picture__tools', role: 'group', 'aria-label': '看图' },
        button('缩小', () => this.#zoomTo(this.#zoom / 1.5)),
        button('放大', () => this.#zoomTo(this.#zoom * 1.5)),
        button('整页', () => this.#zoomTo(1)),
        button('旋转', () => this.#turn()),
      ),
    )
    this.#image.addEventListener('load', () => this.#layOut())
    new ResizeObserver(() => this.#layOut()).observe(this.#stage)
    this.#stage.addEventListener('keydown', (event) => this.#keyDown(event))
    this.#stage.addEventListener('click', (event) => this.#pressed(event))
    this.#stage.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse' && event.buttons === 1) this.#pressed(event)
    })
  }

  /** @param {string} address @param {{name: string, points?: boolean}} how `points`: it can be pointed at */
  open(address, { name, points = false }) {
    this.#points = points
    this.toggleAttribute('data-points', points)
    this.#image.alt = name
    this.#image.draggable = false
    this.#image.src = address
    this.#stage.setAttribute('role', points ? 'application' : 'region')
    this.#stage.setAttribute('aria-label', points ? `${name}，方向键移动标记，Esc 收起标记` : name)
  }

  focus() {
    this.#stage.focus()
  }

  /** Where the other side points, or nowhere. @param {{x: number, y: number} | null} spot */
  mark(spot) {
    this.#put('other', spot)
  }

  #put(whose, spot) {
    const finger = this.#fingers[whose]
    finger.hidden = !spot
    if (!spot) return
    finger.style.left = `${spot.x * 100}%`
    finger.style.top = `${spot.y * 100}%`
    this.#bringIntoView(finger)
  }

  #point(spot) {
    this.#own = spot
    this.#put('own', spot)
    tell(this, 'bb-point', spot ?? { away: true })
  }

  #pressed(event) {
    if (!this.#points) return
    const { left, top, width, height } = this.#room.getBoundingClientRect()
    const seen = { x: (event.clientX - left) / width, y: (event.clientY - top) / height }
    if (Math.min(seen.x, seen.y) < 0 || Math.max(seen.x, seen.y) > 1) return
    const { x, y } = unturned(seen, this.#quarters)
    this.#point({ x: Number(x.toFixed(4)), y: Number(y.toFixed(4)) })
  }

  #keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const act = {
      '+': () => this.#zoomTo(this.#zoom * 1.5),
      '=': () => this.#zoomTo(this.#zoom * 1.5),
      '-': () => this.#zoomTo(this.#zoom / 1.5),
      0: () => this.#zoomTo(1),
      r: () => this.#turn(),
      R: () => this.#turn(),
    }[event.key]
    const step = event.shiftKey ? { step: LARGE_STEP } : {}
    const spot = this.#points ? stepped(this.#own, event.key, { quarters: this.#quarters, ...step }) : null
    if (spot) this.#point(spot)
    else if (this.#own && event.key === 'Escape') this.#point(null)
    else if (act) act()
    else return
    event.preventDefault()
    event.stopPropagation() // what is around it would close by Escape
  }

  #zoomTo(zoom) {
    const stage = this.#stage
    const middle = [
      (stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth,
      (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight,
    ]
    this.#zoom = Math.min(MOST_ZOOM, Math.max(1, zoom))
    this.#layOut()
    stage.scrollLeft = middle[0] * stage.scrollWidth - stage.clientWidth / 2
    stage.scrollTop = middle[1] * stage.scrollHeight - stage.clientHeight / 2
  }

  #turn() {
    this.#quarters = (this.#quarters + 1) % 4
    this.#layOut()
  }

  /** The sheet has the picture's own sides and is turned as a whole, markers and all. */
  #layOut() {
    const { naturalWidth: width, naturalHeight: height } = this.#image
    if (!width || !height) return
    const lies = this.#quarters % 2 === 1
    const [across, down] = lies ? [height, width] : [width, height]
    const fit = Math.min((this.#stage.offsetWidth - 2) / across, (this.#stage.offsetHeight - 2) / down)
    if (fit <= 0) return
    const scale = fit * this.#zoom
    size(this.#room, across * scale, down * scale)
    size(this.#sheet, width * scale, height * scale)
    this.#sheet.style.transform = `translate(-50%, -50%) rotate(${this.#quarters * 90}deg)`
  }

  #bringIntoView(finger) {
    const stage = this.#stage.getBoundingClientRect()
    const spot = finger.getBoundingClientRect()
    const over = (low, high, from, to) => Math.min(0, low - from) + Math.max(0, high - to)
    this.#stage.scrollBy(
      over(spot.left, spot.right, stage.left, stage.right),
      over(spot.top, spot.bottom, stage.top, stage.bottom),
    )
  }
}

function size(element, width, height) {
  element.style.width = `${Math.floor(width)}px`
  element.style.height = `${Math.floor(height)}px`
}

customElements.define('bb-picture', Picture)
