/**
 * <bb-desk-films> plays the films of one call in step: both parties side by side, on one clock, beside what was
 * said meanwhile.
 *
 * Accessibility criteria
 * - One button plays and pauses all; its words say which. The slider says where one is in minutes and seconds.
 * - What was said is a list of buttons that lead to the moment; where one is, is `aria-current`.
 * - Nothing plays or loads by itself; each film has a name and can be saved alone.
 */

import { PARTIES, clockWords, lineWords, recordingWords } from '../../lib/desk_words.js'
import { make } from '../../lib/dom.js'
import { clockTime } from '../../lib/time.js'
import { isVoice, lengthWords } from '../../lib/voices.js'

const TICK_MS = 100
/** So far apart, in seconds, one hears that sound and picture don't belong together. */
const OUT_OF_STEP = 0.2
const SPEEDS = Object.freeze([1, 1.5, 2])

export class Films extends HTMLElement {
  #reel = null
  #screens = []
  #moments = []
  #second = 0
  #playing = false
  #timer = 0
  #ticked = 0
  #play = make('button', { type: 'button', class: 'button button--small', click: () => this.#toggle() }, '播放')
  #slider = make('input', {
    type: 'range',
    class: 'films__slider',
    min: '0',
    step: '0.1',
    value: '0',
    'aria-label': '进度',
    input: () => this.seek(Number(this.#slider.value)),
  })
  #clock = make('output', { class: 'films__clock' })
  #speed = make(
    'select',
    { class: 'field films__speed', 'aria-label': '速度', change: () => this.#align() },
    ...SPEEDS.map((speed) => make('option', { value: speed }, `${speed} 倍`)),
  )

  /**
   * @param {import('../../lib/reel.js').Reel} reel
   * @param {{kind: string, body: Record<string, any>, at: string}[]} events of the conversation
   * @param {{now: Date, addressOf: (id: string) => string}} context
   */
  show(reel, events, { now, addressOf }) {
    this.#reel = reel
    this.#slider.max = String(reel.length)
    this.#screens = reel.films.map((film) => screenOf(film, now, addressOf(film.recording.id)))
    this.#moments = reel.moments(events, eventWords).map((moment) => ({
      ...moment,
      item: make(
        'li',
        {},
        make(
          'button',
          { type: 'button', class: 'films__moment', click: () => this.seek(moment.second) },
          make('span', { class: 'films__at' }, clockWords(moment.second)),
          ` ${moment.words}`,
        ),
      ),
    }))
    const said = this.#moments.length > 0 ? this.#moments.map(({ item }) => item) : [make('li', {}, '录像期间没有文字。')]
    this.replaceChildren(
      make('div', { class: 'films__screens' }, ...this.#screens.map(({ figure }) => figure)),
      make('div', { class: 'films__controls' }, this.#play, this.#slider, this.#clock, this.#speed),
      make('ol', { class: 'films__moments', 'aria-label': '录像期间的文字和操作' }, ...said),
    )
    this.#draw()
  }

  disconnectedCallback() {
    this.#stop()
  }

  /** Goes to that second of the call, playing or not. @param {number} second */
  seek(second) {
    this.#second = Math.min(Math.max(0, second), this.#reel.length)
    for (const screen of this.#screens) screen.isOver = false
    this.#align(true)
    this.#draw()
  }

  #toggle() {
    if (this.#playing) return this.#stop()
    if (this.#second >= this.#reel.length) this.seek(0)
    this.#playing = true
    this.#play.textContent = '暂停'
    this.#ticked = performance.now()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#align(true)
  }

  #stop() {
    this.#playing = false
    this.#play.textContent = '播放'
    clearInterval(this.#timer)
    for (const { video } of this.#screens) video.pause()
  }

  /** The first film that runs is the clock; between films it is the page's. */
  #tick() {
    const passed = ((performance.now() - this.#ticked) / 1000) * Number(this.#speed.value)
    this.#ticked = performance.now()
    const running = this.#running()
    const leading = running.find(({ video }) => !video.paused && !video.seeking)
    if (leading) this.#second = leading.film.offset + leading.video.currentTime
    else if (running.length === 0) this.#second += passed
    if (this.#second >= this.#reel.length) {
      this.#second = this.#reel.length
      this.#stop()
    }
    this.#align()
    this.#draw()
  }

  #running() {
    return this.#screens.filter(({ film, isOver }) => !isOver && this.#reel.timeIn(film, this.#second) !== null)
  }

  /** Brings every film to its moment; one that isn't loaded so far holds up the others. */
  #align(exactly = false) {
    const running = this.#running()
    for (const screen of this.#screens) {
      const isRunning = running.includes(screen)
      screen.figure.classList.toggle('films__screen--dark', !isRunning)
      if (!isRunning) screen.video.pause()
    }
    for (const screen of running) {
      const { video, film } = screen
      const time = this.#reel.timeIn(film, this.#second)
      video.playbackRate = Number(this.#speed.value)
      if (this.#playing || exactly) video.preload = 'auto'
      if (time >= video.duration - 0.05) screen.isOver = true // shorter than its note says
      else if (Math.abs(video.currentTime - time) > (exactly ? 0.05 : OUT_OF_STEP) && !video.seeking)
        video.currentTime = time
    }
    const ready = running.every(({ video, isOver }) => isOver || video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA)
    for (const { video, isOver } of running) {
      if (!this.#playing || !ready || isOver) video.pause()
      else if (video.paused) video.play().catch(() => this.#stop())
    }
  }

  #draw() {
    const words = `${clockWords(this.#second)} / ${clockWords(this.#reel.length)}`
    this.#slider.value = String(this.#second)
    this.#slider.setAttribute('aria-valuetext', words)
    this.#clock.textContent = words
    const current = this.#moments.findLast(({ second }) => second <= this.#second + 0.05)
    for (const moment of this.#moments) {
      if (moment === current) moment.item.setAttribute('aria-current', 'true')
      else moment.item.removeAttribute('aria-current')
    }
  }
}

/** What isn't loaded before somebody plays it isn't in the log of accesses either. */
function screenOf(film, now, address) {
  const { recording } = film
  const who = PARTIES[recording.party] ?? recording.party
  const began = clockTime(new Date(recording.started_at), now)
  const name = `${who}，${began}`
  const facts = [began, clockWords(film.length), recordingWords(recording.state)].filter(Boolean)
  const video = make('video', { preload: 'none', playsinline: true, src: address, 'aria-label': `录像：${name}` })
  const figure = make(
    'figure',
    { class: 'films__screen' },
    video,
    make(
      'figcaption',
      {},
      make('strong', {}, who),
      ` ${facts.join(' · ')} `,
      make('a', { class: 'action', href: `${address}?download=1`, 'aria-label': `下载录像：${name}` }, '下载'),
    ),
  )
  return { film, video, figure, isOver: false }
}

function eventWords({ kind, body }) {
  switch (kind) {
    case 'citizen_message':
      return `市民：${body.text}`
    case 'agent_message':
      return `${body.agent || '坐席'}：${body.text}`
    case 'note':
      return `内部备注：${body.text}`
    case 'whisper':
      return `班长悄悄话：${body.text}`
    case 'guide_card':
      return `发出办事指南：${body.title ?? ''}`
    case 'summary':
      return '发出办理小结'
    case 'file':
      return isVoice(body) ? `市民的语音（${lengthWords(body)}）` : `文件：${body.name ?? ''}`
    default:
      return lineWords(kind, body)
  }
}

customElements.define('bb-desk-films', Films)
